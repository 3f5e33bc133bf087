import os
import zipfile

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import errors
from tf_dcgan.sampling import translated_files, translators


def save(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    PIL.Image.fromarray(pixels).save(path)


def plan(tmp_path):
    return translated_files.plan(
        tmp_path / "in", tmp_path / "out", channels=3, smallest=1
    )


def names(tmp_path, planned):
    return {
        str(source.relative_to(tmp_path / "in")): str(
            target.relative_to(tmp_path / "out")
        )
        for source, target in planned.pairs
    }


def test_one_stem_with_two_suffixes_becomes_two_names_and_a_note(tmp_path):
    for name in ("a.jpg", "a.png", "b.bmp", "b.jpg", "c.jpg", "d/a.bmp"):
        save(tmp_path / "in" / name)
    planned = plan(tmp_path)
    assert names(tmp_path, planned) == {
        "a.jpg": "a.jpg.png",
        "a.png": "a.png",
        "b.bmp": "b.png",
        "b.jpg": "b.jpg.png",
        "c.jpg": "c.png",
        "d/a.bmp": "d/a.png",
    }
    (note,) = planned.notes
    assert note == (
        "2 of 6 images differ from others in their suffix alone: a.jpg "
        "becomes a.jpg.png, b.jpg becomes b.jpg.png"
    )


def test_a_name_that_a_renamed_translation_would_take_stays_free(tmp_path):
    for name in ("a.jpg", "a.png", "a.jpg.png", "a.jpg_2.png"):
        save(tmp_path / "in" / name)
    targets = names(tmp_path, plan(tmp_path))
    assert targets["a.jpg.png"] == "a.jpg.png"
    assert targets["a.jpg"] == "a.jpg_3.png"
    assert len(set(targets.values())) == 4


@pytest.mark.parametrize("stem", ["猫" * 79, "x" * 251, "猫" * 83 + "xx"])
def test_an_image_with_a_long_name_is_translated(tmp_path, stem):
    save(tmp_path / "in" / f"{stem}.png")
    save(tmp_path / "in" / f"{stem}.jpg")
    planned = plan(tmp_path)
    translated_files.write(
        planned, lambda batch: batch, fit=lambda pixels: pixels, channels=3
    )
    written = set(os.listdir(tmp_path / "out"))
    assert f"{stem}.png" in written and len(written) == 2
    assert written == set(names(tmp_path, planned).values())


def test_what_cannot_be_replaced_is_found_before_the_first_is_written(
    tmp_path,
):
    save(tmp_path / "in" / "a.png")
    save(tmp_path / "in" / "b.png")
    (tmp_path / "out").mkdir()
    b = tmp_path / "out" / "b.png"
    makers = (
        (lambda: b.symlink_to("b.png"), "a link that leads back to itself"),
        (b.mkdir, "a folder, not a file"),
        (lambda: os.mkfifo(b), "a FIFO, not a file"),
        (lambda: b.symlink_to("/dev/null"), "a device, not a file"),
    )
    for make, words in makers:
        make()
        with pytest.raises(errors.UserError, match=words) as refusal:
            plan(tmp_path)
        assert "give another folder as --out" in str(refusal.value)
        b.rmdir() if b.is_dir() else b.unlink()


def test_a_folder_of_images_may_be_called_as_a_translation(tmp_path):
    save(tmp_path / "in" / "a.jpg")
    save(tmp_path / "in" / "a.png" / "b.png")
    with pytest.raises(errors.UserError, match="has to be a folder"):
        plan(tmp_path)


@pytest.mark.parametrize("kind", ["zip", "npy", "npz"])
def test_packed_images_are_translated_into_the_files_of_their_names(
    tmp_path, kind
):
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 256, (40, 16, 12, 3), dtype=np.uint8)
    source = tmp_path / f"in.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(source, "w") as archive:
            for number, image in enumerate(pixels):
                path = tmp_path / "image.png"
                PIL.Image.fromarray(image).save(path)
                archive.write(path, f"top/{number:05d}.png")
    elif kind == "npy":
        np.save(source, pixels)
    else:
        np.savez_compressed(source, images=pixels)
    planned = translated_files.plan(
        source, tmp_path / "out", channels=3, smallest=1
    )
    assert planned.notes == ()
    translated_files.write(
        planned,
        lambda batch: 255 - batch,
        fit=translators.at_own_size,
        channels=3,
    )
    written = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in written] == [
        f"{number:05d}.png" for number in range(40)
    ]
    for path, image in zip(written, pixels, strict=True):
        np.testing.assert_array_equal(PIL.Image.open(path), 255 - image)


def test_arrays_get_the_channels_and_the_scale_of_the_run(tmp_path):
    colours = np.full((2, 4, 4, 3), (255, 0, 0), np.uint8)
    np.savez(tmp_path / "x.npz", x_train=colours, x_test=colours[:1])
    planned = translated_files.plan(
        tmp_path / "x.npz", tmp_path / "out", channels=1, smallest=1
    )
    assert [str(t.relative_to(tmp_path)) for _, t in planned.pairs] == [
        "out/train/00000.png",
        "out/train/00001.png",
        "out/test/00000.png",
    ]
    gray = planned.read(planned.pairs[0][0], channels=1)
    assert gray.shape == (4, 4, 1) and set(gray.ravel()) == {76}
    np.save(tmp_path / "x.npy", np.full((1, 4, 4), 7, np.uint16))
    deep = translated_files.plan(
        tmp_path / "x.npy",
        tmp_path / "out",
        channels=3,
        smallest=1,
        value_range=(0.0, 14.0),
    )
    image = deep.read(deep.pairs[0][0], channels=3)
    assert image.shape == (4, 4, 3) and set(image.ravel()) == {128}
    with pytest.raises(errors.UserError, match="of the same depth"):
        translated_files.plan(
            tmp_path / "x.npz",
            tmp_path / "out",
            channels=3,
            smallest=1,
            value_range=(0.0, 14.0),
        )
