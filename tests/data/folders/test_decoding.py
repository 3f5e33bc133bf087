import os
import struct
import zlib

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from tf_dcgan.common import errors
from tf_dcgan.data.folders import decoding

# Left red, right blue, twice as wide as high.
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def two_colours():
    image = PIL.Image.new("RGB", (8, 4), RED)
    image.paste(BLUE, (4, 0, 8, 4))
    return image


def save(image, path, **keywords):
    image.save(path, **keywords)
    return path


def refusal(path):
    with pytest.raises(decoding.DamagedImageError) as caught:
        decoding.read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("mode", "colour", "suffix", "expected"),
    [
        ("1", 1, "png", [255]),
        ("L", 7, "png", [7]),
        ("LA", (0, 51), "png", [204]),
        ("RGB", (1, 2, 3), "png", [1, 2, 3]),
        ("RGB", (1, 2, 3), "BMP", [1, 2, 3]),
        ("RGBA", (0, 100, 255, 51), "png", [204, 224, 255]),
        ("RGBA", (9, 9, 9, 0), "webp", [255, 255, 255]),
        ("CMYK", (255, 0, 0, 0), "tif", [0, 255, 255]),
    ],
)
def test_each_mode_becomes_gray_or_rgb(
    tmp_path, mode, colour, suffix, expected
):
    keywords = {"lossless": True} if suffix == "webp" else {}
    image = PIL.Image.new(mode, (3, 2), colour)
    path = save(image, tmp_path / f"x.{suffix}", **keywords)
    header = decoding.read_header(path)
    assert (header.height, header.width) == (2, 3)
    assert header.channels == len(expected)
    pixels = decoding.read(path)
    assert pixels.dtype == np.uint8 and pixels.shape == (2, 3, len(expected))
    np.testing.assert_allclose(pixels[1, 2].astype(int), expected, atol=1)


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_the_transparent_colour_of_a_palette_is_white(tmp_path, suffix):
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    path = save(image, tmp_path / f"x.{suffix}", transparency=0)
    assert decoding.read_header(path).channels == 3
    assert decoding.read(path).tolist() == [[[255] * 3, [200, 100, 50]]]


def test_a_set_decides_whether_an_image_is_gray(tmp_path):
    gray = save(PIL.Image.new("L", (1, 1), 5), tmp_path / "gray.png")
    assert decoding.read(gray, decoding.How(channels=3)).tolist() == [
        [[5, 5, 5]]
    ]
    red = save(PIL.Image.new("RGB", (1, 1), RED), tmp_path / "red.png")
    assert decoding.read(red, decoding.How(channels=1)).tolist() == [[[76]]]


# What EXIF's eight numbers say of an image stored as `two_colours`: where the
# red is, seen upright.
UPRIGHT = {1: "left", 2: "right", 3: "right", 4: "left"}
UPRIGHT |= {5: "top", 6: "top", 7: "bottom", 8: "bottom"}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_the_orientation_of_exif_is_applied(tmp_path, orientation, suffix):
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    keywords = {"lossless": True} if suffix == "webp" else {}
    path = save(two_colours(), tmp_path / f"x.{suffix}", exif=exif, **keywords)
    pixels = decoding.read(path)
    header = decoding.read_header(path)
    lies = orientation <= 4
    assert pixels.shape == ((4, 8, 3) if lies else (8, 4, 3))
    assert (header.height, header.width) == pixels.shape[:2]
    corner = {
        "left": pixels[:, 0],
        "right": pixels[:, -1],
        "top": pixels[0],
        "bottom": pixels[-1],
    }[UPRIGHT[orientation]]
    assert np.all(corner == RED)


def test_an_orientation_turns_as_pillow_does(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5), dtype=np.uint8)
    for orientation in range(1, 9):
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        path = save(PIL.Image.fromarray(pixels), tmp_path / "x.png", exif=exif)
        with PIL.Image.open(path) as image:
            turned = np.asarray(PIL.ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(decoding.read(path)[..., 0], turned)


def test_the_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [PIL.Image.new("RGB", (4, 4), c) for c in (RED, BLUE)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert np.all(decoding.read(tmp_path / "x.gif") == RED)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "webp", "tif"])
def test_a_file_cut_short_is_damaged(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3))
    image = PIL.Image.fromarray(noise.astype(np.uint8))
    path = save(image, tmp_path / f"x.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refusal(path)


def test_what_is_no_image_is_damaged(tmp_path):
    for content in (b"", b"no image", b"\x89PNG\r\n\x1a\n" + b"\0" * 30):
        (tmp_path / "x.png").write_bytes(content)
        refusal(tmp_path / "x.png")
        with pytest.raises(decoding.DamagedImageError):
            decoding.read_header(tmp_path / "x.png")
    assert "No such file" in refusal(tmp_path / "missing.png")


def deep_png(path, values):
    """Writes a PNG of 16 bits and 1 to 4 channels, which Pillow cannot."""

    def chunk(name, content):
        check = zlib.crc32(name + content)
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", check)
        )

    height, width, channels = values.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.tobytes() for row in values.astype(">u2"))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(
            b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
        )
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path


