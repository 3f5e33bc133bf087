"""`python -m tf_dcgan interpolate`, called as its users call it."""

import hashlib

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.commands import interpolate, run_flags, sample
from tf_dcgan.common import errors, images
from tf_dcgan.sampling import latents

_SIDE, _FACTOR = 28, 2
_PITCH = (_SIDE + 2) * _FACTOR


def _interpolate(*flags):
    interpolate.main(["interpolate.py", *flags])


def _tiles(strip, rows, columns):
    """Cuts the images out of a strip: [rows, columns, 28, 28]."""
    # Below the caption begins the grey of the gaps.
    left = int(np.argmax(strip[28, :, 0] == 48)) + 2 * _FACTOR
    tiles = np.zeros([rows, columns, _SIDE, _SIDE], np.uint8)
    for row in range(rows):
        for column in range(columns):
            y = 28 + 2 * _FACTOR + row * _PITCH
            x = left + column * _PITCH
            enlarged = strip[y : y + 56, x : x + 56, 0]
            tiles[row, column] = enlarged[::_FACTOR, ::_FACTOR]
    return tiles


def _samples(run_dir, folder, seed=0):
    sample.main(
        [
            "sample.py",
            f"--run_dir={run_dir}",
            f"--seed={seed}",
            f"--out={folder}",
        ]
    )
    return np.stack(
        [images.read_png(path)[..., 0] for path in sorted(folder.iterdir())]
    )


def test_files_that_are_replaced_are_told(tmp_path):
    outs = [tmp_path / "walk.png", tmp_path / "walk.gif"]
    outs[1].write_bytes(b"")
    assert run_flags.outs_in_words(outs) == (f"{outs[0]}, {outs[1]} (replaced)")


@pytest.fixture(scope="module")
def walked(trained, tmp_path_factory):
    """A loop through three samples: the folder with its two files."""
    folder = tmp_path_factory.mktemp("walk")
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,17,42",
        "--loop",
        "--frames=5",
        f"--out={folder / 'walk'}",
    )
    return folder


@pytest.mark.slow
def test_it_writes_a_strip_and_an_animation(walked):
    assert {path.name for path in walked.iterdir()} == {
        "walk.png",
        "walk.gif",
    }


@pytest.mark.slow
def test_each_row_goes_from_sample_to_sample_bit_for_bit(
    walked, trained, tmp_path
):
    samples = _samples(trained[0], tmp_path / "samples")
    tiles = _tiles(images.read_png(walked / "walk.png"), rows=3, columns=5)
    for row, (start, end) in enumerate([(3, 17), (17, 42), (42, 3)]):
        np.testing.assert_array_equal(tiles[row, 0], samples[start])
        np.testing.assert_array_equal(tiles[row, -1], samples[end])
        assert not np.array_equal(tiles[row, 2], tiles[row, 0])
        assert not np.array_equal(tiles[row, 2], tiles[row, -1])


def test_the_animation_of_a_loop_shows_no_frame_twice(walked):
    tiles = _tiles(images.read_png(walked / "walk.png"), rows=3, columns=5)
    expected = tiles[:, :-1].reshape(-1, _SIDE, _SIDE)
    with PIL.Image.open(walked / "walk.gif") as gif:
        assert gif.n_frames == 12  # Three segments of four.
        for place in range(12):
            gif.seek(place)
            assert gif.info["duration"] == 100
            frame = np.asarray(gif.convert("L"))
            assert frame.shape == (280, 280)
            np.testing.assert_array_equal(frame[::10, ::10], expected[place])


@pytest.mark.slow
def test_without_loop_the_animation_ends_at_the_last_sample(trained, tmp_path):
    flags = [f"--run_dir={trained[0]}", "--indices=3,17", "--frames=4"]
    _interpolate(*flags, f"--out={tmp_path / 'a.gif'}")
    _interpolate(*flags, f"--out={tmp_path / 'a.png'}")
    assert len(list(tmp_path.iterdir())) == 2
    tiles = _tiles(images.read_png(tmp_path / "a.png"), rows=1, columns=4)
    with PIL.Image.open(tmp_path / "a.gif") as gif:
        assert gif.n_frames == 4
        gif.seek(3)
        assert gif.info["duration"] == 1000
        frame = np.asarray(gif.convert("L"))
    np.testing.assert_array_equal(frame[::10, ::10], tiles[0, -1])


@pytest.mark.slow
def test_the_animation_has_the_format_that_is_asked_for(trained, tmp_path):
    flags = [f"--run_dir={trained[0]}", "--indices=3,17", "--frames=3"]
    _interpolate(*flags, "--format=apng", f"--out={tmp_path / 'a'}")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "a.apng"}
    with PIL.Image.open(tmp_path / "a.apng") as image:
        assert image.n_frames == 3
    with pytest.raises(errors.UserError, match="asks for the picture alone"):
        _interpolate(*flags, "--format=gif", f"--out={tmp_path / 'a.png'}")


