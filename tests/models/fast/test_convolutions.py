"""Every form of a convolution is the one that TensorFlow defines."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.models.fast import convolutions, winograd

# One kernel that covers the large map: a product of matrices.
_DENSE = ((4, 5), (4, 5), 1, "valid")
# (large side, kernel, stride, padding): the layers of all recipes, and sides,
# kernels and strides that do not divide one another.
_GEOMETRIES = [
    ((8, 8), (5, 5), 2, "same"),
    ((28, 28), (5, 5), 2, "same"),
    ((8, 12), (4, 4), 2, "same"),
    ((7, 9), (5, 5), 2, "same"),
    ((13, 13), (3, 3), 2, "valid"),
    ((28, 28), (4, 4), 2, "valid"),
    ((6, 6), (4, 4), 1, "valid"),
    _DENSE,
    ((9, 8), (3, 3), 1, "same"),
    ((9, 8), (7, 7), 1, "same"),
    ((11, 10), (2, 3), 3, "same"),
    ((10, 10), (1, 1), 2, "same"),
    ((36, 34), (4, 4), 2, "same"),
]
_FORMS = [
    convolutions._transpose_by_eigen,
    convolutions._transpose_by_product,
    convolutions._transpose_by_phases,
]


def _tensors(large, kernel, stride, padding, *, channels=(5, 6), batch=3):
    geo = convolutions.geometry(large, kernel, stride=stride, padding=padding)
    chance = np.random.default_rng(0)
    images, weights, maps = (
        tf.constant(chance.normal(size=shape), tf.float32)
        for shape in (
            (batch, *large, channels[0]),
            (*kernel, *channels),
            (batch, *geo.small, channels[1]),
        )
    )
    return geo, images, weights, maps


def _near(one, other, tolerance=3e-6):
    scale = np.abs(other).max()
    np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("case", _GEOMETRIES, ids=str)
def test_the_geometry_is_tensorflows(case):
    large, kernel, stride, padding = case
    geo, images, weights, maps = _tensors(*case)
    expected = tf.nn.conv2d(images, weights, stride, padding.upper())
    _near(convolutions._plain_conv2d(images, weights, geo), expected)
    _near(convolutions._conv2d_by_product(images, weights, geo), expected)
    shape = images.shape
    expected = tf.nn.conv2d_transpose(
        maps, weights, shape, stride, padding.upper()
    )
    _near(convolutions._transpose(maps, weights, geo), expected)


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("case", _GEOMETRIES, ids=str)
def test_every_form_of_a_transposed_convolution_is_the_plain_one(form, case):
    geo, _, weights, maps = _tensors(*case)
    expected = convolutions._transpose(maps, weights, geo)
    actual = form(maps, weights, geo)
    assert actual.shape == expected.shape
    _near(actual, expected)


@pytest.mark.parametrize("case", _GEOMETRIES, ids=str)
def test_all_forms_of_a_kernels_gradient_are_the_same(case):
    geo, images, _, maps = _tensors(*case, batch=17)
    expected = convolutions._kernel_gradient_by_product(
        images, maps, geo, case[1]
    )
    forms = [convolutions._kernel_gradient_by_dilation]
    if case[1] == (1, 1):
        # Here TensorFlow's own writes beyond its memory.
        assert convolutions._fastest_kernel_gradient(
            images, maps, geo, case[1]
        ) is (convolutions._kernel_gradient_by_product)
    else:
        forms.append(convolutions._kernel_gradient)
    for form in forms:
        gradient = form(images, maps, geo, case[1])
        assert gradient.shape == expected.shape
        _near(gradient, expected)


@pytest.mark.parametrize(
    "case",
    [
        *(case for case in _GEOMETRIES if case[1][0] == case[1][1] < 6),
        ((16, 16), (4, 4), 2, "same"),
        ((15, 17), (5, 5), 2, "same"),
        ((16, 12), (5, 5), 1, "same"),
        ((32, 31), (4, 4), 1, "same"),
        ((12, 9), (3, 3), 2, "same"),
        ((9, 9), (3, 3), 3, "valid"),
    ],
    ids=str,
)
def test_fewer_products_make_the_same_convolution(case):
    geo, images, weights, maps = _tensors(*case, channels=(40, 30))
    size = case[1]
    _near(
        convolutions._conv2d_by_winograd(images, weights, geo),
        convolutions._plain_conv2d(images, weights, geo),
        1e-5,
    )
    _near(
        convolutions._kernel_gradient_by_winograd(images, maps, geo, size),
        convolutions._kernel_gradient_by_product(images, maps, geo, size),
        1e-5,
    )
    _near(
        convolutions._transpose_by_winograd(maps, weights, geo),
        convolutions._transpose(maps, weights, geo),
        1e-5,
    )


def test_a_kernel_of_many_taps_has_no_tiles():
    geo = convolutions.geometry((9, 8), (7, 7), stride=1, padding="same")
    assert convolutions._tiles(geo, (7, 7)) is None
    images = keras.KerasTensor([64, 9, 8, 512])
    assert not convolutions._winograd_pays(images, geo, (7, 7), 512)


# (channels of both maps, sides of the large one, kernel, stride, batch) and
# whether fewer products are faster forward and transposed.
@pytest.mark.parametrize(
    ("shape", "forward", "transposed"),
    [
        ((256, 512, 16, 5, 2, 64), True, True),  # dcgan
        ((512, 1024, 8, 5, 2, 64), False, False),  # dcgan: too large.
        ((256, 256, 66, 3, 1, 1), True, True),  # cyclegan
        ((128, 256, 8, 4, 2, 64), True, False),  # dcgan_cifar10
        ((64, 128, 256, 3, 2, 1), False, False),  # cyclegan
        ((1, 64, 28, 5, 2, 64), False, False),
        ((256, 512, 4, 4, 1, 64), False, False),  # One product as it is.
        ((256, 512, 16, 2, 2, 64), False, False),  # No tap twice.
        ((256, 512, 16, 5, 2, None), False, False),
    ],
)
def test_fewer_products_are_taken_where_they_pay(
    shape, forward, transposed, monkeypatch
):
    monkeypatch.setattr(devices, "cpu", lambda: devices.Cpu.AMX)
    few, many, side, size, stride, batch = shape
    padding = "valid" if side in (66, 4) else "same"
    geo = convolutions.geometry(
        (side, side), (size, size), stride=stride, padding=padding
    )
    for dtype in (tf.float32, tf.bfloat16):
        images = keras.KerasTensor([batch, side, side, few], dtype.name)
        maps = keras.KerasTensor([batch, *geo.small, many], dtype.name)
        kernel = keras.KerasTensor([size, size, few, many], dtype.name)
        is_single = dtype == tf.float32
        assert convolutions._winograd_pays(images, geo, (size, size), many) == (
            forward and is_single
        )
        assert convolutions._winograd_pays_transposed(maps, kernel, geo) == (
            transposed and is_single
        )


@pytest.mark.parametrize(("outputs", "taps"), [(4, 3), (3, 4), (4, 2), (2, 2)])
def test_the_values_of_a_tile_make_its_convolution(outputs, taps):
    of_outputs, of_kernel, of_inputs = winograd._changes(outputs, taps)
    points = outputs + taps - 1
    chance = np.random.default_rng(0)
    tile = chance.normal(size=(points, points))
    kernel = chance.normal(size=(taps, taps))
    actual = of_outputs @ (
        (of_kernel @ kernel.ravel()) * (of_inputs @ tile.ravel())
    )
    expected = [
        np.sum(tile[row : row + taps, column : column + taps] * kernel)
        for row in range(outputs)
        for column in range(outputs)
    ]
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("channels", [(5, 6), (7, 1)])
def test_a_kernel_that_covers_the_map_is_a_product(channels):
    geo, images, weights, maps = _tensors(*_DENSE, channels=channels, batch=17)
    expected = tf.nn.conv2d(images, weights, 1, "VALID")
    _near(convolutions._conv2d_by_product(images, weights, geo), expected)
    assert convolutions._fastest_transpose(maps, weights, geo) is (
        convolutions._transpose_of_dense
    )
    _near(
        convolutions._transpose_of_dense(maps, weights, geo),
        convolutions._transpose(maps, weights, geo),
    )
    _near(
        convolutions._kernel_gradient_by_product(images, maps, geo, _DENSE[1]),
        convolutions._kernel_gradient(images, maps, geo, _DENSE[1]),
    )


# (small side, channels of the large and of the small map, dtype) and the forms
# on each kind of processor.
_CHOICES = [
    ((4, 512, 1024, "float32"), ("by_product", "by_product", "by_product")),
    ((4, 256, 512, "bfloat16"), ("by_product", "", "by_product")),
    ((4, 256, 128, "float32"), ("", "", "by_product")),
    ((16, 64, 128, "float32"), ("", "", "by_phases")),
    ((16, 3, 64, "float32"), ("by_eigen", "by_eigen", "by_eigen")),
    ((16, 3, 64, "bfloat16"), ("", "", "")),
    ((16, 1, 64, "bfloat16"), ("", "by_product", "")),
]


@pytest.mark.parametrize(("shape", "forms"), _CHOICES)
def test_the_form_suits_the_processor(shape, forms, monkeypatch):
    small, large_channels, small_channels, dtype = shape
    geo = convolutions.geometry(
        (2 * small, 2 * small), (5, 5), stride=2, padding="same"
    )
    kernel = tf.zeros([5, 5, large_channels, small_channels], dtype)
    for cpu, form in zip(devices.Cpu, forms, strict=True):
        monkeypatch.setattr(devices, "cpu", lambda cpu=cpu: cpu)
        name = "_transpose" + (f"_{form}" if form else "")
        maps = tf.zeros([1, small, small, small_channels], dtype)
        function = convolutions._fastest_transpose(maps, kernel, geo)
        assert function.__name__ == name


@pytest.mark.parametrize(
    ("small", "channels", "dtype", "multiplying", "gradient"),
    [
        (4, 512, "float32", {devices.Cpu.AMX, devices.Cpu.BFLOAT16}, True),
        (4, 128, "float32", {devices.Cpu.AMX}, True),
        (4, 64, "float32", set(), False),
        (8, 256, "float32", set(), False),
        (8, 256, "bfloat16", set(), True),
        (16, 256, "bfloat16", set(), False),
        (8, 3, "bfloat16", set(), False),
    ],
)
def test_matrices_are_multiplied_where_maps_are_small(
    small, channels, dtype, multiplying, gradient, monkeypatch
):
    large = (2 * small, 2 * small)
    geo = convolutions.geometry(large, (5, 5), stride=2, padding="same")
    images = tf.zeros([16, *large, channels], dtype)
    multiplied = []
    monkeypatch.setattr(
        convolutions,
        "_conv2d_by_product",
        lambda *arguments: multiplied.append(arguments),
    )
    for cpu in devices.Cpu:
        monkeypatch.setattr(devices, "cpu", lambda cpu=cpu: cpu)
        multiplied.clear()
        kernel = tf.zeros([5, 5, channels, 2], dtype)
        convolutions._conv2d(images, kernel, geo)
        assert bool(multiplied) == (cpu in multiplying)
        maps = tf.zeros([16, small, small, 2], dtype)
        form = convolutions._fastest_kernel_gradient(images, maps, geo, (5, 5))
        if cpu is devices.Cpu.OTHER:
            expected = convolutions._kernel_gradient_by_dilation
        elif not gradient:
            expected = convolutions._kernel_gradient
        elif cpu is devices.Cpu.AMX:
            expected = convolutions._kernel_gradient_by_product
        else:
            expected = convolutions._kernel_gradient_by_dilation
        assert form is expected
        assert convolutions._fastest_kernel_gradient(
            images[:2], maps[:2], geo, (5, 5)
        ) is (convolutions._kernel_gradient)


@pytest.mark.parametrize("cpu", devices.Cpu)
@pytest.mark.parametrize("channels", [(3, 6), (6, 5)])
@pytest.mark.parametrize("batch", [2, 16])
@pytest.mark.parametrize("few_products", [False, True])
@pytest.mark.parametrize("case", [*_GEOMETRIES[:6], _DENSE], ids=str)
def test_first_and_second_derivatives_are_tensorflows(
    case, batch, channels, cpu, few_products, monkeypatch
):
    monkeypatch.setattr(devices, "cpu", lambda: cpu)
    monkeypatch.setattr(winograd, "pays", lambda *_, **__: few_products)
    geo, images, weights, maps = _tensors(*case, channels=channels, batch=batch)
    stride, padding = case[2], case[3].upper()

    def derivatives(convolve, inputs):
        with tf.GradientTape() as outer:
            outer.watch([inputs, weights])
            with tf.GradientTape() as tape:
                tape.watch([inputs, weights])
                value = tf.reduce_sum(tf.tanh(convolve(inputs, weights)))
            first = tape.gradient(value, [inputs, weights])
            penalty = sum(tf.reduce_sum(tf.square(part)) for part in first)
        return [*first, *outer.gradient(penalty, [inputs, weights])]

    pairs = (
        (
            lambda x, w: convolutions.conv2d(x, w, geo),
            lambda x, w: tf.nn.conv2d(x, w, stride, padding),
            images,
        ),
        (
            lambda x, w: convolutions.conv2d_transpose(x, w, geo),
            lambda x, w: tf.nn.conv2d_transpose(
                x, w, images.shape, stride, padding
            ),
            maps,
        ),
    )
    for ours, plain, inputs in pairs:
        for actual, expected in zip(
            derivatives(ours, inputs), derivatives(plain, inputs), strict=True
        ):
            _near(actual, expected, 5e-5 if few_products else 2e-5)
