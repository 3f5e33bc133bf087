"""`python evaluate.py` of a run that translates, with a small network."""

import json
import shutil

import keras
import numpy as np
import pytest

from tf_dcgan.commands import compare, evaluate
from tf_dcgan.common import devices, errors, images
from tf_dcgan.evaluation import image_sources, networks, translation
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.models import cyclegan
from tf_dcgan.runs import logs, runs
from tf_dcgan.sampling import generators

# Each test needs a trained run.
pytestmark = pytest.mark.slow


def _network(dataset=None):
    """Mean and spread of the pixels, and the mean of the first row."""
    pixels = keras.Input((8, 8, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    top = keras.layers.GlobalAveragePooling2D()(pixels[:, :1])
    both = keras.layers.Concatenate()([mean, top])
    return feature_network.FeatureNetwork(
        "tiny",
        keras.Model(pixels, {"features": both}),
        prepare=feature_network.resize_to(8, "pytorch"),
        digests={"features": "f" * 64},
        protocol={
            "resize": "pytorch",
            "of": dataset,
            "weights_sha256": "f" * 64,
        },
    )


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Small features, in an empty folder; the sets that they were asked of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "choose", lambda device: None)
    sets = []

    def network(request, dataset, *, read_as=None):
        sets.append(dataset)
        return _network(dataset)

    monkeypatch.setattr(networks, "create", network)
    return sets


@pytest.fixture
def run_dir(translated, tmp_path):
    """A copy of the run, to be written to."""
    return shutil.copytree(translated[0], tmp_path / "run")


def _evaluate(*flags):
    evaluate.main(["evaluate.py", *flags])


def _read(path):
    return json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.mark.slow
def test_both_directions_are_scored_beside_untranslated_images(
    asked, run_dir, two_sets, capsys
):
    _evaluate(
        f"--run_dir={run_dir}",
        "--metrics=fid,kid,precision_recall",
        "--features=classifier",
        "--num_samples=42",
        "--output=copy.json",
    )
    content = _read(run_dir / "evaluation.json")
    assert _read(run_dir.parent / "copy.json") == content
    assert content["step"] == 4
    sections = content["a_to_b"], content["b_to_a"]
    for section, real, fake in zip(sections, (48, 44), (42, 42), strict=True):
        for one in ("translated", "untranslated"):
            names = [score["name"] for score in section[one]["scores"]]
            assert names == ["fid", "kid", "precision", "recall"]
            protocol = section[one]["protocol"]
            assert protocol["real_images"] == real
            assert protocol["fake_images"] == fake
            assert section[one]["scores"][0]["low"] is not None
    assert (
        "step 4, ema weights, a_to_b, of 42 of"
        in (sections[0]["translated"]["protocol"]["fake"])
    )
    assert "testA" in sections[0]["untranslated"]["protocol"]["fake"]
    assert "trainB" in sections[0]["untranslated"]["protocol"]["real"]
    assert asked == [str(two_sets / "trainA"), str(two_sets / "trainB")]
    # The classifier of the set that is to be made.
    for section, name in zip(sections, ("trainB", "trainA"), strict=True):
        for one in ("translated", "untranslated"):
            features_of = section[one]["protocol"]["features"]["of"]
            assert features_of == str(two_sets / name)
    values = {score["name"]: score["value"] for score in content["scores"]}
    for direction, section in zip(cyclegan.DIRECTIONS, sections, strict=True):
        fid = section["translated"]["scores"][0]["value"]
        assert values[f"{direction}_fid"] == fid
        before = section["untranslated"]["scores"][0]["value"]
        assert values[f"{direction}_untranslated_fid"] == before
    printed = capsys.readouterr().out
    words = " ".join(printed.split())
    assert "score translated 95 % interval untranslated" in words
    assert f"a_to_b: {two_sets / 'trainA'} to {two_sets / 'trainB'}" in words
    assert "few_samples: 42 images, FID wants 2,048 (fid, untranslated" in words
    assert words.count("has no images put aside: its training images") == 1
    assert f"sha256 {'f' * 64}" in words
    (row,) = [
        line
        for line in printed.splitlines()
        if line.startswith("fid ") and f"{values['a_to_b_fid']:.4g}" in line
    ]
    assert f"{values['a_to_b_untranslated_fid']:.4g}" in row


def test_the_logs_tell_the_directions_apart(asked, run_dir):
    _evaluate(f"--run_dir={run_dir}", "--metrics=fid")
    *_, line = logs.read_metrics(run_dir)
    assert (line["kind"], line["step"]) == ("evaluation", 4)
    numbers = {name for name, v in line.items() if isinstance(v, float)}
    assert numbers == {
        f"{direction}{before}_fid_tiny_pytorch"
        for direction in cyclegan.DIRECTIONS
        for before in ("", "_untranslated")
    } | {"cycle_error_a", "cycle_error_b"}
    assert "step 4, ema weights; a_to_b: " in line["protocol"]
    assert ", 44 images, translated and not, against " in line["protocol"]
    # Inception is one network, of no set.
    assert asked == [None]


def test_untranslated_images_score_as_a_pair_of_folders_does(
    asked, run_dir, two_sets
):
    _evaluate(f"--run_dir={run_dir}", "--metrics=fid")
    content = _read(run_dir / "evaluation.json")
    _evaluate(
        f"--real={two_sets / 'trainB'}",
        f"--fake={two_sets / 'testA'}",
        "--metrics=fid",
        "--output=pair.json",
    )
    pair = _read(run_dir.parent / "pair.json")
    (score,) = content["a_to_b"]["untranslated"]["scores"]
    assert score["value"] == pytest.approx(pair["scores"][0]["value"], rel=1e-9)


def test_what_is_scored_are_the_translations_of_the_generator_asked_for(
    asked, run_dir, two_sets
):
    _evaluate(f"--run_dir={run_dir}", "--metrics=fid", "--weights=raw")
    raw = _read(run_dir / "evaluation.json")["b_to_a"]["translated"]
    (_, b_to_a), _ = generators.load_translators(runs.open_run(run_dir), "raw")
    real = [
        images.read_png(path)
        for path in sorted((two_sets / "trainB").iterdir())
    ]
    translations = images.to_uint8(b_to_a(images.to_float(np.stack(real))))
    np.save("made.npy", translations.numpy())
    _evaluate(
        f"--real={two_sets / 'testA'}",
        "--fake=made.npy",
        "--metrics=fid",
        "--output=pair.json",
    )
    pair = _read(run_dir.parent / "pair.json")
    assert raw["scores"][0]["value"] == pytest.approx(
        pair["scores"][0]["value"], rel=0.01
    )
    assert "raw weights, b_to_a, of" in raw["protocol"]["fake"]


def test_the_cycle_error_is_the_mean_difference_in_the_networks_units():
    def brighter(by):
        pixels = keras.Input((4, 4, 3))
        return keras.Model(pixels, keras.layers.Rescaling(1.0, by)(pixels))

    source = image_sources.from_array(
        np.full((5, 4, 4, 3), 100, np.uint8), "grey"
    )
    score = translation.cycle_error(
        "cycle_error_a", source, brighter(0.5), brighter(-0.25)
    )
    assert score.value == pytest.approx(0.25, rel=1e-5)
    assert score.low == pytest.approx(0.25, rel=1e-5)
    (one,) = [image_sources.from_array(np.zeros((1, 4, 4, 3), np.uint8), "one")]
    score = translation.cycle_error(
        "cycle_error_a", one, brighter(0.5), brighter(0.0)
    )
    assert score.low is None and score.value == pytest.approx(0.5)


def test_evaluated_translations_can_be_compared(asked, run_dir):
    _evaluate(f"--run_dir={run_dir}", "--metrics=fid")
    other = shutil.copytree(run_dir, run_dir.parent / "other")
    compare.main(["compare.py", str(run_dir), str(other), "--out=page.html"])
    page = (run_dir.parent / "page.html").read_text()
    for name in ("a_to_b_fid", "b_to_a_untranslated_fid", "cycle_error_b"):
        assert name in page
    assert "The protocols differ" not in page


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--metrics=modes", "--features=classifier"], "modes cannot be taken"),
        (["--metrics=fid,memorization"], "memorization cannot be taken"),
        (["--metrics=inception_score"], "inception_score cannot be taken"),
        (["--per_class", "--features=classifier"], "--per_class cannot be had"),
        (["--split=test"], "--split=test: translations are scored on"),
        (["--checkpoint=best"], "has no best checkpoint"),
    ],
)
def test_what_translations_have_no_score_for_is_refused(
    asked, translated, flags, message
):
    with pytest.raises(errors.UserError, match=message):
        _evaluate(f"--run_dir={translated[0]}", *flags)
    assert not (translated[0] / "evaluation.json").exists()
