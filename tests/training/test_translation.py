"""Translations as the loop sees them: grids, scored images, several steps."""

import pathlib
import types

import keras
import numpy as np
import pytest

from tf_dcgan.common import images
from tf_dcgan.config import overrides
from tf_dcgan.metrics import diversity
from tf_dcgan.runs import runs
from tf_dcgan.sampling import translators
from tf_dcgan.training import system as kind
from tf_dcgan.training import translation

SIDE = 24


@pytest.fixture(autouse=True, scope="module")
def float32_again():
    yield
    keras.config.set_dtype_policy("float32")


def config(**settings):
    return overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset_a": "glyphs",
            "dataset_b": "mnist",
            "width": 0.05,
            "residual_blocks": 1,
            "batch_size": 2,
            **settings,
        }
    )


def pictures(count, channels, seed, side=SIDE):
    chance = np.random.default_rng(seed)
    shape = (count, side, side, channels)
    return chance.integers(0, 256, shape, dtype=np.uint8)


def system(settings=None, *, channels=(3, 3), shown=(12, 9), rollbacks=()):
    """A translation of random images, and the images that it shows."""
    run_config = config(**(settings or {}))
    facts = runs.DataFacts(
        SIDE, SIDE, max(channels), (0, 0, SIDE, SIDE), 20, "as they are", "f"
    )
    run = runs.Run(
        pathlib.Path("unused"),
        run_config,
        facts,
        {},
        None,
        data_b=facts,
        rollbacks=rollbacks,
    )
    side = round(SIDE * 286 / 256) if run_config.random_crop else SIDE
    trained = [
        types.SimpleNamespace(images=pictures(20, c, seed, side))
        for seed, c in enumerate(channels)
    ]
    to_show = [
        pictures(count, max(channels), 7 + place)
        for place, count in enumerate(shown)
    ]
    loaded = kind.Loaded(
        tuple(trained), facts=(), lines=(), shown=tuple(to_show)
    )
    return translation.System(run, loaded), trained, to_show


def tiles(grid, columns, side=SIDE):
    return [
        grid[top : top + side, left : left + side]
        for top in range(2, grid.shape[0], side + 2)
        for left in range(2, 2 + columns * (side + 2), side + 2)
    ]


@pytest.fixture(scope="module")
def system_and_images():
    return system()


def index_in(image, many, atol=0):
    """The place of an image among others that it may differ from by `atol`."""
    distances = np.abs(np.int32(many) - image).max(axis=(1, 2, 3))
    (index,) = np.flatnonzero(distances <= atol)
    return index


@pytest.mark.slow
def test_a_grid_shows_both_ways_there_and_back(system_and_images):
    translation_system, _, shown = system_and_images
    rows = np.reshape(
        tiles(translation_system.samples().grid, 8), [6, 8, SIDE, SIDE, 3]
    ).astype(np.uint8)
    assert translation_system.samples().grid.shape == (
        6 * 26 + 2,
        8 * 26 + 2,
        3,
    )
    there, back = (
        translators.Translator(generator)
        for generator in translation_system.state.averaged_generators
    )
    for letter, (first, second, originals) in enumerate(
        ((there, back, shown[0]), (back, there, shown[1]))
    ):
        a, b, again = rows[3 * letter : 3 * letter + 3]
        assert len({index_in(tile, originals) for tile in a}) == 8
        np.testing.assert_array_equal(b, first(a))
        np.testing.assert_array_equal(again, second(b))


@pytest.mark.slow
def test_the_fixed_images_are_the_seeds(system_and_images):
    again, _, _ = system()
    np.testing.assert_array_equal(
        system_and_images[0].real_grid(), again.real_grid()
    )
    other, _, _ = system({"seed": 1})
    assert not np.array_equal(
        system_and_images[0].real_grid(), other.real_grid()
    )


