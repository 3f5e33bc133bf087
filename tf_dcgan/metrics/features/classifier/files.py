"""A trained classifier as files: its weights, and what is known of it."""

from __future__ import annotations

import json
import pathlib
from typing import Any
import zipfile
import zlib

from absl import logging
import keras
import numpy as np

from tf_dcgan.data import cache
from tf_dcgan.metrics.features.classifier import model as classifier_model

WEIGHTS = "weights.npz"
INFO = "info.json"
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    EOFError,
    NotImplementedError,  # Of zipfile: a version or method that is none.
    zipfile.BadZipFile,
    zlib.error,
)


def write(
    folder: pathlib.Path, model: keras.Model, info: dict[str, Any]
) -> None:
    """Writes a classifier.

    Args:
        folder: where to; an empty one.
        model: as `model.build` returns it.
        info: JSON-able, with at least what `read` checks.

    Raises:
        OSError: the disk is full.
    """
    np.savez(folder / WEIGHTS, **classifier_model.arrays(model))
    text = json.dumps(info, indent=2)
    (folder / INFO).write_text(text + "\n", encoding="utf-8")


def read(
    folder: pathlib.Path, model: keras.Model, *, key: dict[str, Any]
) -> dict[str, Any] | None:
    """Reads the weights into a model, if they are there and whole.

    Args:
        folder: that `write` wrote, or which does not exist.
        model: of the same shape; changed in place.
        key: what `info["key"]` must be.

    Returns:
        The info, or None: then the classifier is absent or damaged, and the
        model is as it was.

    Raises:
        errors.UserError: the classifier may not be read.
    """
    if not folder.is_dir():
        return None
    initial = classifier_model.arrays(model)
    try:
        info = json.loads((folder / INFO).read_text(encoding="utf-8"))
        # NumPy leaves files that it opened itself open if they are damaged.
        with (
            (folder / WEIGHTS).open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            classifier_model.set_arrays(model, dict(archive))
        _check(info, model, key)
    except PermissionError as error:
        raise cache.unreadable(folder, error) from error
    except _DAMAGE as error:
        reason = " ".join(str(error).split())
        logging.warning(
            "%s is damaged and will be made again: %s", folder, reason
        )
        classifier_model.set_arrays(model, initial)
        return None
    return info


def _check(
    info: dict[str, Any], model: keras.Model, key: dict[str, Any]
) -> None:
    if info["key"] != key:
        raise ValueError(f"{INFO} is of another classifier")
    if info["weights_sha256"] != classifier_model.digests(model):
        raise ValueError(f"{WEIGHTS} holds other weights than it should")
    if not 0 <= info["test_accuracy"] <= 1:
        raise ValueError(f"an accuracy of {info['test_accuracy']}")
    info["versions"]  # Raises KeyError, so that it counts as damaged.