def values_of(path):
    [values] = decoding.read_values(path)
    if isinstance(values, Exception):
        raise values
    return values


def deep(dtype, *, channels=1):
    chance = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        return chance.normal(size=(3, 5, channels)).astype(dtype)
    low, high = (0, 4096) if np.dtype(dtype).kind == "u" else (-1000, 3000)
    return chance.integers(low, high, (3, 5, channels)).astype(dtype)


def stored_as_tiff(path, values, *, sample_format, photometric=1):
    """Writes an uncompressed TIFF of any type of numbers."""
    height, width, channels = values.shape
    bits = values.dtype.itemsize * 8
    content = values.tobytes()
    entries = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 8),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(content)),
        (339, 3, 1, sample_format),
    ]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    path.write_bytes(
        struct.pack("<2sHI", b"II", 42, 8 + len(content))
        + content
        + struct.pack("<H", len(entries))
        + table
        + bytes(4)
    )
    return path


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_both_bytes(tmp_path, channels):
    values = deep(np.uint16, channels=channels)
    if channels in (2, 4):
        values[..., -1] = 65_535  # Nothing is transparent.
    path = deep_png(tmp_path / "x.png", values)
    colours = values[..., : channels - (channels in (2, 4))]
    np.testing.assert_array_equal(values_of(path), colours)
    header = decoding.read_header(path)
    assert (header.depth, header.channels) == ("16-bit", colours.shape[2])
    with pytest.raises(decoding.DamagedImageError, match="no scale is known"):
        decoding.read(path)


def test_a_tiff_of_16_bits_in_colour_keeps_both_bytes(tmp_path):
    # Pillow reads it and cannot write it: three planes of one pixel each.
    values = deep(np.uint16, channels=3)
    path = stored_as_tiff(tmp_path / "x.tif", values, sample_format=1)
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<HHII", 258, 3, 1, 16))
    # BitsPerSample of three numbers lies elsewhere in the file.
    content[place : place + 12] = struct.pack("<HHII", 258, 3, 3, len(content))
    place = content.index(struct.pack("<HHII", 262, 3, 1, 1))
    content[place : place + 12] = struct.pack("<HHII", 262, 3, 1, 2)
    place = content.index(struct.pack("<HHII", 339, 3, 1, 1))
    content[place : place + 12] = struct.pack("<HHII", 339, 3, 1, 1)
    path.write_bytes(bytes(content) + struct.pack("<HHH", 16, 16, 16))
    np.testing.assert_array_equal(values_of(path), values)
    assert decoding.read_header(path).depth == "16-bit"


@pytest.mark.parametrize(
    ("dtype", "sample_format", "depth"),
    [
        (np.uint16, 1, "16-bit"),
        (np.int16, 2, "16-bit"),
        (np.int32, 2, "32-bit"),
        (np.uint32, 1, "32-bit"),
        (np.float32, 3, "floating-point"),
    ],
)
def test_a_tiff_keeps_values_of_every_type(
    tmp_path, dtype, sample_format, depth
):
    values = deep(dtype)
    if dtype is np.uint32:
        values[0, 0] = 2**32 - 5  # Pillow takes it for a negative number.
    path = stored_as_tiff(
        tmp_path / "x.tif", values, sample_format=sample_format
    )
    np.testing.assert_array_equal(values_of(path), values)
    assert decoding.read_header(path).depth == depth


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_whose_zero_is_white_is_read_with_white_high(tmp_path, dtype):
    values = np.array([[[0], [1], [np.iinfo(dtype).max]]], dtype)
    path = stored_as_tiff(
        tmp_path / "x.tif", values, sample_format=1, photometric=0
    )
    highest = np.iinfo(dtype).max
    if dtype is np.uint8:
        assert decoding.read(path).ravel().tolist() == [255, 254, 0]
    else:
        assert values_of(path).ravel().tolist() == [highest, highest - 1, 0]


def test_deep_values_are_scaled_by_the_range_that_is_given(tmp_path):
    path = deep_png(
        tmp_path / "x.png", np.array([[[0], [1000], [4095], [9000]]])
    )
    scaled = decoding.read(path, decoding.How(scale=(0.0, 4095.0)))
    assert scaled.ravel().tolist() == [0, 62, 255, 255]
    how = decoding.How(channels=3, scale=(0.0, 4095.0))
    assert decoding.read(path, how).shape[2] == 3


def test_deep_transparent_pixels_take_the_highest_value(tmp_path):
    values = np.array([[[100, 0], [100, 65_535]]])
    path = deep_png(tmp_path / "x.png", values)
    scaled = decoding.read(path, decoding.How(scale=(0.0, 4095.0)))
    assert scaled.ravel().tolist() == [255, 6]
    # For the search of the range the image's own highest value is taken.
    assert values_of(path).max() == 100


