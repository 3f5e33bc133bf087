import keras
import networks
import numpy as np
import pytest

from tf_dcgan.config import overrides
from tf_dcgan.models import families, taps

_SIZES = {
    "dcgan_small": (28, 28),
    "vanilla_gan": (28, 28),
    "lsgan_28": (28, 28),
}
_LAST = ("to_score", "logits")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", _SIZES)
@pytest.mark.parametrize("conditioning", ["none", "concatenation"])
def test_the_last_layer_makes_the_score_of_the_tap(recipe, conditioning):
    num_classes = 0 if conditioning == "none" else 3
    if num_classes and recipe == "vanilla_gan":
        pytest.skip("vanilla_gan has no maps for a label")
    config = overrides.from_flags(
        {"recipe": recipe, "width": 1 / 16, "conditional": bool(num_classes)}
    )
    (discriminator,) = families.discriminators(
        config, (*_SIZES[recipe], 1), num_classes
    )
    networks.randomize(discriminator)
    images = np.float32(networks.noise(2, *_SIZES[recipe], 1))
    inputs = [images, np.int32([0, 2])] if num_classes else images
    features = taps.before_score(discriminator)(inputs, training=False)
    network = discriminator
    if num_classes:
        (network,) = (
            each
            for each in discriminator.layers
            if isinstance(each, keras.Model)
        )
    names = [layer.name for layer in network.layers]
    last = network.get_layer(next(name for name in _LAST if name in names))
    seen = features.numpy().reshape(2, *last.input.shape[1:])
    np.testing.assert_allclose(
        np.reshape(last(seen), (2, 1)),
        discriminator(inputs, training=False),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", _SIZES)
@pytest.mark.parametrize("conditioning", ["none", "projection"])
def test_the_tap_of_an_image_does_not_depend_on_the_others(
    recipe, conditioning
):
    num_classes = 0 if conditioning == "none" else 3
    settings = {"recipe": recipe, "width": 1 / 16, "minibatch_stddev": True}
    if num_classes:
        settings |= {"conditional": True, "conditioning": conditioning}
    (discriminator,) = families.discriminators(
        overrides.from_flags(settings), (*_SIZES[recipe], 1), num_classes
    )
    networks.randomize(discriminator)
    tap = taps.before_score(discriminator)
    images = np.float32(networks.noise(3, *_SIZES[recipe], 1))

    def first(chosen):
        inputs = images[chosen]
        if num_classes:
            inputs = [inputs, np.int32(chosen)]
        return tap(inputs, training=False).numpy()[0]

    np.testing.assert_allclose(first([0, 1]), first([0, 2]), rtol=1e-5)
    assert first([0, 1]).any()
