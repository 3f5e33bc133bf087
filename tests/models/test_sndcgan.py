import keras
import networks
import pytest


@pytest.fixture(scope="module")
def sndcgan():
    return networks.build("sndcgan", (32, 32, 3))


def test_parameters_are_counted_by_hand(sndcgan):
    # Of D, with the dense layer: 1,792 + 131,200 + 147,584 + 524,544 + 590,080
    # + 2,097,664 + 2,359,808 + 8,193.
    assert list(map(networks.trainable_count, sndcgan)) == [
        3_812_931,
        5_860_865,
    ]


def test_maps_of_g_double_to_the_images(sndcgan):
    generator, _ = sndcgan
    assert generator.input_shape == (None, 128)
    assert networks.shapes(generator, keras.layers.Conv2DTranspose) == [
        (8, 8, 256),
        (16, 16, 128),
        (32, 32, 64),
    ]
    assert generator.output_shape == (None, 32, 32, 3)


def test_d_has_spectral_norm_on_every_layer_and_no_batch_norm(sndcgan):
    _, discriminator = sndcgan
    kinds = networks.kinds(discriminator)
    assert "BatchNormalization" not in kinds
    assert kinds.count("SpectralNormalization") == 8
    assert not {"Conv2D", "Dense"} & set(kinds)
    wrappers = networks.layers(discriminator, keras.layers.Wrapper)
    assert [
        (layer.layer.kernel.shape[0], layer.layer.strides, layer.layer.filters)
        for layer in wrappers[:-1]
    ] == [
        (3, (1, 1), 64),
        (4, (2, 2), 128),
        (3, (1, 1), 128),
        (4, (2, 2), 256),
        (3, (1, 1), 256),
        (4, (2, 2), 512),
        (3, (1, 1), 512),
    ]
    slopes = [
        float(layer.negative_slope)
        for layer in networks.layers(discriminator, keras.layers.LeakyReLU)
    ]
    assert slopes == pytest.approx([0.1] * 7)


@pytest.mark.parametrize(
    "size, base, channels",
    [
        ((48, 48), (6, 6), [256, 128, 64]),
        ((64, 64), (4, 4), [512, 256, 128, 64]),
        ((32, 56), (4, 7), [256, 128, 64]),
        ((128, 128), (4, 4), [512, 512, 256, 128, 64]),
    ],
)
def test_other_sizes_follow_the_same_rule(size, base, channels):
    generator, discriminator = networks.build(
        "sndcgan", (*size, 1), width=1 / 16
    )
    assert networks.shapes(generator, keras.layers.Reshape)[0][:2] == base
    ups = networks.shapes(generator, keras.layers.Conv2DTranspose)
    assert [shape[2] for shape in ups] == [n // 16 for n in channels]
    assert ups[-1][:2] == size
    assert discriminator.output_shape == (None, 1)