@pytest.mark.slow
def test_points_may_be_of_other_seeds(trained, tmp_path):
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,7:17",
        "--frames=3",
        f"--out={tmp_path / 'a.png'}",
    )
    tiles = _tiles(images.read_png(tmp_path / "a.png"), rows=1, columns=3)
    other = _samples(trained[0], tmp_path / "other", seed=7)
    np.testing.assert_array_equal(tiles[0, -1], other[17])


@pytest.mark.slow
def test_a_walk_of_more_images_than_a_batch_arrives(trained, tmp_path):
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,17,42",
        "--frames=40",
        f"--out={tmp_path / 'a.png'}",
    )
    tiles = _tiles(images.read_png(tmp_path / "a.png"), rows=4, columns=20)
    samples = _samples(trained[0], tmp_path / "samples")
    np.testing.assert_array_equal(tiles[1, -1], samples[17])
    np.testing.assert_array_equal(tiles[2, 0], samples[17])
    np.testing.assert_array_equal(tiles[3, -1], samples[42])


@pytest.mark.slow
def test_the_same_command_writes_the_same_files(walked, trained, tmp_path):
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,17,42",
        "--loop",
        "--frames=5",
        f"--out={tmp_path / 'walk'}",
    )
    for name in ("walk.png", "walk.gif"):
        first, second = (
            hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for folder in (walked, tmp_path)
        )
        assert first == second


@pytest.mark.slow
def test_linear_walks_differ_between_the_same_ends(walked, trained, tmp_path):
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,17,42",
        "--loop",
        "--frames=5",
        "--method=linear",
        f"--out={tmp_path / 'walk.png'}",
    )
    one, other = (
        _tiles(images.read_png(folder / "walk.png"), rows=3, columns=5)
        for folder in (walked, tmp_path)
    )
    np.testing.assert_array_equal(one[:, [0, -1]], other[:, [0, -1]])
    assert not np.array_equal(one[:, 2], other[:, 2])


@pytest.mark.slow
def test_it_tells_what_is_needed_to_repeat_it(trained, tmp_path, capsys):
    _interpolate(
        f"--run_dir={trained[0]}",
        "--indices=3,7:17",
        "--seed=5",
        "--loop",
        "--frames=2",
        f"--out={tmp_path / 'a.png'}",
    )
    assert capsys.readouterr().out == (
        f"{tmp_path / 'a.png'}: samples 3 to 7:17 to 3, 2 images each, "
        "spherical, seed 5, ema weights of step 45\n"
    )


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--indices=3", "names one sample: give two at least"),
        ("--indices=", "'' is not the number of a sample"),
        ("--indices=3,x", "'x' is not the number of a sample"),
        ("--indices=3,-1", "'-1' is not the number of a sample"),
        ("--indices=3,1.5", "'1.5' is not the number of a sample"),
        ("--indices=3,٣", "is not the number of a sample"),
        ("--indices=3,:4", "'' is not the number of a seed"),
        ("--indices=3,10000000", "0 to 9,999,999"),
        ("--indices=3,2147483648:1", "0 to 2,147,483,647"),
        ("--indices=3," + "9" * 5000, "0 to 9,999,999"),
        ("--frames=1", "2 to 1,000"),
        ("--method=sperical", "did you mean spherical"),
        ("--seed=-1", "out of range"),
        ("--out=", "--out= is empty"),
        ("--out=walk.jpg", "only PNG and GIF and APNG and MP4 can be"),
        ("--out=/dev/null/walk", "cannot be written"),
        ("--out=.", "is a folder"),
        ("--out=new/", "is a folder"),
        ("--out=" + "x" * 256, "cannot be written"),
        ("--run_dir=nowhere", "nowhere does not exist"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    trained, tmp_path, monkeypatch, flag, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match=message) as caught:
        _interpolate(f"--run_dir={trained[0]}", "--out=walk", flag)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_walk_of_too_many_images_is_refused(trained):
    indices = ",".join(map(str, range(12)))
    with pytest.raises(errors.UserError, match="ask for 11,000 images"):
        _interpolate(
            f"--run_dir={trained[0]}",
            f"--indices={indices}",
            "--frames=1000",
        )


def test_a_run_without_a_checkpoint_is_told_how_to_get_one(trained, tmp_path):
    config = (trained[0] / "config.json").read_text()
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(errors.UserError, match="has no checkpoint yet"):
        _interpolate(f"--run_dir={tmp_path}", f"--out={tmp_path / 'x'}")
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_points_are_shown_as_they_are_read():
    text = "3,7:17,0:5"
    points = latents.parse_points(text, flag="indices", seed=7)
    assert points == [
        latents.Point(7, 3),
        latents.Point(7, 17),
        latents.Point(0, 5),
    ]
    assert latents.show_points(points, seed=7) == "3,17,0:5"
