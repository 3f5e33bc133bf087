import numpy as np
import PIL.Image

from tf_dcgan.inspection import duplicates, records


def _averages(images):
    return records.of_images(images)["averages"]


def _groups(groups):
    return [group.tolist() for group in groups.members]


def _drawing(number, size=64):
    """[size, size, 3] uint8: a disc at one of many places, on a slope."""
    chance = np.random.default_rng(number)
    rows, columns = np.indices((size, size)) / size
    middle = chance.uniform(0.2, 0.8, 2)
    far = np.hypot(rows - middle[0], columns - middle[1])
    gray = 60 + 80 * columns + 100 * (far < chance.uniform(0.1, 0.3))
    colours = gray[..., None] * chance.uniform(0.6, 1, 3)
    return colours.clip(0, 255).astype(np.uint8)


def test_equal_pixels_are_one_group_and_shapes_matter():
    zeros = np.arange(24, dtype=np.uint8)
    images = [
        zeros.reshape(4, 6),
        zeros.reshape(6, 4),
        zeros.reshape(4, 6),
        zeros.reshape(4, 6).astype(np.uint16),
    ]
    digests = records.of_images(images)["digest"]
    assert _groups(duplicates.exact(digests, np.arange(4))) == [[0, 2]]
    # Of others, only the chosen indices count.
    assert _groups(duplicates.exact(digests, np.array([1, 2, 3]))) == []


def test_other_sizes_and_brightness_are_near_and_other_images_are_not():
    images = [_drawing(number) for number in range(40)]
    smaller = PIL.Image.fromarray(images[3]).resize((40, 40))
    images.append(np.asarray(smaller))
    images.append((images[5] * 0.8 + 10).astype(np.uint8))
    near = duplicates.near(_averages(images), np.arange(len(images)))
    assert _groups(near) == [[3, 40], [5, 41]]
    assert near.num_extra == 2


def test_images_of_other_colours_are_not_near():
    image = _drawing(0)
    other = image[..., ::-1].copy()
    assert np.abs(image.astype(int) - other).max() > 20
    averages = _averages([image, other])
    # Equal luminance alone must not be enough.
    averages = averages.reshape(2, 8, 9, 3).astype(float)
    weights = [0.299, 0.587, 0.114]
    averages[1] *= ((averages[0] @ weights) / (averages[1] @ weights))[
        ..., None
    ]
    averages = averages.clip(0, 255).astype(np.uint8).reshape(2, -1)
    assert _groups(duplicates.near(averages, np.arange(2))) == []


def test_noise_images_are_not_near():
    images = np.random.default_rng(0).integers(
        0, 256, (200, 28, 28), dtype=np.uint8
    )
    near = duplicates.near(_averages(images), np.arange(200))
    assert _groups(near) == []


def test_many_copies_of_one_image_are_one_group():
    chance = np.random.default_rng(0)
    one = _drawing(1).astype(int)
    images = [
        (one + chance.integers(-2, 3, one.shape)).clip(0, 255).astype(np.uint8)
        for _ in range(100)
    ]
    (group,) = duplicates.near(_averages(images), np.arange(100)).members
    assert len(group) == 100


def test_one_image_has_no_copies():
    averages = _averages([_drawing(0)])
    assert duplicates.near(averages, np.arange(1)).members == ()
    assert duplicates.near(averages, np.arange(0)).members == ()
