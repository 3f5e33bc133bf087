import collections
import dataclasses
import functools

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import errors, randomness
from tf_dcgan.config import overrides, recipes
from tf_dcgan.gan import cyclegan_state, gan
from tf_dcgan.models import families, layers
from tf_dcgan.sampling.exports import keras_formats


def size(recipe, image_size=None, native=(28, 28)):
    config = overrides.from_flags({"recipe": recipe, "image_size": image_size})
    return families.image_size(config, native)


@pytest.mark.parametrize(
    "recipe, native, expected",
    [
        ("dcgan", (28, 28), (32, 32)),
        ("dcgan", (32, 32), (32, 32)),
        ("dcgan", (33, 33), (40, 40)),
        ("dcgan", (20, 45), (48, 48)),
        ("dcgan", (218, 178), (64, 64)),
        ("dcgan", (None, None), (64, 64)),
        ("dcgan", (None, 28), (64, 64)),
        ("dcgan", (3, 3), (32, 32)),
        ("dcgan_small", (28, 28), (28, 28)),
        ("dcgan_small", (32, 32), (32, 32)),
        ("dcgan_small", (29, 20), (32, 32)),
        ("dcgan_small", (8, 8), (16, 16)),
        ("dcgan_small", (300, 200), (64, 64)),
        ("vanilla_gan", (28, 28), (28, 28)),
        ("vanilla_gan", (3, 3), (4, 4)),
        ("dcgan_upsampling", (28, 28), (32, 32)),
        ("dcgan_upsampling", (218, 178), (64, 64)),
        ("dcgan_cifar10", (28, 28), (32, 32)),
        ("dcgan_celeba", (218, 178), (64, 64)),
        # Nothing larger can be made.
        ("dcgan_28", (20, 20), (28, 28)),
        ("dcgan_28", (32, 32), (28, 28)),
        ("dcgan_28", (None, None), (28, 28)),
        ("cyclegan", (28, 28), (28, 28)),
        ("cyclegan", (32, 30), (32, 32)),
        ("cyclegan", (3, 3), (24, 24)),
        ("cyclegan", (None, None), (256, 256)),
        ("cyclegan", (500, 400), (256, 256)),
    ],
)
def test_the_default_is_the_smallest_square_that_holds_the_images(
    recipe, native, expected
):
    assert size(recipe, native=native) == expected


@pytest.mark.parametrize(
    "recipe", sorted(set(families.NETWORKS) - {"dcgan_28"})
)
def test_a_size_that_is_asked_for_wins_over_the_images(recipe):
    assert size(recipe, "48x64") == (48, 64)
    assert size(recipe, "128") == (128, 128)


@pytest.mark.parametrize(
    "recipe, image_size, near",
    [
        ("dcgan", "28", "32x32 or 40x40"),
        ("dcgan", "31", "32x32 or 40x40"),
        ("dcgan", "60", "56x56 or 64x64"),
        ("dcgan", "72", "64x64 or 80x80"),
        ("dcgan", "4", "32x32 or 40x40"),
        ("dcgan", "960", "896x896 or 1024x1024"),
        ("dcgan", "33x64", "32x64 or 40x64"),
        ("dcgan", "32x4", "32x32 or 32x40"),
        ("dcgan_small", "30", "28x28 or 32x32"),
        ("dcgan_small", "12", "16x16 or 20x20"),
        ("dcgan_small", "28x30", "28x28 or 28x32"),
        ("dcgan_upsampling", "28", "16x16 or 32x32"),
        ("dcgan_upsampling", "33x64", "32x64 or 48x64"),
        ("dcgan_cifar10", "28", "32x32 or 40x40"),
        ("dcgan_celeba", "70", "64x64 or 80x80"),
        ("dcgan_28", "32", "28x28"),
        ("dcgan_28", "28x32", "28x28"),
        ("dcgan_28", "1024", "28x28"),
        ("dcgan_28", "300x200", "28x28"),
    ],
)
def test_a_size_that_cannot_be_made_is_refused_with_the_nearest(
    recipe, image_size, near
):
    with pytest.raises(errors.UserError) as caught:
        size(recipe, image_size)
    message = str(caught.value)
    assert f"a size that recipe {recipe} cannot make" in message
    advice = message.split("the nearest it can is ")[1]
    assert advice.split("; ")[0] == near


