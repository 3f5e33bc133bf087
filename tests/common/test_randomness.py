import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import randomness
from tf_dcgan.common.randomness import Purpose


def training_latents(seed=0, step=0, draw=0, batch_size=4, latent_dim=8):
    return randomness.training_latents(
        seed, step, batch_size=batch_size, latent_dim=latent_dim, draw=draw
    ).numpy()


def sample_latents(seed, indices, latent_dim=8):
    indices = tf.constant(indices, tf.int64)
    return randomness.sample_latents(
        seed, indices, latent_dim=latent_dim
    ).numpy()


def weight_seeds(seed, purpose=Purpose.GENERATOR_WEIGHTS, count=8):
    return list(itertools.islice(randomness.weight_seeds(seed, purpose), count))


def seed_generators(seed, step, count=2, dtype=tf.int64):
    states = [tf.Variable([i, 7], dtype=dtype) for i in range(count)]
    randomness.set_seed_generators(states, seed, step)
    return [tuple(state.numpy().tolist()) for state in states]


def assert_standard_normal(numbers):
    count = numbers.size
    assert abs(numbers.mean()) < 4 / count**0.5
    assert abs(numbers.std() - 1) < 4 / (2 * count) ** 0.5
    assert abs((numbers**4).mean() - 3) < 4 * (96 / count) ** 0.5


def test_training_latents_are_a_function_of_seed_step_and_draw():
    first = training_latents(seed=3, step=5, draw=1)
    tf.random.normal([3], seed=1)
    np.testing.assert_array_equal(
        first, training_latents(seed=3, step=5, draw=1)
    )


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"step": 1}, {"draw": 1}, {"seed": 2**31 - 1}]
)
def test_training_latents_differ_in_every_argument(other):
    here, there = training_latents(), training_latents(**other)
    assert not np.isin(here, there).any()


@pytest.mark.slow
def test_no_step_repeats_another_steps_draws():
    seen = {
        tuple(training_latents(seed, step, draw)[0])
        for seed in (0, 1, 2, 2**31 - 1)
        for step in (0, 1, 2, 2**31, 2**31 + 1)
        for draw in (0, 1, 2, 16)
    }
    assert len(seen) == 4 * 5 * 4


def test_training_latents_are_standard_normal():
    numbers = training_latents(batch_size=200, latent_dim=100)
    assert numbers.shape == (200, 100)
    assert numbers.dtype == np.float32
    assert_standard_normal(numbers)


@pytest.mark.slow
def test_latents_are_the_same_inside_a_function_of_the_step():
    @tf.function
    def traced(step):
        return randomness.training_latents(
            0, step, batch_size=4, latent_dim=8, draw=0
        )

    for step in (0, 9):
        np.testing.assert_array_equal(
            traced(tf.constant(step, tf.int64)), training_latents(step=step)
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "draw",
    [
        lambda step: randomness.training_latents(
            3, step, batch_size=25, latent_dim=7, draw=1
        ),
        lambda step: randomness.sample_latents(
            3, step + tf.range(9, dtype=tf.int64), latent_dim=7
        ),
        lambda step: randomness.interpolation_weights(3, step, batch_size=64),
        lambda step: randomness.horizontal_flips(3, step, batch_size=64),
        lambda step: randomness.crop_offsets(
            3, step, batch_size=64, slack=(30, 20)
        ),
        lambda step: tf.stack(
            [
                tf.cast(part, tf.int32)
                for part in randomness.buffer_draws(
                    3, step, batch_size=64, size=50, stream=1
                )
            ]
        ),
    ],
    ids="latents samples weights flips crops buffer".split(),
)
def test_what_xla_compiles_draws_the_same(draw):
    compiled = tf.function(draw, jit_compile=True)
    for step in (0, 9):
        step = tf.constant(step, tf.int64)
        np.testing.assert_array_equal(compiled(step), draw(step))


