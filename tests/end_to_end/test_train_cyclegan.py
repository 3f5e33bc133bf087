"""The whole life of a translation, from the flags to what it leaves."""

import json
import random
import shutil
import subprocess
import sys
import time

import forked_trainings
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from benchmarks import trainings
from tf_dcgan.commands import train
from tf_dcgan.common import errors, images
from tf_dcgan.runs import runs
from tf_dcgan.training import execution, loop

TINY = (
    "--recipe=cyclegan",
    "--image_size=24",
    "--width=0.05",
    "--residual_blocks=1",
    "--log_every=7",
    "--sample_every=20",
    "--checkpoint_every=5",
)


@pytest.fixture(autouse=True)
def no_set_up(monkeypatch):
    """It would make the other tests' operations deterministic as well."""
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A folder with trainA (12 RGB), trainB (9 gray) and testA (5)."""
    folder = tmp_path_factory.mktemp("data") / "pair"
    chance = np.random.default_rng(0)
    for name, count, channels in (
        ("trainA", 12, 3),
        ("trainB", 9, 1),
        ("testA", 5, 3),
    ):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = chance.integers(0, 256, (30, 26, channels), np.uint8)
            images.write_png(folder / name / f"{number}.png", pixels)
    return folder


@pytest.fixture(scope="module")
def trained(pair, tmp_path_factory):
    """A finished run over two sets of different kinds, and what it said."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    output = forked_trainings.train(
        [*TINY, f"--dataset={pair}", "--steps=14", f"--run_dir={folder}"]
    )
    return folder, output


def lines(run_dir, kind):
    with open(run_dir / "metrics.jsonl") as file:
        records = [json.loads(line) for line in file]
    return [line for line in records if line["kind"] == kind]


def test_the_start_tells_of_both_sets_and_of_the_conversion(trained, pair):
    a, b = f"{pair}/trainA", f"{pair}/trainB"
    assert (
        f"note: A ({a}) is RGB and B ({b}) is gray: both are trained as RGB\n"
        f"data A: {a}, 12 images, 30x26x3, cropped to the centre and resized "
        "to 27x27 (antialiased bicubic); 5 held out\n"
        f"data B: {b}, 9 images, 30x26x1, cropped to the centre and resized "
        "to 27x27 (antialiased bicubic); no held-out images: training images "
        "are shown\n"
    ) in trained[1]
    assert "epoch 1/2  loss_d " in trained[1]
    assert "cycle " in trained[1] and "identity " in trained[1]
    assert "python -m tf_dcgan translate --run_dir=" in trained[1]


def test_a_finished_translation_has_all_its_files(trained):
    names = {path.name for path in trained[0].iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "tensorboard",
        "samples",
        "checkpoints",
        "curves.png",
        "progress.gif",
        "saved_model",
        "generator_a_to_b.keras",
        "generator_b_to_a.keras",
    }
    run = runs.open_run(trained[0])
    assert (run.data.num_images, run.data_b.num_images) == (12, 9)
    assert run.data.image_shape == run.data_b.image_shape == (24, 24, 3)
    grid = images.read_png(trained[0] / "samples" / "step_0000014.png")
    assert grid.shape == (6 * 26 + 2, 5 * 26 + 2, 3)


def test_the_log_has_the_four_losses_and_the_falling_rate(trained):
    first, last = lines(trained[0], "train")
    for name in ("loss_d", "loss_adversarial", "loss_cycle", "loss_identity"):
        assert np.isfinite(first[name])
    assert first["learning_rate"] == pytest.approx(2e-4)
    # Means of steps 8 to 14: 1, 6/7, 5/7 … 1/7 of the rate.
    assert last["learning_rate"] == pytest.approx(2e-4 * 4 / 7, rel=1e-5)
    (epoch,) = lines(trained[0], "epoch")
    assert epoch["step"] == 12  # The larger set's.


