"""Brings original images to one size and writes them to disk as one array."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import hashlib
import os
import pathlib
import sys
from typing import Any, BinaryIO

import numpy as np

from tf_dcgan.common import errors, parallel, terminal
from tf_dcgan.data import cache, sources
from tf_dcgan.data.preparing import parts, sameness

# Part of the key of every cached array. Raise it whenever the same original
# images would give another array.
VERSION = 1

# Images are padded if each side is at least this share of the requested side
# and no longer.
SMALLEST_PADDED = 0.8


@dataclasses.dataclass(frozen=True)
class Settings:
    """What is made of original images.

    Attributes:
        image_size: (height, width) to bring the images to, in pixels.
        crop: (height, width) of the central part to take first, or None.
        fit: as `choose_fit` takes it.
        class_name: one of the set's classes, the only one that is kept; None
            to keep all images.
        pad: whether images a little too small are padded, not resized.
    """

    image_size: tuple[int, int]
    crop: tuple[int, int] | None = None
    fit: str | None = None
    class_name: str | None = None
    pad: bool = True


@dataclasses.dataclass(frozen=True)
class Fit:
    """How images are brought to a size.

    Attributes:
        image_size: (height, width) that the images are brought to, in pixels.
        method: `keep`, `pad`, `resize` after a crop to the shape, or
            `stretch` without one.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding; the whole image where it varies.
        words: what is done to the images, in words.
        crop: (height, width) of the central part that is taken first, or
            None for the whole image.
    """

    image_size: tuple[int, int]
    method: str
    content_box: tuple[int, int, int, int]
    words: str
    crop: tuple[int, int] | None = None


def cropped_shape(
    shape: tuple[int | None, int | None, int], crop: tuple[int, int] | None
) -> tuple[int | None, int | None, int]:
    """The shape of images after a crop to their centre.

    If sizes vary, a side of an image that is shorter than the crop's stays as
    it is, so sizes may still vary afterwards.

    Args:
        shape: (height, width, channels) of the images; height and width are
            None if they vary.
        crop: (height, width) in pixels, or None for the whole image.

    Returns:
        (height, width, channels); height and width are None if they may vary.

    Raises:
        errors.UserError: all images have one size, and the crop is larger.
    """
    height, width, channels = shape
    if crop is None or height is None or width is None:
        return shape
    if crop[0] > height or crop[1] > width:
        raise errors.UserError(
            f"--crop={crop[0]}x{crop[1]} is larger than the images, which are "
            f"{sources.words(shape)}: allowed is at most {height}x{width}"
        )
    return (*crop, channels)


def choose_fit(
    shape: tuple[int | None, int | None, int],
    image_size: tuple[int, int],
    *,
    crop: tuple[int, int] | None = None,
    fit: str | None = None,
    pad: bool = True,
) -> Fit:
    """Decides how images are brought to a size, after their crop if any.

    Images that have the size already stay as they are. If `fit` leaves it
    open, images that are smaller by at most a fifth on each side are padded,
    since stretching 28 pixels to 32 would blur every edge, and all other
    images are cropped and resized.

    Args:
        shape: (height, width, channels) of the images; height and width are
            None if they vary.
        image_size: (height, width) to bring the images to, in pixels.
        crop: (height, width) of the central part to take first, or None.
        fit: `crop`, `pad` or `stretch`, as `schema.FITS` explains them, or
            None for the rule above.
        pad: whether that rule may pad images; if not, they are resized.

    Raises:
        errors.UserError: the crop is larger than the images.
    """
    source_words = sources.words(shape)
    if crop is not None:
        at_most = "at most " if None in shape else ""
        source_words += f", centre crop of {at_most}{crop[0]}x{crop[1]}"
        shape = cropped_shape(shape, crop)
    height, width, _ = shape
    target_height, target_width = image_size
    size = f"{target_height}x{target_width}"
    box = (0, 0, target_height, target_width)
    if (height, width) == (target_height, target_width):
        words = f"{source_words} as they are"
        return Fit(image_size, "keep", box, words, crop)
    if fit == "pad" and (height is None or width is None):
        words = f"{source_words}, resized and padded to {size} with background"
        return Fit(image_size, "pad", box, words, crop)
    if height is not None and width is not None:
        original = (height, width)
        padded_box = _box_inside(original, image_size)
        if (fit == "pad" and padded_box != box) or (
            fit is None and pad and _is_little_smaller(original, image_size)
        ):
            resized = "" if padded_box[2:] == original else "resized and "
            words = f"{source_words}, {resized}padded to {size} with background"
            return Fit(image_size, "pad", padded_box, words, crop)
    if fit in ("pad", "stretch"):
        words = f"{source_words}, resized to {size} (antialiased bicubic)"
        return Fit(image_size, "stretch", box, words, crop)
    keeps_all = (
        height is not None
        and width is not None
        and height * target_width == width * target_height
    )
    words = (
        f"{source_words}, "
        f"{'' if keeps_all else 'cropped to the centre and '}resized to {size} "
        "(antialiased bicubic)"
    )
    return Fit(image_size, "resize", box, words, crop)


def apply_fit(fit: Fit, images: np.ndarray) -> np.ndarray:
    """Brings a chunk of images to the size of a fit.

    Args:
        fit: the fit that `choose_fit` chose for the whole set.
        images: [k, height, width, channels] uint8.

    Returns:
        [k, *fit.image_size, channels] uint8.
    """
    if fit.crop is not None:
        images = _centre(images, *fit.crop)
    if fit.method == "keep":
        return images
    if fit.method == "pad":
        top, left, height, width = _box_inside(
            images.shape[1:3], fit.image_size
        )
        padded = np.zeros(
            (len(images), *fit.image_size, images.shape[-1]), np.uint8
        )
        padded[:, top : top + height, left : left + width] = _resized(
            images, (height, width)
        )
        return padded
    if fit.method == "stretch":
        return _resized(images, fit.image_size)
    return _crop_and_resize(images, fit.image_size)


def write(
    folder: pathlib.Path,
    content: sources.Content,
    settings: Settings,
    *,
    title: str,
    kept: parts.Parts | None = None,
) -> int:
    """Writes images.npy, labels.npy (if there are any) and info.json.

    The array is written from beginning to end with plain writes, a few chunks
    in memory at a time. A memory map would be shorter, but on a full disk it
    kills the process with SIGBUS where a write raises an error.

    Args:
        folder: an empty folder.
        content: the original images.
        settings: what is made of them.
        title: begins the progress bar, which counts the images read.
        kept: the parts of an interrupted preparation of the same content, to
            go on from and to write to; None to begin anew.

    Returns:
        How many images were written.

    Raises:
        errors.UserError: the original files are damaged.
        OSError: the disk is full.
    """
    fit = choose_fit(
        content.shape,
        settings.image_size,
        crop=settings.crop,
        fit=settings.fit,
        pad=settings.pad,
    )
    words, only_label = fit.words, None
    if content.depth:
        words += f", {content.depth}"
    if settings.class_name is not None:
        words += f", class {settings.class_name} alone"
        only_label = content.class_names.index(settings.class_name)
    if content.position is None:
        kept = None  # There is nowhere to go on from.
    path = folder / cache.IMAGES if kept is None else kept.images
    path.touch()
    with (
        open(path, "r+b") as file,
        terminal.Progress(title, content.num_images, "images") as counted,
    ):
        array = _Array(
            file,
            (content.num_images, *settings.image_size, content.shape[2]),
            fit.content_box,
            kept,
        )
        if kept is not None:
            array.resume(content, counted, title)
        for fitted, labels, num_read, state in _fitted(
            content, fit, only_label
        ):
            counted.update(num_read)
            array.add(fitted, labels, num_read)
            if kept is not None and kept.is_due and state is not None:
                array.end_part(state)
        shape = array.finish()
    if kept is not None:
        os.replace(path, folder / cache.IMAGES)
    labels = array.labels()
    if labels is not None:
        np.save(folder / cache.LABELS, labels)
    cache.write_info(
        folder,
        {
            "shape": shape,
            "class_names": content.class_names,
            "content_box": fit.content_box,
            "preparation": words,
            "fingerprint": array.fingerprint(),
            "notes": [*content.notes, *array.sameness.notes()],
        },
    )
    return shape[0]


class _Array:
    """The array that is being written, and what is found out on the way."""

    def __init__(
        self,
        file: BinaryIO,
        shape: tuple[int, int, int, int],
        content_box: tuple[int, int, int, int],
        kept: parts.Parts | None,
    ):
        """Writes the header.

        Args:
            file: the array's file, open for reading and writing.
            shape: of the array if no image is left out.
            content_box: the part of each image that is not padding.
            kept: is told of the bytes that are written, if not None.
        """
        self._file, self._shape, self._box = file, shape, content_box
        self._kept = kept
        self._digest = hashlib.sha256()
        self._num_images = 0
        self._num_read = 0  # Since the last part, as the labels.
        self._labels: list[np.ndarray] = []
        self._labels_of_part: list[np.ndarray] = []
        self.sameness = sameness.Sameness()
        self._write_header(shape[0])

    def resume(
        self,
        content: sources.Content,
        counted: terminal.Progress,
        title: str,
    ) -> None:
        """Reads the kept parts back, and moves the content to their end."""
        state = None
        kept, position = self._kept, content.position
        if kept is None or position is None:
            return
        for part, description in kept.read_back(self._file):
            images = np.frombuffer(part, np.uint8).reshape(-1, *self._shape[1:])
            self._digest.update(part)
            self._notice(images)
            if description["labels"] is not None:
                self._labels.append(np.array(description["labels"], np.int64))
            counted.update(description["num_read"])
            state = description["source"]
        if state is not None:
            position.resume(state)
            terminal.show(
                f"{title}: goes on after the {self._num_images:,} images that "
                "an interrupted preparation left",
                file=sys.stderr,
            )

    def add(
        self, images: np.ndarray, labels: np.ndarray | None, num_read: int
    ) -> None:
        """Writes images of the array's size.

        Args:
            images: [k, height, width, channels] uint8.
            labels: [k] int64, or None.
            num_read: how many original images they come from.
        """
        images = np.ascontiguousarray(images)
        self._file.write(images.data)
        self._digest.update(images.data)
        if self._kept is not None:
            self._kept.update(images.data.cast("B") if images.size else b"")
        self._num_read += num_read
        self._notice(images)
        if labels is not None:
            self._labels.append(np.asarray(labels, np.int64))
            self._labels_of_part.append(self._labels[-1])

    def end_part(self, source_state: dict[str, Any]) -> None:
        """Makes what has been written a part to go on from."""
        if self._kept is None:
            return
        self._file.flush()
        labels = None
        if self._labels_of_part:
            labels = np.concatenate(self._labels_of_part).tolist()
        self._kept.add(
            {
                "source": source_state,
                "labels": labels,
                "num_read": self._num_read,
            }
        )
        self._labels_of_part, self._num_read = [], 0

    def finish(self) -> tuple[int, int, int, int]:
        """Corrects the header, and returns the array's shape."""
        self._file.seek(0)  # NumPy's header has room for another count.
        self._write_header(self._num_images)
        return (self._num_images, *self._shape[1:])

    def labels(self) -> np.ndarray | None:
        """Returns the labels of all images, [n] int64, or None."""
        return np.concatenate(self._labels) if self._labels else None

    def fingerprint(self) -> str:
        """Returns the SHA-256 (hexadecimal) of the images and labels."""
        digest = self._digest.copy()
        labels = self.labels()
        if labels is not None:
            digest.update(labels.data)
        return digest.hexdigest()

    def _notice(self, images: np.ndarray) -> None:
        self._num_images += len(images)
        top, left, height, width = self._box
        self.sameness.add(images[:, top : top + height, left : left + width])

    def _write_header(self, num_images: int) -> None:
        header = {
            "descr": "|u1",
            "fortran_order": False,
            "shape": (num_images, *self._shape[1:]),
        }
        np.lib.format.write_array_header_1_0(self._file, header)


