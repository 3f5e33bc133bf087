"""How the discriminator sees images: changed at random, with gradients.

Unlike `data.augmentation`, which changes real images before a step, these
changes are part of D: they meet real and generated images alike, and G learns
through them. Each is a product with matrices or masks, so that its gradient is
the same in every run, on a GPU too.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

_SHIFT_SHARE = 1 / 8  # Of a side, in each direction.
_CUTOUT_SHARE = 1 / 2  # Of a side.
_CONSISTENCY_SHIFT = 4  # Pixels.

# How many uniform numbers of an image each change takes.
_NUM_UNIFORMS = {"color": 3, "translation": 2, "cutout": 2}
NUM_UNIFORMS = sum(_NUM_UNIFORMS.values())
NUM_UNIFORMS_OF_CONSISTENCY = 3


def augmented(
    images: tf.Tensor, changes: Sequence[str], uniforms: tf.Tensor
) -> tf.Tensor:
    """Changes colour, place and visible part of each image.

    With u uniform in [0, 1), anew for each image and each of its uses:
    `color` is x + (u - ½), then the distance of each pixel from its mean over
    the channels times 2u, then that of all values from the image's mean times
    u + ½; `translation` moves by up to an eighth of each side, with zeros for
    what is uncovered; `cutout` sets a square of half the sides to zero, whose
    centre may be anywhere.

    Args:
        images: [batch, height, width, channels] float32 in [-1, 1].
        changes: of `color`, `translation` and `cutout`, in this order.
        uniforms: [batch, NUM_UNIFORMS] float32 in [0, 1). A change always
            takes the same columns, whatever other changes there are.

    Returns:
        The shape of the images, float32, differentiable in them; values may
        leave [-1, 1].

    Source: Zhao et al. 2020, section 3 (arXiv:2006.10738), with the ranges of
        its authors' program.
    """
    functions = {
        "color": _recolored,
        "translation": _translated,
        "cutout": _cut_out,
    }
    first = 0
    for change, count in _NUM_UNIFORMS.items():
        if change in changes:
            drawn = uniforms[:, first : first + count]
            images = functions[change](images, drawn)
        first += count
    return images


def shifted(
    images: tf.Tensor, uniforms: tf.Tensor, *, may_flip: bool
) -> tf.Tensor:
    """Moves each image by up to four pixels, and mirrors it if that may be.

    What is uncovered shows the mirror image of what lies beside it.

    Args:
        images: [batch, height, width, channels] float32.
        uniforms: [batch, NUM_UNIFORMS_OF_CONSISTENCY] float32 in [0, 1).
        may_flip: whether to mirror left and right with probability 1/2.

    Returns:
        The shape of the images, float32, differentiable in them.

    Source: Zhao et al. 2020, section 4.1 (arXiv:2002.04724).
    Deviation: images are mirrored only where left and right mean the same,
        as `--horizontal_flip` says; mirrored digits are no digits.
    """
    height, width = images.shape[1:3]
    rows, columns = (
        _whole_numbers(uniforms[:, place], -reach, reach)
        for place, reach in (
            (0, min(_CONSISTENCY_SHIFT, height - 1)),
            (1, min(_CONSISTENCY_SHIFT, width - 1)),
        )
    )
    images = _moved(images, rows, columns, mirrored=True)
    if not may_flip:
        return images
    flips = tf.reshape(uniforms[:, 2] < 0.5, [-1, 1, 1, 1])
    return tf.where(flips, tf.reverse(images, [2]), images)


def _recolored(images, uniforms):
    """Changes brightness, saturation and contrast, in this order."""
    brightness, saturation, contrast = (
        tf.reshape(uniforms[:, place], [-1, 1, 1, 1]) for place in range(3)
    )
    images += brightness - 0.5
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    images = (images - gray) * (2.0 * saturation) + gray
    mean = tf.reduce_mean(images, axis=[1, 2, 3], keepdims=True)
    return (images - mean) * (contrast + 0.5) + mean


def _translated(images, uniforms):
    """Moves by at most the same share of either side."""
    shifts = [
        _whole_numbers(uniforms[:, axis], -reach, reach)
        for axis, reach in enumerate(
            int(side * _SHIFT_SHARE + 0.5) for side in images.shape[1:3]
        )
    ]
    return _moved(images, *shifts, mirrored=False)


def _cut_out(images, uniforms):
    """Covers a square with zeros; at the borders a part of it."""
    covered = []
    for axis, side in enumerate(images.shape[1:3]):
        length = int(side * _CUTOUT_SHARE + 0.5)
        last_centre = side - length % 2
        first = _whole_numbers(uniforms[:, axis], 0, last_centre) - length // 2
        places = tf.range(side)[None] - first[:, None]
        covered.append((places >= 0) & (places < length))
    rows, columns = covered
    square = rows[:, :, None] & columns[:, None, :]
    return images * tf.cast(~square, images.dtype)[..., None]


def _whole_numbers(uniform, lowest: int, highest: int):
    """Makes int32, uniform from `lowest` to `highest`, both included."""
    # A product with a float32 just below 1 could be rounded up.
    places = tf.floor(uniform * (highest - lowest + 1.0))
    drawn = lowest + tf.cast(places, tf.int32)
    return tf.minimum(drawn, highest)


def _moved(images, rows, columns, *, mirrored: bool):
    """Moves each image down and to the right.

    Args:
        images: [batch, height, width, channels] float32.
        rows: [batch] int32, by how many pixels down.
        columns: [batch] int32, by how many pixels to the right.
        mirrored: whether what is uncovered shows the mirror image of what
            lies beside it, not zeros.
    """
    height, width, channels = images.shape[1:]
    down = _shift_matrices(height, rows, mirrored, images.dtype)
    right = _shift_matrices(width, columns, mirrored, images.dtype)
    flat = tf.reshape(images, [-1, height, width * channels])
    moved = tf.reshape(down @ flat, [-1, height, width, channels])
    return tf.einsum("bxy,bhyc->bhxc", right, moved)


def _shift_matrices(side, shifts, mirrored, dtype):
    """Makes [batch, side, side] with one 1 in each row that shows a pixel."""
    origins = tf.range(side)[None] - shifts[:, None]
    if mirrored:
        origins = tf.abs(origins)
        origins = side - 1 - tf.abs(side - 1 - origins)
    # An origin outside of the image is no column: its row stays zero.
    return tf.one_hot(origins, side, dtype=dtype)
