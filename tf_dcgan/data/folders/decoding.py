"""Image files as they come from cameras and the web → gray or RGB pixels.

What is done to each kind:

- palettes, CMYK, YCbCr and the like become RGB; 1-bit images become gray;
- transparent pixels are laid over white, as a page shows them, or over black
  where the caller says so;
- values of more than 8 bits, and floating-point values, are brought to 8 bits
  by the scale that the caller gives for the whole set; NaN or infinity count
  as damage;
- the orientation that cameras note in EXIF is applied;
- of a file with several images, the frame that the caller names is taken;
- an image of more pixels than Pillow's guard against decompression bombs
  allows (`PIL.Image.MAX_IMAGE_PIXELS`, 89 million) counts as damaged.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Sequence
import contextlib
import dataclasses
import functools
import itertools
import os
import re
import sys
import threading
from typing import Any, BinaryIO, TypeVar
import warnings

from absl import logging
import numpy as np
import PIL.Image

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import value_ranges
from tf_dcgan.data.folders import archives
from tf_dcgan.data.preparing import value_range

# Pillow opens them, and they are no images of pixels, are only recognised, or
# are given to a program that runs what stands in them (Ghostscript).
_NO_IMAGES = frozenset(
    ("BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PDF", "WMF")
)
# The commonest formats, tried first.
_COMMON = ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP")
# Formats whose frames are images of the same kind. A photo's second picture
# (MPO) is a map of its brightness or another view; PSD has layers.
_WITH_FRAMES = frozenset(("AVIF", "DCX", "FLI", "GIF", "PNG", "TIFF", "WEBP"))

# With a larger share of damaged files, a folder is not what its user thinks.
DAMAGED_SHARE = 0.1
# The suffixes that a message names, of those that `suffixes` takes.
_USUAL = ".png, .jpg, .jpeg, .bmp, .gif, .webp, .tif, .tiff, …"
_SUFFIXES_NAMED = 5
NAMED = 5  # Files left out that a message names.

_FRAMES_AT_ONCE = 16
EIGHT_BITS = "8-bit"
_GRAY = frozenset(
    ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F")
)
_WITH_ALPHA = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
# Of 16 bits per channel Pillow keeps the upper byte. The other order of the
# bytes makes it keep the lower one.
_LOWER_BYTES = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA", "RGBX")
    for order, other in (
        ("B", "L"),
        ("L", "B"),
        ("N", "B" if sys.byteorder == "little" else "L"),
    )
}
_GRAY_AND_ALPHA = "LA;16B"  # Of PNG alone.
# The numbers of TIFF's tags.
_SAMPLE_FORMAT, _BITS_PER_SAMPLE, _PHOTOMETRIC = 339, 258, 262
_UNSIGNED = 1
_WHITE_IS_ZERO = 0
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


_Item = TypeVar("_Item")


class DamagedImageError(Exception):
    """An image file cannot be used; the message says why in one line."""


class NotFiniteError(DamagedImageError):
    """Values of an image are NaN or infinite."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What the first bytes of an image file tell.

    Attributes:
        height: of the image as it is shown, upright, in pixels.
        width: of the image as it is shown, upright, in pixels.
        channels: 1 for a gray image, 3 for any other image.
        depth: of its pixels, in words: "8-bit", "16-bit", "32-bit" or
            "floating-point".
        frames: how many images the file has.
        has_alpha: whether pixels may be transparent.
        format: of the file, by its content, as Pillow names it.
        mode: of its pixels, as Pillow names it.
        bits: of a channel in the file.
        is_turned: whether EXIF turns the image upright.
    """

    height: int
    width: int
    channels: int
    depth: str = EIGHT_BITS
    frames: int = 1
    has_alpha: bool = False
    format: str = ""
    mode: str = ""
    bits: int = 8
    is_turned: bool = False


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
        self._allowed = int(DAMAGED_SHARE * num_files)
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
        if isinstance(error, NotFiniteError):
            name += " (NaN or infinity)"
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
                f"{self._num_files:,} images are damaged, and at most "
                f"{DAMAGED_SHARE:.0%} may be: {self._names()} (the first: "
                f"{self._first_reason}): mend or remove them"
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

    def state(self) -> list[Any]:
        """Describes for JSON what has been counted."""
        return [self._count, [*self._first_names], self._first_reason]

    def resume(self, state: list[Any]) -> None:
        """Goes on from what `state` described."""
        self._count, self._first_names, self._first_reason = state

    def _names(self) -> str:
        more = ", …" if self._count > len(self._first_names) else ""
        return ", ".join(self._first_names) + more


class Printed:
    """Counts what C libraries would have printed, by the file it was about."""

    def __init__(self, folder: str):
        """Starts with no line.

        Args:
            folder: the folder that all files lie below.
        """
        self._folder = folder
        self._lines = self._files = 0
        self._first_names: list[str] = []
        self._first_line = ""

    def add(self, path: str, lines: Sequence[str]) -> None:
        """Counts the lines about a file, which may be none."""
        if not lines:
            return
        self._lines += len(lines)
        self._files += 1
        self._first_line = self._first_line or lines[0]
        if len(self._first_names) < NAMED:
            name = readable(os.path.relpath(path, self._folder))
            self._first_names.append(name)

    def state(self) -> list[Any]:
        """Describes for JSON what has been counted."""
        names = [*self._first_names]
        return [self._lines, self._files, names, self._first_line]

    def resume(self, state: list[Any]) -> None:
        """Goes on from what `state` described."""
        self._lines, self._files, self._first_names, self._first_line = state

    def note(self) -> str | None:
        """Says in one line what was printed, or None if nothing was."""
        if not self._files:
            return None
        more = ", …" * (self._files > len(self._first_names))
        return (
            f"libtiff has {_count(self._lines, 'warning')} about "
            f"{_count(self._files, 'file')}, which may be damaged: "
            f"{', '.join(self._first_names)}{more} (the first: "
            f"{self._first_line})"
        )


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
        others = _by_suffix(paths)
        raise errors.UserError(
            f"{folder} has no images ({_USUAL}), only {others}: convert them, "
            "or give another folder"
        )
    return sorted(images, key=lambda path: path.split(os.sep))


def others_note(paths: Sequence[str]) -> str | None:
    """Counts the files that are no images by their suffixes.

    Args:
        paths: all files in a folder and below.

    Returns:
        One line, or None if all are images.
    """
    others = [path for path in paths if not is_image(path)]
    if not others:
        return None
    return f"{_count(len(others), 'file')} left out: {_by_suffix(others)}"


def _by_suffix(paths: Sequence[str]) -> str:
    counts = collections.Counter(readable(_suffix(path)) for path in paths)
    in_order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    most = in_order[:_SUFFIXES_NAMED]
    text = ", ".join(
        f"{count:,} {suffix or 'without suffix'}" for suffix, count in most
    )
    return text + ", …" * (len(counts) > len(most))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def is_image(path: str) -> bool:
    """Says whether a file's suffix is one of an image."""
    return _suffix(path) in suffixes()


