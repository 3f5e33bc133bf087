"""`python -m tf_dcgan sample`, called as its users call it."""

import numpy as np
import pytest

from tf_dcgan.commands import sample
from tf_dcgan.common import errors, images
from tf_dcgan.sampling import sample_files


def _sample(*flags):
    sample.main(["sample.py", *flags])


@pytest.mark.slow
def test_it_writes_one_grid_of_the_runs_images(trained, tmp_path):
    out = tmp_path / "new" / "grid.png"
    _sample(f"--run_dir={trained[0]}", "--num_images=6", f"--out={out}")
    # Three columns and two rows of 28 pixels, with gaps of 2.
    assert images.read_png(out).shape == (2 * 30 + 2, 3 * 30 + 2, 1)


@pytest.mark.slow
def test_the_grid_of_the_runs_seed_is_its_last_sample(trained, tmp_path):
    out = tmp_path / "grid.png"
    _sample(f"--run_dir={trained[0]}", f"--out={out}")
    last = sorted((trained[0] / "samples").glob("step_*.png"))[-1]
    np.testing.assert_array_equal(images.read_png(out), images.read_png(last))


@pytest.mark.slow
def test_a_folder_gets_single_images_named_by_seed_and_number(
    trained, tmp_path
):
    _sample(
        f"--run_dir={trained[0]}",
        "--num_images=3",
        "--seed=5",
        f"--out={tmp_path / 'many'}",
    )
    names = sorted(path.name for path in (tmp_path / "many").iterdir())
    assert names == [f"seed5_{number:06d}.png" for number in range(3)]
    single = images.read_png(tmp_path / "many" / names[0])
    assert single.shape == (28, 28, 1)


class _Sampler:
    """Draws black images of the classes 0, 1, 2, 3."""

    def labels(self, count):
        return np.arange(count)

    def batches(self, seed, *, num_images, batch_size):
        yield 0, np.zeros((num_images, 4, 4, 1), np.uint8)


def test_single_images_are_named_by_the_class_that_label_takes(tmp_path):
    names = ("10", "2", "T-shirt/a b", "猫" * 90)
    sample_files.write(
        tmp_path,
        _Sampler(),
        seed=0,
        num_images=4,
        batch_size=4,
        class_names=names,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "seed0_000000_label10.png",
        "seed0_000001_label2.png",
        "seed0_000002_labelT-shirt_a_b.png",
        f"seed0_000003_label{'猫' * 32}.png",
    ]


@pytest.mark.slow
def test_one_image_is_told_as_one(trained, tmp_path, capsys):
    out = tmp_path / "one.png"
    _sample(f"--run_dir={trained[0]}", "--num_images=1", f"--out={out}")
    assert f"{out}: 1 image, seed 0" in capsys.readouterr().out


def _made(run_dir, folder, *flags):
    _sample(f"--run_dir={run_dir}", f"--out={folder}", *flags)
    paths = sorted(folder.iterdir())
    return np.stack([images.read_png(path) for path in paths])


@pytest.mark.slow
def test_the_same_seed_gives_the_same_images_and_another_gives_others(
    trained, tmp_path
):
    one = _made(trained[0], tmp_path / "a", "--num_images=4", "--seed=1")
    again = _made(trained[0], tmp_path / "b", "--num_images=4", "--seed=1")
    other = _made(trained[0], tmp_path / "c", "--num_images=4", "--seed=2")
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_batches_of_one_give_the_images_of_batches_of_64(trained, tmp_path):
    flags = ["--num_images=65", "--seed=1"]
    one = _made(trained[0], tmp_path / "a", *flags, "--batch_size=1")
    many = _made(trained[0], tmp_path / "b", *flags, "--batch_size=64")
    difference = one.astype(int) - many.astype(int)
    assert abs(difference).max() <= 1


@pytest.mark.slow
def test_raw_weights_give_other_images(trained, tmp_path):
    flags = ["--num_images=4", "--seed=1"]
    averaged = _made(trained[0], tmp_path / "a", *flags)
    raw = _made(trained[0], tmp_path / "b", *flags, "--weights=raw")
    assert not np.array_equal(averaged, raw)


def test_a_run_is_asked_for():
    with pytest.raises(errors.UserError) as caught:
        _sample("--num_images=4")
    assert str(caught.value) == (
        "--run_dir needs a value: give the run to take the generator from, a "
        "folder that train.py made"
    )


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(errors.UserError, match="nowhere does not exist"):
        _sample(f"--run_dir={tmp_path / 'nowhere'}")


def test_a_run_without_a_checkpoint_is_told_how_to_get_one(trained, tmp_path):
    config = (trained[0] / "config.json").read_text()
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(errors.UserError, match="has no checkpoint yet"):
        _sample(f"--run_dir={tmp_path}", f"--out={tmp_path / 'x.png'}")
    assert not (tmp_path / "x.png").exists()


def test_a_folder_in_the_place_of_the_grid_is_refused(trained, tmp_path):
    out = tmp_path / "folder.png"
    out.mkdir()
    with pytest.raises(errors.UserError, match="is a folder, not a file"):
        _sample(f"--run_dir={trained[0]}", f"--out={out}")


def test_a_file_in_the_place_of_the_folder_is_refused(trained, tmp_path):
    out = tmp_path / "file"
    out.write_text("mine")
    with pytest.raises(errors.UserError, match="is a file, not a folder"):
        _sample(f"--run_dir={trained[0]}", f"--out={out}")
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("", "--out= is empty"),
        ("grid.jpg", "only PNG"),
        ("/dev/null/grid.png", "cannot be written"),
        ("/dev/null/folder", "cannot be written"),
        ("x" * 300, "cannot be written"),
    ],
)
def test_a_place_that_cannot_take_images_is_refused(
    trained, tmp_path, monkeypatch, out, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match=message):
        _sample(f"--run_dir={trained[0]}", f"--out={out}")
    assert list(tmp_path.iterdir()) == []


def test_a_grid_too_large_to_look_at_is_refused(trained, tmp_path):
    with pytest.raises(errors.UserError, match="give a folder as --out"):
        _sample(
            f"--run_dir={trained[0]}",
            "--num_images=10001",
            f"--out={tmp_path / 'x.png'}",
        )
