"""`python -m tf_dcgan invert`, called as its users call it."""

import fake_runs
import numpy as np
import PIL.Image
import pytest

from tf_dcgan.commands import arithmetic, interpolate, invert
from tf_dcgan.common import errors
from tf_dcgan.metrics.features.classifier import training
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generators, latent_files, samplers

_QUICK = ("--starts=2", "--steps=20")


def _invert(*flags):
    invert.main(["invert", *_QUICK, *flags])


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Three images in a folder, one of them of another size and in colour."""
    folder = tmp_path_factory.mktemp("originals")
    chance = np.random.default_rng(0)
    for number, shape in enumerate([(28, 28), (28, 28), (40, 56, 3)]):
        pixels = np.zeros(shape, np.uint8)
        pixels[8:20, 10:16] = chance.integers(128, 256)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def inverted(trained, originals, tmp_path_factory):
    """The folder with what the command writes."""
    folder = tmp_path_factory.mktemp("inverted")
    _invert(
        f"--run_dir={trained[0]}",
        f"--input={originals}",
        f"--out={folder / 'found'}",
    )
    return folder


def _arrays(folder, name="found"):
    with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def test_it_writes_latents_with_their_distances_and_a_picture(inverted):
    assert {path.name for path in inverted.iterdir()} == {
        "found.npz",
        "found.png",
    }
    arrays = _arrays(inverted)
    assert arrays["latents"].shape == (3, 100)
    assert arrays["latents"].dtype == np.float32
    assert arrays["names"].tolist() == ["0.png", "1.png", "2.png"]
    for kind in ("pixel", "feature"):
        nearest, random, training = (
            arrays[f"{name}_{kind}_distances"]
            for name in ("nearest", "random", "training")
        )
        assert (nearest < random).all()
        # The tiny set has just such bars; the tiny run does not make them.
        assert (training >= 0).all()
    assert (arrays["training_pixel_distances"] < 0.3).all()
    assert arrays["training_numbers"].max() < 300


def test_the_latents_are_points_of_other_commands(trained, inverted, tmp_path):
    run = runs.open_run(trained[0])
    sampler = samplers.of_run(run, generators.load_generator(run)[0])
    pictures = sampler.from_latents(_arrays(inverted)["latents"])
    file = inverted / "found.npz"
    flags = [f"--run_dir={trained[0]}", "--seed=5"]
    interpolate.main(
        [
            *("interpolate", *flags, "--frames=2"),
            f"--indices={file}:2,7",
            f"--out={tmp_path / 'walk.gif'}",
        ]
    )
    with PIL.Image.open(tmp_path / "walk.gif") as gif:
        frame = np.asarray(gif.convert("L"))
    np.testing.assert_array_equal(frame[::10, ::10], pictures[2, ..., 0])
    arithmetic.main(
        [
            *("arithmetic", *flags, f"--a={file}", "--b=1,2,3"),
            *("--c=4,5,6", f"--out={tmp_path / 'a.png'}"),
        ]
    )
    assert (tmp_path / "a.png").exists()


def test_it_tells_each_distance_and_their_mean(
    trained, originals, tmp_path, capsys
):
    _invert(
        f"--run_dir={trained[0]}",
        f"--input={originals / '0.png'}",
        "--features=none",
        "--notraining_images",
        f"--out={tmp_path / 'one.png'}",
    )
    head, row, mean, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["image", "pixels", "random"]
    assert row.split()[0] == "0.png"
    assert row.split()[1:] == mean.split()[1:]
    assert last == (
        f"{tmp_path / 'one.png'}: 1 image of {originals / '0.png'}, 2 starts "
        "of 20 steps, seed 0, compared in pixels, ema weights of step 45"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["one.png"]


def test_an_array_of_images_is_taken_and_a_seed_decides(trained, tmp_path):
    pixels = np.zeros((2, 28, 28), np.uint8)
    pixels[:, 5:20, 5:12] = 200
    np.save(tmp_path / "in.npy", pixels)
    arrays = []
    for name, seed in (("x", 0), ("y", 1)):
        _invert(
            f"--run_dir={trained[0]}",
            f"--input={tmp_path / 'in.npy'}",
            f"--seed={seed}",
            "--features=none",
            "--notraining_images",
            f"--out={tmp_path / name}.npz",
        )
        arrays.append(_arrays(tmp_path, name))
    assert not np.array_equal(arrays[0]["latents"], arrays[1]["latents"])
    assert arrays[0]["names"].tolist() == ["00000", "00001"]
    # Equal images have equal latents.
    np.testing.assert_allclose(*arrays[0]["latents"], atol=1e-3)


def test_the_features_may_be_the_classifiers(
    trained, originals, tmp_path, monkeypatch, capsys
):
    settings = training.Settings(width=4, epochs=1, batch_size=50)
    monkeypatch.setattr(training, "settings_for", lambda *_: settings)
    _invert(
        f"--run_dir={trained[0]}",
        f"--input={originals}",
        "--features=classifier",
        "--notraining_images",
        f"--cache_dir={tmp_path / 'cache'}",
        f"--out={tmp_path / 'out.npz'}",
    )
    arrays = _arrays(tmp_path, "out")
    assert (arrays["nearest_feature_distances"] >= 0).all()
    assert (
        arrays["nearest_feature_distances"].mean()
        < arrays["random_feature_distances"].mean()
    )
    assert (
        "compared in pixels and 128 features of the classifier"
        in capsys.readouterr().out
    )


def test_missing_training_images_are_told_and_left_out(
    trained, originals, tmp_path, capsys
):
    _invert(
        f"--run_dir={trained[0]}",
        f"--input={originals}",
        f"--data_dir={tmp_path}",
        f"--out={tmp_path / 'out'}",
    )
    (note,) = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "training" in line
    ]
    assert note.startswith("note: the nearest training images are left out (")
    arrays = _arrays(tmp_path, "out")
    assert not any(name.startswith("training") for name in arrays)


def test_a_translation_is_refused_in_a_line(tmp_path):
    run_dir = fake_runs.make(
        tmp_path / "run",
        recipe="cyclegan",
        dataset=None,
        dataset_a="glyphs",
        dataset_b="mnist",
    )
    with pytest.raises(
        errors.UserError, match="a run of translation"
    ) as refusal:
        _invert(f"--run_dir={run_dir}", f"--input={tmp_path}")
    assert "use python -m tf_dcgan translate" in str(refusal.value)


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--input=nowhere", "nowhere does not exist"),
        ("--input=", "--input= is empty"),
        ("--label=3", "is not conditional"),
        ("--starts=0", "1 to 64"),
        ("--steps=0", "1 to 100,000"),
        ("--learning_rate=0", "out of range|above 0"),
        ("--prior_weight=-1", "out of range"),
        ("--features=pixels", "allowed|one of"),
        ("--out=", "--out= is empty"),
        ("--out=a.jpg", "only PNG can be written"),
        ("--out=.", "is a folder"),
        ("--out=/dev/null/x", "cannot be written"),
        ("--run_dir=nowhere", "nowhere does not exist"),
        ("--checkpoint=best", "has no best checkpoint"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    trained, originals, tmp_path, monkeypatch, flag, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match=message) as refusal:
        _invert(f"--run_dir={trained[0]}", f"--input={originals}", flag)
    assert "\n" not in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_a_weight_without_features_means_nothing(trained, originals):
    with pytest.raises(errors.UserError, match="means nothing with --features"):
        _invert(
            f"--run_dir={trained[0]}",
            f"--input={originals}",
            "--features=none",
            "--feature_weight=2",
        )


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("short.npz:0,1", "latents of 3 numbers, and the run's have 100"),
        ("nowhere.npz,1", "nowhere.npz"),
        ("good.npz:2,1", "number of a latent vector is 0 to 1"),
        ("good.npz:x,1", "'x' is not the number of a latent vector"),
        ("other.npz,1", "has no array `latents`"),
        ("flat.npz,1", r"float64 \[3\] as `latents`"),
        ("words.npz,1", "are needed"),
        ("nan.npz,1", "NaN or infinite"),
        ("bad.npz,1", "bad.npz"),
    ],
)
def test_a_file_without_latents_for_the_run_is_refused(
    trained, tmp_path, monkeypatch, points, message
):
    monkeypatch.chdir(tmp_path)
    for name, arrays in {
        "short": {"latents": np.zeros((2, 3))},
        "good": {"latents": np.zeros((2, 100))},
        "other": {"images": np.zeros((2, 100))},
        "flat": {"latents": np.zeros(3)},
        "words": {"latents": np.array([["a"]])},
        "nan": {"latents": np.full((2, 100), np.nan)},
    }.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    (tmp_path / "bad.npz").write_bytes(b"PK no zip")
    before = set(tmp_path.iterdir())
    with pytest.raises(errors.UserError, match=message) as refusal:
        interpolate.main(
            [
                "interpolate",
                f"--run_dir={trained[0]}",
                f"--indices={points}",
                "--out=walk",
            ]
        )
    assert "\n" not in str(refusal.value)
    assert set(tmp_path.iterdir()) == before


def test_latents_survive_the_file(tmp_path):
    latents = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    latent_files.write(tmp_path / "x.npz", latents, {"names": np.array(["a"])})
    read = latent_files.read(str(tmp_path / "x.npz"))
    np.testing.assert_array_equal(read, latents)
