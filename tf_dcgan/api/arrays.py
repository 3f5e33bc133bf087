"""Arrays of images, where a folder or a file could be named.

They may be what the arrays of an .npz may be; see `data.array_files`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
import os
from typing import Any

import numpy as np

from tf_dcgan.common import errors, files
from tf_dcgan.data import array_files, cache

_FOLDER = "arrays"
_ALLOWED = (
    "an array of images, (images, labels), a dictionary of arrays as an .npz "
    "has them, or the name or path of images"
)


def named(value: Any, *, argument: str) -> dict[str, np.ndarray] | None:
    """Names the arrays of an argument as they would be named in an .npz.

    Args:
        value: an array of images; (images, labels); ((train images, train
            labels), (test images, test labels)), as `keras.datasets` loads
            them; or a mapping of names to arrays, as in an .npz.
        argument: its name, for messages.

    Returns:
        The arrays by name; None where the argument is a text, a path or None.

    Raises:
        errors.UserError: the argument is none of these.
    """
    if value is None or isinstance(value, str | os.PathLike):
        return None
    if isinstance(value, Mapping):
        parts = dict(value)
    elif isinstance(value, tuple) and len(value) == 2:
        parts = {"images": value[0], "labels": value[1]}
        if all(isinstance(part, tuple) and len(part) == 2 for part in value):
            (x_train, y_train), (x_test, y_test) = value
            parts = {
                "x_train": x_train,
                "y_train": y_train,
                "x_test": x_test,
                "y_test": y_test,
            }
    else:
        parts = {"images": value}
    try:
        arrays = {str(name): np.asarray(part) for name, part in parts.items()}
    except ValueError as error:  # Of images that differ in size.
        raise errors.UserError(
            f"{argument} holds no arrays ({error}): give {_ALLOWED}"
        ) from error
    if not arrays or any(
        array.dtype.hasobject or not array.ndim for array in arrays.values()
    ):
        raise errors.UserError(
            f"{argument} is {type(value).__name__}, which is no array of "
            f"numbers: give {_ALLOWED}"
        )
    return arrays


def taken_out(
    settings: Mapping[str, Any], names: Sequence[str]
) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]]]:
    """Puts titles in the place of arrays.

    Args:
        settings: arguments by name.
        names: the arguments that may be arrays.

    Returns:
        The settings, and by the same names the arrays in them, as `named`
        names them.

    Raises:
        errors.UserError: an argument is neither a text nor arrays.
    """
    held = {}
    for name in names:
        parts = named(settings.get(name), argument=name)
        if parts is not None:
            held[name] = parts
    titles = {name: title(parts) for name, parts in held.items()}
    return {**settings, **titles}, held


def title(arrays: Mapping[str, np.ndarray]) -> str:
    """Names arrays by their shape and a part of their SHA-256.

    Args:
        arrays: by name.

    Returns:
        Such as `array-60000x28x28-1b0c3f5e`; of the largest array's shape.
    """
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    largest = max(arrays.values(), key=lambda array: array.size)
    shape = "x".join(map(str, largest.shape))
    return f"array-{shape}-{digest.hexdigest()[:8]}"


def as_file(arrays: Mapping[str, np.ndarray], cache_dir: str | None) -> str:
    """Writes arrays into the cache, so that a run can go on with them.

    Args:
        arrays: by name, images among them.
        cache_dir: the cache's folder, or None for the user's.

    Returns:
        The absolute path of an .npz, named by its content. Where it exists,
        nothing is written.

    Raises:
        errors.UserError: the arrays hold no images that can be used, or the
            cache cannot be written to.
        OSError: the disk is full.
    """
    name = title(arrays)
    array_files.splits_among(array_files.in_memory(arrays), name)
    path = os.path.abspath(cache.file(cache_dir, f"{_FOLDER}/{name}.npz"))
    if not os.path.exists(path):
        with files.atomic_file(path) as unfinished:
            np.savez(unfinished, allow_pickle=False, **arrays)
    return path