@pytest.mark.parametrize("latent_dim", [7, 8])
def test_latents_are_those_of_tensorflows_own_normal_distribution(latent_dim):
    key = randomness._key(3, Purpose.SAMPLE_LATENTS)
    theirs = [
        tf.random.stateless_normal([latent_dim], seed=[key, i], alg="philox")
        for i in (0, 5)
    ]
    ours = sample_latents(3, [0, 5], latent_dim)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["plain", "xla"])
def test_a_uniform_draw_of_exactly_0_makes_a_finite_normal(jit_compile):
    # Of the first number of each pair the lower 23 bits are 0; the angles are
    # 0, pi and pi / 2.
    bits = tf.constant(
        [[0, 0], [-(2**31), 2**22], [2**23, 2**21]], dtype=tf.int32
    )
    normal = tf.function(randomness._normal, jit_compile=jit_compile)
    radius = math.sqrt(-2 * math.log(1e-7))
    np.testing.assert_allclose(
        normal(bits), [[0, radius], [0, -radius], [radius, 0]], atol=1e-5
    )


def test_sample_latents_depend_on_their_index_alone():
    eight = sample_latents(3, range(8))
    np.testing.assert_array_equal(sample_latents(3, range(3)), eight[:3])
    np.testing.assert_array_equal(sample_latents(3, [5]), eight[5:6])
    np.testing.assert_array_equal(
        sample_latents(3, [7, 0, 7]), eight[[7, 0, 7]]
    )


@pytest.mark.slow
def test_sample_latents_differ_by_index_and_seed():
    numbers = np.stack([sample_latents(s, range(50)) for s in (0, 1, 2)])
    assert len(np.unique(numbers.reshape(150, 8), axis=0)) == 150
    assert len(np.unique(numbers)) > 0.999 * numbers.size


@pytest.mark.slow
def test_sample_latents_are_standard_normal_over_the_indices():
    numbers = sample_latents(0, range(400), latent_dim=100)
    assert numbers.shape == (400, 100)
    assert numbers.dtype == np.float32
    assert_standard_normal(numbers)
    # And so is each place of the vector, which a stream per index could miss.
    assert abs(numbers.mean(axis=0)).max() < 5 / 400**0.5


@pytest.mark.slow
def test_sample_latents_take_a_seed_that_is_a_tensor():
    @tf.function
    def traced(seed, indices):
        return randomness.sample_latents(seed, indices, latent_dim=8)

    latents = traced(tf.constant(3), tf.constant([0, 4], tf.int32))
    np.testing.assert_array_equal(latents, sample_latents(3, [0, 4]))


def test_samples_and_training_have_streams_of_their_own():
    samples = sample_latents(0, range(8), latent_dim=16)
    for draw in range(3):
        training = training_latents(draw=draw, batch_size=8, latent_dim=16)
        assert not np.isin(samples, training).any()


def test_a_seed_means_the_same_numbers_for_ever():
    # Written down once; changing them makes every older run another run.
    assert training_latents(seed=1, step=2, draw=1)[0, :3] == pytest.approx(
        [1.323046, -1.217408, -1.642655], abs=1e-6
    )
    assert sample_latents(1, [2])[0, :3] == pytest.approx(
        [-0.131089, -1.093893, -1.13494], abs=1e-6
    )
    assert weight_seeds(1, Purpose.GENERATOR_WEIGHTS, 2) == [
        339744020,
        1591576787,
    ]
    assert weight_seeds(1, Purpose.DISCRIMINATOR_WEIGHTS, 2) == [
        592330202,
        480051767,
    ]
    assert seed_generators(1, 2) == [
        (897208504, 1257817308),
        (1561003289, 1106773340),
    ]


def horizontal_flips(seed=0, step=0, batch_size=64):
    return randomness.horizontal_flips(
        seed, step, batch_size=batch_size
    ).numpy()