@functools.cache
def suffixes() -> frozenset[str]:
    """The suffixes of all images that Pillow can open, in small letters."""
    # MPO, a photo with more than one picture, is opened as JPEG.
    readable_formats = {*_formats(), "MPO"}
    return frozenset(
        suffix.lower()
        for suffix, name in PIL.Image.registered_extensions().items()
        if name in readable_formats
    )


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def read_header(path: os.PathLike | str) -> Header:
    """Reads the size and kind of a file's first image, without its pixels.

    Args:
        path: an image file.

    Raises:
        DamagedImageError: the file cannot be used.
    """
    return read_headers(path, every_frame=False)[0]


def read_headers(
    path: os.PathLike | str, *, every_frame: bool = True
) -> list[Header]:
    """Reads the sizes and kinds of a file's images, without their pixels.

    Args:
        path: an image file.
        every_frame: whether to look at all images of a file with several, or
            at the first alone.

    Returns:
        One header for each image that was looked at.

    Raises:
        DamagedImageError: the file cannot be used.
    """
    with _opened(path) as image:
        first = _header(image)
        if image.format not in _WITH_FRAMES:
            return [first]
        frames = _count_frames(image)
        headers = [dataclasses.replace(first, frames=frames)]
        for frame in range(1, frames if every_frame else 1):
            image.seek(frame)
            headers.append(dataclasses.replace(_header(image), frames=frames))
        return headers


