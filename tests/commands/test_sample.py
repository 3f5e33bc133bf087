"""`python -m tf_dcgan sample`, called as its users call it."""

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.commands import sample
from tf_dcgan.common import errors, images
from tf_dcgan.config import schema
from tf_dcgan.runs import runs
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


@pytest.mark.slow
def test_what_was_there_before_is_told(trained, tmp_path, capsys):
    run = f"--run_dir={trained[0]}"
    for out, flags in (
        (tmp_path / "many", ["--num_images=3"]),
        (tmp_path / "grid.png", []),
    ):
        for seed in (1, 1, 2):
            _sample(run, f"--out={out}", f"--seed={seed}", *flags)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("note:")] == [
        f"note: {tmp_path / 'many'} has 3 other pictures that this call did "
        "not make: give a new folder as --out for images that are to be scored"
    ]
    replaced = [line for line in lines if "(replaced)" in line]
    assert len(replaced) == 2
    assert replaced[0].startswith(f"{tmp_path / 'grid.png'} (replaced): 64 ")


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


class _ValueSampler:
    """Draws images from black to white, as a generator makes them."""

    def labels(self, count):
        return None

    def batches(self, seed, *, num_images, batch_size):
        values = np.linspace(-1, 1, num_images, dtype=np.float32)
        images = np.tile(values[:, None, None, None], (1, 2, 3, 1))
        for first in range(0, num_images, batch_size):
            yield first, images[first : first + batch_size]


def _write_values(out, value_range):
    return sample_files.write_values(
        out,
        _ValueSampler(),
        seed=0,
        num_images=5,
        batch_size=2,
        value_range=value_range,
    )


def test_an_array_of_samples_has_the_values_of_the_training_images(tmp_path):
    out = tmp_path / "new" / "x.npy"
    assert _write_values(out, (-1000.0, 3000.0)) == 5
    array = np.load(out)
    assert (array.dtype, array.shape) == (np.float32, (5, 2, 3, 1))
    assert array[:, 1, 2, 0].tolist() == [-1000, 0, 1000, 2000, 3000]


def test_a_tiff_of_16_bits_has_the_values_of_the_training_images(tmp_path):
    assert _write_values(tmp_path / "x", (0.0, 4095.0)) == 5
    names = sorted(path.name for path in (tmp_path / "x").iterdir())
    assert names == [f"seed0_{number:06d}.tif" for number in range(5)]
    with PIL.Image.open(tmp_path / "x" / names[3]) as image:
        assert image.mode == "I;16"
        assert np.all(np.asarray(image) == round(0.75 * 4095))


@pytest.fixture
def deep_run(tmp_path):
    def create(value_range, channels=1):
        facts = runs.DataFacts(
            height=4,
            width=4,
            channels=channels,
            content_box=(0, 0, 4, 4),
            num_images=9,
            preparation="",
            fingerprint="",
            value_range=value_range,
        )
        return runs.create(tmp_path / "run", schema.Config(), facts).path

    return create


@pytest.mark.parametrize(
    ("value_range", "channels", "reason"),
    [
        ((-1000.0, 3000.0), 1, "have values -1,000 to 3,000, which are no "),
        ((0.0, 1.0), 1, "have values 0 to 1, which are no whole numbers"),
        ((0.0, 70_000.0), 1, "have values 0 to 70,000, which are"),
        ((0.0, 4095.0), 3, "are of three channels, and such a TIFF is gray"),
    ],
)
def test_values_that_do_not_fit_16_bits_are_refused(
    deep_run, tmp_path, value_range, channels, reason
):
    run_dir = deep_run(value_range, channels)
    with pytest.raises(errors.UserError, match=reason) as caught:
        _sample(
            f"--run_dir={run_dir}", "--format=tiff16", f"--out={tmp_path / 'x'}"
        )
    assert str(caught.value).endswith(": give --format=npy")


@pytest.mark.parametrize(
    ("form", "out", "message"),
    [
        ("npy", "x", "x is no name of an array: give a name ending in .npy"),
        ("npy", "x.png", "x.png is no name of an array"),
        ("tiff16", "x.png", "x.png is no folder: give a folder for the"),
        ("tiff16", "x.npy", "x.npy is no folder: give a folder for the"),
    ],
)
def test_a_name_that_does_not_suit_the_format_is_refused(
    deep_run, tmp_path, form, out, message
):
    with pytest.raises(errors.UserError, match=message):
        _sample(
            f"--run_dir={deep_run((0.0, 4095.0))}",
            f"--format={form}",
            f"--out={tmp_path / out}",
        )


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
