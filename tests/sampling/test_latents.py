import math

import numpy as np
import pytest

from tf_dcgan.sampling import latents

_X = np.array([1, 0, 0], np.float32)
_Y = np.array([0, 1, 0], np.float32)


def test_linear_goes_straight():
    latent = latents.linear(_X, 3 * _Y, 0.25)
    np.testing.assert_allclose(latent, [0.75, 0.75, 0], rtol=0, atol=1e-12)


def test_spherical_turns_evenly():
    latent = latents.spherical(_X, _Y, 1 / 3)
    # A third of a right angle.
    expected = [math.cos(math.pi / 6), math.sin(math.pi / 6), 0]
    np.testing.assert_allclose(latent, expected, rtol=0, atol=1e-12)


def test_spherical_is_slerp_for_an_acute_angle():
    start = np.array([1.0, 0.0])
    end = np.array([math.cos(1.2), math.sin(1.2)])
    latent = latents.spherical(start, end, 0.3)
    slerp = (math.sin(0.84) * start + math.sin(0.36) * end) / math.sin(1.2)
    np.testing.assert_allclose(latent, slerp, rtol=0, atol=1e-12)


def test_spherical_keeps_the_length_between_those_of_its_ends():
    latent = latents.spherical(2 * _X, 4 * _Y, 0.5)
    # Length 3 at 45 degrees.
    expected = [3 / math.sqrt(2), 3 / math.sqrt(2), 0]
    np.testing.assert_allclose(latent, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_spherical_stays_where_both_ends_are_equal(share):
    point = np.array([0.3, -1.7, 0.2], np.float32)
    latent = latents.spherical(point, point, share)
    np.testing.assert_allclose(latent, point, rtol=0, atol=1e-7)


def test_spherical_between_one_direction_changes_only_the_length():
    latent = latents.spherical(_X, 3 * _X, 0.25)
    np.testing.assert_allclose(latent, [1.5, 0, 0], rtol=0, atol=1e-12)


def test_spherical_takes_half_a_circle_between_opposite_vectors():
    # Through the second axis: the first is the vectors' own.
    latent = latents.spherical(2 * _X, -4 * _X, 0.5)
    np.testing.assert_allclose(latent, [0, 3, 0], rtol=0, atol=1e-12)
    latent = latents.spherical(2 * _X, -2 * _X, 0.25)
    expected = [math.sqrt(2), math.sqrt(2), 0]
    np.testing.assert_allclose(latent, expected, rtol=0, atol=1e-12)


def test_half_a_circle_is_perpendicular_in_the_middle_whatever_the_axes():
    start = np.array([3, -1, 2, 5], np.float32)
    latent = latents.spherical(start, -start, 0.5)
    assert abs(latent @ start) < 1e-6
    assert np.linalg.norm(latent) == pytest.approx(math.sqrt(39), rel=1e-7)


def test_opposite_numbers_are_joined_straight():
    one = np.ones(1, np.float32)
    assert latents.spherical(one, -one, 0.25) == pytest.approx([0.5])


def test_spherical_goes_straight_from_a_zero_vector_and_to_one():
    zero = np.zeros(3, np.float32)
    half = [0, 0.5, 0]
    np.testing.assert_array_equal(latents.spherical(zero, _Y, 0.5), half)
    np.testing.assert_array_equal(latents.spherical(_Y, zero, 0.5), half)
    np.testing.assert_array_equal(latents.spherical(zero, zero, 0.5), zero)


@pytest.mark.parametrize("angle", [1e-6, 1e-9, math.pi - 1e-6])
def test_spherical_is_steady_near_its_limits(angle):
    end = np.array([math.cos(angle), math.sin(angle)])
    latent = latents.spherical(np.array([1.0, 0.0]), end, 0.5)
    expected = [math.cos(angle / 2), math.sin(angle / 2)]
    np.testing.assert_allclose(latent, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", latents.METHODS)
def test_a_walk_begins_and_ends_each_segment_at_the_points(method):
    points = np.random.default_rng(0).normal(size=(3, 100))
    points = points.astype(np.float32)
    walk = latents.walk(points, frames=4, method=method)
    assert walk.shape == (2, 4, 100)
    assert walk.dtype == np.float32
    np.testing.assert_array_equal(walk[0, 0], points[0])
    np.testing.assert_array_equal(walk[0, -1], points[1])
    np.testing.assert_array_equal(walk[1, 0], points[1])
    np.testing.assert_array_equal(walk[1, -1], points[2])


def test_a_walk_takes_equal_steps():
    walk = latents.walk(np.stack([_X, _Y]), frames=4, method="linear")
    expected = [[1, 0, 0], [2 / 3, 1 / 3, 0], [1 / 3, 2 / 3, 0], [0, 1, 0]]
    np.testing.assert_allclose(walk[0], expected, rtol=0, atol=1e-7)
    walk = latents.walk(np.stack([_X, _Y]), frames=3, method="spherical")
    middle = [math.sqrt(0.5), math.sqrt(0.5), 0]
    np.testing.assert_allclose(walk[0, 1], middle, rtol=0, atol=1e-7)


def test_a_mean_is_of_the_samples():
    mean = latents.mean(np.array([[1, 2], [3, 4], [5, 0]], np.float32))
    assert mean.dtype == np.float32
    assert mean.tolist() == [3, 2]


def test_an_analogy_takes_the_second_from_the_first_and_adds_the_third():
    analogy = latents.analogy(
        np.float32([1, 2]), np.float32([10, 20]), np.float32([100, 300])
    )
    assert analogy.dtype == np.float32
    assert analogy.tolist() == [91, 282]


def test_of_three_samples_each_the_result_is_as_long_as_a_latent():
    samples = np.random.default_rng(0).normal(size=(3, 3, 10_000))
    analogy = latents.analogy(*(latents.mean(each) for each in samples))
    # The standard deviation of the length is 1 / sqrt(2).
    assert np.linalg.norm(analogy) == pytest.approx(100, abs=3)


def test_rescaled_vectors_have_the_typical_length_and_their_direction():
    latent = latents.rescaled(np.array([0, 3, 0, 4], np.float32))
    np.testing.assert_allclose(latent, [0, 1.2, 0, 1.6], rtol=0, atol=1e-6)


def test_a_rescaled_zero_stays_zero():
    zero = np.zeros(4, np.float32)
    np.testing.assert_array_equal(latents.rescaled(zero), zero)


def test_a_neighbourhood_has_its_center_in_the_middle():
    center = np.array([0.1, 0.2], np.float32)
    offsets = np.arange(16, dtype=np.float32).reshape(8, 2)
    neighbourhood = latents.neighbourhood(center, offsets)
    assert neighbourhood.dtype == np.float32
    np.testing.assert_array_equal(neighbourhood[4], center)
    np.testing.assert_allclose(
        np.delete(neighbourhood, 4, axis=0), center + offsets, rtol=1e-6
    )
