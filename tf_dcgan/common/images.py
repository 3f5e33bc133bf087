"""Images as numbers and as files.

The only module that knows how the two kinds of image relate: `uint8_images`
in [0, 255], as stored and shown, and `images` in [-1, 1], as the networks see
them. It also lays images out in grids and writes them as PNG and GIF.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math
import os

import numpy as np
import PIL.Image
import tensorflow as tf

from tf_dcgan.common import errors, files

_BACKGROUND = 0
# Dark enough not to compete with the images, light enough to show where a
# black tile ends.
_GAP = 48


def to_float(uint8_images) -> tf.Tensor:
    """Brings stored images into the range of the networks, x / 127.5 - 1.

    Args:
        uint8_images: uint8 array or tensor of any shape, in [0, 255].

    Returns:
        float32 tensor of the same shape, in [-1, 1].

    Raises:
        TypeError: the images are not uint8, so they may be scaled already.
    """
    uint8_images = tf.convert_to_tensor(uint8_images)
    if uint8_images.dtype != tf.uint8:
        raise TypeError(
            f"Images to scale must be uint8. Received: "
            f"dtype={uint8_images.dtype.name}"
        )
    return tf.cast(uint8_images, tf.float32) / 127.5 - 1.0


def to_uint8(images) -> tf.Tensor:
    """Brings generated images into the range of files, (x + 1) * 127.5.

    The inverse of `to_float`: each of the 256 values survives the way there
    and back.

    Args:
        images: floating-point array or tensor of any shape, in [-1, 1];
            values outside saturate.

    Returns:
        uint8 tensor of the same shape, in [0, 255]. Halves are rounded to
        the even neighbour.

    Raises:
        TypeError: the images are integers, so they may be scaled already.
    """
    images = tf.convert_to_tensor(images)
    if not images.dtype.is_floating:
        raise TypeError(
            f"Images to store must be floating-point. Received: "
            f"dtype={images.dtype.name}"
        )
    # bfloat16 has 8 significant bits: too few to add 1 and round correctly.
    scaled = (tf.cast(images, tf.float32) + 1.0) * 127.5
    return tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)


def crop(images, content_box: Sequence[int]):
    """Cuts off the padding that brought images to the network's size.

    Args:
        images: [..., height, width, channels] array or tensor, any dtype.
        content_box: (top, left, height, width) of what stays, in pixels.

    Returns:
        [..., box height, box width, channels], of the kind that came in.
    """
    top, left, height, width = content_box
    return images[..., top : top + height, left : left + width, :]


def to_channels(images, channels: int):
    """Turns gray images into RGB, so that both kinds share a network.

    Args:
        images: [..., height, width, 1 or 3] array or tensor, any dtype.
        channels: 1 or 3.

    Returns:
        [..., height, width, channels], of the kind that came in: gray in all
        three channels, or the images themselves where they have as many
        channels already.

    Raises:
        ValueError: colours would be lost, or `channels` is neither 1 nor 3.
    """
    channels_now = images.shape[-1]
    if channels_now == channels:
        return images
    if (channels_now, channels) != (1, 3):
        raise ValueError(
            f"Only gray becomes RGB. Received: shape={tuple(images.shape)}, "
            f"channels={channels}"
        )
    repeat = tf.repeat if tf.is_tensor(images) else np.repeat
    return repeat(images, 3, axis=-1)


def grid(
    uint8_images, *, columns: int | None = None, gap: int = 2
) -> np.ndarray:
    """Lays images out in rows, left to right and top to bottom.

    Args:
        uint8_images: [count, height, width, channels] uint8, count >= 1.
        columns: images per row; by default the least that makes the grid no
            higher than wide in images, ceil(sqrt(count)).
        gap: pixels of dark grey between the images and around them all.

    Returns:
        [rows * (height + gap) + gap, columns * (width + gap) + gap, channels]
        uint8. Places that are left over in the last row are black.

    Raises:
        ValueError: there is no image, or the array has another shape or dtype.
    """
    tiles = np.asarray(uint8_images)
    if tiles.ndim != 4 or tiles.dtype != np.uint8 or not len(tiles):
        raise ValueError(
            f"A grid needs [count >= 1, height, width, channels] uint8. "
            f"Received: shape={tiles.shape}, dtype={tiles.dtype}"
        )
    count, height, width, channels = tiles.shape
    if columns is None:
        columns = math.isqrt(count - 1) + 1  # ceil(sqrt(count)) in integers
    rows = -(-count // columns)
    canvas = np.full(
        [
            rows * (height + gap) + gap,
            columns * (width + gap) + gap,
            channels,
        ],
        _GAP,
        np.uint8,
    )
    for place in range(rows * columns):
        top = gap + place // columns * (height + gap)
        left = gap + place % columns * (width + gap)
        tile = tiles[place] if place < count else _BACKGROUND
        canvas[top : top + height, left : left + width] = tile
    return canvas


def enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    """Makes each pixel a square of `factor` by `factor` pixels.

    Args:
        image: [height, width, channels] array, any dtype.
        factor: whole number >= 1.

    Returns:
        [factor * height, factor * width, channels], same dtype.
    """
    return np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)


def reduce(uint8_image: np.ndarray, factor: int) -> np.ndarray:
    """Makes one pixel, the mean, of each square of `factor` by `factor`.

    Args:
        uint8_image: [height, width, 1 or 3] uint8.
        factor: whole number >= 1.

    Returns:
        [ceil(height / factor), ceil(width / factor), channels] uint8.
    """
    reduced = np.asarray(_to_pillow(uint8_image).reduce(factor))
    return np.reshape(reduced, [*reduced.shape[:2], uint8_image.shape[-1]])


def write_png(path: os.PathLike | str, uint8_image) -> None:
    """Writes one image as PNG; the file is whole or absent.

    Args:
        path: the file to write; its folder is made if need be.
        uint8_image: [height, width, 1] or [height, width, 3] uint8.

    Raises:
        ValueError: the array has another shape or dtype.
        OSError: the file cannot be written.
    """
    image = _to_pillow(uint8_image)
    with files.atomic_file(path) as unfinished:
        image.save(unfinished, format="PNG")


def write_tiff16(path: os.PathLike | str, uint16_image) -> None:
    """Writes one gray image of 16 bits as TIFF; the file is whole or absent.

    Args:
        path: the file to write; its folder is made if need be.
        uint16_image: [height, width, 1] uint16.

    Raises:
        ValueError: the array has another shape or dtype.
        OSError: the file cannot be written.
    """
    pixels = np.asarray(uint16_image)
    if pixels.ndim != 3 or pixels.shape[-1] != 1 or (pixels.dtype != np.uint16):
        raise ValueError(
            f"A 16-bit image needs [height, width, 1] uint16. "
            f"Received: shape={pixels.shape}, dtype={pixels.dtype}"
        )
    with files.atomic_file(path) as unfinished:
        PIL.Image.fromarray(pixels[..., 0]).save(unfinished, format="TIFF")


def read_png(path: os.PathLike | str) -> np.ndarray:
    """Reads an image that `write_png` wrote.

    Args:
        path: an image file; kinds other than grey become RGB.

    Returns:
        [height, width, 1] or [height, width, 3] uint8.

    Raises:
        UserError: the file is not an image, or is cut short.
        OSError: there is no such file, or it may not be read.
    """
    with open(path, "rb") as file:
        try:
            with PIL.Image.open(file) as image:
                grey = image.mode in ("1", "L")
                pixels = np.asarray(image.convert("L" if grey else "RGB"))
        except (OSError, SyntaxError) as error:
            # Pillow raises either of these for damaged bytes.
            raise errors.UserError(
                f"{path} is not an image that can be read; put back the file "
                "that was there, or move this one away"
            ) from error
    return pixels[..., np.newaxis] if grey else pixels


def write_gif(
    path: os.PathLike | str,
    frames: Iterable[np.ndarray],
    *,
    seconds_per_frame: float = 0.1,
    hold_last_seconds: float = 2.0,
) -> None:
    """Writes an animation that repeats for ever; the file is whole or absent.

    A GIF counts time in hundredths of a second, to which the durations are
    rounded, and viewers slow down frames that are shorter than 0.02 s. Grey
    frames keep their pixels; a frame in colour keeps the 256 colours that fit
    it best. Pillow joins equal frames that follow each other into one frame
    that lasts as long as both.

    Args:
        path: the file to write; its folder is made if need be.
        frames: at least one [height, width, 1] or [height, width, 3] uint8,
            all of one size.
        seconds_per_frame: how long each frame but the last is shown.
        hold_last_seconds: how long the last frame is shown.

    Raises:
        ValueError: there is no frame, or they differ in size.
        OSError: the file cannot be written.
    """
    _write_frames(path, frames, "GIF", seconds_per_frame, hold_last_seconds)


def write_apng(
    path: os.PathLike | str,
    frames: Iterable[np.ndarray],
    *,
    seconds_per_frame: float = 0.1,
    hold_last_seconds: float = 2.0,
) -> None:
    """Writes an animation that repeats for ever and keeps every colour.

    Args:
        path: the file to write; its folder is made if need be.
        frames: as `write_gif` takes them.
        seconds_per_frame: how long each frame but the last is shown.
        hold_last_seconds: how long the last frame is shown.

    Raises:
        ValueError: there is no frame, or they differ in size.
        OSError: the file cannot be written.
    """
    _write_frames(path, frames, "PNG", seconds_per_frame, hold_last_seconds)


def _write_frames(
    path: os.PathLike | str,
    frames: Iterable[np.ndarray],
    pillow_format: str,
    seconds_per_frame: float,
    hold_last_seconds: float,
) -> None:
    images = [_to_pillow(frame) for frame in frames]
    sizes = {image.size for image in images}
    if len(sizes) != 1:
        raise ValueError(
            f"An animation needs frames of one size. Received: {len(images)} "
            f"frames of (width, height) {sorted(sizes)}"
        )
    durations = [_milliseconds(seconds_per_frame)] * (len(images) - 1)
    durations.append(_milliseconds(hold_last_seconds))
    with files.atomic_file(path) as unfinished:
        images[0].save(
            unfinished,
            format=pillow_format,
            save_all=True,
            append_images=images[1:],
            duration=durations if len(images) > 1 else durations[0],
            loop=0,
        )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 100) * 10


def _to_pillow(uint8_image) -> PIL.Image.Image:
    pixels = np.asarray(uint8_image)
    if (
        pixels.ndim != 3
        or pixels.shape[-1] not in (1, 3)
        or pixels.dtype != np.uint8
    ):
        raise ValueError(
            f"An image file needs [height, width, 1 or 3] uint8. "
            f"Received: shape={pixels.shape}, dtype={pixels.dtype}"
        )
    return PIL.Image.fromarray(
        pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    )
