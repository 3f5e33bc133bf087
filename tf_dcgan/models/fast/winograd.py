"""Convolutions with fewer products, by Winograd's minimal filtering.

A product of polynomials of m and of r coefficients follows from its values at
m + r - 1 points. The m outputs of a kernel of r taps along an axis are that
calculation transposed: m + r - 1 products instead of m · r, and their squares
in two dimensions. A map is cut into tiles; tiles and kernel are changed to
values, multiplied value by value as matrices over the channels, and changed
back.

A stride makes the pixels of each s x s square channels of one pixel. What is
computed is in float32 only; the results of one convolution move by up to 1e-5
of the largest (seen: 6e-6), beside 3e-6 by another order of sums.

Source: Winograd 1980, Arithmetic Complexity of Computations, chapter V; Lavin
    and Gray 2015 (arXiv:1509.09308).
"""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
from numpy.polynomial import polynomial
import tensorflow as tf

from tf_dcgan.common import devices

# By their number, infinity included: the points whose rounding errors are the
# smallest among simple ones. More than six round too much.
_POINTS = {
    2: (0.0,),
    3: (0.0, 1.0),
    4: (0.0, 1.0, -1.0),
    5: (0.5, -0.5, 1.5, -1.5),
    6: (0.0, 0.75, -0.75, 1.5, -1.5),
}
# What moving a byte costs, in operations of oneDNN's convolutions. Fitted on a
# processor with AMX (300 GFLOP/s) to the layers of all recipes, on one with
# bfloat16 alone (200 GFLOP/s) to the layers of dcgan, dcgan_celeba, dcgan_28
# and dcgan_upsampling, and, for others, on the first one held to AVX2 to the
# layers of all recipes.
_OPERATIONS_PER_BYTE = {
    devices.Cpu.AMX: 19.0,
    devices.Cpu.BFLOAT16: 21.0,
    devices.Cpu.OTHER: 10.0,
}
# What the values of a kernel, of inputs or of outputs may take at most.
_MOST_BYTES = 128 * 2**20


@dataclasses.dataclass(frozen=True)
class Tiling:
    """How the outputs of a convolution are cut into tiles.

    Attributes:
        outputs: of a tile along an axis.
        taps: of the kernel along an axis.
        count: tiles along (rows, columns).
    """

    outputs: int
    taps: int
    count: tuple[int, int]

    @property
    def points(self) -> int:
        """Values along an axis of a tile."""
        return self.outputs + self.taps - 1

    @property
    def sides(self) -> tuple[int, int]:
        """(rows, columns) of the outputs of all tiles."""
        rows, columns = self.count
        return rows * self.outputs, columns * self.outputs