def _count_frames(image: PIL.Image.Image) -> int:
    """Counts the images of a file, as far as it is whole; may move on."""
    try:
        return getattr(image, "n_frames", 1)
    # Damage behind the first image is no reason to lose it.
    except Exception:
        frames = 1
        with contextlib.suppress(Exception):
            while True:
                image.seek(frames)
                frames += 1
        return frames


def _header(image: PIL.Image.Image) -> Header:
    width, height = image.size
    orientation = _orientation(image)
    if orientation >= 5:
        width, height = height, width
    depth = _depth(image)
    return Header(
        height,
        width,
        1 if _is_gray(image) else 3,
        depth,
        has_alpha=depth == EIGHT_BITS and _has_alpha(image),
        format=image.format or "",
        mode=image.mode,
        bits=_bits(image, depth),
        is_turned=orientation != 1,
    )


@dataclasses.dataclass(frozen=True)
class How:
    """How the pixels of all images of a set are read.

    Attributes:
        channels: 1 for gray, 3 for RGB; None for the channels that
            `read_header` tells.
        scale: (low, high), the values that become black and white, of images
            of more than 8 bits; None for images of 8 bits.
        background: the colour that transparent pixels are laid over.
    """

    channels: int | None = None
    scale: value_ranges.Range | None = None
    background: str = "white"


def _bits(image: PIL.Image.Image, depth: str) -> int:
    """The bits of a channel in the file."""
    if depth != EIGHT_BITS:
        return 16 if depth == "16-bit" else 32
    if image.mode == "1":
        return 1
    # Such as "P;4". The 16 bits of BMP's "BGR;16" are of three channels.
    bits = re.fullmatch(r"(?:L|P);([124])", _raw_mode(image))
    return int(bits[1]) if bits else 8


def read(
    path: os.PathLike | str,
    how: How = How(),
    *,
    printed: list[str] | None = None,
) -> np.ndarray:
    """Reads the first image of a file as this module's description says.

    Args:
        path: an image file.
        how: is the same for all images of a set.
        printed: gets the lines that C libraries would have printed.

    Returns:
        [height, width, channels] uint8.

    Raises:
        DamagedImageError: the file cannot be used, or is of 8 bits although
            there is a scale, or of more although there is none.
    """
    [pixels] = read_frames(path, [0], how, printed=printed)
    if isinstance(pixels, DamagedImageError):
        raise pixels
    return pixels


def read_frames(
    path: os.PathLike | str,
    frames: Sequence[int],
    how: How = How(),
    *,
    printed: list[str] | None = None,
    outside: list[int] | None = None,
) -> list[np.ndarray | DamagedImageError]:
    """Reads several images of a file.

    Args:
        path: an image file.
        frames: which of its images, from 0.
        how: is the same for all images of a set.
        printed: gets the lines that C libraries would have printed.
        outside: gets the number of values that the scale cuts off, of each
            frame that can be used; nothing if there is no scale.

    Returns:
        Of each frame [height, width, channels] uint8, or what is wrong with
        it, as `read` would raise it.
    """
    return _each_frame(
        path,
        frames,
        lambda image, frame: _pixels(image, frame, path, how, outside),
        [] if printed is None else printed,
    )


