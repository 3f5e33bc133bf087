import numpy as np
import pytest

from tf_dcgan.data.preparing import sameness


def images(*values):
    """Images of one colour each."""
    return np.array(values, np.uint8)[:, None, None, None].repeat(4, 1)


def noise(count):
    return np.random.default_rng(0).integers(0, 256, (count, 4, 4, 3), np.uint8)


def notes(*chunks):
    counter = sameness.Sameness()
    for chunk in chunks:
        counter.add(chunk)
    return counter.notes()


def test_a_set_of_different_images_has_no_notes():
    assert notes(noise(300)) == []
    assert notes(noise(1)) == []
    assert notes() == []


@pytest.mark.parametrize(
    ("blank", "expected"),
    [
        (9, []),
        (10, ["10 of 100 images are of one colour"]),
        (81, ["81 of 100 images are of one colour"]),
    ],
)
def test_a_tenth_of_one_colour_is_told(blank, expected):
    plain = np.zeros((blank, 4, 4, 3), np.uint8)
    plain += np.arange(blank, dtype=np.uint8)[:, None, None, None]
    assert notes(noise(100 - blank), plain) == expected


def test_one_colour_means_the_same_in_every_channel():
    plain = np.tile(np.array([1, 2, 3], np.uint8), (3, 4, 4, 1))
    plain[1:] += np.arange(1, 3, dtype=np.uint8)[:, None, None, None]
    assert notes(plain) == ["all 3 images are of one colour"]


def test_copies_are_told():
    assert notes(noise(1).repeat(70, 0)) == ["all 70 images are the same image"]
    assert notes(noise(3).repeat(10, 0)) == [
        "the 30 images are copies of only 3 different ones"
    ]
    assert notes(noise(3).repeat(9, 0)) == []


def test_images_are_compared_across_chunks():
    one = noise(1)
    assert notes(one, one) == ["all 2 images are the same image"]