def test_the_export_needs_only_tensorflow_and_takes_any_size(trained, tmp_path):
    program = """
import sys
import numpy as np
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1])
x = np.random.default_rng(0).uniform(-1, 1, (2, 28, 40, 3)).astype("float32")
np.savez(sys.argv[2], x=x, a_to_b=model.a_to_b(x), b_to_a=model.b_to_a(x),
         one=model.a_to_b(x[:1]))
for size in (26, 4):
    try:
        model.a_to_b(np.zeros((1, size, size, 3), "float32"))
    except tf.errors.InvalidArgumentError as error:
        assert "multiples of 4 and at least 8" in str(error)
    else:
        raise SystemExit(f"{size} was taken")
assert "tf_dcgan" not in sys.modules
"""
    out = tmp_path / "made.npz"
    subprocess.run(
        [sys.executable, "-c", program, trained[0] / "saved_model", out],
        check=True,
        cwd=tmp_path,
    )
    arrays = np.load(out)
    for name in ("a_to_b", "b_to_a"):
        model = tf.keras.models.load_model(
            trained[0] / f"generator_{name}.keras"
        )
        expected = model(arrays["x"], training=False).numpy()
        assert expected.shape == (2, 28, 40, 3)
        assert np.abs(expected).max() <= 1
        np.testing.assert_allclose(arrays[name], expected, atol=1e-5)
    np.testing.assert_allclose(arrays["one"], arrays["a_to_b"][:1], atol=1e-5)
    assert np.abs(arrays["a_to_b"] - arrays["b_to_a"]).max() > 1e-3


def test_the_exported_weights_are_those_of_the_last_step(trained):
    checkpoint = tf.train.load_checkpoint(
        str(trainings.last_checkpoint(trained[0]) / "weights")
    )
    for name in ("a_to_b", "b_to_a"):
        model = tf.keras.models.load_model(
            trained[0] / f"generator_{name}.keras"
        )
        for variable in model.variables:
            key = f"generator_{name}/{variable.path}".replace("/", ".S")
            saved = checkpoint.get_tensor(
                f"variables/{key}/.ATTRIBUTES/VARIABLE_VALUE"
            )
            np.testing.assert_array_equal(variable, saved)


def test_a_killed_translation_ends_bit_identical_to_one_never_stopped(
    pair, tmp_path
):
    """With crops, flips, a full buffer, the rate on its way down, penalties."""
    flags = [
        *TINY,
        f"--dataset={pair}",
        "--checkpoint_every=10",
        "--steps=70",
        "--ema_decay=0.9",
        "--r1_gamma=0.5",
        "--r2_gamma=0.5",
        "--consistency=10",
        "--augment=color,translation,cutout",
        "--spectral_norm",
    ]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    forked_trainings.train([*flags, f"--run_dir={whole}"], exports=False)
    process = forked_trainings.start([*flags, f"--run_dir={killed}"])
    forked_trainings.wait_for_checkpoint(process, killed, after=54)
    time.sleep(random.Random(5).uniform(0, 0.15))
    process.kill()
    process.communicate()
    assert int(trainings.last_checkpoint(killed).name[5:]) < 70
    forked_trainings.train([f"--run_dir={killed}"], exports=False)
    assert trainings.differences(whole, killed) == []
    # The buffers are among what was compared, full and exchanged in part.
    checkpoint = tf.train.load_checkpoint(
        str(trainings.last_checkpoint(killed) / "weights")
    )
    for name in ("buffer_a", "buffer_b"):
        buffer = checkpoint.get_tensor(
            f"variables/{name}/.ATTRIBUTES/VARIABLE_VALUE"
        )
        assert np.all(buffer.std(axis=(1, 2, 3)) > 0)