@pytest.mark.parametrize(
    "recipe, image_size, other",
    [
        ("dcgan_28", "128", "128x128 can be made by --recipe=dcgan"),
        ("lsgan_28", "128x64", "128x64 can be made by --recipe=dcgan"),
        ("dcgan", "28", "28x28 can be made by --recipe=dcgan_small"),
        ("dcgan", "33x64", "33x64 can be made by --recipe=vanilla_gan"),
    ],
)
def test_a_size_that_cannot_be_made_is_refused_with_a_recipe_that_can(
    recipe, image_size, other
):
    with pytest.raises(errors.UserError) as caught:
        size(recipe, image_size)
    assert str(caught.value).endswith(f"; {other}")


def test_no_recipe_of_another_kind_is_advised():
    with pytest.raises(errors.UserError) as caught:
        size("cyclegan", "25")
    assert str(caught.value).endswith("the nearest it can is 24x24 or 28x28")


@pytest.mark.parametrize(
    "recipe, images, expected",
    [
        ("dcgan", (480, 640), (48, 64)),
        ("dcgan", (640, 480), (64, 48)),
        ("dcgan", (1080, 1920), (40, 72)),
        ("dcgan", (500, 500), (64, 64)),
        # Their own size where it can be made, else the smallest that holds it.
        ("dcgan", (32, 32), (32, 32)),
        ("dcgan", (28, 28), (32, 32)),
        ("dcgan_small", (28, 28), (28, 28)),
        ("vanilla_gan", (28, 28), (28, 28)),
        ("dcgan", (8, 8), (32, 32)),
        ("cyclegan", (480, 640), (216, 288)),
        # Long strips: more pixels than 64x64, since 64 would keep a sixth.
        ("dcgan", (512, 80), (200, 32)),
        ("dcgan", (80, 512), (32, 200)),
        ("dcgan", (10, 1000), (32, 512)),
        # No shape to choose.
        ("dcgan_28", (512, 80), (28, 28)),
    ],
)
def test_auto_takes_a_size_of_the_images_own_shape(recipe, images, expected):
    config = overrides.from_flags({"recipe": recipe, "image_size": "auto"})
    assert families.image_size(config, images, {images: 1}) == expected


def test_auto_takes_the_shape_in_the_middle_of_many():
    config = overrides.from_flags({"image_size": "auto"})
    counts = {(480, 640): 60, (640, 480): 40, (10, 900): 1}
    assert families.image_size(config, (None, None), counts) == (48, 64)


def test_auto_needs_the_sizes_of_the_images():
    config = overrides.from_flags({"image_size": "auto"})
    with pytest.raises(errors.UserError, match="--image_size=auto needs the"):
        families.image_size(config, (None, None), {})


@pytest.mark.slow
@pytest.mark.parametrize("recipe", families.NETWORKS)
def test_every_refusal_names_a_size_that_is_accepted(recipe):
    for side in [*range(4, 66, 7), 28, 31, 33, 64, 127, 500, 1023]:
        try:
            assert size(recipe, str(side)) == (side, side)
        except errors.UserError as error:
            first = str(error).split("nearest it can is ")[1].split("; ")[0]
            first = first.split(" or ")[0]
            height, width = size(recipe, first)
            assert first == f"{height}x{width}"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(recipes.RECIPES))
def test_recipes_with_dropout_are_known(name):
    config = overrides.from_flags({"recipe": name, "width": 0.1})
    models = networks.of_config(
        config, (28, 28, 1) if "28" in name else (32, 32, 1)
    )
    has_dropout = any(
        "Dropout" in type(layer).__name__
        for model in models
        for layer in model.layers
    )
    assert has_dropout == recipes.RECIPES[name].has_dropout