def _fitted(
    content: sources.Content, fit: Fit, only_label: int | None
) -> Iterator[tuple[np.ndarray, np.ndarray | None, int, dict[str, Any] | None]]:
    """Brings chunks to a size, on all cores where this takes time.

    Yields:
        (images, labels, num_read, state): the images that are kept, how many
        there were before, and the state of the content after them.
    """

    def chunks():
        for images, labels in content.chunks:
            # The content must not move on before its state is taken.
            state = None
            if content.position is not None:
                state = content.position.state()
            yield images, labels, state

    def bring(chunk):
        images, labels, state = chunk
        num_read = len(images)
        if only_label is not None and labels is not None:
            is_of_class = labels == only_label
            images, labels = images[is_of_class], labels[is_of_class]
        return apply_fit(fit, images), labels, num_read, state

    if fit.method != "keep":
        return parallel.ordered(bring, chunks())
    return map(bring, chunks())


def _centre(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cuts out the middle; a side that is shorter already stays as it is."""
    top = max(images.shape[1] - height, 0) // 2
    left = max(images.shape[2] - width, 0) // 2
    return images[:, top : top + height, left : left + width]


def _is_little_smaller(
    size: tuple[int, int], image_size: tuple[int, int]
) -> bool:
    """Tells whether each side is smaller by at most a fifth, and not larger."""
    return all(
        SMALLEST_PADDED * target <= side <= target
        for side, target in zip(size, image_size, strict=True)
    )


def _box_inside(
    size: tuple[int, int], image_size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Finds where an image lies in the middle of a larger or smaller one.

    Args:
        size: (height, width) of the image.
        image_size: (height, width) of what it is laid on.

    Returns:
        (top, left, height, width): of the image as it is, if each side is at
        most a fifth smaller, else of the largest image of its shape.
    """
    height, width = size
    target_height, target_width = image_size
    if not _is_little_smaller(size, image_size):
        as_wide = max(1, round(target_width * height / width)), target_width
        as_high = target_height, max(1, round(target_height * width / height))
        height, width = max(
            sides
            for sides in (as_wide, as_high)
            if sides[0] <= target_height and sides[1] <= target_width
        )
    return (
        (target_height - height) // 2,
        (target_width - width) // 2,
        height,
        width,
    )


def _crop_and_resize(
    images: np.ndarray, image_size: tuple[int, int]
) -> np.ndarray:
    """Cuts the largest central part of the right aspect ratio and resizes it.

    Args:
        images: [k, height, width, channels] uint8.
        image_size: (height, width) to resize to, in pixels.

    Returns:
        [k, *image_size, channels] uint8.
    """
    height, width = images.shape[1:3]
    target_height, target_width = image_size
    cropped_height = min(height, round(width * target_height / target_width))
    cropped_width = min(width, round(height * target_width / target_height))
    cropped = _centre(images, max(cropped_height, 1), max(cropped_width, 1))
    return _resized(cropped, image_size)


def _resized(images: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Resizes images, [k, height, width, channels] uint8, whole."""
    if images.shape[1:3] == tuple(image_size):
        return images
    import tensorflow as tf

    resized = tf.image.resize(
        images, image_size, method="bicubic", antialias=True
    )
    return np.clip(np.rint(resized.numpy()), 0, 255).astype(np.uint8)
