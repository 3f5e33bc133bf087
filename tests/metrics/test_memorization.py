import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import memorization


def measured(fake, train, held_out, **options):
    columns = [np.asarray(x, float) for x in (fake, train, held_out)]
    columns = [x[:, None] if x.ndim == 1 else x for x in columns]
    return memorization.memorization(*columns, seed=0, **options)


def test_nearest_images_on_a_line_by_hand():
    neighbours = measured([0, 5, 9], [1, 6, 20], [-3, 4, 10])
    np.testing.assert_allclose(neighbours.train_distances, [1, 1, 3])
    assert neighbours.train_indices.tolist() == [0, 1, 1]
    np.testing.assert_allclose(neighbours.held_out_distances, [3, 1, 1])
    assert neighbours.held_out_indices.tolist() == [0, 1, 2]
    # Nearer, as near, farther.
    assert neighbours.nearer_to_train == 0.5
    assert neighbours.distance_ratio == 1
    assert neighbours.equalised_size == 3


def test_the_closest_pairs_come_first():
    neighbours = measured(
        [0, 5, 9, 40], [1.5, 5.5, 8.9, 20], [50, 60, 70, 80], num_pairs=3
    )
    assert neighbours.closest_pairs.tolist() == [[2, 2], [1, 1], [0, 0]]
    everything = measured([0, 5], [1, 5], [2, 3], num_pairs=16)
    assert everything.closest_pairs.tolist() == [[1, 1], [0, 0]]


def test_the_closest_pairs_are_told_with_their_held_out_images():
    neighbours = measured([0, 5], [2, 6], [-3, 9], num_pairs=1)
    assert neighbours.closest() == [
        {
            "generated": 1,
            "training": 1,
            "training_distance": 1.0,
            "held_out": 1,
            "held_out_distance": 4.0,
        }
    ]


def test_copies_of_held_out_images_make_the_ratio_infinite_and_say_so():
    neighbours = measured([0, 5], [2, 6], [0, 5])
    assert neighbours.distance_ratio == np.inf
    assert any("held_out_copies" in text for text in neighbours.warnings)


def test_a_larger_training_set_is_nearer_only_in_the_full_distances():
    chance = np.random.default_rng(0)
    fake, train, held_out = (
        chance.standard_normal((count, 2)) for count in (400, 3000, 300)
    )
    neighbours = measured(fake, train, held_out)
    apart = np.sqrt(((fake[:, None] - train[None]) ** 2).sum(-1))
    np.testing.assert_array_equal(neighbours.train_indices, apart.argmin(1))
    np.testing.assert_allclose(neighbours.train_distances, apart.min(1))
    full_share = np.mean(
        neighbours.train_distances < neighbours.held_out_distances
    )
    assert full_share > 0.8
    assert neighbours.equalised_size == 300
    assert (
        abs(neighbours.nearer_to_train - 0.5)
        < 3 * neighbours.nearer_to_train_error
    )
    assert neighbours.distance_ratio == pytest.approx(1, abs=0.15)


def test_a_larger_held_out_set_is_made_smaller_too():
    chance = np.random.default_rng(1)
    fake, train, held_out = (
        chance.standard_normal((count, 2)) for count in (400, 300, 3000)
    )
    neighbours = measured(fake, train, held_out)
    assert neighbours.equalised_size == 300
    assert (
        abs(neighbours.nearer_to_train - 0.5)
        < 3 * neighbours.nearer_to_train_error
    )
    apart = np.sqrt(((fake[:, None] - held_out[None]) ** 2).sum(-1))
    np.testing.assert_array_equal(neighbours.held_out_indices, apart.argmin(1))


@pytest.mark.slow
def test_the_error_is_the_spread_without_memorization():
    chance = np.random.default_rng(2)
    all_neighbours = []
    for _ in range(300):
        # Fewer real images than generated ones, so that many share theirs.
        sets = (chance.standard_normal((n, 2)) for n in (100, 15, 15))
        all_neighbours.append(measured(*sets))
    shares = np.array(
        [neighbours.nearer_to_train for neighbours in all_neighbours]
    )
    assert abs(shares.mean() - 0.5) < 3 * shares.std() / np.sqrt(300)
    variances = [
        neighbours.nearer_to_train_error**2 for neighbours in all_neighbours
    ]
    assert np.mean(variances) == pytest.approx(shares.var(), rel=0.2)
    # More than that of images which decide each for itself.
    assert shares.std() > 1.4 * 0.5 / np.sqrt(100)


def test_copies_of_training_images_are_found():
    chance = np.random.default_rng(3)
    train, held_out = chance.standard_normal((2, 200, 5))
    fake = chance.standard_normal((100, 5))
    fake[20:90] = train[100:170]
    neighbours = measured(fake, train, held_out)
    copied = np.arange(20, 90)
    assert (neighbours.train_distances[copied] == 0).all()
    np.testing.assert_array_equal(neighbours.train_indices[copied], copied + 80)
    assert neighbours.distance_ratio == 0
    assert (
        neighbours.nearer_to_train > 0.5 + 3 * neighbours.nearer_to_train_error
    )


def test_images_that_are_in_both_sets_favour_neither():
    points = np.random.default_rng(4).standard_normal((30, 3))
    neighbours = measured(points, points, points)
    assert neighbours.nearer_to_train == 0.5
    assert neighbours.distance_ratio == 1


def test_the_random_part_follows_the_seed():
    chance = np.random.default_rng(5)
    sets = [chance.standard_normal((n, 2)) for n in (50, 300, 40)]
    shares = [
        memorization.memorization(*sets, seed=seed).nearer_to_train
        for seed in (0, 0, 1, 2, 3)
    ]
    assert shares[0] == shares[1]
    assert len(set(shares)) > 1


def test_few_images_are_named():
    chance = np.random.default_rng(6)
    sets = [chance.standard_normal((n, 1)) for n in (1000, 1000, 999)]
    assert measured(*sets).warnings == (
        "few_samples: 1,000 generated images against 999 of each kind, "
        "memorization wants 1,000",
    )
    sets[2] = chance.standard_normal((1000, 1))
    assert measured(*sets).warnings == ()


@pytest.mark.parametrize("empty", range(3))
def test_no_images_are_too_few(empty):
    sets = [np.zeros((4, 2)) for _ in range(3)]
    sets[empty] = np.zeros((0, 2))
    what = ("generated", "training", "held-out")[empty]
    with pytest.raises(errors.UserError, match=f"at least 1 {what}"):
        measured(*sets)


def test_different_dimensions_are_refused():
    with pytest.raises(errors.UserError, match="2 and of 3 dimensions"):
        measured(np.zeros((4, 2)), np.zeros((4, 2)), np.zeros((4, 3)))
