"""The functions of the package, called as programs and notebooks call them."""

import asyncio
import base64
import os
import pathlib
import signal
import subprocess
import sys
import threading

from absl import flags
import numpy as np
import pytest
import tiny_network

import tf_dcgan
from tf_dcgan.commands import translate
from tf_dcgan.common import images as image_files
from tf_dcgan.evaluation import networks

_PROJECT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def run(trained):
    return tf_dcgan.open_run(trained[0])


@pytest.fixture
def tiny_features(monkeypatch):
    monkeypatch.setattr(
        networks, "create", lambda *_, **__: tiny_network.create()
    )


def _noise(count, seed=0):
    chance = np.random.default_rng(seed)
    return chance.integers(0, 256, (count, 28, 28), dtype=np.uint8)


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, tf_dcgan\n"
        "assert callable(tf_dcgan.train) and tf_dcgan.UserError\n"
        "heavy = {'tensorflow', 'keras', 'scipy', 'matplotlib'}\n"
        "print(heavy & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == ("set()\n", "")


def test_the_package_shows_its_functions_and_nothing_else():
    assert set(dir(tf_dcgan)) == {*tf_dcgan.__all__, "__version__"}
    for name in tf_dcgan.__all__:
        assert getattr(tf_dcgan, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        tf_dcgan.trian  # noqa: B018


def test_a_run_knows_its_settings_and_its_state(run, trained):
    assert run.path == trained[0]
    assert (run.config.recipe, run.config.width) == ("dcgan_small", 0.06)
    assert (run.step, run.total_steps) == (45, 45)
    assert run.class_names == ()
    assert os.fspath(run) == str(trained[0])
    assert repr(run) == (
        f"<Run {str(trained[0])!r}: dcgan_small on mnist, step 45 of 45>"
    )


def test_samples_are_those_of_the_command(run, trained, capsys):
    images = run.sample(64, seed=0, batch_size=13)
    assert (images.shape, images.dtype) == ((64, 28, 28, 1), np.uint8)
    grid = image_files.read_png(trained[0] / "samples" / "step_0000045.png")
    np.testing.assert_array_equal(image_files.grid(images), grid)
    raw = run.sample(64, weights="raw")
    assert (raw != images).any()
    assert capsys.readouterr() == ("", "")


def test_the_generator_is_a_keras_model(run):
    generator = run.generator()
    assert generator.output_shape == (None, 28, 28, 1)
    latents = np.zeros((2, 100), np.float32)
    assert abs(generator(latents, training=False)).numpy().max() <= 1


def test_curves_are_arrays_of_one_length(run):
    curves = run.metrics()
    np.testing.assert_array_equal(curves["step"], np.arange(5, 50, 5))
    assert curves["loss_d"].shape == (9,)
    assert curves["loss_d"].dtype == np.float64
    assert np.isfinite(curves["loss_d"]).all()
    assert run.metrics("epoch")["step"].tolist() == [15, 30, 45]


def test_a_notebook_shows_the_latest_grid(run, trained):
    page = run._repr_html_()
    start = page.index("base64,") + len("base64,")
    picture = base64.b64decode(page[start : page.index('"', start)])
    grid = trained[0] / "samples" / "step_0000045.png"
    assert picture == grid.read_bytes()
    assert "step 45 of 45" in page
    assert "<Run" not in page


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run.sample(0), "count=0 is out of range: allowed is 1 to"),
        (lambda run: run.sample(seed=-1), "seed=-1 is out of range"),
        (lambda run: run.sample(label=3), "label=3: .* is not conditional"),
        (lambda run: run.generator(weights="emma"), "weights=emma is not kn"),
        (lambda run: run.generator(checkpoint="best"), "evaluate_every=N, or"),
        (lambda run: run.metrics("trane"), "kind=trane: .*: did you mean trai"),
        (lambda run: run.resume(width=1.0), r"width \(was 0.06, now 1.0\)"),
        (lambda run: run.resume(steps=3), "cannot become shorter"),
        (lambda run: run.evaluate(real="a"), "evaluate.. of a run has no arg"),
        (lambda run: run.evaluate(metrics="fed"), "metrics=fed has 'fed'"),
        (lambda run: tf_dcgan.open_run("no"), "run_dir=no does not exist"),
        (lambda run: tf_dcgan.open_run("\0"), "is not text"),
        (lambda run: tf_dcgan.train(recipe="dcan"), "recipe=dcan is not known"),
        (lambda run: tf_dcgan.train(steps="3"), "steps='3' is not a whole"),
        (lambda run: tf_dcgan.evaluate("a:b:c:d", "b"), "real=a:b:c:d"),
        (
            lambda run: tf_dcgan.evaluate(_noise(3), _noise(3), split="test"),
            "^split is for run_dir: leave it out$",
        ),
        (
            lambda run: tf_dcgan.evaluate(
                _noise(3), _noise(3), labels="a.csv", features="classifier"
            ),
            "^labels=a.csv is for image files .* put `labels` into an .npz",
        ),
    ],
)
def test_a_mistake_is_told_without_dashes_and_leaves_nothing(
    run, call, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tf_dcgan.UserError, match=message) as caught:
        call(run)
    assert "--" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_arrays_are_scored_with_their_protocol(tiny_features, capsys):
    real, fake = _noise(60), _noise(50, seed=1)
    scores = tf_dcgan.evaluate(
        real, (fake, np.zeros(50, int)), metrics=["fid", "kid"]
    )
    assert list(scores) == ["fid", "kid"]
    assert scores["fid"] >= 0
    low, high = scores.interval("fid")
    assert low <= scores["fid"] <= high
    assert scores.protocol["real_images"] == 60
    assert scores.protocol["real"].startswith("array-60x28x28-")
    assert scores.protocol["fake"].startswith("array-50x28x28-")
    assert scores.to_json()["protocol"] == scores.protocol
    assert str(scores).splitlines()[0].startswith("score ")
    assert "generated  array-50x28x28-" in str(scores)
    assert "<pre>score " in scores._repr_html_()
    assert repr(scores).startswith("<Scores fid=")
    assert capsys.readouterr() == ("", "")


