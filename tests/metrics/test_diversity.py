import numpy as np
import pytest

from tf_dcgan.metrics import diversity


def flat(*values):
    """2x2 gray images, each of one value."""
    return np.stack([np.full((2, 2, 1), value, np.uint8) for value in values])


def test_two_images_are_as_far_apart_as_their_pixels():
    # All four pixels differ by 255, which is 2 in [-1, 1].
    assert diversity.mean_distance(flat(0, 255)) == pytest.approx(2.0)
    # One of four differs by 51, 0.4: sqrt(0.4² / 4) = 0.2.
    images = flat(10, 10)
    images[1, 0, 1, 0] = 61
    assert diversity.mean_distance(images) == pytest.approx(0.2)


def test_the_mean_is_over_pairs_of_different_images():
    # Distances 1, 1 and 2 times 51 / 127.5 = 0.4: their mean is 1.6 / 3.
    images = flat(0, 51, 102)
    assert diversity.mean_distance(images) == pytest.approx(1.6 / 3)


def test_it_is_that_of_all_pairs_written_out_plainly():
    images = np.random.default_rng(0).integers(0, 256, (7, 5, 4, 3), np.uint8)
    scaled = images / 127.5 - 1
    pairs = [
        np.sqrt(np.mean((scaled[a] - scaled[b]) ** 2))
        for a in range(7)
        for b in range(a)
    ]
    measured = diversity.mean_distance(images)
    assert measured == pytest.approx(np.mean(pairs), rel=1e-12)


def test_large_images_are_measured_in_parts_that_change_no_bit(monkeypatch):
    shape = (5, 40, 41, 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    whole = diversity.mean_distance(images)
    monkeypatch.setattr(diversity, "_PIXELS_AT_ONCE", 1000)
    assert diversity.mean_distance(images) == whole


def test_one_image_repeated_has_no_distance_at_all():
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1), np.uint8)
    assert diversity.mean_distance(np.repeat(image, 64, axis=0)) == 0.0
    assert diversity.mean_distance(image) is None


def test_diversity_is_relative_to_real_images():
    measure = diversity.Diversity(flat(0, 200))
    assert measure(flat(0, 50)) == pytest.approx(0.25)
    assert measure(flat(7, 7, 7)) == 0.0
    assert measure(flat(0, 255)) == pytest.approx(1.275)


def test_two_images_taking_turns_differ_half_as_much():
    pair = flat(0, 100)
    measured = diversity.Diversity(pair)(np.repeat(pair, 32, axis=0))
    # Of 64 · 63 ordered pairs, 2 · 32 · 32 differ.
    assert measured == pytest.approx(2048 / 4032)


def test_images_with_labels_are_compared_within_each_class():
    # 0 and 100 in class 3, 50 and 70 in class 8; class 9 has a single image.
    real = flat(0, 50, 100, 70, 255)
    measure = diversity.Diversity(real, np.array([3, 8, 3, 8, 9]))
    # 60 and 30 of 100 and 20, though both classes are far apart.
    fake = flat(0, 60, 200, 230)
    assert measure(fake, np.array([3, 3, 8, 8])) == pytest.approx(90 / 120)
    # One image for each class, each of them twice.
    assert measure(flat(0, 0, 200, 200), np.array([3, 3, 8, 8])) == 0.0
    # A class that one side lacks is left out.
    assert measure(flat(0, 60, 1, 9), np.array([3, 3, 5, 5])) == (
        pytest.approx(0.6)
    )
    assert measure(flat(1, 9), np.array([9, 9])) is None


def test_a_single_image_gives_no_measure():
    assert diversity.Diversity(flat(0, 200))(flat(7)) is None


@pytest.mark.parametrize("real", [flat(5), flat(5, 5)], ids=["one", "equal"])
def test_real_images_that_do_not_differ_give_no_measure(real):
    assert diversity.Diversity(real)(flat(0, 255)) is None
