"""Image files as they come from cameras and the web → gray or RGB pixels.

What is done to each kind:

- palettes, CMYK, YCbCr and the like become RGB; 1-bit images become gray;
- transparent pixels are laid over white, as a page shows them;
- of 16 bits per channel the upper 8 are kept; floating-point pixels and
  integers beyond 16 bits have no known range and count as damaged;
- the orientation that cameras note in EXIF is applied;
- of an animation, the first frame is taken;
- an image of more pixels than Pillow's guard against decompression bombs
  allows (`PIL.Image.MAX_IMAGE_PIXELS`, 89 million) counts as damaged.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import os
import warnings

from absl import logging
import numpy as np
import PIL.Image

from tf_dcgan.common import errors

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
)

# With a larger share of damaged files, a folder is not what its user thinks.
_DAMAGED_SHARE = 0.1
NAMED = 5  # Files left out that a message names.

_GRAY = frozenset(("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L"))
_WITH_ALPHA = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
_UNKNOWN_RANGE = "its pixels have no known range"
_ORIENTATION = 0x0112  # The number of EXIF's tag.
_TURNED = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


class DamagedImageError(Exception):
    """An image file cannot be used; the message says why in one line."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What the first bytes of an image file tell.

    Attributes:
        height: of the image as it is shown, upright, in pixels.
        width: of the image as it is shown, upright, in pixels.
        channels: 1 for a gray image, 3 for any other image.
    """

    height: int
    width: int
    channels: int


class Damaged:
    """Counts the damaged files of a folder and remembers the first few."""

    def __init__(self, folder: str, num_files: int):
        """Starts with no damaged file.

        Args:
            folder: the folder that all files lie below.
            num_files: the number of its image files, whole and damaged.
        """
        self._folder = folder
        self._num_files = num_files
        self._allowed = int(_DAMAGED_SHARE * num_files)
        self._count = 0
        self._first_names: list[str] = []
        self._first_reason = ""

    def add(self, path: str, error: Exception) -> None:
        """Counts one more damaged file.

        Args:
            path: the damaged file.
            error: says what is wrong with it.

        Raises:
            errors.UserError: too many files are damaged, and enough of them
                to name a few.
        """
        name = readable(os.path.relpath(path, self._folder))
        logging.info("%s is left out: %s", name, error)
        self._count += 1
        if len(self._first_names) < NAMED:
            self._first_names.append(name)
        self._first_reason = self._first_reason or str(error)
        if self._count >= NAMED:
            self.check("at least ")

    def check(self, so_far: str = "") -> None:
        """Checks that not too many files are damaged.

        Args:
            so_far: goes before their number in the message, where more files
                may follow.

        Raises:
            errors.UserError: too many files are damaged.
        """
        if self._count > self._allowed:
            raise errors.UserError(
                f"{readable(self._folder)}: {so_far}{self._count:,} of "
                f"{self._num_files:,} images are damaged ({self._allowed:,} "
                f"allowed): {self._names()} (the first: {self._first_reason}): "
                "mend or remove them"
            )

    def note(self) -> str | None:
        """Says how many files were damaged, once all have been read.

        Returns:
            One line, or None if no file was damaged.

        Raises:
            errors.UserError: too many files are damaged.
        """
        self.check()
        if not self._count:
            return None
        return (
            f"{self._count:,} of {self._num_files:,} files are damaged and "
            f"left out: {self._names()}"
        )

    def _names(self) -> str:
        more = ", …" if self._count > len(self._first_names) else ""
        return ", ".join(self._first_names) + more


def images_among(paths: Sequence[str], folder: os.PathLike | str) -> list[str]:
    """Selects the image files by their suffixes.

    Args:
        paths: all files in a folder and below, at least one.
        folder: the folder, for the error.

    Returns:
        Some of the paths, in the order of their parts as text.

    Raises:
        errors.UserError: there are no images.
    """
    images = [path for path in paths if is_image(path)]
    if not images:
        suffixes = collections.Counter(map(_suffix, paths))
        others = ", ".join(
            f"{count} {suffix or 'without suffix'}"
            for suffix, count in suffixes.most_common(3)
        )
        raise errors.UserError(
            f"{folder} has no images ({', '.join(sorted(SUFFIXES))}), only "
            f"{others}: convert them, or give another folder"
        )
    return sorted(images, key=lambda path: path.split(os.sep))


def is_image(path: str) -> bool:
    """Says whether a file's suffix is one of an image."""
    return _suffix(path) in SUFFIXES


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def read_header(path: os.PathLike | str) -> Header:
    """Reads an image's size and channels without decoding the pixels.

    Args:
        path: an image file.

    Raises:
        DamagedImageError: the file cannot be used.
    """
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return Header(height, width, 1 if image.mode in _GRAY else 3)


def read(path: os.PathLike | str, *, channels: int | None = None) -> np.ndarray:
    """Reads an image file as this module's description says.

    Args:
        path: an image file.
        channels: 1 for gray, 3 for RGB; None for the channels that
            `read_header` tells.

    Returns:
        [height, width, channels] uint8.

    Raises:
        DamagedImageError: the file cannot be used.
    """
    with _opened(path) as image:
        orientation = _orientation(image)
        gray = image.mode in _GRAY if channels is None else channels == 1
        image.load()
        image = _eight_bits(image)
        if image.mode in _WITH_ALPHA or "transparency" in image.info:
            white = PIL.Image.new("RGBA", image.size, "white")
            image = PIL.Image.alpha_composite(white, image.convert("RGBA"))
        image = image.convert("L" if gray else "RGB")
        if orientation in _TURNED:
            image = image.transpose(_TURNED[orientation])
        pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], 1 if gray else 3)


def readable(name: str) -> str:
    """A file's name as text that can be printed, even if it is not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


@contextlib.contextmanager
def _opened(path: os.PathLike | str) -> Iterator[PIL.Image.Image]:
    """Opens a file, and turns whatever is wrong with it into one exception."""
    try:
        with warnings.catch_warnings():
            # Pillow's warnings about odd files help nobody here.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(path) as image:
                if image.mode == "F":
                    raise ValueError(_UNKNOWN_RANGE)
                yield image
    except (
        PIL.Image.DecompressionBombWarning,
        PIL.Image.DecompressionBombError,
    ):
        raise DamagedImageError(
            f"it has more than {PIL.Image.MAX_IMAGE_PIXELS:,} pixels"
        ) from None
    except PIL.UnidentifiedImageError:
        raise DamagedImageError("it is no image") from None
    except MemoryError:  # The machine's fault, not the file's.
        raise
    # Each decoder has errors of its own, down to struct.error, IndexError
    # and ZeroDivisionError.
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise DamagedImageError(text) from error


def _orientation(image: PIL.Image.Image) -> int:
    """EXIF's number of the turn that is still to be made; 1 for none."""
    # Pillow turns TIFFs by itself. For a PNG without EXIF at its beginning,
    # `getexif` would decode the whole image to look for it.
    if image.format == "TIFF" or "exif" not in image.info:
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    # Damaged EXIF is no reason to lose the image.
    except Exception:
        return 1


def _eight_bits(image: PIL.Image.Image) -> PIL.Image.Image:
    """Keeps the upper 8 of 16 bits."""
    if not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65_535:
        raise ValueError(_UNKNOWN_RANGE)
    return PIL.Image.fromarray((pixels >> 8).astype(np.uint8))
