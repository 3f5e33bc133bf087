"""`python -m tf_dcgan translate`, called as its users call it."""

import os
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import tiny_data

from tf_dcgan.commands import translate
from tf_dcgan.common import devices, errors, images
from tf_dcgan.data import reading
from tf_dcgan.models import cyclegan
from tf_dcgan.runs import runs
from tf_dcgan.sampling import (
    generators,
    given_images,
    translated_files,
    translators,
)

# Each test needs a trained run.
pytestmark = pytest.mark.slow


def _translate(*flags):
    translate.main(["translate.py", *flags])


def _save(path, *, height=24, width=24, channels=3, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    (pixels,) = tiny_data.images(
        1, height=height, width=width, channels=channels, seed=seed
    )
    PIL.Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(path)
    return pixels


def _names(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file()
    )


@pytest.fixture
def flags(translated, tmp_path):
    """Flags but for the input; the output is `out`."""
    return [f"--run_dir={translated[0]}", f"--out={tmp_path / 'out'}"]


@pytest.mark.slow
def test_a_folder_becomes_pngs_of_the_same_names(flags, tmp_path, capsys):
    _save(tmp_path / "in" / "one.png")
    _save(tmp_path / "in" / "below" / "two.b.bmp", height=60, width=50)
    _translate(*flags, f"--input={tmp_path / 'in'}")
    assert _names(tmp_path / "out") == ["below/two.b.png", "one.png"]
    for name in ("below/two.b.png", "one.png"):
        assert images.read_png(tmp_path / "out" / name).shape == (24, 24, 3)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{tmp_path / 'out'}: 2 images of {tmp_path / 'in'}")
    assert line.endswith(", at 24x24, ema weights of step 4")


@pytest.mark.parametrize(
    ("direction", "weights"),
    [("a_to_b", "ema"), ("b_to_a", "ema"), ("a_to_b", "raw")],
)
def test_each_translation_is_that_of_the_generator_asked_for(
    translated, flags, tmp_path, direction, weights
):
    pixels = _save(tmp_path / "one.png")
    _translate(
        *flags,
        f"--input={tmp_path / 'one.png'}",
        f"--direction={direction}",
        f"--weights={weights}",
    )
    run = runs.open_run(translated[0])
    pair, step = generators.load_translators(run, weights)
    assert step == 4
    index = cyclegan.DIRECTIONS.index(direction)
    expected = translators.Translator(pair[index])(pixels[np.newaxis])[0]
    other = translators.Translator(pair[1 - index])(pixels[np.newaxis])[0]
    translation = images.read_png(tmp_path / "out" / "one.png")
    np.testing.assert_array_equal(translation, expected)
    assert not np.array_equal(translation, other)


def test_the_loaded_generators_are_those_that_were_exported(translated):
    run = runs.open_run(translated[0])
    import keras

    pair, _ = generators.load_translators(run)
    for direction, generator in zip(cyclegan.DIRECTIONS, pair, strict=True):
        path = translated[0] / f"generator_{direction}.keras"
        exported = keras.models.load_model(path)
        for mine, theirs in zip(
            generator.weights, exported.weights, strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def test_images_may_keep_their_sizes_and_small_ones_are_named(
    flags, tmp_path, capsys
):
    _save(tmp_path / "in" / "large.png", height=43, width=30)
    _save(tmp_path / "in" / "small.png", height=7, width=30)
    _translate(*flags, f"--input={tmp_path / 'in'}", "--size=original")
    assert _names(tmp_path / "out") == ["large.png"]
    translation = images.read_png(tmp_path / "out" / "large.png")
    assert translation.shape == (40, 28, 3)
    printed = capsys.readouterr()
    assert "1 of 2 images are smaller than 8 pixels: small.png" in printed.err
    assert ": 1 image of" in printed.out


def test_images_that_the_memory_cannot_hold_are_named_and_skipped(
    flags, tmp_path, capsys, monkeypatch
):
    _save(tmp_path / "in" / "large.png", height=80, width=80)
    _save(tmp_path / "in" / "small.png", height=24, width=24)
    # At this width a pixel takes 80 bytes: 4 channels next to the pixels.
    monkeypatch.setattr(devices, "memory_bytes", lambda: 80 * 6000)
    arguments = [*flags, f"--input={tmp_path / 'in'}"]
    _translate(*arguments, "--size=original")
    assert _names(tmp_path / "out") == ["small.png"]
    text = (
        "1 of 2 images are larger than the 0.006 million pixels that this "
        "machine has the memory for (76x76 of the first one's shape)"
    )
    assert text in capsys.readouterr().err
    monkeypatch.setattr(devices, "memory_bytes", lambda: None)
    _translate(*arguments, "--size=original")
    assert _names(tmp_path / "out") == ["large.png", "small.png"]


def test_a_run_on_random_crops_translates_at_their_scale():
    ramp = np.arange(40 * 60, dtype=np.uint8).reshape(40, 60, 1)
    fit = given_images.at_network_size(
        (20, 24), reading.WHOLE, at_own_scale=True
    )
    np.testing.assert_array_equal(fit(ramp), ramp[10:30, 18:42])
    assert fit(ramp[:10]).shape == (20, 24, 1)  # Too small: enlarged.
    fit = given_images.at_network_size(
        (20, 24), reading.WHOLE, whole_size=(40, 60)
    )
    np.testing.assert_array_equal(fit(ramp), ramp[10:30, 18:42])
    flat = np.full((80, 120, 1), 7, np.uint8)
    flat[20:60, 36:84] = 9
    assert (fit(flat)[1:-1, 1:-1] == 9).all()


def test_both_sizes_agree_on_images_of_the_networks_size(flags, tmp_path):
    _save(tmp_path / "one.png")
    translations = []
    for size in ("network", "original"):
        _translate(*flags, f"--input={tmp_path / 'one.png'}", f"--size={size}")
        translations.append(
            images.read_png(tmp_path / "out" / "one.png").astype(int)
        )
    assert abs(translations[0] - translations[1]).max() <= 1


def test_gray_images_become_rgb_in_an_rgb_run(flags, tmp_path):
    pixels = _save(tmp_path / "gray.png", channels=1)
    _translate(*flags, f"--input={tmp_path / 'gray.png'}")
    translation = images.read_png(tmp_path / "out" / "gray.png")
    PIL.Image.fromarray(pixels.repeat(3, -1)).save(tmp_path / "gray.png")
    _translate(*flags, f"--input={tmp_path / 'gray.png'}")
    again = images.read_png(tmp_path / "out" / "gray.png")
    np.testing.assert_array_equal(translation, again)


def test_damaged_images_are_named_and_skipped(flags, tmp_path, capsys):
    for number in range(11):
        _save(tmp_path / "in" / f"{number:02d}.png", seed=number)
    (tmp_path / "in" / "bad.png").write_bytes(b"no image")
    (tmp_path / "in" / "list.txt").write_text("x")
    _translate(*flags, f"--input={tmp_path / 'in'}")
    assert len(_names(tmp_path / "out")) == 11
    warnings = capsys.readouterr().err
    assert "1 of 12 files are damaged and left out: bad.png" in warnings
    assert "1 other file skipped: list.txt" in warnings


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input=nowhere"], "--input=nowhere does not exist"),
        ([], "--input needs a value: give an image, a folder of images"),
        (["--input="], "--input= is empty"),
        (["--input=empty"], "empty has no images, it is empty"),
        (["--input=bad.png"], "bad.png is no image that can be read"),
        (["--input=in", "--direction=b"], "did you mean|is not known"),
        (["--input=in", "--out="], "--out= is empty"),
        (["--input=in", "--out=bad.png"], "bad.png is a file, not a folder"),
        (["--input=in", "--out=new.png"], "is an image's name"),
        (["--input=in", "--out=in"], "is --input=in or in it"),
        (["--input=in", "--out=in/new"], "is --input=in or in it"),
        (["--input=in/a.png", "--out=in"], "would overwrite the image"),
        (["--input=tiny", "--size=original"], "smaller than 8 pixels: a.png:"),
        (["--input=in", "--checkpoint=best"], "has no best checkpoint"),
        (["--input=in", "--out=/dev/null/x"], "cannot be written"),
        (["--input=in", "--out=" + "x" * 300], "name too long"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_made(
    translated, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.png").write_bytes(b"no image")
    _save(tmp_path / "in" / "a.png")
    _save(tmp_path / "tiny" / "a.png", height=7)
    before = _names(tmp_path)
    with pytest.raises(errors.UserError, match=message):
        _translate(f"--run_dir={translated[0]}", *arguments)
    assert _names(tmp_path) == before


def test_a_run_that_makes_images_of_noise_is_told_its_command(
    trained, tmp_path
):
    _save(tmp_path / "a.png")
    with pytest.raises(errors.UserError, match="use python -m tf_dcgan sample"):
        _translate(f"--run_dir={trained[0]}", f"--input={tmp_path / 'a.png'}")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("sample", []),
        ("interpolate", []),
        ("arithmetic", ["--a=1", "--b=2", "--c=3"]),
    ],
)
def test_commands_over_latents_refuse_a_translation_without_tensorflow(
    translated, tmp_path, command, arguments
):
    # A module that cannot be imported in TensorFlow's place.
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('imported')\n")
    project = os.getcwd()
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "tf_dcgan",
            command,
            f"--run_dir={translated[0]}",
            *arguments,
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{project}"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert "use python -m tf_dcgan translate --run_dir=" in line
    assert _names(tmp_path) == ["tensorflow.py"]


def test_a_gray_run_makes_colours_gray_and_says_so(
    translated, tmp_path, capsys
):
    _save(tmp_path / "in" / "colours.png")
    plan = translated_files.plan(
        tmp_path / "in", tmp_path / "out", channels=1, smallest=1
    )
    assert plan.notes == (
        "1 of 1 images are RGB, and the run's are gray: they are made gray",
    )
    translated_files.write(
        plan,
        lambda batch: batch,
        fit=given_images.at_network_size((12, 12), reading.WHOLE),
        channels=1,
    )
    picture = images.read_png(tmp_path / "out" / "colours.png")
    assert picture.shape == (12, 12, 1)


def test_a_runs_crop_is_taken_of_each_image(tmp_path):

    pixels = tiny_data.images(1, height=40, width=30, channels=3)[0]
    fit = given_images.at_network_size((20, 10), reading.Reading(crop=(20, 10)))
    np.testing.assert_array_equal(fit(pixels), pixels[10:30, 10:20])