def read_values(
    path: os.PathLike | str,
    frames: Sequence[int] = (0,),
    *,
    printed: list[str] | None = None,
) -> list[np.ndarray | DamagedImageError]:
    """Reads the values of images of more than 8 bits as they are.

    Args:
        path: an image file.
        frames: which of its images, from 0.
        printed: gets the lines that C libraries would have printed.

    Returns:
        Of each frame [height, width, 1 or 3] of integers or float, finite, or
        what is wrong with it: NotFiniteError if values are NaN or infinite.
        Transparent pixels have the image's highest value.
    """
    return _each_frame(
        path,
        frames,
        lambda image, frame: _values(image, path, frame, None),
        [] if printed is None else printed,
    )


def batched(items: Iterable[_Item], length: int) -> Iterator[list[_Item]]:
    """Yields lists of at most `length` items, for a thread to do in one go."""
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, length)):
        yield batch


def by_file(
    images: Sequence[tuple[str, int]],
) -> Iterator[tuple[str, list[int]]]:
    """Groups images that are read from one file in one go.

    Args:
        images: (file, frame) of each image, the frames of a file together.

    Yields:
        (file, frames), at most 16 frames at a time.
    """
    for path, group in itertools.groupby(images, key=lambda image: image[0]):
        frames = [frame for _, frame in group]
        for first in range(0, len(frames), _FRAMES_AT_ONCE):
            yield path, frames[first : first + _FRAMES_AT_ONCE]


def read_bytes(path: os.PathLike | str) -> bytes:
    """Reads an image file as it is stored, in a folder or in an archive.

    Raises:
        OSError: the file cannot be read.
    """
    source = source_of(path)
    if isinstance(source, str | os.PathLike):
        with open(source, "rb") as file:
            return file.read()
    return source.read()


def source_of(path: os.PathLike | str) -> os.PathLike | str | BinaryIO:
    """Finds the bytes of an image file, for everything that opens one.

    Args:
        path: as the listing of a folder or an archive names it.

    Returns:
        What `PIL.Image.open` takes.
    """
    return archives.source_of(path)


def readable(name: str) -> str:
    """A file's name as text that can be printed, even if it is not UTF-8."""
    return os.fsencode(name).decode(errors="replace")