def tiling(sides: tuple[int, int], taps: int) -> Tiling | None:
    """Finds the tiles that need the fewest products.

    Args:
        sides: (rows, columns) of the outputs.
        taps: of the kernel along an axis.

    Returns:
        The tiling; None for a kernel with too many taps.
    """

    def of(outputs):
        rows, columns = (-(-side // outputs) for side in sides)
        return Tiling(outputs, taps, (rows, columns))

    possible = [of(n - taps + 1) for n in _POINTS if n > taps]
    return min(
        possible,
        key=lambda tiles: tiles.points**2 * math.prod(tiles.count),
        default=None,
    )


def sizes(
    tiles: Tiling, batch: int, channels: tuple[int, int]
) -> tuple[int, int, int]:
    """Returns the bytes of the values of inputs, of outputs and of the kernel.

    Args:
        tiles: of the outputs.
        batch: number of images.
        channels: of the inputs and of the outputs, those that a stride makes
            included.
    """
    rows = batch * math.prod(tiles.count)
    inputs, outputs = channels
    each = 4 * tiles.points**2
    return each * rows * inputs, each * rows * outputs, each * inputs * outputs


def pays(
    tiles: Tiling,
    batch: int,
    channels: tuple[int, int],
    operations: int,
    *,
    kernel_moves: float,
) -> bool:
    """Says whether fewer products make up for what is moved for them.

    Args:
        tiles: of the outputs.
        batch: number of images.
        channels: of the inputs and of the outputs, those that a stride makes
            included.
        operations: of the convolution as it is defined.
        kernel_moves: how often the kernel is written and read, beside its
            products; less than 1 for what stays in the cache.
    """
    rows = batch * math.prod(tiles.count)
    inputs, outputs = channels
    values = tiles.points**2
    if max(sizes(tiles, batch, channels)) > _MOST_BYTES:
        return False
    # Tiles are copied and changed, the products changed.
    elements = rows * (2 * inputs + outputs) + kernel_moves * inputs * outputs
    moved = values * 2 * 4 * elements
    products = 2 * values * rows * inputs * outputs
    moving = _OPERATIONS_PER_BYTE[devices.cpu()] * moved
    return products + moving < operations


def convolve(
    images: tf.Tensor,
    kernel: tf.Tensor,
    tiles: Tiling,
    *,
    before: tuple[int, int],
    stride: int = 1,
) -> tf.Tensor:
    """Convolves.

    Args:
        images: [n, height, width, in_channels] float32.
        kernel: [taps, taps, stride² · in_channels, out_channels], the pixels
            of a square row by row.
        tiles: of the outputs.
        before: (rows, columns) of zeros that are put before the images; as
            many as are needed are put behind them.
        stride: in both directions.

    Returns:
        [outputs, outputs, n, rows of tiles, columns of tiles, out_channels],
        the outputs of each tile.
    """
    points = tiles.points
    of_outputs, of_kernel, _ = _changes(tiles.outputs, tiles.taps)
    inputs, outputs = kernel.shape[2:]
    values = tf.matmul(of_kernel, tf.reshape(kernel, [tiles.taps**2, -1]))
    products = tf.matmul(
        _values(images, tiles, before=before, stride=stride),
        tf.reshape(values, [points**2, inputs, outputs]),
    )
    back = tf.matmul(of_outputs, tf.reshape(products, [points**2, -1]))
    return tf.reshape(
        back, [tiles.outputs, tiles.outputs, -1, *tiles.count, outputs]
    )


def kernel_gradient(
    images: tf.Tensor,
    upstream: tf.Tensor,
    tiles: Tiling,
    *,
    before: tuple[int, int],
    stride: int = 1,
) -> tf.Tensor:
    """Returns the gradient of `convolve` with respect to its kernel.

    Args:
        images: as for `convolve`.
        upstream: [n, rows, columns, out_channels] float32, the gradient of
            the outputs.
        tiles: of the outputs.
        before: as for `convolve`.
        stride: as for `convolve`.

    Returns:
        [taps, taps, stride² · in_channels, out_channels].
    """
    points = tiles.points
    of_outputs, of_kernel, _ = _changes(tiles.outputs, tiles.taps)
    outputs = upstream.shape[3]
    (rows, columns), size = tiles.count, tiles.outputs
    whole = _fitted(upstream, (0, 0), tiles.sides)
    cut = tf.reshape(whole, [-1, rows, size, columns, size, outputs])
    cut = tf.transpose(cut, [2, 4, 0, 1, 3, 5])
    of_upstream = tf.matmul(
        of_outputs, tf.reshape(cut, [size**2, -1]), transpose_a=True
    )
    products = tf.matmul(
        _values(images, tiles, before=before, stride=stride),
        tf.reshape(of_upstream, [points**2, -1, outputs]),
        transpose_a=True,
    )
    back = tf.matmul(
        of_kernel, tf.reshape(products, [points**2, -1]), transpose_a=True
    )
    return tf.reshape(back, [tiles.taps, tiles.taps, -1, outputs])


def together(tiled: tf.Tensor, tiles: Tiling, *, stride: int = 1) -> tf.Tensor:
    """Puts the tiles that `convolve` returns together.

    Args:
        tiled: what it returned; its channels are the channels of a square of
            pixels, row by row.
        tiles: of the outputs.
        stride: the side of such a square.

    Returns:
        [n, rows, columns, out_channels / stride²], the sides of the tiles
        times the stride.
    """
    size, channels = tiles.outputs, tiled.shape[5] // stride**2
    squares = tf.reshape(
        tiled, [size, size, -1, *tiles.count, stride, stride, channels]
    )
    height, width = (stride * side for side in tiles.sides)
    whole = tf.transpose(squares, [2, 3, 0, 5, 4, 1, 6, 7])
    return tf.reshape(whole, [-1, height, width, channels])


@functools.cache
def _changes(
    outputs: int, taps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the changes of a tile's (outputs, kernel, inputs), flattened.

    With A, G and B the tile is A · (G · kernel * B · inputs).

    Returns:
        [outputs², points²], [points², taps²] and [points², points²] float32.
    """
    points = outputs + taps - 1
    places = _POINTS[points]
    of_outputs = np.zeros((outputs, points))
    of_kernel = np.zeros((points, taps))
    of_inputs = np.zeros((points, points))
    for row, place in enumerate(places):
        others = [other for other in places if other != place]
        of_outputs[:, row] = place ** np.arange(outputs)
        of_kernel[row] = place ** np.arange(taps) / math.prod(
            place - other for other in others
        )
        of_inputs[row, :-1] = polynomial.polyfromroots(others)
    # The point at infinity.
    of_outputs[-1, -1] = of_kernel[-1, -1] = 1.0
    of_inputs[-1] = polynomial.polyfromroots(places)
    changes = (of_outputs, of_kernel, of_inputs)
    rows, columns, inputs = (
        np.kron(change, change).astype(np.float32) for change in changes
    )
    return rows, columns, inputs


def _values(images, tiles, *, before, stride):
    """Cuts images into tiles and changes them to values at the points.

    Returns:
        [points², n · number of tiles, stride² · channels].
    """
    points, channels = tiles.points, images.shape[3]
    height, width = (stride * (side + tiles.taps - 1) for side in tiles.sides)
    padded = _fitted(images, before, (height, width))
    rows, columns = (
        tiles.outputs * np.arange(count)[:, None] + np.arange(points)
        for count in tiles.count
    )
    # [points, points, rows of tiles, columns of tiles, rows of a square], of
    # pieces of a square's width.
    rows = stride * rows.T[:, None, :, None, None] + np.arange(stride)
    columns = columns.T[None, :, None, :, None]
    places = rows * (width // stride) + columns
    # Of one image, and the first piece of each: all would be a large constant.
    places = places.reshape(points**2, 1, -1).astype(np.int32)
    count = padded.shape[0]
    firsts = tf.range(count)[:, None] * (height * width // stride)
    pieces = tf.reshape(padded, [-1, stride * channels])
    copied = tf.gather(pieces, places + firsts)
    _, _, of_inputs = _changes(tiles.outputs, tiles.taps)
    values = tf.matmul(of_inputs, tf.reshape(copied, [points**2, -1]))
    return tf.reshape(values, [points**2, -1, stride**2 * channels])


def _fitted(maps, before, sides):
    """Puts zeros around maps, or cuts what is behind the sides."""
    ends = [side - first for side, first in zip(sides, before, strict=True)]
    height, width = maps.shape[1:3]
    pads = [
        [first, max(0, end - side)]
        for first, end, side in zip(before, ends, (height, width), strict=True)
    ]
    if ends[0] < height or ends[1] < width:
        maps = maps[:, : ends[0], : ends[1]]
    return tf.pad(maps, [[0, 0], *pads, [0, 0]]) if np.any(pads) else maps
