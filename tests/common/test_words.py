from tf_dcgan.common import words


def test_one_thing_has_no_plural():
    assert words.counted(1, "image") == "1 image"
    assert words.counted(0, "image") == "0 images"
    assert words.counted(60_000, "image") == "60,000 images"


def test_a_range_of_one_number_is_that_number():
    assert words.at_least_1(1) == "1"
    assert words.at_least_1(60_000) == "1 to 60,000"


def test_a_version_is_written_with_points():
    assert words.dotted((9, 24)) == "9.24"