def _channels(model):
    """How many channels, or units, each layer with weights of its own makes."""
    weighted = [
        getattr(layer, "layer", layer)  # Inside spectral normalisation.
        for layer in layers.all_of(model)
    ]
    return [
        layer.kernel.shape[-2 if "Transpose" in type(layer).__name__ else -1]
        for layer in weighted
        if hasattr(layer, "kernel")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", families.NETWORKS)
def test_the_width_of_d_is_a_factor_on_that_of_both(recipe):
    side = 28 if recipe == "dcgan_28" else 32
    build = functools.partial(networks.build, recipe, (side, side, 3))
    one, wide, narrow = (
        [_channels(model) for model in models]
        for models in (
            build(width=0.25, discriminator_width=0.5),
            build(width=0.25),
            build(width=0.125),
        )
    )
    # The generators come first.
    first_d = len(one) // 2
    assert one[:first_d] == wide[:first_d]
    assert one[first_d:] == narrow[first_d:]
    for channels, wider in zip(one[first_d:], wide[first_d:], strict=True):
        halved = [max(1, round(count / 2)) for count in wider]
        assert channels[:-1] == halved[:-1]
        assert channels[-1] == 1


@pytest.mark.slow
@pytest.mark.parametrize("recipe", sorted(recipes.RECIPES))
def test_recipes_with_batch_norm_in_d_are_known(recipe):
    side = 28 if "28" in recipe else 32
    *_, d = networks.build(recipe, (side, side, 3), width=1 / 16)
    has_norm = bool(networks.layers(d, keras.layers.BatchNormalization))
    assert has_norm == recipes.RECIPES[recipe].normalizes_discriminator


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe",
    recipes.names(lambda recipe: recipe.normalizes_discriminator),
)
def test_d_without_batch_norm_has_biases_in_its_place(recipe):
    side = 28 if "28" in recipe else 32
    with_norm, without = (
        networks.build(
            recipe,
            (side, side, 3),
            width=1 / 16,
            discriminator_batch_norm=has_norm,
        )[-1]
        for has_norm in (True, False)
    )
    assert not networks.layers(without, keras.layers.BatchNormalization)
    normalized, biased = (
        {
            layer.name: layer
            for layer in model.layers
            if hasattr(layer, "kernel")
        }
        for model in (with_norm, without)
    )
    names = [layer.name for layer in with_norm.layers]
    assert normalized.keys() == biased.keys()
    for name, layer in biased.items():
        assert layer.kernel.shape == normalized[name].kernel.shape
        follows = f"{name}_normalization" in names
        assert layer.use_bias == (follows or normalized[name].use_bias)
        np.testing.assert_array_equal(layer.kernel, normalized[name].kernel)
    images = np.random.default_rng(0).normal(size=(3, side, side, 3))
    together = without(images, training=True)
    if not recipes.RECIPES[recipe].has_dropout:
        np.testing.assert_allclose(
            np.concatenate(
                [without(image[None], training=True) for image in images]
            ),
            together,
            rtol=1e-4,
            atol=1e-7,
        )


@pytest.fixture
def calls(monkeypatch):
    """Counts how often a function of each kind builds a network."""
    counts = collections.Counter()

    def counted(kind, build):
        def call(*arguments):
            counts[kind] += 1
            return build(*arguments)

        return call

    for name, network in families.NETWORKS.items():
        builders = {
            kind: tuple(counted(kind, b) for b in getattr(network, kind))
            for kind in ("generators", "discriminators")
        }
        counting = dataclasses.replace(network, **builders)
        monkeypatch.setitem(families.NETWORKS, name, counting)
    return counts


