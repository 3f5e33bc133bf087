import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.metrics import manifold, neighbours


def distances(first, second):
    return np.sqrt(((first[:, None] - second[None]) ** 2).sum(-1))


def radii(points, k):
    return np.sort(distances(points, points), axis=1)[:, k]


def by_definition(real, fake, k, kind):
    """The papers' formulas with all distances at once."""
    apart = distances(real, fake)
    in_real = apart <= radii(real, k)[:, None]
    in_fake = apart <= radii(fake, k)
    return {
        "precision": in_real.any(0).mean(),
        "recall": in_fake.any(1).mean(),
        "density": in_real.sum() / (k * len(fake)),
        "coverage": in_real.any(1).mean(),
    }[kind]


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles that do not divide the sets, so that their seams are crossed."""
    monkeypatch.setattr(neighbours, "_TILE", 7)
    monkeypatch.setattr(neighbours, "_CHUNK", 64)


def test_four_points_on_a_line_by_hand():
    # With k = 1 the real balls are [-1, 1], [0, 2], [7, 13] and [10, 16].
    real = np.array([[0.0], [1.0], [10.0], [13.0]])
    fake = np.array([[0.5], [2.5], [9.0], [30.0]])
    scores = manifold.manifold_scores(
        real,
        fake,
        precision_recall_neighbours=1,
        density_coverage_neighbours=1,
    )
    assert scores.precision == 0.5  # 0.5 and 9
    assert scores.density == 0.75  # 0.5 lies in two balls, 9 in one
    assert scores.coverage == 0.75  # all but [10, 16]
    # The generated ones: 0.5 ± 2, 2.5 ± 2, 9 ± 6.5 and 30 ± 21.
    assert scores.recall == 1.0
    assert not any(w.startswith("unequal_sizes") for w in scores.warnings)


@pytest.mark.parametrize("counts", [(40, 33), (12, 60), (14, 14)])
@pytest.mark.parametrize("dimension", [1, 5])
def test_scores_are_those_of_the_definitions(counts, dimension, small_tiles):
    chance = np.random.default_rng(0)
    real, fake = (chance.standard_normal((n, dimension)) for n in counts)
    fake = 0.7 * fake + 0.5
    scores = manifold.manifold_scores(real, fake)
    for kind in ("precision", "recall"):
        assert getattr(scores, kind) == by_definition(real, fake, 3, kind)
    for kind in ("density", "coverage"):
        assert getattr(scores, kind) == by_definition(real, fake, 5, kind)


def test_points_exactly_on_a_radius_are_inside(small_tiles):
    # Copies lie exactly at their neighbours' distances, where matrix products
    # alone would decide by rounding.
    chance = np.random.default_rng(1)
    real = chance.standard_normal((60, 9)) + 50
    scores = manifold.manifold_scores(real, real[::-1].copy())
    assert scores.precision == scores.recall == scores.coverage == 1
    # Each ball holds its centre and five neighbours.
    assert scores.density == pytest.approx(6 / 5, abs=1e-15)


def test_equal_images_are_near_each_other_and_nothing_else(small_tiles):
    real = np.full((20, 3), 0.1)
    scores = manifold.manifold_scores(real, real + 1e-12)
    assert scores.precision == scores.coverage == 0
    scores = manifold.manifold_scores(real, real)
    assert scores.precision == scores.coverage == 1


@pytest.mark.slow
def test_density_and_coverage_of_equal_distributions():
    chance = np.random.default_rng(2)
    all_scores = []
    for _ in range(300):
        real, fake = (chance.standard_normal((n, 3)) for n in (40, 25))
        all_scores.append(manifold.manifold_scores(real, fake))
    density = np.array([scores.density for scores in all_scores])
    coverage = np.array([scores.coverage for scores in all_scores])
    root = np.sqrt(len(all_scores))
    assert abs(density.mean() - 1) < 3 * density.std() / root < 0.05
    expected = all_scores[0].expected_coverage
    assert abs(coverage.mean() - expected) < 3 * coverage.std() / root < 0.02


def test_expected_coverage_by_hand():
    # 1 - 9/19 · 8/18, the chance that two of 9 real and 10 fake are real.
    expected = manifold.expected_coverage(10, 10, num_neighbours=2)
    assert expected == pytest.approx(1 - 72 / 342, rel=1e-12)


def test_one_generated_mode_is_precise_and_does_not_cover():
    chance = np.random.default_rng(3)
    real = (
        chance.standard_normal((200, 2)) + 20 * np.arange(4).repeat(50)[:, None]
    )
    fake = chance.standard_normal((200, 2))
    scores = manifold.manifold_scores(real, fake)
    assert scores.precision > 0.9
    assert scores.coverage < 0.26
    assert scores.recall < 0.26


def test_float32_features_far_from_zero_lose_nothing(small_tiles):
    chance = np.random.default_rng(4)
    real, fake = (
        (chance.standard_normal((30, 4)) * 1e-3 + 100).astype(np.float32)
        for _ in range(2)
    )
    scores = manifold.manifold_scores(real, fake)
    real, fake = real.astype(float), fake.astype(float)
    assert scores.precision == by_definition(real, fake, 3, "precision")
    assert scores.density == by_definition(real, fake, 5, "density")


def test_unequal_sizes_are_named():
    chance = np.random.default_rng(5)
    scores = manifold.manifold_scores(
        chance.standard_normal((10, 2)), chance.standard_normal((12, 2))
    )
    few, unequal = scores.warnings
    assert few == "few_samples: 10 images, these scores want 2,048"
    assert unequal.startswith("unequal_sizes: 10 real and 12 generated")


def test_as_many_images_as_neighbours_are_too_few():
    real, fake = np.zeros((3, 2)), np.zeros((9, 2))
    with pytest.raises(errors.UserError, match="at least 4 real .*given 3"):
        manifold.manifold_scores(real, fake)
    with pytest.raises(errors.UserError, match="4 generated .*given 3"):
        manifold.manifold_scores(fake, real)
    with pytest.raises(errors.UserError, match="^density_coverage .* 6 real"):
        manifold.check("density_coverage", fake[:5], fake)


def test_four_images_have_precision_but_no_density():
    # In one dimension the third neighbour is the farthest of the others.
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    fake = np.array([[5.0], [19.0], [21.0], [25.0]])
    scores = manifold.manifold_scores(real, fake)
    assert scores.precision == 0.5  # 5 and 19 are within 10 of 10.
    assert scores.recall == 1.0  # All are within 20 of 5.
    assert np.isnan([scores.density, scores.coverage]).all()
    assert np.isnan(scores.expected_coverage)


def test_different_dimensions_are_refused():
    with pytest.raises(errors.UserError, match="2 and of 3 dimensions"):
        manifold.manifold_scores(np.zeros((9, 2)), np.zeros((9, 3)))


# Nearest neighbours.


@pytest.mark.parametrize("counts", [(20, 31), (3, 8), (15, 7)])
def test_nearest_neighbours_are_those_of_all_distances(counts, small_tiles):
    chance = np.random.default_rng(6)
    first, second = (chance.standard_normal((n, 4)) for n in counts)
    squared, indices = neighbours.nearest(first, second, num_neighbours=3)
    expected = np.argsort(distances(first, second), axis=1)[:, :3]
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(
        np.sqrt(squared),
        np.sort(distances(first, second), axis=1)[:, :3],
        rtol=1e-14,
    )


def test_a_vector_is_not_its_own_neighbour(small_tiles):
    points = np.random.default_rng(7).standard_normal((23, 2))
    squared, indices = neighbours.nearest(
        points, points, num_neighbours=2, same=True
    )
    assert (indices != np.arange(23)[:, None]).all()
    np.testing.assert_allclose(np.sqrt(squared[:, 1]), radii(points, 2))


def test_all_others_can_be_asked_for(small_tiles):
    points = np.random.default_rng(8).standard_normal((9, 2))
    squared, _ = neighbours.nearest(points, points, num_neighbours=8, same=True)
    assert np.isfinite(squared).all()


def test_a_copy_is_at_no_distance_at_all(small_tiles):
    points = np.random.default_rng(9).standard_normal((30, 5)) + 1000
    squared, indices = neighbours.nearest(
        points[::-1], points, num_neighbours=1
    )
    assert (squared == 0).all()
    np.testing.assert_array_equal(indices[:, 0], np.arange(30)[::-1])


def test_of_equally_near_vectors_the_first_is_given(small_tiles):
    points = np.array([[1.0], [-1.0], [1.0], [5.0]])
    _, indices = neighbours.nearest(np.zeros((1, 1)), points, num_neighbours=3)
    assert indices.tolist() == [[0, 1, 2]]
