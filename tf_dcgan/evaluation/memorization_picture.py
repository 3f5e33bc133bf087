"""A picture of the generated images that are nearest to training images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from typing import Any

import numpy as np
import PIL.Image

from tf_dcgan.common import images
from tf_dcgan.evaluation import image_sources

_COLUMNS = 8
_LEAST_SIDE = 64  # Pixels; smaller images are enlarged.


def write(
    path: os.PathLike | str,
    closest: Sequence[Mapping[str, Any]],
    *,
    fake: image_sources.ImageSource,
    train: image_sources.ImageSource,
    held_out: image_sources.ImageSource,
) -> None:
    """Writes the closest pairs as a PNG, with a third image to judge by.

    Eight pairs side by side, the closest first: a row of generated images,
    below each image its nearest training image, and below this one its nearest
    held-out image. Three more rows show the next eight pairs. Pairs that fill
    no row are left out.

    Args:
        path: the file to write.
        closest: what `memorization.Memorization.closest` returns.
        fake: the generated images.
        train: the training images.
        held_out: real images that the generator has not seen.

    Raises:
        OSError: the file cannot be written.
    """
    columns = min(_COLUMNS, len(closest))
    closest = closest[: len(closest) // columns * columns]
    rows = [
        image_sources.take(source, [pair[name] for pair in closest])
        for source, name in (
            (fake, "generated"),
            (train, "training"),
            (held_out, "held_out"),
        )
    ]
    size = rows[1][0].shape[:2]  # The training images' own size.
    tiles = [
        _tile(image, size)
        for start in range(0, len(closest), columns)
        for row in rows
        for image in row[start : start + columns]
    ]
    images.write_png(path, images.grid(np.stack(tiles), columns=columns))


def _tile(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Brings an image to a size and to three channels."""
    if image.shape[:2] != size:
        pillow = PIL.Image.fromarray(
            image.squeeze(-1) if image.shape[-1] == 1 else image
        )
        resized = pillow.resize(size[::-1], PIL.Image.Resampling.BICUBIC)
        image = np.asarray(resized).reshape(*size, -1)
    if image.shape[-1] == 1:
        image = np.repeat(image, 3, axis=-1)
    return images.enlarge(image, max(1, _LEAST_SIDE // max(size)))
