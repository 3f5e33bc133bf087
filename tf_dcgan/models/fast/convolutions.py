"""Convolutions by the operations that a CPU is fast at.

oneDNN, which TensorFlow computes convolutions with on a CPU, runs forward
convolutions near the processor's limit. Of the two gradients of a convolution
with a stride it reaches a tenth to a half of that on older processors; on those
with instructions for bfloat16 most of it, but for large kernels. The gradients
are written here as forward convolutions and as products of matrices too, and
all three with fewer products (`winograd`); each shape takes the form that was
the fastest on such a processor. `tf.nn.conv2d` and `tf.nn.conv2d_transpose`
define what is computed; only the rounding differs. `python -m
benchmarks.convolutions` times both.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.models.fast import winograd

# With so few channels the plain operation is the fastest, by Eigen or oneDNN;
# but in vectors of bfloat16 a product of matrices is, for one channel.
_FEW_CHANNELS = 4
# Products of matrices are faster than the plain operations for maps of at most
# so many pixels a side, from so many channels on: of the large map in a
# convolution, of the small one in a transposed one.
_TINY_SIDE = 4
_CHANNELS_FOR_PRODUCTS = {
    devices.Cpu.AMX: (128, 512),
    devices.Cpu.BFLOAT16: (512, 1024),
    devices.Cpu.OTHER: (math.inf, math.inf),
}
# The same for gradients of kernels, by either form.
_CHANNELS_FOR_KERNELS = 128
# Maps with a side of at most so many pixels are dear to convolve for what they
# hold: on other processors one product of matrices makes the most of them, and
# in bfloat16 the plain gradients of their kernels compute in float32.
_SMALL_SIDE = 8
# How often a kernel of fewer products is moved: most stay in the cache, but a
# transposed convolution puts its kernel in another order first.
_KERNEL_MOVES = 0.5
_TRANSPOSED_KERNEL_MOVES = 1.0
# The batch becomes the channels of the convolution that makes a filter's
# gradient, which pays from so many on.
_LARGE_BATCH = 16


@dataclasses.dataclass(frozen=True)
class Geometry:
    """How the large and the small map of a convolution lie to one another.

    The small map is the output of a convolution, and the input of a transposed
    one.

    Attributes:
        stride: the same in both directions.
        large: (height, width) of the large map.
        small: (height, width) of the small map.
        before: (rows, columns) of zeros that are put before the large map.
        name: of TensorFlow's padding, "SAME" or "VALID".
    """

    stride: int
    large: tuple[int, int]
    small: tuple[int, int]
    before: tuple[int, int]
    name: str

    def is_dense(self, kernel: tuple[int, int]) -> bool:
        """Says whether the kernel (height, width) covers the large map once."""
        return self.small == (1, 1) and self.large == kernel

    def padding(self, kernel: tuple[int, int]) -> list[list[int]]:
        """The zeros around the large map, as `tf.nn.conv2d` takes them.

        Args:
            kernel: (height, width).

        Returns:
            [before, after] for each of the four axes of NHWC; rows and
            columns that no position of the kernel reaches are not padded.
        """
        after = [
            max(0, (small - 1) * self.stride + side - large - before)
            for small, side, large, before in zip(
                self.small, kernel, self.large, self.before, strict=True
            )
        ]
        rows, columns = zip(self.before, after, strict=True)
        return [[0, 0], list(rows), list(columns), [0, 0]]


def geometry(
    large: tuple[int, int],
    kernel: tuple[int, int],
    *,
    stride: int,
    padding: str,
) -> Geometry:
    """Returns the geometry that TensorFlow's paddings stand for.

    Args:
        large: (height, width) of the large map.
        kernel: (height, width).
        stride: the same in both directions.
        padding: "same" or "valid".
    """
    if padding == "valid":
        small = tuple(
            (side - size) // stride + 1
            for side, size in zip(large, kernel, strict=True)
        )
        return Geometry(stride, large, small, (0, 0), "VALID")
    small = tuple(-(-side // stride) for side in large)
    before = tuple(
        max(0, (out - 1) * stride + size - side) // 2
        for out, size, side in zip(small, kernel, large, strict=True)
    )
    return Geometry(stride, large, small, before, "SAME")


def conv2d(images: tf.Tensor, kernel: tf.Tensor, geo: Geometry) -> tf.Tensor:
    """Convolves, as `tf.nn.conv2d` does.

    Args:
        images: [n, *geo.large, in_channels].
        kernel: [height, width, in_channels, out_channels].
        geo: of the convolution.

    Returns:
        [n, *geo.small, out_channels].
    """

    @tf.custom_gradient
    def call(images, kernel):
        def gradient(upstream):
            return (
                conv2d_transpose(upstream, kernel, geo),
                kernel_gradient(images, upstream, geo, kernel.shape[:2]),
            )

        return _conv2d(images, kernel, geo), gradient

    return call(images, kernel)


def conv2d_transpose(
    maps: tf.Tensor, kernel: tf.Tensor, geo: Geometry
) -> tf.Tensor:
    """Convolves transposedly, as `tf.nn.conv2d_transpose` does.

    It is the gradient of `conv2d` with respect to the images.

    Args:
        maps: [n, *geo.small, in_channels].
        kernel: [height, width, out_channels, in_channels].
        geo: of the convolution that this one transposes.

    Returns:
        [n, *geo.large, out_channels].
    """

    @tf.custom_gradient
    def call(maps, kernel):
        def gradient(upstream):
            return (
                conv2d(upstream, kernel, geo),
                kernel_gradient(upstream, maps, geo, kernel.shape[:2]),
            )

        form = _fastest_transpose(maps, kernel, geo)
        return form(maps, kernel, geo), gradient

    return call(maps, kernel)


def kernel_gradient(
    images: tf.Tensor,
    upstream: tf.Tensor,
    geo: Geometry,
    size: tuple[int, int],
) -> tf.Tensor:
    """Returns the gradient of `conv2d` with respect to its kernel.

    Args:
        images: [n, *geo.large, in_channels].
        upstream: [n, *geo.small, out_channels], the output's gradient.
        geo: of the convolution.
        size: (height, width) of the kernel.

    Returns:
        [*size, in_channels, out_channels].
    """

    @tf.custom_gradient
    def call(images, upstream):
        def gradient(upstream_of_kernel):
            return (
                conv2d_transpose(upstream, upstream_of_kernel, geo),
                conv2d(images, upstream_of_kernel, geo),
            )

        form = _fastest_kernel_gradient(images, upstream, geo, size)
        return form(images, upstream, geo, size), gradient

    return call(images, upstream)


def working_bytes(
    maps: keras.KerasTensor,
    kernel: tuple[int, ...],
    geo: Geometry,
    *,
    is_transposed: bool,
) -> int:
    """Returns what a convolution takes beside its inputs and outputs, about.

    Args:
        maps: the shape and dtype of its inputs.
        kernel: the shape of its kernel.
        geo: of the convolution, or of the one that it transposes.
        is_transposed: whether it is transposed.
    """
    size, channels = kernel[:2], kernel[2:]
    plan = (_plan_transposed if is_transposed else _plan)(geo, size, *channels)
    if not _pays(maps, geo, size, plan):
        return 0
    return sum(winograd.sizes(plan.tiles, maps.shape[0], plan.channels))


def _conv2d(images, kernel, geo):
    size = tuple(kernel.shape[:2])
    if _winograd_pays(images, geo, size, kernel.shape[3]):
        return _conv2d_by_winograd(images, kernel, geo)
    least, _ = _CHANNELS_FOR_PRODUCTS[devices.cpu()]
    if geo.is_dense(size) or _is_tiny(geo, images, least):
        return _conv2d_by_product(images, kernel, geo)
    return _plain_conv2d(images, kernel, geo)


def _plain_conv2d(images, kernel, geo):
    """The plain operation, which defines the others."""
    return tf.nn.conv2d(images, kernel, geo.stride, geo.name)


def _is_tiny(geo, maps, least_channels):
    return max(geo.small) <= _TINY_SIDE and maps.shape[3] >= least_channels


@dataclasses.dataclass(frozen=True)
class _Plan:
    """How a convolution would be computed with fewer products.

    Attributes:
        tiles: of its outputs; None where there are too many taps.
        channels: of inputs and outputs, a stride's included.
        kernel_moves: as for `winograd.pays`.
    """

    tiles: winograd.Tiling | None
    channels: tuple[int, int]
    kernel_moves: float


def _plan(geo, size, of_large, of_small):
    """Plans a convolution from the channels of its large and small map."""
    channels = geo.stride**2 * of_large, of_small
    return _Plan(_tiles(geo, size), channels, _KERNEL_MOVES)


def _plan_transposed(geo, size, of_large, of_small):
    """The same for a transposed convolution."""
    tiles, _ = _tiles_of_phases(geo, size)
    channels = of_small, geo.stride**2 * of_large
    return _Plan(tiles, channels, _TRANSPOSED_KERNEL_MOVES)


def _winograd_pays(images, geo, size, out_channels):
    """Says whether fewer products are faster, also for kernels' gradients."""
    plan = _plan(geo, size, images.shape[3], out_channels)
    return _pays(images, geo, size, plan)