@pytest.mark.slow
def test_a_small_set_makes_a_narrow_grid():
    translation_system, _, _ = system(shown=(12, 3))
    assert translation_system.samples().grid.shape == (
        6 * 26 + 2,
        3 * 26 + 2,
        3,
    )
    assert translation_system.real_grid().shape[1] == 3 * 26 + 2


@pytest.mark.slow
def test_a_set_of_one_image_is_shown_without_a_diversity():
    translation_system, _, _ = system(shown=(1, 9))
    samples = translation_system.samples()
    assert samples.grid.shape == (6 * 26 + 2, 26 + 2, 3)
    assert samples.diversity is None


@pytest.mark.slow
def test_the_diversity_is_that_of_the_worse_direction(system_and_images):
    translation_system, _, shown = system_and_images
    rows = np.reshape(
        tiles(translation_system.samples().grid, 8), [6, 8, SIDE, SIDE, 3]
    )
    real = [diversity.mean_distance(part) for part in shown]
    b_of_a = diversity.mean_distance(rows[1].astype(np.uint8)) / real[1]
    a_of_b = diversity.mean_distance(rows[4].astype(np.uint8)) / real[0]
    assert b_of_a != a_of_b
    measured = translation_system.samples().diversity
    assert measured == pytest.approx(min(b_of_a, a_of_b))


@pytest.mark.slow
def test_scored_images_are_translations_of_a_then_of_b(system_and_images):
    translation_system, _, shown = system_and_images
    whole = translation_system.draw(0, 21)
    assert whole.shape == (21, SIDE, SIDE, 3)
    there, back = (
        translators.Translator(generator)
        for generator in translation_system.state.averaged_generators
    )
    for part, translate, originals in (
        (whole[:12], there, shown[0]),
        (whole[12:], back, shown[1]),
    ):
        of_originals = translate(originals)
        # Batches of other sizes round otherwise on some processors.
        numbers = {index_in(image, of_originals, atol=1) for image in part}
        assert numbers == set(range(len(originals)))
    pieces = [
        translation_system.draw(0, 5),
        translation_system.draw(5, 10),
        translation_system.draw(15, 6),
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_images_are_translated_in_parts_that_fit():
    calls = []

    class Halving:
        def __call__(self, x, training):
            assert training is False
            calls.append(x.shape[0])
            return 0.5 * x

    translate = translators.Translator(Halving())
    originals = pictures(5, 1, 0, side=512)
    outputs = translate(originals)
    expected = images.to_uint8(0.5 * images.to_float(originals))
    np.testing.assert_array_equal(outputs, expected)
    assert max(c for c in calls if c is not None) <= 2


@pytest.mark.slow
def test_how_steps_are_cut_into_calls_changes_no_bit():
    trained, _, _ = system({"precision": "mixed_bfloat16"}, channels=(1, 3))
    variables = trained.state.variables()
    begun = {name: variable.numpy() for name, variable in variables.items()}
    ends = []
    for cuts in ([4], [1, 3]):
        for name, variable in variables.items():
            variable.assign(begun[name])
        step, losses = 0, []
        for count in cuts:
            trained.batches.prefetch(step, count)
            losses.append(trained.train_steps(trained.batches.take())["loss_g"])
            step += count
        ends.append(
            [variable.numpy().tobytes() for variable in variables.values()]
            + [np.concatenate(losses).tobytes()]
        )
    trained.batches.close()
    assert int(trained.state.step) == 4
    assert ends[0] == ends[1]


@pytest.mark.slow
def test_a_rollback_alone_changes_the_noise():
    settings = {"on_collapse": "rollback", "rollback_rate": 1.0}
    losses = []
    for rollbacks in ((), (), (runs.Rollback(9, 0, ""),)):
        trained, _, _ = system(settings, rollbacks=rollbacks)
        trained.batches.prefetch(0, 1)
        batch = trained.batches.take()
        losses.append(float(trained.train_steps(batch)["loss_g"][0]))
        trained.batches.close()
    assert losses[0] == losses[1] != losses[2]
