"""Translations of arrays of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tf_dcgan.api import arrays
from tf_dcgan.common import errors
from tf_dcgan.data import array_files
from tf_dcgan.runs import runs

if TYPE_CHECKING:
    import keras

_NAME = "images"


def named(images: Any) -> dict[str, np.ndarray]:
    """Names the arrays of an argument, which takes no generator.

    Args:
        images: as `Run.translate` takes them.

    Raises:
        errors.UserError: the images are no arrays.
    """
    parts = arrays.named(images, argument=_NAME)
    if parts is None:
        raise errors.UserError(
            f"{_NAME}={images!r} is no array: give arrays; files are "
            "translated by the command translate"
        )
    return parts


def translate(
    run: runs.Run,
    pair: Sequence[keras.Model],
    parts: Mapping[str, np.ndarray],
    *,
    direction: str,
    size: str,
) -> np.ndarray:
    """Translates arrays as the command translates the same arrays in a file.

    Args:
        run: a translation.
        pair: its generators, from A to B and from B to A.
        parts: the arrays, as `named` names them.
        direction: `a_to_b` or `b_to_a`.
        size: `network` or `original`.

    Returns:
        [n, height, width, 1 or 3] uint8.

    Raises:
        errors.UserError: the images cannot be translated.
    """
    from tf_dcgan.sampling import given_images, translators

    value_range = translators.value_range(run, direction)
    originals = given_images.examine_array(
        pathlib.Path(_NAME),
        array_files.splits_among(array_files.in_memory(parts), _NAME),
        value_range,
    )
    given_images.check_depth(_NAME, originals, value_range)
    smallest, most_pixels = translators.limits(run.config, size)
    for height, width, _ in set(originals.shapes):
        if min(height, width) < smallest or height * width > most_pixels:
            raise errors.UserError(
                f"{_NAME} of {height}x{width} cannot be translated at their "
                f"own size, which is to be {smallest} pixels a side or more, "
                f"and {most_pixels / 1e6:.3g} million pixels at most: give "
                'others, or size="network"'
            )
    translator, fit = translators.of_run(
        run, pair, direction=direction, size=size
    )
    channels = run.data.channels
    return translator(
        np.stack(
            [
                given_images.read(
                    originals.read, name, channels=channels, fit=fit
                )
                for name in originals.files
            ]
        )
    )
