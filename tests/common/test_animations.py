import os
import stat

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import animations, errors


def _frames(count=4, *, height=7, width=9, channels=3):
    chance = np.random.default_rng(0)
    shape = (count, height, width, channels)
    return chance.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def encoder(monkeypatch, tmp_path):
    """Makes a shell script the encoder; its last argument is the file."""

    def install(lines):
        path = tmp_path / "encoder"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(animations, "_encoder", lambda: str(path))

    return install


def test_an_apng_keeps_every_colour_and_the_times(tmp_path):
    frames = _frames()
    animations.write(tmp_path / "a.apng", frames, hold_last_seconds=0.5)
    with PIL.Image.open(tmp_path / "a.apng") as image:
        assert (image.format, image.n_frames) == ("PNG", 4)
        for place, frame in enumerate(frames):
            image.seek(place)
            assert image.info["duration"] == (500 if place == 3 else 100)
            np.testing.assert_array_equal(np.asarray(image), frame)


def test_a_gif_is_written_by_its_ending(tmp_path):
    animations.write(tmp_path / "a.GIF", _frames(channels=1))
    with PIL.Image.open(tmp_path / "a.GIF") as image:
        assert (image.format, image.n_frames) == ("GIF", 4)


def test_an_mp4_gets_all_frames_and_holds_the_last(tmp_path, encoder):
    encoder(
        'for last; do :; done; cat > "${last#file:}"; echo "$@" >> '
        f"{tmp_path}/words"
    )
    frames = _frames(3)
    animations.write(
        tmp_path / "a.mp4",
        frames,
        seconds_per_frame=0.1,
        hold_last_seconds=0.4,
    )
    passed = np.frombuffer((tmp_path / "a.mp4").read_bytes(), np.uint8)
    np.testing.assert_array_equal(
        passed.reshape(6, 7, 9, 3), frames[[0, 1, 2, 2, 2, 2]]
    )
    words = (tmp_path / "words").read_text()
    assert "-pix_fmt rgb24 -s 9x7 -r 10 " in words


@pytest.mark.parametrize("lines", ["echo no codec >&2; exit 3", "exit 1"])
def test_an_encoder_that_fails_is_told_and_leaves_nothing(
    tmp_path, encoder, lines
):
    encoder(lines)
    before = os.listdir(tmp_path)
    message = "no codec" if "codec" in lines else "status 1"
    with pytest.raises(errors.UserError, match=message) as refusal:
        animations.write(tmp_path / "a.mp4", _frames(64, height=99, width=99))
    assert "--format=gif" in str(refusal.value)
    assert os.listdir(tmp_path) == before


def test_a_missing_encoder_is_told_before_the_work(monkeypatch):
    monkeypatch.setattr(animations, "_encoder", lambda: None)
    with pytest.raises(errors.UserError, match="pip install imageio-ffmpeg"):
        animations.check("mp4")
    animations.check("gif")
    animations.check("apng")


def test_frames_of_several_sizes_are_refused(tmp_path, encoder):
    encoder("cat > /dev/null")
    for ending in animations.FORMATS:
        with pytest.raises(ValueError, match="frames of one size"):
            animations.write(
                tmp_path / f"a.{ending}", [*_frames(1), *_frames(1, width=8)]
            )


@pytest.mark.skipif(
    animations._encoder() is None, reason="needs imageio-ffmpeg or ffmpeg"
)
def test_a_real_encoder_makes_equal_bytes_of_equal_frames(tmp_path):
    for name in "ab":
        animations.write(tmp_path / f"{name}.mp4", _frames(channels=1))
    first, second = ((tmp_path / f"{n}.mp4").read_bytes() for n in "ab")
    assert first == second
    assert first[4:8] == b"ftyp"