def test_an_array_is_scored_as_the_file_that_holds_it(tiny_features, tmp_path):
    real, fake = _noise(60) / 255.0, _noise(50, seed=1) / 255.0
    np.save(tmp_path / "real.npy", real)
    of_file = tf_dcgan.evaluate(tmp_path / "real.npy", fake, metrics="fid")
    of_array = tf_dcgan.evaluate(real, fake, metrics="fid")
    assert of_array["fid"] == of_file["fid"]


def test_a_run_is_scored_against_its_own_data(trained, tiny_features, tmp_path):
    folder = tmp_path / "run"
    subprocess.run(["cp", "-r", trained[0], folder], check=True)
    scores = tf_dcgan.open_run(folder).evaluate(metrics="fid", num_samples=50)
    assert scores.protocol["fake_images"] == 50
    assert "tiny" in str(scores)
    assert (folder / "evaluation.json").exists()
    logged = tf_dcgan.open_run(folder).metrics("evaluation")
    (name,) = (name for name in logged if name.startswith("fid_tiny"))
    np.testing.assert_allclose(logged[name], [scores["fid"]])


@pytest.mark.slow
def test_arrays_are_trained_on_within_a_running_event_loop(
    tmp_path, monkeypatch, capsys, no_exports
):
    monkeypatch.chdir(tmp_path)
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    settings = {
        "recipe": "vanilla_gan",
        "dataset": (_noise(60), np.arange(60) % 3),
        "batch_size": 20,
        "log_every": 1,
    }

    async def cell():
        return tf_dcgan.train(steps=2, **settings)

    run = asyncio.run(cell())
    assert run.path.parent == pathlib.Path("runs")
    assert (run.step, run.config.batch_size) == (2, 20)
    # In another thread, as `asyncio.to_thread` has one; the file of the arrays
    # is known again by its content.
    results = []
    thread = threading.Thread(
        target=lambda: results.append(run.resume(**settings, steps=4))
    )
    thread.start()
    thread.join()
    assert results[0].path == run.path
    assert results[0].metrics()["step"].tolist() == [1, 2, 3, 4]
    assert {n: signal.getsignal(n) for n in handlers} == handlers
    assert capsys.readouterr() == ("", "")
    assert not flags.FLAGS.is_parsed()
    of_package = [n for n in flags.FLAGS.flags_by_module_dict() if "tf_d" in n]
    assert of_package == []


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_translations_are_those_of_the_command(translated, tmp_path, direction):
    chance = np.random.default_rng(0)
    images = chance.integers(0, 256, (3, 30, 36, 3), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    run = tf_dcgan.open_run(translated[0])
    for size, shape in (("network", (24, 24, 3)), ("original", (28, 36, 3))):
        out = tmp_path / size
        translate.main(
            [
                "translate",
                f"--run_dir={run.path}",
                f"--input={tmp_path / 'images.npz'}",
                f"--direction={direction}",
                f"--size={size}",
                f"--out={out}",
            ]
        )
        translations = run.translate(images, direction, size=size)
        assert (translations.shape, translations.dtype) == (
            (3, *shape),
            np.uint8,
        )
        paths = sorted(out.glob("*.png"))
        expected = [image_files.read_png(path) for path in paths]
        np.testing.assert_array_equal(translations, expected)


@pytest.mark.slow
def test_what_cannot_be_translated_is_told_in_the_words_of_python(
    run, translated
):
    of_pairs = tf_dcgan.open_run(translated[0])
    for call, message in (
        (lambda: run.translate(_noise(2)), "makes images of noise: call samp"),
        (lambda: of_pairs.sample(), "pass them to translate()"),
        (
            lambda: of_pairs.translate("photos"),
            "images='photos' is no array: give arrays; files are translated by "
            "the command translate",
        ),
        (
            lambda: of_pairs.translate(_noise(2), "b_to_b"),
            "direction=b_to_b is not known: did you mean b_to_a",
        ),
        (
            lambda: of_pairs.translate(_noise(2) / 255.0),
            "images has images with values 0 to 1, and the run was trained on "
            "images with 8-bit values: give images of the same depth",
        ),
        (
            lambda: of_pairs.translate(_noise(2)[:, :6], size="original"),
            "images of 6x28 cannot be translated at their own size, which is "
            "to be 8 pixels a side or more",
        ),
    ):
        with pytest.raises(tf_dcgan.UserError) as caught:
            call()
        assert message in str(caught.value)
