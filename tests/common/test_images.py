import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from tf_dcgan.common import errors, images


def random_pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("kind", [np.array, tf.constant])
def test_gray_becomes_rgb_of_the_same_kind(kind):
    gray = kind(random_pixels(2, 3, 4, 5, 1))
    rgb = images.to_channels(gray, 3)
    assert tf.is_tensor(rgb) == tf.is_tensor(gray)
    assert rgb.dtype == gray.dtype and rgb.shape == (2, 3, 4, 5, 3)
    for channel in range(3):
        np.testing.assert_array_equal(rgb[..., channel], gray[..., 0])


def test_images_of_the_wanted_channels_stay_as_they_are():
    for channels in (1, 3):
        pixels = random_pixels(2, 4, 4, channels)
        assert images.to_channels(pixels, channels) is pixels


def test_rgb_never_becomes_gray():
    with pytest.raises(ValueError, match=r"shape=\(4, 4, 3\), channels=1"):
        images.to_channels(random_pixels(4, 4, 3), 1)


def test_to_float_maps_the_ends_to_minus_one_and_one():
    floats = images.to_float(np.array([0, 51, 255], np.uint8))
    assert floats.dtype == tf.float32
    np.testing.assert_allclose(floats, [-1.0, -0.6, 1.0], atol=1e-6)


def test_to_float_refuses_images_that_are_scaled_already():
    with pytest.raises(TypeError, match="dtype=float32"):
        images.to_float(np.zeros([2, 2], np.float32))


def test_to_uint8_undoes_to_float_for_every_value():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(
        images.to_uint8(images.to_float(values)), values
    )


def test_to_uint8_rounds_halves_to_the_even_neighbour():
    # float32 lands on the half exactly for these, though not for all.
    halves = np.array([100.5, 101.5, 127.5, 128.5])
    floats = (halves / 127.5 - 1).astype(np.float32)
    assert images.to_uint8(floats).numpy().tolist() == [100, 102, 128, 128]


def test_to_uint8_saturates():
    floats = tf.constant([-1.5, -1.0, 1.0, 1.01, 40.0])
    assert images.to_uint8(floats).numpy().tolist() == [0, 0, 255, 255, 255]


def test_to_uint8_takes_half_precision():
    # The second is exact in bfloat16, but its sum with 1 is not: there it
    # would become 129.
    floats = tf.constant([-1.0, 5 / 256, 1.0], tf.bfloat16)
    assert images.to_uint8(floats).numpy().tolist() == [0, 130, 255]


def test_to_uint8_refuses_images_that_are_scaled_already():
    with pytest.raises(TypeError, match="dtype=uint8"):
        images.to_uint8(np.zeros([2, 2], np.uint8))


@pytest.mark.slow
def test_both_ways_work_inside_a_function_of_any_batch_size():
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.uint8)])
    def there_and_back(uint8_images):
        return images.to_uint8(images.to_float(uint8_images))

    pixels = random_pixels(3, 2)
    np.testing.assert_array_equal(there_and_back(pixels), pixels)


@pytest.mark.parametrize("convert", [np.asarray, tf.constant])
def test_crop_keeps_the_content_box(convert):
    pixels = random_pixels(2, 8, 9, 3)
    cropped = images.crop(convert(pixels), (1, 2, 5, 4))
    np.testing.assert_array_equal(cropped, pixels[:, 1:6, 2:6, :])


def test_crop_takes_a_single_image():
    pixels = random_pixels(8, 9, 1)
    assert images.crop(pixels, (0, 0, 8, 4)).shape == (8, 4, 1)


def test_grid_lays_images_out_row_by_row():
    tiles = np.arange(1, 5, dtype=np.uint8).reshape(4, 1, 1, 1)
    canvas = images.grid(tiles, gap=0)
    assert canvas[..., 0].tolist() == [[1, 2], [3, 4]]


def test_grid_separates_and_frames_the_images():
    tiles = np.array([100, 200], np.uint8).reshape(2, 1, 1, 1)
    canvas = images.grid(tiles, columns=2, gap=1)[..., 0]
    gap = canvas[0, 0]
    assert 0 < gap < 100
    assert canvas.tolist() == [
        [gap, gap, gap, gap, gap],
        [gap, 100, gap, 200, gap],
        [gap, gap, gap, gap, gap],
    ]


def test_grid_leaves_the_rest_of_the_last_row_black():
    tiles = np.array([9, 8, 7], np.uint8).reshape(3, 1, 1, 1)
    assert images.grid(tiles, gap=0)[..., 0].tolist() == [[9, 8], [7, 0]]