def test_horizontal_flips_are_a_function_of_seed_and_step():
    np.testing.assert_array_equal(
        horizontal_flips(3, 5), horizontal_flips(3, 5)
    )
    seen = {
        horizontal_flips(seed, step).tobytes()
        for seed in (0, 1, 2**31 - 1)
        for step in (0, 1, 2**31, 2**31 + 1)
    }
    assert len(seen) == 12


@pytest.mark.slow
def test_half_of_the_images_are_flipped_and_no_two_places_agree():
    flips = np.stack([horizontal_flips(step=step) for step in range(400)])
    assert flips.shape == (400, 64) and flips.dtype == bool
    # Four standard deviations of the mean of 25,600 fair coins.
    assert flips.mean() == pytest.approx(0.5, abs=4 * 0.5 / 160)
    # And of each place, over the steps; five, as there are 64.
    np.testing.assert_allclose(flips.mean(axis=0), 0.5, atol=5 * 0.5 / 20)
    correlations = np.corrcoef(flips, rowvar=False)[np.triu_indices(64, k=1)]
    assert abs(correlations).max() < 5.5 / 20


def test_the_flips_of_a_seed_stay_what_they_were():
    flips = horizontal_flips(1, 2, batch_size=12).astype(int)
    assert flips.tolist() == [0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0]


def test_the_crops_of_a_seed_stay_what_they_were():
    for stream, expected in enumerate(
        (
            [[21, 1], [8, 4], [17, 6], [19, 5]],
            [[23, 5], [27, 1], [28, 4], [27, 1]],
        )
    ):
        offsets = randomness.crop_offsets(
            1, 2, batch_size=4, slack=(30, 7), stream=stream
        )
        assert offsets.numpy().tolist() == expected


def test_the_exchanges_of_a_seed_stay_what_they_were():
    for stream, expected in enumerate(
        (
            ([1, 0, 1, 1, 0, 1], [38, 16, 12, 1, 42, 30]),
            ([1, 1, 0, 0, 0, 0], [0, 1, 47, 13, 9, 0]),
        )
    ):
        exchanged, places = randomness.buffer_draws(
            1, 2, batch_size=6, size=50, stream=stream
        )
        assert exchanged.numpy().astype(int).tolist() == expected[0]
        assert places.numpy().tolist() == expected[1]


def test_the_interpolations_of_a_seed_stay_what_they_were():
    weights = randomness.interpolation_weights(1, 2, batch_size=3)
    assert weights.shape == (3, 1, 1, 1)
    assert weights.numpy().ravel() == pytest.approx(
        [0.26513076, 0.43841326, 0.31873], abs=1e-7
    )


def test_the_views_of_a_seed_stay_what_they_were():
    drawn = randomness.view_uniforms(
        1,
        tf.constant(2),
        purpose=Purpose.PENALTY_INTERPOLATION,
        view=0,
        shape=(3, 1),
    )
    # The key is that of the interpolations, and so are the numbers.
    assert drawn.numpy().ravel() == pytest.approx(
        [0.26513076, 0.43841326, 0.31873], abs=1e-7
    )


def test_views_differ_by_seed_step_view_and_purpose():
    seen = {
        randomness.view_uniforms(
            seed, tf.constant(step), purpose=purpose, view=view, shape=(4, 3)
        )
        .numpy()
        .tobytes()
        for seed in (0, 1)
        for step in (0, 1)
        for view in (0, 1)
        for purpose in (Purpose.AUGMENTATION, Purpose.CONSISTENCY)
    }
    assert len(seen) == 16


def test_the_neighbours_of_a_seed_stay_what_they_were():
    offsets = randomness.neighbour_offsets(
        1, count=1, latent_dim=3, scale=1.0
    ).numpy()
    assert offsets[0] == pytest.approx(
        [0.98735547, 0.4866014, -0.4106288], abs=1e-6
    )