def refusal(*flags):
    with pytest.raises(errors.UserError) as caught:
        train.main(["train.py", *flags])
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_run_does_not_go_on_with_other_held_out_images(
    trained, pair, tmp_path
):
    folder, run_dir = tmp_path / "pair", tmp_path / "run"
    shutil.copytree(pair, folder)
    shutil.copytree(trained[0], run_dir)
    flags = [f"--run_dir={run_dir}", f"--dataset={folder}"]
    config = run_dir / "config.json"
    config.write_text(config.read_text().replace(str(pair), str(folder)))
    before = {path: path.stat().st_mtime_ns for path in run_dir.iterdir()}
    (folder / "testA" / "0.png").unlink()
    assert "the held-out images of" in refusal(*flags)
    assert before == {p: p.stat().st_mtime_ns for p in run_dir.iterdir()}


def test_more_epochs_than_planned_are_refused(trained):
    message = refusal(f"--run_dir={trained[0]}", "--steps=15")
    assert "planned for 14 steps and cannot become longer" in message


@pytest.mark.parametrize(
    "flags, words",
    [
        (
            ["--dataset_a=glyphs"],
            "needs two sets of images, and got --dataset_a=glyphs: give",
        ),
        (
            ["--dataset_a=glyphs", "--dataset_b=mnist", "--dataset=mnist"],
            "got --dataset=mnist --dataset_a=glyphs --dataset_b=mnist: give",
        ),
        (["--dataset=glyphs"], "has no splits trainA and trainB"),
        (
            ["--dataset_a=cifar10:hrse", "--dataset_b=cifar10:deer"],
            "did you mean horse?",
        ),
        (
            ["--dataset_a=glyphs", "--dataset_b=mnist", "--image_size=30"],
            "the nearest it can is 28x28 or 32x32",
        ),
        (
            ["--dataset_a=glyphs", "--dataset_b=mnist", "--latent_dim=64"],
            "--latent_dim=64 would do nothing in recipe cyclegan",
        ),
        (
            ["--dataset_a=glyphs", "--dataset_b=mnist", "--loss=hinge"],
            "give least_squares or non_saturating",
        ),
    ],
)
def test_what_cannot_be_translated_is_refused(
    flags, words, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert words in refusal("--recipe=cyclegan", *flags)
    assert not (tmp_path / "runs").exists()


def test_a_batch_larger_than_a_set_names_that_set(pair, tmp_path):
    message = refusal(
        *TINY,
        f"--dataset={pair}",
        "--batch_size=10",
        f"--run_dir={tmp_path / 'run'}",
    )
    assert message == (
        f"--batch_size=10 is more than the 9 images of {pair}/trainB: allowed "
        "is 1 to 9; the command inspect recommends settings for so few"
    )
    assert not (tmp_path / "run").exists()


def test_other_recipes_refuse_the_settings_of_translations():
    message = refusal("--recipe=dcgan", "--lambda_cycle=5")
    assert message.startswith(
        "--lambda_cycle=5.0 would do nothing in recipe dcgan"
    )


def test_images_smaller_than_the_crop_are_enlarged_and_told_of(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(loop, "train", lambda *arguments: None)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.full((9, 9), 40 * number + len(name), np.uint8)
            PIL.Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    train.main(
        [
            "train.py",
            *TINY,
            f"--dataset_a={tmp_path / 'a'}",
            f"--dataset_b={tmp_path / 'b'}",
            "--steps=1",
            f"--run_dir={tmp_path / 'run'}",
        ]
    )
    message = "9x9x1, resized to 27x27 (antialiased bicubic)"
    assert capsys.readouterr().out.count(message) == 2


def test_a_dry_run_shows_all_four_networks(capsys):
    train.main(
        [
            "train.py",
            "--recipe=cyclegan",
            "--dataset_a=glyphs",
            "--dataset_b=cifar10",
            "--dry_run",
        ]
    )
    printed = capsys.readouterr().out
    for name in ("generator_a_to_b", "generator_b_to_a"):
        assert f'Model: "{name}"' in printed
    assert printed.count("7,837,699") == 4  # Total and trainable, twice.
    assert printed.count("2,764,737") == 4
    assert "for 1 image of A, as many of B" in printed
    assert "both are trained as RGB" in printed
