import json

import keras
import pytest

from benchmarks.frameworks import description
from tf_dcgan.common import errors
from tf_dcgan.config import overrides
from tf_dcgan.models import families

_SHAPES = {
    "dcgan": (32, 32, 1),
    "dcgan_small": (28, 28, 1),
    "vanilla_gan": (12, 12, 1),
    "dcgan_upsampling": (16, 16, 1),
    "dcgan_cifar10": (32, 32, 3),
    "dcgan_celeba": (32, 32, 3),
    "dcgan_28": (28, 28, 1),
    "cyclegan": (24, 24, 3),
}


def networks(recipe):
    flags = {"recipe": recipe, "width": 0.05}
    if recipe == "cyclegan":
        flags["residual_blocks"] = 1
    config = overrides.from_flags(flags)
    shape = _SHAPES[recipe]
    return (
        *families.generators(config, shape),
        *families.discriminators(config, shape),
    )


def described(build, shape):
    """Describes a network of one input that `build` makes."""
    inputs = keras.Input(shape)
    return description.describe(keras.Model(inputs, build(inputs)))


def weights(layer):
    """Counts a described layer's trainable weights by hand."""
    kind = layer["kind"]
    if kind == "dense":
        return layer["out_features"] * (
            layer["in_features"] + layer["use_bias"]
        )
    if kind in ("convolution", "transposed_convolution"):
        height, width = layer["kernel"]
        return layer["out_channels"] * (
            height * width * layer["in_channels"] + layer["use_bias"]
        )
    return 2 * layer["channels"] if kind == "batch_normalization" else 0


@pytest.mark.slow
@pytest.mark.parametrize("recipe", list(_SHAPES))
def test_the_layers_of_a_recipe_have_all_its_weights(recipe):
    for network in networks(recipe):
        content = description.describe(network)
        assert json.loads(json.dumps(content)) == content
        assert content["trainable_weights"] > 0
        assert (
            sum(map(weights, content["layers"])) == content["trainable_weights"]
        )
        # Every layer takes what the network or a layer before it gives.
        known = {description.INPUT}
        for layer in content["layers"]:
            assert set(layer["inputs"]) <= known
            known.add(layer["name"])
        assert content["layers"][-1]["output_shape"] == content["output_shape"]
        assert content["output_shape"] == list(network.output_shape[1:])


def test_same_padding_lies_where_keras_puts_it():
    content = described(
        keras.layers.Conv2D(2, (5, 3), strides=2, padding="same"), (8, 7, 1)
    )
    # Rows 0 to 8 from -1: 2 * 3 + 5 = 11 = 8 + 3. Columns: 2 * 3 + 3 = 7 + 2.
    assert content["layers"][0]["padding"] == [[1, 2], [1, 1]]
    assert content["output_shape"] == [4, 4, 2]


def test_zero_padding_becomes_part_of_the_convolution_after_it():
    def build(x):
        x = keras.layers.ZeroPadding2D(((1, 2), (3, 4)))(x)
        return keras.layers.Conv2D(2, 3)(x)

    content = described(build, (8, 8, 1))
    (layer,) = content["layers"]
    assert layer["kind"] == "convolution"
    assert layer["inputs"] == [description.INPUT]
    assert layer["padding"] == [[1, 2], [3, 4]]


@pytest.mark.slow
def test_both_ways_through_a_residual_block_are_kept():
    layers = description.describe(networks("cyclegan")[0])["layers"]
    (total,) = [layer for layer in layers if layer["kind"] == "sum"]
    assert total["inputs"] == ["down_2_relu", "block_1_second_normalization"]
    reflections = [each for each in layers if each["kind"] == "reflection"]
    assert [each["padding"] for each in reflections] == [
        [[width, width]] * 2 for width in (3, 1, 1, 3)
    ]


def test_constants_of_layers_are_carried_over():
    def build(x):
        x = keras.layers.BatchNormalization(momentum=0.7, epsilon=0.01)(x)
        x = keras.layers.LeakyReLU(negative_slope=0.3)(x)
        x = keras.layers.Dropout(0.4)(x)
        x = keras.layers.UpSampling2D((1, 3))(x)
        return keras.layers.Conv2DTranspose(5, 4, strides=2, use_bias=False)(x)

    layers = described(build, (2, 2, 6))["layers"]
    normalization, relu, dropout, upsampling, transposed = layers
    assert normalization["momentum"] == 0.7
    assert normalization["epsilon"] == 0.01
    assert normalization["channels"] == 6
    assert relu["slope"] == pytest.approx(0.3)
    assert dropout["rate"] == 0.4
    assert upsampling["factors"] == [1, 3]
    assert transposed["output_shape"] == [6, 14, 5]
    assert (transposed["in_channels"], transposed["use_bias"]) == (6, False)
    assert not transposed["is_same"]


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (keras.layers.MaxPooling2D(name="it"), "MaxPooling2D"),
        (keras.layers.Conv2D(1, 3, dilation_rate=2, name="it"), "dilation"),
        (keras.layers.Conv2D(1, 3, activation="relu", name="it"), "activation"),
        (keras.layers.Activation("sigmoid", name="it"), "sigmoid"),
        (keras.layers.GroupNormalization(2, name="it"), "no plain instance"),
        (keras.layers.BatchNormalization(scale=False, name="it"), "scale"),
        (keras.layers.UpSampling2D(interpolation="bilinear", name="it"), "bil"),
    ],
)
def test_what_the_other_side_cannot_build_is_refused(layer, words):
    with pytest.raises(errors.UserError, match=f"layer it is a .*{words}"):
        described(layer, (8, 8, 4))


def test_zero_padding_that_no_convolution_takes_is_refused():
    def build(x):
        return keras.layers.ReLU(name="it")(keras.layers.ZeroPadding2D()(x))

    with pytest.raises(errors.UserError, match="it is a ReLU after ZeroPad"):
        described(build, (8, 8, 4))