@pytest.mark.parametrize(
    ("count", "rows", "columns"),
    [(1, 1, 1), (2, 1, 2), (4, 2, 2), (5, 2, 3), (10, 3, 4), (64, 8, 8)],
)
def test_grid_is_nearly_square_by_default(count, rows, columns):
    canvas = images.grid(np.zeros([count, 3, 5, 1], np.uint8), gap=0)
    assert canvas.shape == (3 * rows, 5 * columns, 1)


def test_grid_of_64_mnist_images_is_242_pixels_wide():
    canvas = images.grid(np.zeros([64, 28, 28, 3], np.uint8))
    assert canvas.shape == (242, 242, 3)


@pytest.mark.parametrize(
    "tiles",
    [
        np.zeros([0, 2, 2, 1], np.uint8),
        np.zeros([2, 2, 1], np.uint8),
        np.zeros([1, 2, 2, 1], np.float32),
    ],
)
def test_grid_refuses_what_are_not_images(tiles):
    with pytest.raises(ValueError, match="Received: shape="):
        images.grid(tiles)


def test_enlarge_repeats_each_pixel():
    image = np.array([[[1], [2]]], np.uint8)
    assert images.enlarge(image, 2)[..., 0].tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
    ]


@pytest.mark.parametrize("channels", [1, 3])
def test_reduce_averages_squares_and_what_is_left_at_the_edge(channels):
    pixels = [[10, 20, 50], [30, 40, 70], [7, 9, 5]]
    image = np.repeat(np.array(pixels, np.uint8)[..., np.newaxis], channels, -1)
    reduced = images.reduce(image, 2)
    assert reduced.shape == (2, 2, channels)
    for channel in range(channels):
        assert reduced[..., channel].tolist() == [[25, 60], [8, 5]]
    np.testing.assert_array_equal(images.reduce(image, 1), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_png_keeps_every_pixel(tmp_path, channels):
    pixels = random_pixels(5, 7, channels)
    images.write_png(tmp_path / "new" / "a.png", pixels)
    np.testing.assert_array_equal(
        images.read_png(tmp_path / "new" / "a.png"), pixels
    )


def test_png_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path):
    images.write_png(tmp_path / "a.png", random_pixels(5, 7, 1))
    images.write_png(tmp_path / "a.png", np.zeros([2, 2, 1], np.uint8))
    assert images.read_png(tmp_path / "a.png").shape == (2, 2, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_png_refuses_floats(tmp_path):
    with pytest.raises(ValueError, match="dtype=float64"):
        images.write_png(tmp_path / "a.png", np.zeros([2, 2, 1]))
    assert not list(tmp_path.iterdir())


def test_a_png_that_is_cut_short_is_a_user_error(tmp_path):
    path = tmp_path / "a.png"
    images.write_png(path, random_pixels(50, 70, 1))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(errors.UserError, match="a.png is not an image"):
        images.read_png(path)


def test_gif_has_its_frames_durations_and_repeats_for_ever(tmp_path):
    frames = random_pixels(3, 6, 8, 1)
    images.write_gif(
        tmp_path / "a.gif",
        iter(frames),
        seconds_per_frame=0.25,
        hold_last_seconds=1.5,
    )
    with PIL.Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 3
        assert gif.info["loop"] == 0
        durations = []
        for place, frame in enumerate(frames):
            gif.seek(place)
            durations.append(gif.info["duration"])
            np.testing.assert_array_equal(gif.convert("L"), frame[..., 0])
    assert durations == [250, 250, 1500]


def test_gif_of_one_frame_is_held(tmp_path):
    images.write_gif(tmp_path / "a.gif", random_pixels(1, 6, 8, 1))
    with PIL.Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 1
        assert gif.info["duration"] == 2000


def test_gif_keeps_up_to_256_colours_per_frame(tmp_path):
    frames = random_pixels(2, 10, 20, 3)  # 200 colours each.
    images.write_gif(tmp_path / "a.gif", frames)
    with PIL.Image.open(tmp_path / "a.gif") as gif:
        for place, frame in enumerate(frames):
            gif.seek(place)
            difference = np.asarray(gif.convert("RGB"), int) - frame
            assert np.abs(difference).max() <= 4


def test_gif_refuses_no_frames_and_frames_of_two_sizes(tmp_path):
    with pytest.raises(ValueError, match="Received: 0 frames"):
        images.write_gif(tmp_path / "a.gif", [])
    with pytest.raises(ValueError, match=r"\(3, 2\), \(4, 2\)"):
        images.write_gif(
            tmp_path / "a.gif",
            [random_pixels(2, 4, 1), random_pixels(2, 3, 1)],
        )
    assert not list(tmp_path.iterdir())
