"""The search for latents, with generators whose inverse is known."""

import keras
import numpy as np
import pytest

from tf_dcgan.sampling.inversion import distances, search

_SETTINGS = search.Settings(
    starts=4,
    steps=150,
    learning_rate=0.1,
    feature_weight=1.0,
    prior_weight=0.0,
)


def _generator(num_classes=0):
    """tanh of a matrix times the latents, 8 x 8 pixels; classes add shades."""
    latents = keras.Input((3,), name="latents")
    x = keras.layers.Dense(
        64,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.5, seed=1),
    )(latents)
    inputs = [latents]
    if num_classes:
        labels = keras.Input((), dtype="int32", name="labels")
        inputs.append(labels)
        shade = keras.layers.Embedding(
            num_classes,
            64,
            embeddings_initializer=keras.initializers.RandomNormal(
                stddev=2.0, seed=2
            ),
        )(labels)
        x = keras.layers.Add()([x, shade])
    x = keras.layers.Activation("tanh")(x)
    return keras.Model(inputs, keras.layers.Reshape((8, 8, 1))(x))


def _search(generator, settings=_SETTINGS, *, features=None, num_classes=0):
    return search.Search(
        generator,
        features,
        settings,
        # The outermost pixels are padding.
        frame=distances.Frame((8, 8), (1, 1, 6, 6)),
        num_classes=num_classes,
    )


def _made(generator, *inputs):
    images = generator([*inputs], training=False).numpy()
    return np.uint8(np.rint((images[:, 1:7, 1:7] + 1) * 127.5))


@pytest.mark.slow
def test_the_latents_of_the_generators_own_images_are_found():
    generator = _generator()
    latents = np.float32([[0.5, -1, 1.5], [-0.3, 0.8, 0.2], [1, 1, -1]])
    originals = _made(generator, latents)
    inversion = _search(generator)(originals, seed=0, label=None)
    np.testing.assert_allclose(inversion.latents, latents, atol=0.02)
    assert distances.pixels(originals, inversion.images).max() < 0.005
    assert inversion.random_pixels.min() > 0.1
    assert np.isnan(inversion.random_features).all()
    again = _search(generator)(originals, seed=0, label=None)
    np.testing.assert_array_equal(inversion.latents, again.latents)


@pytest.mark.slow
def test_an_images_result_does_not_depend_on_the_others():
    generator = _generator()
    originals = _made(generator, np.random.default_rng(0).normal(size=(20, 3)))
    find = _search(generator)
    together = find(originals, seed=0, label=None)
    alone = find(originals[-1:], seed=0, label=None)
    np.testing.assert_allclose(together.latents[-1:], alone.latents, atol=1e-3)


@pytest.mark.slow
def test_the_best_class_is_found_and_a_given_class_is_kept():
    generator = _generator(num_classes=3)
    latents = np.float32([[0.5, -1, 0.5], [-0.3, 0.8, 0.2]])
    originals = _made(generator, latents, np.int32([2, 1]))
    find = _search(generator, num_classes=3)
    inversion = find(originals, seed=0, label=None)
    assert inversion.labels.tolist() == [2, 1]
    assert distances.pixels(originals, inversion.images).max() < 0.01
    forced = find(originals, seed=0, label=0)
    assert forced.labels.tolist() == [0, 0]
    assert distances.pixels(originals, forced.images).min() > 0.05


@pytest.mark.slow
def test_the_prior_pulls_to_the_usual_length():
    generator = _generator()
    originals = _made(generator, np.float32([[4, -4, 4]]))
    lengths = [
        np.linalg.norm(
            _search(
                generator,
                search.Settings(4, 150, 0.1, 0.0, weight),
            )(originals, seed=0, label=None).latents
        )
        for weight in (0.0, 100.0)
    ]
    assert lengths[0] > 5
    assert lengths[1] == pytest.approx(2**0.5, abs=0.1)


@pytest.mark.slow
def test_features_decide_where_pixels_do_not():
    """The features see the left half alone, so that only it is matched."""
    generator = _generator()
    latents = np.float32([[0.5, -1, 1.5], [-0.6, 0.4, 1.2]])
    left, right = _made(generator, latents)
    original = np.concatenate([left[:, :3], right[:, 3:]], axis=1)[np.newaxis]
    features = distances.Features(
        lambda images, labels: keras.ops.reshape(images[:, 1:7, 1:4], (-1, 18)),
        "the left half",
    )
    inversions = [
        _search(
            generator,
            search.Settings(4, 150, 0.1, weight, 0.0),
            features=features,
        )(original, seed=0, label=None)
        for weight in (0.0, 1000.0)
    ]
    errors = [
        distances.pixels(original[:, :, :3], each.images[:, :, :3])[0]
        for each in inversions
    ]
    assert errors[1] < 0.01 < errors[0]
    assert inversions[0].random_features > 0


def test_the_cost_of_a_length_is_the_chi_distributions():
    # d = 3: (r² / 2 - 2 log r - (1 - log 2)) / 3, least at r² = 2.
    latents = np.float32([[1, 1, 0], [2, 0, 0], [0, 0, 1]])
    expected = [0.0, (2 - np.log(4) - 1 + np.log(2)) / 3, (np.log(2) - 0.5) / 3]
    np.testing.assert_allclose(search.length_cost(latents), expected, atol=1e-6)
    # d = 1: r² / 2.
    np.testing.assert_allclose(
        search.length_cost(np.float32([[2], [0]])), [2, 0], atol=1e-6
    )


def test_starts_come_from_every_class_before_any_comes_twice():
    cost = np.array([3.0, 1.0, 2.0, 9.0, 8.0, 7.0])
    labels = np.array([0, 0, 0, 1, 1, 1])
    order = search._nearest_of_each(cost, labels)
    assert order.tolist() == [1, 5, 2, 4, 0, 3]


def test_distances_in_pixels_are_shares_of_black_to_white():
    first = np.zeros((2, 2, 2, 1), np.uint8)
    second = first.copy()
    second[1] = 255
    second[0, 0, 0] = 51
    np.testing.assert_allclose(
        distances.pixels(first, second), [0.2 / 2, 1.0], atol=1e-12
    )


def test_a_frame_pads_with_background_and_cuts_it_off():
    frame = distances.Frame((4, 5), (1, 2, 2, 3))
    pixels = np.full((1, 2, 3, 1), 255, np.uint8)
    padded = frame.floats(pixels)
    assert padded.shape == (1, 4, 5, 1)
    assert padded.sum() == 6 - 14
    np.testing.assert_array_equal(frame.content(padded), np.ones((1, 2, 3, 1)))