@pytest.mark.parametrize("num_classes", [0, 3])
def test_no_network_is_built_to_be_thrown_away(num_classes, calls):
    config = overrides.from_flags(
        {
            "recipe": "dcgan_small",
            "width": 1 / 16,
            "conditional": bool(num_classes),
        }
    )
    families.averaged_generators(config, (16, 16, 1), num_classes)
    assert calls == {"generators": 1}
    families.discriminators(config, (16, 16, 1), num_classes)
    assert calls == {"generators": 1, "discriminators": 1}
    calls.clear()
    gan.create_state(config, (16, 16, 1), num_classes)
    # One generator is trained, the other is its average.
    assert calls == {"generators": 2, "discriminators": 1}


@pytest.mark.slow
def test_no_network_of_a_translation_is_built_to_be_thrown_away(calls):
    config = overrides.from_flags({"recipe": "cyclegan", "width": 1 / 16})
    cyclegan_state.create_state(config, (24, 24, 1))
    assert calls == {"generators": 4, "discriminators": 2}


# What every network that makes images of noise must do, at a size that it
# makes.

OF_NOISE = sorted(set(families.NETWORKS) - {"cyclegan"})


def sizes(network):
    return (28, 28) if network == "dcgan_28" else (32, 48)


def tiny(network, channels=1, **settings):
    return networks.build(
        network,
        (*sizes(network), channels),
        **{"width": 1 / 16, "latent_dim": 8} | settings,
    )


def kernels(model):
    return [weight for weight in model.weights if weight.name == "kernel"]


@pytest.fixture(params=OF_NOISE)
def network(request):
    return request.param


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_becomes_images_and_images_become_logits(network, channels):
    generator, discriminator = tiny(network, channels)
    networks.randomize(generator)
    images = generator(networks.noise(3, 8), training=False)
    assert images.shape == (3, *sizes(network), channels)
    assert images.dtype == "float32"
    assert 0.1 < np.abs(images).max() <= 1
    logits = discriminator(images, training=False)
    assert logits.shape == (3, 1)
    assert logits.dtype == "float32"


@pytest.mark.slow
def test_all_numbers_of_a_network_follow_from_the_seed(network):
    first = tiny(network, seed=3)
    keras.utils.set_random_seed(99)
    # The states of dropout are among them: they are part of an export.
    for model, again, other in zip(
        first, tiny(network, seed=3), tiny(network, seed=4), strict=True
    ):
        for a, b in zip(model.variables, again.variables, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(kernels(model), kernels(other), strict=True):
            assert np.isin(a, b).mean() < 0.01


@pytest.mark.slow
def test_no_two_kernels_share_their_numbers(network):
    values = [
        kernel.numpy().ravel()[:8]
        for model in tiny(network)
        for kernel in kernels(model)
    ]
    assert len(np.unique(np.concatenate(values))) == sum(map(len, values))


@pytest.mark.slow
def test_all_kernels_are_normal_with_deviation_002(network):
    for model in tiny(network):
        for kernel in kernels(model):
            values = kernel.numpy()
            error = 0.02 / values.size**0.5
            assert abs(values.mean()) < 5 * error, kernel.path
            assert abs(values.std() - 0.02) < 5 * error, kernel.path


@pytest.mark.slow
def test_all_networks_share_the_constants_of_the_systems(network):
    for model in tiny(network):
        for layer in networks.layers(model, keras.layers.BatchNormalization):
            assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)
        for layer in networks.layers(model, keras.layers.LeakyReLU):
            slope = 0.1 if network == "sndcgan" else 0.2
            assert float(layer.negative_slope) == pytest.approx(slope)
        hidden = [
            layer.name
            for layer in model.layers
            if getattr(layer, "activation", keras.activations.linear)
            is not keras.activations.linear
        ]
        assert hidden == (["images"] if model.name == "generator" else [])


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_float32_at_both_ends(network, precision):
    keras.config.set_dtype_policy(precision)
    try:
        generator, discriminator = tiny(network)
    finally:
        keras.config.set_dtype_policy("float32")
    networks.randomize(discriminator)
    images = generator(networks.noise(2, 8), training=False)
    logits = discriminator(images, training=False)
    assert images.dtype == logits.dtype == "float32"
    half = precision.removeprefix("mixed_")
    for model in (generator, discriminator):
        dtypes = {layer.compute_dtype for layer in model.layers[1:-3]}
        assert dtypes == {half}
        assert {w.dtype for w in model.weights} == {"float32"}
    # Nothing rounds the logits after they were computed.
    assert np.any(logits != logits.numpy().astype(np.float16))


