"""A folder of images with everything that is wrong with people's folders."""

import os
import pathlib
import zlib

import numpy as np
import PIL.Image

# What a terminal would obey: clear the screen, set the title, go back.
ESCAPES = "\x1b[2J\x1b]0;gone\x07\b\r"
NOT_UTF8 = os.fsdecode(b"caf\xe9 \xff.png")
MARKUP = "<script>alert(1)&amp;\"'"
CLASS = "<b>\x1b[31m{{ facts }}"
TURNED_TEXT = "a\u202egnp.exe.png"  # U+202E turns the direction of writing.
DAMAGED = (
    "damaged/cut.jpg",
    "damaged/cut.png",
    "damaged/empty.png",
    "damaged/text.png",
    "damaged/nowhere.png",
    "damaged/flipped.png",
    "damaged/bomb.png",
    "odd/nan.tif",
    f"damaged/{MARKUP}.png",
    f"damaged/{ESCAPES}.png",
)


def photo(seed, height=48, width=64):
    """[height, width, 3] uint8: a few blurred shapes, unlike other seeds'."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    image = PIL.Image.fromarray(coarse)
    image = image.resize((width, height), PIL.Image.Resampling.BICUBIC)
    return np.asarray(image)


def write(folder):
    """Writes the folder; returns its path.

    Args:
        folder: a pathlib.Path that does not exist yet.
    """
    for name in ("cats", "dogs/old/very old", "lonely", "damaged", "odd"):
        (folder / name).mkdir(parents=True)
    for number in range(30):
        _save(photo(number), folder / f"cats/{number:02d}.png")
    for number in range(12):
        path = folder / f"dogs/old/very old/{number}.jpg"
        _save(photo(100 + number), path, quality=92)
    _save(photo(200), folder / "lonely/only.webp")
    (folder / CLASS).mkdir()
    for number in range(2):
        _save(photo(210 + number), folder / CLASS / f"{number}.png")
    _write_modes(folder / "odd")
    _write_copies(folder)
    _write_damaged(folder / "damaged")
    _write_names(folder / "odd")
    _write_what_is_no_image(folder)
    return folder


def _write_modes(folder):
    image = PIL.Image.fromarray(photo(300))
    gray = image.convert("L")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.convert("P").save(folder / "palette.png")
    gray.convert("1").save(folder / "bits.png")
    image.convert("LA").save(folder / "gray alpha.png")
    transparent = image.convert("RGBA")
    transparent.putalpha(gray)
    transparent.save(folder / "alpha.png")
    twelve_bits = (np.asarray(gray, np.uint16) << 4) | 9
    PIL.Image.fromarray(twelve_bits).save(folder / "twelve bits.png")
    PIL.Image.fromarray(twelve_bits).save(folder / "twelve bits.tif")
    values = np.asarray(gray, np.int32) * 20 - 1000
    PIL.Image.fromarray(values).save(folder / "signed.tif")
    values = np.asarray(gray, np.float32) / 255
    PIL.Image.fromarray(values).save(folder / "float.tif")
    values = values.copy()
    values[3, 4] = np.nan
    PIL.Image.fromarray(values).save(folder / "nan.tif")
    frames = [PIL.Image.fromarray(photo(400 + n)) for n in range(3)]
    frames[0].save(
        folder / "moving.gif", save_all=True, append_images=frames[1:]
    )
    frames[0].save(
        folder / "pages.tif", save_all=True, append_images=frames[1:]
    )
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # To be turned by a quarter.
    PIL.Image.fromarray(photo(500)).save(folder / "turned.jpg", exif=exif)
    gray.convert("RGB").save(folder / "gray in colour.bmp")
    _save(photo(501, 8, 400), folder / "strip.png")
    _save(photo(502, 300, 2), folder / "needle.png")
    _save(photo(503, 1, 1), folder / "dot.png")
    # The suffix of another format.
    PIL.Image.fromarray(photo(504)).save(folder / "jpeg.png", format="JPEG")
    PIL.Image.fromarray(photo(505)).save(folder / "no suffix", format="PNG")


def _write_copies(folder):
    # Equal pixels: the same file, another format, another class.
    _save(photo(0), folder / "cats/copy of 00.png")
    _save(photo(0), folder / "dogs/00.bmp")
    # Almost equal: compressed, smaller, brighter.
    _save(photo(1), folder / "cats/01 squeezed.jpg", quality=40)
    small = PIL.Image.fromarray(photo(2)).resize((32, 24))
    small.save(folder / "cats/02 small.png")
    brighter = np.clip(photo(3).astype(int) * 9 // 10 + 20, 0, 255)
    _save(brighter.astype(np.uint8), folder / "cats/03 brighter.png")
    _save(np.full((20, 20, 3), 255, np.uint8), folder / "odd/white.png")
    _save(np.zeros((20, 30), np.uint8), folder / "odd/black.gif")
    # Drawn in white on transparency: white on white.
    drawing = np.full((20, 20, 4), 255, np.uint8)
    drawing[..., 3] = photo(600, 20, 20)[..., 0]
    _save(drawing, folder / "odd/white on nothing.png")


def _write_damaged(folder):
    for suffix in ("jpg", "png"):
        whole = folder / f"whole.{suffix}"
        _save(
            np.random.default_rng(7).integers(
                0, 256, (64, 64, 3), dtype=np.uint8
            ),
            whole,
        )
        content = whole.read_bytes()
        whole.unlink()
        (folder / f"cut.{suffix}").write_bytes(content[: len(content) // 2])
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 255
    (folder / "flipped.png").write_bytes(flipped)
    for name in ("empty", MARKUP, ESCAPES):
        (folder / f"{name}.png").write_bytes(b"")
    (folder / "text.png").write_text("I am no image.\n")
    (folder / "nowhere.png").symlink_to("is not there.png")
    # Its header alone says that it has a hundred thousand columns and rows.
    bomb = PIL.Image.new("1", (100_000, 1))
    bomb.save(folder / "bomb.png")
    content = bytearray((folder / "bomb.png").read_bytes())
    content[20:24] = (100_000).to_bytes(4, "big")
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    (folder / "bomb.png").write_bytes(content)


def _write_names(folder):
    for number, name in enumerate(
        (
            f"{ESCAPES}.png",
            NOT_UTF8,
            f"{MARKUP}.png",
            TURNED_TEXT,
            " leading and trailing .png",
            "猫" * 60 + ".png",
            "new\nline.png",
        )
    ):
        _save(photo(700 + number), folder / name)


def _write_what_is_no_image(folder):
    (folder / "readme.txt").write_text("hello\n")
    (folder / "cats/labels.csv").write_text("file,class\n")
    (folder / "Thumbs.db").write_bytes(b"\0" * 100)
    (folder / ".cache").mkdir()
    _save(photo(800), folder / ".cache/hidden.png")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "dogs/back to the top").symlink_to(folder)
    other = folder.parent / f"{folder.name} beside"
    other.mkdir()
    _save(photo(801), other / "linked.png")
    (folder / "dogs/linked").symlink_to(other)


def _save(pixels, path, **options):
    PIL.Image.fromarray(pixels).save(pathlib.Path(path), **options)
