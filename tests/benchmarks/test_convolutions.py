"""The benchmark of convolutions compares what is equal."""

import numpy as np
import pytest

from benchmarks import convolutions
from tf_dcgan.config import overrides


def _layers(recipe, shape):
    config = overrides.from_flags(
        {"recipe": recipe, "width": 0.06, "batch_size": 3}
    )
    return [*convolutions.layers_of(config, shape)]


def test_every_convolution_of_both_networks_is_found():
    names = [layer.name for layer in _layers("dcgan", (32, 32, 1))]
    assert names[0].startswith("generator/")
    assert names[-1].startswith("discriminator/")
    assert len(names) == len(set(names))
    transposed = [
        layer.is_transposed for layer in _layers("dcgan", (32, 32, 1))
    ]
    assert any(transposed) and not all(transposed)


def test_operations_are_products_and_sums_of_the_small_map():
    first = _layers("dcgan", (32, 32, 1))[0]
    batch, height, width, _ = first.inputs
    assert (batch, height, width) == (3, 4, 4)
    rows, columns, out_channels, in_channels = first.kernel
    products = batch * height * width * rows * columns
    assert first.operations == 2 * products * out_channels * in_channels


@pytest.mark.parametrize("place", [0, -1])
def test_both_forms_compute_the_same(place):
    layer = _layers("dcgan_small", (28, 28, 1))[place]
    shapes = (layer.outputs, layer.inputs, layer.kernel)
    for forms, shape in zip(convolutions.parts_of(layer), shapes, strict=True):
        plain, ours = (form() for form in forms)
        assert tuple(plain.shape) == shape
        np.testing.assert_allclose(plain, ours, rtol=1e-3, atol=1e-3)


def test_medians_are_of_calls_in_turns():
    called = []
    medians = convolutions.medians(
        [lambda: called.append("a"), lambda: called.append("b")], 3
    )
    assert called == ["a", "b"] * 4
    assert all(seconds >= 0 for seconds in medians)