def _winograd_pays_transposed(maps, kernel, geo):
    """The same for a transposed convolution."""
    *size, out_channels, in_channels = kernel.shape
    plan = _plan_transposed(geo, size, out_channels, in_channels)
    return _pays(maps, geo, size, plan)


def _pays(maps, geo, size, plan):
    """Compares the form with fewer products with the convolution itself.

    Args:
        maps: the inputs of the convolution.
        geo: of the convolution.
        size: (height, width) of the kernel.
        plan: of the form with fewer products.
    """
    if (
        plan.tiles is None
        or maps.dtype != tf.float32
        or maps.shape[0] is None
        or not size[0] == size[1] > geo.stride
        or geo.is_dense(tuple(size))
    ):
        return False
    # The stride's channels are the kernel's places in another order.
    pairs = math.prod(plan.channels) // geo.stride**2
    operations = 2 * maps.shape[0] * math.prod(geo.small) * math.prod(size)
    return winograd.pays(
        plan.tiles,
        maps.shape[0],
        plan.channels,
        operations * pairs,
        kernel_moves=plan.kernel_moves,
    )


def _tiles(geo, size):
    """Returns the tiling of the small map; None for too many taps."""
    return winograd.tiling(geo.small, -(-size[0] // geo.stride))


def _fastest_transpose(
    maps: tf.Tensor, kernel: tf.Tensor, geo: Geometry
) -> Callable[[tf.Tensor, tf.Tensor, Geometry], tf.Tensor]:
    if geo.is_dense(tuple(kernel.shape[:2])):
        return _transpose_of_dense
    if _winograd_pays_transposed(maps, kernel, geo):
        return _transpose_by_winograd
    if kernel.shape[2] <= _FEW_CHANNELS:
        if kernel.dtype == tf.float32:
            return _transpose_by_eigen
        if devices.cpu() is devices.Cpu.BFLOAT16 and kernel.shape[2] == 1:
            return _transpose_by_product
        return _transpose
    if devices.cpu() is devices.Cpu.OTHER:
        if geo.stride > 1 and max(geo.small) <= _SMALL_SIDE:
            return _transpose_by_product
        return _transpose_by_phases
    _, least = _CHANNELS_FOR_PRODUCTS[devices.cpu()]
    if geo.stride > 1 and _is_tiny(geo, maps, least):
        return _transpose_by_product
    return _transpose


def _fastest_kernel_gradient(images, upstream, geo, size):
    if _winograd_pays(images, geo, size, upstream.shape[3]):
        return _kernel_gradient_by_winograd
    # For 1x1 with a stride TensorFlow 2.21's own writes beyond its memory.
    is_unsafe = tuple(size) == (1, 1) and geo.stride > 1
    if geo.is_dense(tuple(size)) or is_unsafe:
        return _kernel_gradient_by_product
    if (images.shape[0] or 0) < _LARGE_BATCH:
        return _kernel_gradient
    cpu = devices.cpu()
    if cpu is not devices.Cpu.OTHER and not (
        _is_tiny(geo, images, _CHANNELS_FOR_KERNELS)
        or (
            images.dtype == tf.bfloat16
            and max(geo.small) <= _SMALL_SIDE
            and images.shape[3] > _FEW_CHANNELS
        )
    ):
        return _kernel_gradient
    if cpu is devices.Cpu.AMX:
        return _kernel_gradient_by_product
    return _kernel_gradient_by_dilation


def _patches(images, geo, size):
    """Copies what each position of the kernel covers into a row.

    Nothing is copied where the kernel covers the map once.

    Returns:
        [n · small height · small width, height · width · channels].
    """
    if geo.is_dense(tuple(size)):
        return tf.reshape(images, [-1, np.prod(images.shape[1:])])
    padding = geo.padding(tuple(size))
    padded = tf.pad(images, padding) if np.any(padding) else images
    _, height, width, channels = padded.shape
    rows, columns = (
        geo.stride * np.arange(small)[:, None] + np.arange(side)
        for small, side in zip(geo.small, size, strict=True)
    )
    # [small height, small width, height, width], of the padded map's pixels.
    places = rows[:, None, :, None] * width + columns[None, :, None, :]
    pixels = tf.reshape(padded, [-1, height * width, channels])
    copied = tf.gather(pixels, places.ravel().astype(np.int32), axis=1)
    return tf.reshape(copied, [-1, np.prod(size) * channels])


def _conv2d_by_product(images, kernel, geo):
    out_channels = kernel.shape[3]
    rows = _patches(images, geo, kernel.shape[:2])
    product = rows @ tf.reshape(kernel, [-1, out_channels])
    return tf.reshape(product, [-1, *geo.small, out_channels])


def _kernel_gradient_by_product(images, upstream, geo, size):
    rows = _patches(images, geo, size)
    columns = tf.reshape(upstream, [-1, upstream.shape[3]])
    product = tf.matmul(rows, columns, transpose_a=True)
    return tf.reshape(product, [*size, images.shape[3], upstream.shape[3]])


def _conv2d_by_winograd(images, kernel, geo):
    tiles = _tiles(geo, kernel.shape[:2])
    order = np.arange(tiles.taps * geo.stride)
    order = order.reshape(tiles.taps, geo.stride).T
    tiled = winograd.convolve(
        images,
        _folded(kernel, order, order),
        tiles,
        before=geo.before,
        stride=geo.stride,
    )
    return _cut(winograd.together(tiled, tiles), geo.small)


def _folded(kernel, rows, columns):
    """Puts the kernel's places in the order of taps and of a square's pixels.

    Args:
        kernel: [height, width, a, b].
        rows: [stride, taps], which row of the kernel meets each row of a
            square; beyond its height one of zeros.
        columns: the same of the columns.

    Returns:
        [taps, taps, stride · stride · a, b].
    """
    stride, taps = rows.shape
    height, width, *channels = kernel.shape
    if max(rows.max(), columns.max()) >= height:
        kernel = tf.pad(kernel, [[0, 1], [0, 1], [0, 0], [0, 0]])
    # [taps, stride, taps, stride], of the kernel's places.
    places = (
        np.minimum(rows, height).T[:, :, None, None] * kernel.shape[1]
        + np.minimum(columns, width).T
    )
    of_places = tf.reshape(kernel, [-1, *channels])
    places = places.transpose(0, 2, 1, 3).ravel().astype(np.int32)
    return tf.reshape(
        tf.gather(of_places, places),
        [taps, taps, stride**2 * channels[0], channels[1]],
    )


def _cut(maps, sides):
    """Cuts what is behind the sides, with an operation only where it must."""
    if tuple(maps.shape[1:3]) == tuple(sides):
        return maps
    return maps[:, : sides[0], : sides[1]]


def _transpose_by_winograd(maps, kernel, geo):
    """A forward convolution of the small map, whose channels are the phases."""
    *size, out_channels, in_channels = kernel.shape
    tiles, orders = _tiles_of_phases(geo, size)
    folded = tf.reshape(
        _folded(kernel, *orders.places),
        [tiles.taps, tiles.taps, -1, out_channels, in_channels],
    )
    folded = tf.transpose(folded, [0, 1, 4, 2, 3])
    tiled = winograd.convolve(
        maps,
        tf.reshape(folded, [tiles.taps, tiles.taps, in_channels, -1]),
        tiles,
        before=orders.before,
    )
    return _cut(winograd.together(tiled, tiles, stride=geo.stride), geo.large)


@dataclasses.dataclass(frozen=True)
class _Orders:
    """How the phases of a large map take their taps of a kernel.

    Attributes:
        places: of the rows and of the columns, [stride, taps]: the place of
            each tap, which rises with the place on the small map; the kernel's
            size for a tap of zeros.
        before: (rows, columns) of zeros before the small map.
    """

    places: tuple[np.ndarray, np.ndarray]
    before: tuple[int, int]


def _tiles_of_phases(geo, size):
    """Returns the tiling of all phases of a large map, and their orders."""
    of_axes = [_taps(size[axis], geo, axis) for axis in (0, 1)]
    offsets = [
        [tap.offset for taps in phases for tap in taps] for phases in of_axes
    ]
    taps = max(max(of_axis) - min(of_axis) + 1 for of_axis in offsets)
    places = []
    for side, phases, of_axis in zip(size, of_axes, offsets, strict=True):
        order = np.full((geo.stride, taps), side)
        for row, of_phase in zip(order, phases, strict=True):
            for tap in of_phase:
                row[tap.offset - min(of_axis)] = tap.place
        places.append(order)
    before = tuple(-min(of_axis) for of_axis in offsets)
    sides = tuple(_length(geo, axis) for axis in (0, 1))
    return winograd.tiling(sides, taps), _Orders(tuple(places), before)


def _kernel_gradient_by_winograd(images, upstream, geo, size):
    stride, channels = geo.stride, images.shape[3]
    tiles = _tiles(geo, size)
    folded = winograd.kernel_gradient(
        images, upstream, tiles, before=geo.before, stride=stride
    )
    taps, out_channels = tiles.taps, upstream.shape[3]
    unfolded = tf.reshape(
        folded, [taps, taps, stride, stride, channels, out_channels]
    )
    unfolded = tf.reshape(
        tf.transpose(unfolded, [0, 2, 1, 3, 4, 5]),
        [taps * stride, taps * stride, channels, out_channels],
    )
    return unfolded[: size[0], : size[1]]


def _transpose_of_dense(maps, kernel, geo):
    *_, out_channels, in_channels = kernel.shape
    product = tf.matmul(
        tf.reshape(maps, [-1, in_channels]),
        tf.reshape(kernel, [-1, in_channels]),
        transpose_b=True,
    )
    return tf.reshape(product, [-1, *geo.large, out_channels])


def _transpose(maps, kernel, geo):
    """The plain operation, which defines the others."""
    return tf.nn.conv2d_transpose(
        maps, kernel, _large_shape(maps, kernel, geo), geo.stride, geo.name
    )


def _transpose_by_eigen(maps, kernel, geo):
    """The plain operation by Eigen, which oneDNN leaves explicit paddings to.

    It is the faster one in float32 for few channels, and the slower one by far
    for many channels and in bfloat16.
    """
    return tf.nn.conv2d_transpose(
        maps,
        kernel,
        _large_shape(maps, kernel, geo),
        geo.stride,
        geo.padding(tuple(kernel.shape[:2])),
    )


def _large_shape(maps, kernel, geo):
    batch = maps.shape[0] or tf.shape(maps)[0]
    return [batch, *geo.large, kernel.shape[2]]


@dataclasses.dataclass(frozen=True)
class _Tap:
    """A row (or a column) of a kernel as one phase of the large map sees it.

    The pixel of index stride · q + phase of the large map sums over the taps
    of its phase: kernel[place] · small[q + offset].
    """

    place: int
    offset: int


def _taps(size: int, geo: Geometry, axis: int) -> list[list[_Tap]]:
    """Returns the taps of each phase along an axis."""
    stride, before = geo.stride, geo.before[axis]
    return [
        [
            _Tap(place, (phase + before - place) // stride)
            for place in range(size)
            if (phase + before - place) % stride == 0
        ]
        for phase in range(stride)
    ]


def _length(geo: Geometry, axis: int) -> int:
    """How many pixels of the large map a phase has along an axis, at most."""
    return -(-geo.large[axis] // geo.stride)


def _of_phases(phase, size, geo, channels):
    """Puts the large map together of its phases.

    Args:
        phase: takes the taps of a phase's rows and of its columns, and returns
            [n, rows, columns, channels].
        size: (height, width) of the kernel.
        geo: of the convolution.
        channels: of the large map.

    Returns:
        [n, *geo.large, channels].
    """
    rows = [
        tf.stack(
            [phase(of_rows, columns) for columns in _taps(size[1], geo, 1)],
            axis=3,
        )
        for of_rows in _taps(size[0], geo, 0)
    ]
    stacked = tf.stack(rows, axis=2)  # [n, rows, phase, columns, phase, c]
    height, width = (_length(geo, axis) * geo.stride for axis in (0, 1))
    whole = tf.reshape(stacked, [-1, height, width, channels])
    return _cut(whole, geo.large)


def _nothing(maps, geo, channels):
    """Returns a phase that no tap of the kernel reaches."""
    size = [_length(geo, axis) for axis in (0, 1)]
    return tf.zeros([tf.shape(maps)[0], *size, channels], maps.dtype)


def _part(maps, parts):
    """Cuts maps, with an operation only where something is cut off."""
    is_whole = all(
        (part.start, part.stop) == (0, side)
        for part, side in zip(parts[1:], maps.shape[1:3], strict=True)
    )
    return maps if is_whole else maps[tuple(parts)]


def _transpose_by_product(maps, kernel, geo):
    """One product of matrices, whose columns are then added up by taps."""
    height, width, out_channels, in_channels = kernel.shape
    rows, columns = geo.small
    products = tf.matmul(
        tf.reshape(maps, [-1, in_channels]),
        tf.reshape(kernel, [-1, in_channels]),
        transpose_b=True,
    )
    products = tf.reshape(
        products, [-1, rows, columns, height * width, out_channels]
    )
    of_taps = tf.unstack(products, axis=3)
    lengths = [_length(geo, axis) for axis in (0, 1)]

    def placed(*taps):
        """Returns what a tap adds to its phase, where the phase adds it."""
        row, column = (tap.place for tap in taps)
        parts, pads = [slice(None)], [[0, 0]]
        for tap, side, length in zip(taps, geo.small, lengths, strict=True):
            begin = min(side, max(0, tap.offset))
            end = max(begin, min(side, length + tap.offset))
            before = min(length, max(0, -tap.offset))
            parts.append(slice(begin, end))
            pads.append([before, length - before - (end - begin)])
        part = _part(of_taps[row * width + column], parts)
        return tf.pad(part, [*pads, [0, 0]]) if np.any(pads) else part

    def phase(of_rows, of_columns):
        if not (of_rows and of_columns):
            return _nothing(maps, geo, out_channels)
        return tf.add_n(
            [placed(row, column) for row in of_rows for column in of_columns]
        )

    return _of_phases(phase, (height, width), geo, out_channels)


def _transpose_by_phases(maps, kernel, geo):
    """A forward convolution of the small map for each phase of the large."""
    height, width, out_channels, _ = kernel.shape
    # The small map is read from right to left as the places rise.
    turned = tf.reverse(tf.transpose(kernel, [0, 1, 3, 2]), [0, 1])

    def phase(*taps_of_axes):
        if not all(taps_of_axes):
            return _nothing(maps, geo, out_channels)
        places, parts, pads = [], [slice(None)], [[0, 0]]
        for axis, taps in enumerate(taps_of_axes):
            side, length = geo.small[axis], _length(geo, axis)
            size = kernel.shape[axis]
            places.append(slice(size - 1 - taps[-1].place, None, geo.stride))
            before = -taps[-1].offset
            after = length + taps[0].offset - side
            parts.append(slice(max(0, -before), side - max(0, -after)))
            pads.append([max(0, before), max(0, after)])
        part = _part(maps, parts)
        return tf.nn.conv2d(part, turned[tuple(places)], 1, [*pads, [0, 0]])

    return _of_phases(phase, (height, width), geo, out_channels)


def _kernel_gradient(images, upstream, geo, size):
    """The plain operation, which defines the others."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=[*size, images.shape[3], upstream.shape[3]],
        out_backprop=upstream,
        strides=[1, geo.stride, geo.stride, 1],
        padding=geo.name,
    )


def _kernel_gradient_by_dilation(images, upstream, geo, size):
    """A forward convolution in which batch and channels change places.

    The images' channels are its batch, the batch is its input channels, and
    the output's gradient its kernel, whose taps lie a stride apart.
    """
    gradient = tf.nn.conv2d(
        tf.transpose(images, [3, 1, 2, 0]),
        tf.transpose(upstream, [1, 2, 0, 3]),
        1,
        geo.padding(tuple(size)),
        dilations=geo.stride,
    )
    return tf.transpose(gradient[:, : size[0], : size[1]], [1, 2, 0, 3])