class _Quiet:
    """Keeps Pillow's warnings about odd files, which help nobody here, away.

    Python's filters are the same for all threads: the first thread to enter
    sets them, and the last one to leave puts back what was there.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._inside = 0
        self._filters = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._filters = warnings.catch_warnings()
                self._filters.__enter__()
                warnings.simplefilter("ignore")
                warnings.simplefilter(
                    "error", PIL.Image.DecompressionBombWarning
                )
            self._inside += 1

    def __exit__(self, *exception) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._filters.__exit__(*exception)


# To be held around many files, which is faster than anew for each.
quiet = _Quiet()


@contextlib.contextmanager
def _opened(path: os.PathLike | str) -> Iterator[PIL.Image.Image]:
    """Opens a file, and turns whatever is wrong with it into one exception."""
    with (
        _damage(),
        quiet,
        PIL.Image.open(source_of(path), formats=_formats()) as image,
    ):
        yield image


@contextlib.contextmanager
def _damage(printed: Sequence[str] = ()) -> Iterator[None]:
    """Turns whatever is wrong with a file into one exception.

    Args:
        printed: what C libraries have printed when the block ends.
    """
    try:
        yield
    except DamagedImageError:
        raise
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
        if printed:
            text += f": {printed[0]}"
        raise DamagedImageError(text) from error


def _each_frame(
    path: os.PathLike | str,
    frames: Sequence[int],
    decode: Callable[[PIL.Image.Image, int], np.ndarray],
    printed: list[str],
) -> list[np.ndarray | DamagedImageError]:
    """Opens a file once, and decodes some of its images."""
    results: list[np.ndarray | DamagedImageError] = []
    try:
        with _opened(path) as image:
            for frame in frames:
                try:
                    results.append(_decoded(image, frame, decode, printed))
                except DamagedImageError as error:
                    results.append(error)
    except DamagedImageError as error:
        results += [error] * (len(frames) - len(results))
    return results


def _decoded(
    image: PIL.Image.Image,
    frame: int,
    decode: Callable[[PIL.Image.Image, int], np.ndarray],
    printed: list[str],
) -> np.ndarray:
    lines: list[str] = []
    with _damage(lines):
        if frame:
            image.seek(frame)
        if image.format != "TIFF":
            return decode(image, frame)
        # Of all libraries that Pillow calls, libtiff alone prints.
        try:
            with terminal.library_lines() as caught:
                return decode(image, frame)
        finally:
            lines += caught
            printed += caught


def _pixels(
    image: PIL.Image.Image,
    frame: int,
    path: os.PathLike | str,
    how: How,
    outside: list[int] | None,
) -> np.ndarray:
    """Decodes an image, [height, width, channels] uint8."""
    if how.scale is not None:
        values = _values(image, path, frame, how.scale[1])
        values = _to_channels(values, how.channels)
        if outside is not None:
            outside.append(value_range.count_outside(values, how.scale))
        return value_range.to_uint8(values, how.scale)
    depth = _depth(image)
    if depth != EIGHT_BITS:
        raise ValueError(f"it is {depth}, and no scale is known for its values")
    orientation = _orientation(image)
    gray = image.mode in _GRAY if how.channels is None else how.channels == 1
    image.load()
    if _has_alpha(image):
        below = PIL.Image.new("RGBA", image.size, how.background)
        image = PIL.Image.alpha_composite(below, image.convert("RGBA"))
    mode = "L" if gray else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    if orientation in _TURNED:
        image = image.transpose(_TURNED[orientation])
    pixels = np.asarray(image)
    return pixels.reshape(*pixels.shape[:2], 1 if gray else 3)


def _values(
    image: PIL.Image.Image,
    path: os.PathLike | str,
    frame: int,
    white: float | None,
) -> np.ndarray:
    """Decodes deep pixels, [height, width, 1 or 3] of finite values.

    Args:
        image: the file, at the frame.
        path: the file, to decode it once more.
        frame: the frame.
        white: the value that transparent pixels are laid over; None for the
            image's highest.
    """
    if _depth(image) == EIGHT_BITS:
        raise ValueError("it is 8-bit, and the images of its set are not")
    orientation = _orientation(image)
    values = _stored_values(image, path, frame, white)
    if orientation in _TURNED:
        values = _turned(values, orientation)
    bad = np.count_nonzero(~np.isfinite(values))
    if bad:
        raise NotFiniteError(
            f"{bad:,} value{'s are' if bad != 1 else ' is'} NaN or infinite"
        )
    return values


def _to_channels(values: np.ndarray, channels: int | None) -> np.ndarray:
    if channels == 3 and values.shape[2] == 1:
        return np.repeat(values, 3, axis=2)
    if channels == 1 and values.shape[2] == 3:
        # The weights of Pillow's own conversion, ITU-R 601-2.
        return values @ np.array([[0.299], [0.587], [0.114]])
    return values


@functools.cache
def _formats() -> tuple[str, ...]:
    """The formats that Pillow may take a file for, whatever its name."""
    PIL.Image.init()
    others = sorted(set(PIL.Image.OPEN) - _NO_IMAGES - set(_COMMON))
    return (*(name for name in _COMMON if name in PIL.Image.OPEN), *others)


def _raw_mode(image: PIL.Image.Image) -> str:
    """How the file stores the pixels of an image that is not loaded yet."""
    for tile in getattr(image, "tile", ()):
        arguments = tile[3]
        if isinstance(arguments, tuple) and arguments:
            arguments = arguments[0]
        if isinstance(arguments, str):
            return arguments
    return ""


def _depth(image: PIL.Image.Image) -> str:
    """Says how deep an image's pixels are; see `Header.depth`."""
    if image.mode == "F":
        return "floating-point"
    if (
        image.mode.startswith("I;16")
        or ";16" in _raw_mode(image)
        or any(tile[0] == "SGI16" for tile in getattr(image, "tile", ()))
    ):
        return "16-bit"
    if image.mode == "I":
        return "16-bit" if _stored_bits(image) == 16 else "32-bit"
    return EIGHT_BITS


