"""One image → one row of numbers, small enough to keep for every image."""

from __future__ import annotations

from collections.abc import Sequence
import hashlib
import math
import os

import numpy as np
import PIL.Image

from tf_dcgan.data.folders import decoding, facts

# Rows, columns and channels of the averages that copies are told apart by.
AVERAGES_SHAPE = (8, 9, 3)
# Each image's row. `mode` and `bits` are of the file; `is_deep` says that the
# values are not of 8 bits. `height` and `width` are of the image as it is
# shown, `low` and `high` its darkest and brightest value before any scaling,
# `brightness` the mean of the shown image in [0, 255]. Transparent images that
# are of one colour over white alone are `is_hidden_on_white`, and taken over
# black. `averages` are RGB means over 8x9 places, and `digest` tells equal
# pixels. An image that is not `whole` has nothing else.
ROW = np.dtype(
    [
        ("whole", bool),
        ("format", "U8"),
        ("mode", "U8"),
        ("bits", np.uint8),
        ("is_deep", bool),
        ("height", np.int32),
        ("width", np.int32),
        ("channels", np.uint8),
        ("frames", np.int32),
        ("is_turned", bool),
        ("has_alpha", bool),
        ("low", np.float64),
        ("high", np.float64),
        ("is_finite", bool),
        ("is_one_colour", bool),
        ("is_gray_in_colour", bool),
        ("is_hidden_on_white", bool),
        ("brightness", np.float32),
        ("averages", np.uint8, (math.prod(AVERAGES_SHAPE),)),
        ("digest", "V16"),
        ("file_bytes", np.int64),
    ]
)

# Levels of 255 within which an image counts as one colour: JPEG adds a little.
_ONE_COLOUR = 2


def of_files(files: Sequence[str]) -> tuple[np.ndarray, dict[int, str]]:
    """Decodes several image files; another process can call it.

    Args:
        files: as a listing names them.

    Returns:
        [len(files)] of `ROW`, and why a file cannot be used, by its place.
    """
    rows = np.zeros(len(files), ROW)
    reasons = {}
    for place, file in enumerate(files):
        try:
            header = decoding.read_header(file)
            pixels, rows[place]["is_hidden_on_white"] = _pixels(file, header)
            _fill(rows[place], pixels)
            for name in (
                *("format", "mode", "bits", "frames"),
                *("is_turned", "has_alpha"),
            ):
                rows[place][name] = getattr(header, name)
            rows[place]["file_bytes"] = num_bytes(file)
        except decoding.DamagedImageError as error:
            rows[place] = np.zeros((), ROW)
            reasons[place] = str(error)
    rows["brightness"] = rows["averages"].mean(axis=1)
    return rows, reasons


def of_images(images: Sequence[np.ndarray]) -> np.ndarray:
    """Takes the numbers of images; another process can call it.

    Args:
        images: each [height, width, 1 or 3] or [height, width], of any real
            dtype.

    Returns:
        [len(images)] of `ROW`, without what only files have.
    """
    rows = np.zeros(len(images), ROW)
    for row, pixels in zip(rows, images, strict=True):
        _fill(row, pixels)
        is_gray = row["channels"] == 1
        row["mode"] = "L" if is_gray else "RGB"
        if pixels.dtype != np.uint8:
            row["mode"] = str(pixels.dtype)
        row["bits"] = 8 * pixels.dtype.itemsize
        row["frames"] = 1
    rows["brightness"] = rows["averages"].mean(axis=1)
    return rows


def read(file: str) -> np.ndarray:
    """Reads an image file, of deep pixels their own values.

    Args:
        file: as a listing names it.

    Returns:
        [height, width, 1 or 3] uint8 as a training reads it, or of another
        dtype.

    Raises:
        decoding.DamagedImageError: the file cannot be used.
    """
    return _pixels(file, decoding.read_header(file))[0]


def num_bytes(file: str) -> int:
    """The size of a file; 0 for a broken link, or a part of a file."""
    try:
        return os.stat(file).st_size
    except OSError:
        return 0


def _pixels(file: str, header: decoding.Header) -> tuple[np.ndarray, bool]:
    """Reads an image, and says whether it cannot be seen over white."""
    if header.depth != decoding.EIGHT_BITS:
        (values,) = decoding.read_values(file)
        if isinstance(values, decoding.DamagedImageError):
            raise values
        return values, False
    pixels = decoding.read(file)
    if header.has_alpha and facts.is_of_one_colour(pixels):
        on_black = decoding.read(file, decoding.How(background="black"))
        if not facts.is_of_one_colour(on_black):
            return on_black, True
    return pixels, False


def value_range(pixels: np.ndarray) -> tuple[float, float, bool]:
    """Finds the smallest and the largest finite value, and if all are finite.

    Returns:
        (low, high, whether all values are finite); zeros if none is finite.
    """
    is_finite = True
    if pixels.dtype.kind == "f":
        finite = np.isfinite(pixels)
        is_finite = bool(finite.all())
        if not is_finite:
            pixels = pixels[finite]
    if not pixels.size:
        return 0.0, 0.0, is_finite
    return float(pixels.min()), float(pixels.max()), is_finite


def to_shown(pixels: np.ndarray, low: float, high: float) -> np.ndarray:
    """Brings deep pixels to 8 bits, to be looked at.

    Args:
        pixels: array of any real dtype; uint8 stays as it is.
        low: the value that becomes black.
        high: the value that becomes white.

    Returns:
        uint8 of the same shape.
    """
    if pixels.dtype == np.uint8:
        return pixels
    if low == high:
        return np.zeros(pixels.shape, np.uint8)
    # Infinity is cut off; half of each value cannot overflow.
    halves = np.clip(np.nan_to_num(pixels, nan=low), low, high) / 2
    return np.rint(255 * ((halves - low / 2) / (high / 2 - low / 2))).astype(
        np.uint8
    )


def _fill(row: np.void, pixels: np.ndarray) -> None:
    """Sets what follows from one image's pixels alone."""
    row["whole"] = True
    row["height"], row["width"] = pixels.shape[:2]
    row["channels"] = channels = pixels.shape[2] if pixels.ndim == 3 else 1
    row["is_deep"] = pixels.dtype != np.uint8
    low, high, row["is_finite"] = value_range(pixels)
    row["low"], row["high"] = low, high
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.blake2b(
        f"{pixels.shape} {pixels.dtype.str}".encode(), digest_size=16
    )
    digest.update(pixels.data)
    row["digest"] = np.void(digest.digest())
    shown = to_shown(pixels, low, high)
    rows, columns, _ = AVERAGES_SHAPE
    small = PIL.Image.fromarray(
        shown.reshape(shown.shape[:2]) if channels == 1 else shown
        # Softer than a box, whose edges fall elsewhere in a smaller copy.
    ).resize((columns, rows), PIL.Image.Resampling.HAMMING)
    averages = np.asarray(small)
    if channels == 1:
        averages = np.repeat(averages[..., np.newaxis], 3, axis=-1)
    row["averages"] = averages.ravel()
    # Only of images that may be so, every pixel is looked at.
    by_place = averages.reshape(-1, 3)
    if low == high:
        row["is_one_colour"] = True
    elif pixels.dtype == np.uint8:
        spread = by_place.max(axis=0).astype(int) - by_place.min(axis=0)
        if max(spread) <= _ONE_COLOUR:
            every = shown.reshape(-1, channels)
            row["is_one_colour"] = np.ptp(every, axis=0).max() <= _ONE_COLOUR
    if channels == 3 and (averages == averages[..., :1]).all():
        row["is_gray_in_colour"] = (shown == shown[..., :1]).all()