@pytest.mark.parametrize("orientation", range(2, 9))
def test_deep_images_are_turned_as_others(tmp_path, orientation):
    pixels = np.arange(15, dtype=np.uint8).reshape(3, 5)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    shown, stored = tmp_path / "shown.png", tmp_path / "deep.png"
    save(PIL.Image.fromarray(pixels), shown, exif=exif)
    save(PIL.Image.fromarray(pixels.astype(np.uint16)), stored, exif=exif)
    np.testing.assert_array_equal(values_of(stored), decoding.read(shown))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_named(tmp_path, bad):
    path = save(
        PIL.Image.fromarray(np.array([[0.5, bad]], np.float32)),
        tmp_path / "x.tif",
    )
    with pytest.raises(decoding.NotFiniteError, match="1 value is NaN"):
        values_of(path)
    damaged = decoding.Damaged(str(tmp_path), 80)
    damaged.add(str(path), decoding.NotFiniteError("1 of its values"))
    assert damaged.note() == (
        "1 of 80 files are damaged and left out: x.tif (NaN or infinity)"
    )


def test_an_image_of_8_bits_is_no_image_of_a_deep_set(tmp_path):
    path = save(PIL.Image.new("L", (1, 1)), tmp_path / "x.png")
    with pytest.raises(decoding.DamagedImageError, match="it is 8-bit"):
        decoding.read(path, decoding.How(scale=(0.0, 1.0)))


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_that_cannot_be_read_whole_are_damaged(tmp_path, channels):
    # SGI with two bytes per channel, of which Pillow keeps the upper one.
    path = tmp_path / "x.sgi"
    header = struct.pack(
        ">HBBHHHHII", 474, 0, 2, 2 + (channels > 1), 2, 2, channels, 0, 9
    )
    path.write_bytes(header.ljust(512, b"\0") + bytes(8 * channels))
    assert decoding.read_header(path).depth == "16-bit"
    with pytest.raises(decoding.DamagedImageError, match="be read whole: save"):
        values_of(path)


@pytest.mark.parametrize("suffix", ["tif", "gif"])
def test_damage_behind_the_first_image_does_not_lose_it(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (3, 32, 32), np.uint8)
    frames = list(map(PIL.Image.fromarray, noise))
    path = tmp_path / f"x.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 5 // 9])
    assert decoding.read_header(path).height == 32
    np.testing.assert_array_equal(decoding.read(path)[..., 0], noise[0])
    assert len(decoding.read_headers(path)) in (1, 2)


def test_postscript_is_never_run_whatever_its_name(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    )
    assert refusal(path) == "it is no image"
    assert not {".eps", ".ps", ".wmf", ".mpg", ".h5"} & decoding.suffixes()
    assert {".png", ".jfif", ".jp2", ".mpo", ".tga"} <= decoding.suffixes()


@pytest.mark.parametrize("side", [9_461, 20_000])
def test_more_pixels_than_pillow_allows_are_damaged(tmp_path, side):
    # The header of a PNG, which is all that is read. 9,461 squared is just
    # past the limit, where Pillow warns; from twice the limit on it raises.
    path = save(PIL.Image.new("L", (1, 1)), tmp_path / "x.png")
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    assert refusal(path) == "it has more than 89,478,485 pixels"


def test_a_tenth_of_the_files_may_be_damaged_and_no_more():
    damaged = decoding.Damaged("/photos", 80)
    assert damaged.note() is None
    for number in range(8):
        damaged.add(f"/photos/cat/{number}.png", ValueError("cut short"))
    assert damaged.note() == (
        "8 of 80 files are damaged and left out: cat/0.png, cat/1.png, "
        "cat/2.png, cat/3.png, cat/4.png, …"
    )
    with pytest.raises(errors.UserError) as caught:
        damaged.add("/photos/x.png", ValueError("it is no image"))
    assert str(caught.value) == (
        "/photos: at least 9 of 80 images are damaged, and at most 10% may "
        "be: cat/0.png, cat/1.png, cat/2.png, cat/3.png, cat/4.png, … (the "
        "first: cut short): mend or remove them"
    )


def test_of_too_many_damaged_files_five_are_looked_for():
    damaged = decoding.Damaged("/photos", 14)
    for number in range(4):
        damaged.add(f"/photos/{number}.png", ValueError("it is no image"))
    with pytest.raises(errors.UserError) as caught:
        damaged.note()
    assert str(caught.value) == (
        "/photos: 4 of 14 images are damaged, and at most 10% may be: "
        "0.png, 1.png, 2.png, 3.png (the first: it is no image): mend or "
        "remove them"
    )
    with pytest.raises(errors.UserError, match="at least 5 of 14 .* 4.png "):
        damaged.add("/photos/4.png", ValueError("it is no image"))


def test_a_name_that_is_not_utf_8_can_be_told():
    assert decoding.readable(os.fsdecode(b"a\xff.png")) == "a\ufffd.png"