@pytest.mark.slow
def test_weight_seeds_differ_from_layer_to_layer_and_are_repeatable():
    seeds = weight_seeds(0, count=20)
    assert len(set(seeds)) == 20
    assert all(isinstance(s, int) and 0 <= s < 2**31 for s in seeds)
    assert seeds == weight_seeds(0, count=20)


def test_weight_seeds_differ_by_what_the_weights_are():
    streams = {stream.name: stream.value for stream in randomness.WeightStream}
    assert streams == {
        "KERNELS": 0,
        "SCALES": 1,
        "BIASES": 2,
        "CLASS_VECTORS": 3,
    }
    seeds = {
        next(randomness.weight_seeds(0, Purpose.GENERATOR_WEIGHTS, stream))
        for stream in randomness.WeightStream
    }
    assert len(seeds) == 4


def test_weight_seeds_differ_by_network_and_seed():
    seen = [
        *weight_seeds(0, Purpose.GENERATOR_WEIGHTS),
        *weight_seeds(0, Purpose.DISCRIMINATOR_WEIGHTS),
        *weight_seeds(1, Purpose.GENERATOR_WEIGHTS),
        *weight_seeds(1, Purpose.DISCRIMINATOR_WEIGHTS),
    ]
    assert len(set(seen)) == len(seen)


def test_seed_generators_are_set_whatever_they_were_before():
    assert seed_generators(0, 5) == seed_generators(0, 5)
    changed = [tf.Variable([40, 41], dtype=tf.int64) for _ in range(2)]
    randomness.set_seed_generators(changed, 0, 5)
    assert [tuple(s.numpy().tolist()) for s in changed] == (
        seed_generators(0, 5)
    )


def test_seed_generators_differ_by_layer_step_and_seed():
    seen = [
        *seed_generators(0, 0, count=3),
        *seed_generators(0, 1, count=3),
        *seed_generators(1, 0, count=3),
    ]
    assert len(set(seen)) == 9


def test_seed_generators_may_hold_unsigned_numbers():
    assert seed_generators(0, 5, dtype=tf.uint32) == seed_generators(0, 5)


def test_purposes_never_change_their_number():
    assert {purpose.name: purpose.value for purpose in Purpose} == {
        "TRAINING_LATENTS": 1,
        "SEED_GENERATORS": 2,
        "SAMPLE_LATENTS": 3,
        "GENERATOR_WEIGHTS": 4,
        "DISCRIMINATOR_WEIGHTS": 5,
        "PENALTY_INTERPOLATION": 6,
        "SPECTRAL_VECTORS": 7,
        "HORIZONTAL_FLIPS": 8,
        "EVALUATION_LATENTS": 9,
        "NEIGHBOUR_OFFSETS": 10,
        "GENERATOR_B_WEIGHTS": 11,
        "DISCRIMINATOR_B_WEIGHTS": 12,
        "RANDOM_CROPS": 13,
        "IMAGE_BUFFER": 14,
        "AUGMENTATION": 15,
        "CONSISTENCY": 16,
    }


def test_images_to_be_scored_are_not_those_that_are_shown():
    shown = sample_latents(0, range(4))
    scored = randomness.sample_latents(
        0,
        tf.range(4),
        latent_dim=8,
        purpose=randomness.Purpose.EVALUATION_LATENTS,
    )
    assert not np.isin(scored.numpy(), shown).any()


def test_neighbour_offsets_are_uniform_within_their_scale_and_repeatable():
    offsets, again, other = (
        randomness.neighbour_offsets(
            seed, count=8, latent_dim=1000, scale=0.25
        ).numpy()
        for seed in (3, 3, 4)
    )
    assert offsets.shape == (8, 1000)
    np.testing.assert_array_equal(offsets, again)
    assert not np.array_equal(offsets, other)
    assert -0.25 <= offsets.min() < -0.249 and 0.249 < offsets.max() <= 0.25
    # Of a uniform distribution: width / sqrt(12).
    assert abs(offsets.std() - 0.5 / 12**0.5) < 0.005
    assert abs(offsets.mean()) < 0.01
