import pytest

from tf_dcgan.data.preparing import shapes


def test_a_crop_leaves_a_shorter_side_as_it_is():
    counts = {(100, 50): 2, (80, 90): 3, (70, 50): 4}
    assert shapes.cropped(counts, (70, 60)) == {(70, 50): 6, (70, 60): 3}
    assert shapes.cropped(counts, None) == counts


def test_sizes_of_several_sets_are_counted_together():
    both = shapes.together({(4, 4): 1, (5, 5): 2}, {(5, 5): 3}, {})
    assert both == {(4, 4): 1, (5, 5): 5}


def test_the_typical_size_has_the_median_shape_and_the_median_area():
    assert shapes.typical({(480, 640): 7}) == pytest.approx((480, 640))
    # Of five images the third: width twice the height, 200 pixels.
    counts = {(10, 10): 2, (10, 20): 2, (10, 900): 1}
    assert shapes.typical(counts) == pytest.approx((10, 20))


def test_of_a_strip_a_square_keeps_its_short_side():
    assert shapes.kept((512, 80), (64, 64)) == pytest.approx(80 / 512)
    assert shapes.kept((80, 512), (64, 64)) == pytest.approx(80 / 512)
    assert shapes.kept((48, 64), (480, 640)) == pytest.approx(1)
    counts = {(512, 80): 1, (64, 64): 3}
    mean = (80 / 512 + 3) / 4
    assert shapes.mean_kept(counts, (32, 32)) == pytest.approx(mean)


def test_a_crop_is_enlarged_more_than_a_whole_image():
    counts = {(12, 77): 1, (200, 400): 1}
    assert shapes.enlargements(counts, (60, 154), whole=False) == {
        (12, 77): 5,
        (200, 400): 154 / 400,
    }
    assert shapes.enlargements(counts, (60, 154), whole=True) == {
        (12, 77): 2,
        (200, 400): 0.3,
    }