# A bias before a normalisation has none, but for rounding; nor has D's last
# bias while the hinge loss pulls it up and down alike.
_WITHOUT_GRADIENT = {
    "dcgan_28": (
        *(f"/up_{number}/bias" for number in (1, 2, 3)),
        *(f"/down_{number}/bias" for number in (1, 2)),
    ),
    "sndcgan": ("/logits/bias", "/logits_bias_"),
}


@pytest.mark.slow
def test_one_step_changes_every_weight(network):
    config = overrides.from_flags(
        {"recipe": network, "width": 1 / 16, "latent_dim": 8}
    )
    shape = (*sizes(network), 3)
    state = gan.create_state(config, shape)
    before = {k: v.numpy() for k, v in state.variables().items()}
    real = np.tanh(networks.noise(4, *shape)).astype(np.float32)
    scalars = gan.update(state, config, real)
    assert all(np.isfinite(value) for value in scalars.values())
    same = [
        name
        for name, value in state.variables().items()
        if np.array_equal(before[name], value.numpy())
        and "learning_rate" not in name
        and not name.startswith("averaged")
        and not any(part in name for part in _WITHOUT_GRADIENT.get(network, ()))
    ]
    assert same == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "network, in_g, in_d", [("vanilla_gan", 1, 1), ("dcgan_upsampling", 0, 4)]
)
def test_every_dropout_layer_is_set_by_the_step(network, in_g, in_d):
    config = overrides.from_flags({"recipe": network, "width": 1 / 16})
    shape = (32, 32, 1)
    state = gan.create_state(config, shape)
    counters = state.seed_generators()
    assert len(counters) == in_g + in_d
    ends = []
    for start in (0, 77):
        for counter in counters:
            counter.assign(tf.fill([2], tf.cast(start, counter.dtype)))
        state.step.assign(5)
        gan.update(state, config, np.zeros((2, *shape), np.float32))
        ends.append([tuple(c.numpy()) for c in counters])
    assert ends[0] == ends[1]
    assert len(set(ends[0])) == len(counters)
    # One pass of G serves the step; D sees two batches, then G's again.
    state.step.assign(5)
    randomness.set_seed_generators(counters, config.seed, state.step)
    calls = [
        int(end[1]) - int(counter.numpy()[1])
        for end, counter in zip(ends[0], counters, strict=True)
    ]
    assert calls == [1] * in_g + [3] * in_d


@pytest.mark.slow
@pytest.mark.parametrize(
    "network", ["vanilla_gan", "dcgan_upsampling", "dcgan_cifar10", "dcgan_28"]
)
def test_exports_need_nothing_but_keras_or_tensorflow(network, tmp_path):
    config = overrides.from_flags(
        {"recipe": network, "width": 1 / 16, "latent_dim": 8}
    )
    (generator,) = families.averaged_generators(config, (*sizes(network), 1))
    networks.randomize(generator)
    box = (0, 0, *sizes(network))
    keras_formats.export(tmp_path, generator, content_box=box)
    latents = networks.noise(3, 8).astype(np.float32)
    expected = generator(latents, training=False)
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(latents, training=False), expected)
    served = tf.saved_model.load(str(tmp_path / "saved_model"))
    np.testing.assert_allclose(served.serve(latents), expected, atol=1e-5)
    assert served.generate(2, 0).shape == (2, *sizes(network), 1)