def _stored_bits(image: PIL.Image.Image) -> int:
    if image.format == "TIFF":
        return _tag(image, _BITS_PER_SAMPLE, 1)
    return 16 if image.format == "PPM" else 32


def _tag(image: Any, number: int, default: int) -> int:
    """The first value of a TIFF's tag."""
    value = image.tag_v2.get(number, default)
    return value[0] if isinstance(value, tuple) else value


def _is_gray(image: PIL.Image.Image) -> bool:
    return image.mode in _GRAY or _raw_mode(image) == _GRAY_AND_ALPHA


def _has_alpha(image: PIL.Image.Image) -> bool:
    return image.mode in _WITH_ALPHA or "transparency" in image.info


def _stored_values(
    image: PIL.Image.Image,
    path: os.PathLike | str,
    frame: int,
    white: float | None,
) -> np.ndarray:
    """Decodes deep pixels, [height, width, 1 or 3], not turned upright."""
    raw_mode = _raw_mode(image)
    if image.mode in _GRAY and image.mode not in ("L", "LA"):
        values = np.asarray(image)
        if (
            image.mode == "I"
            and image.format == "TIFF"
            and _tag(image, _SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED
            and _tag(image, _BITS_PER_SAMPLE, 1) == 32
        ):
            values = values.view(np.uint32)  # Pillow takes them for signed.
        if (
            values.dtype.kind == "u"
            and image.format == "TIFF"
            and _tag(image, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO
        ):
            # Pillow turns such values round for 8 bits alone.
            values = np.iinfo(values.dtype).max - values
        return values[..., np.newaxis]
    if raw_mode == _GRAY_AND_ALPHA:
        # Four bytes: the upper and the lower one of gray and of alpha.
        stored = _decoded_as(path, frame, "RGBA").view(">u2")
        return _without_alpha(stored, white)
    if raw_mode not in _LOWER_BYTES:
        raise ValueError(
            "its 16 bits per channel cannot be read whole: save it as PNG"
        )
    upper = np.asarray(image).astype(np.uint16)
    lower = _decoded_as(path, frame, _LOWER_BYTES[raw_mode])
    return _without_alpha(upper << 8 | lower, white)


def _decoded_as(
    path: os.PathLike | str, frame: int, raw_mode: str
) -> np.ndarray:
    """Decodes a file as if it stored its pixels in another way."""
    with PIL.Image.open(source_of(path), formats=_formats()) as image:
        image.seek(frame)
        image.tile = [
            tile._replace(
                args=(raw_mode, *tile.args[1:])
                if isinstance(tile.args, tuple)
                else raw_mode
            )
            for tile in image.tile
        ]
        return np.asarray(image)


def _without_alpha(values: np.ndarray, white: float | None) -> np.ndarray:
    """Lays transparent pixels over white.

    Args:
        values: [height, width, 1 to 4] uint16, of 2 and 4 the last is alpha.
        white: as `_values` takes it.

    Returns:
        [height, width, 1 or 3] uint16 or float64.
    """
    if values.shape[2] in (1, 3):
        return values
    colours, shares = values[..., :-1], values[..., -1:] / 65_535
    if shares.min() == 1:
        return colours
    if white is None:
        white = float(colours.max())
    return colours * shares + white * (1 - shares)


def _turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """Turns an array as `_TURNED` turns an image."""
    turns: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 3),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90,
    }
    return turns[orientation](values)


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
