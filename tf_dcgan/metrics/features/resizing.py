"""Resizes to the side of a feature network, as the tools of the field do it.

The score depends on it, so it is always stated beside the score.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

RESIZES = {
    "tf1": "TensorFlow 1's legacy bilinear, as the original FID",
    "clean": "antialiased bicubic, as clean-fid",
    "pytorch": "half-pixel bilinear, as pytorch-fid",
}
_CUBIC_A = -0.5
_CUBIC_RADIUS = 2.0


def resize(uint8_images, side: int, *, method: str) -> tf.Tensor:
    """Makes images square; grey ones get three equal channels.

    Args:
        uint8_images: [n, height, width, 1] or [n, height, width, 3] uint8,
            in [0, 255].
        side: height and width of what comes out, in pixels.
        method: a key of RESIZES. `tf1` maps pixel i of the output to i *
            height / side of the input, without the half-pixel offset, and
            `pytorch` with it; neither looks at more than four pixels, so
            both alias when they shrink. `clean` widens its kernel by the
            factor it shrinks by, and clips; it does not round.

    Returns:
        [n, side, side, 3] float32, in [0, 255].

    Raises:
        TypeError: the images are not uint8.
        ValueError: the shape is another, or there is no such method.

    Source: Parmar et al. 2022 (arXiv:2104.11222), which compares them.
    """
    images = tf.convert_to_tensor(uint8_images)
    if images.dtype != tf.uint8:
        raise TypeError(
            f"Images to resize must be uint8. Received: "
            f"dtype={images.dtype.name}"
        )
    if images.shape.rank != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            f"Images to resize must be [n, height, width, 1 or 3]. "
            f"Received: shape={images.shape}"
        )
    if method not in RESIZES:
        raise ValueError(
            f"Resizes are {', '.join(RESIZES)}. Received: {method=}"
        )
    grey = images.shape[-1] == 1
    images = tf.cast(images, tf.float32)
    if method == "clean":
        images = _antialiased_bicubic(images, side)
    else:
        # `tf.image.resize` has no way to leave out the half pixel.
        images = tf.raw_ops.ResizeBilinear(
            images=images,
            size=[side, side],
            align_corners=False,
            half_pixel_centers=method == "pytorch",
        )
    return tf.repeat(images, 3, axis=-1) if grey else images


def _antialiased_bicubic(images: tf.Tensor, side: int) -> tf.Tensor:
    height, width = images.shape[1:3]
    # First along the rows, then along the columns, as Pillow does it.
    images = tf.einsum("nhwc,xw->nhxc", images, bicubic_weights(width, side))
    images = tf.einsum("nhxc,yh->nyxc", images, bicubic_weights(height, side))
    return tf.clip_by_value(images, 0.0, 255.0)


def bicubic_weights(size: int, new_size: int) -> np.ndarray:
    """Returns how much each old pixel counts in each new one, on one axis.

    Args:
        size: pixels before.
        new_size: pixels after.

    Returns:
        [new_size, size] float32; each row sums to 1. A row holds the cubic
        of Keys with a = -1/2 around the new pixel's centre, widened by the
        factor of shrinking; what would lie outside is left out.

    Source: Keys 1981, "Cubic convolution interpolation for digital image
        processing", equation 15; Pillow's `resize` for the borders.
    """
    scale = size / new_size
    stretch = max(scale, 1.0)
    centres = (np.arange(new_size)[:, np.newaxis] + 0.5) * scale
    pixels = np.arange(size)[np.newaxis, :]
    # Pillow takes the pixels whose centres are within the radius, to the
    # nearest whole pixel at both ends.
    first = np.floor(centres - _CUBIC_RADIUS * stretch + 0.5)
    end = np.floor(centres + _CUBIC_RADIUS * stretch + 0.5)
    weights = _cubic((pixels + 0.5 - centres) / stretch)
    weights *= (pixels >= first) & (pixels < end)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)


def _cubic(distances: np.ndarray) -> np.ndarray:
    """Returns the cubic of Keys at distances in pixels."""
    x = np.abs(distances)
    near = (_CUBIC_A + 2) * x**3 - (_CUBIC_A + 3) * x**2 + 1
    far = _CUBIC_A * (x**3 - 5 * x**2 + 8 * x - 4)
    return np.where(x < 1, near, np.where(x < _CUBIC_RADIUS, far, 0.0))
