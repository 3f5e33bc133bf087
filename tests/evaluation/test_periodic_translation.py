"""The score of a translation while it trains."""

import json
import shutil

import keras
import numpy as np
import pytest

from tf_dcgan.commands import train
from tf_dcgan.common import errors
from tf_dcgan.config import overrides
from tf_dcgan.evaluation import networks, periodic
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.runs import best_checkpoint, checkpoints, logs
from tf_dcgan.training import loop

# Each test needs a trained run.
pytestmark = pytest.mark.slow


def _network(request=None, dataset=None, *, read_as=None):
    """Two features: the mean pixel and half of it, from any image."""
    pixels = keras.Input((4, 4, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)[:, :1]
    both = keras.layers.Concatenate()([mean, mean * 0.5])
    return feature_network.FeatureNetwork(
        "tiny",
        keras.Model(pixels, {"features": both}),
        prepare=feature_network.resize_to(4, "pytorch"),
        digests={"features": "f" * 64},
        protocol={"resize": "pytorch", "of": dataset},
    )


def _flat(*values):
    """Images of one value each."""
    values = np.array(values, np.uint8)[:, None, None, None]
    return np.tile(values, (1, 4, 4, 3))


def _one(real, *, num_samples, metric="fid"):
    network = _network()
    return periodic.FeatureEvaluator(
        network,
        network.extract([real])["features"],
        metric=metric,
        num_samples=num_samples,
        real=f"{len(real)} numbers",
        real_fingerprint="abc",
        seed=0,
    )


def _both(a_to_b, b_to_a, metric="fid"):
    return periodic.TranslationEvaluator(
        a_to_b, b_to_a, metric=metric, inputs=("a", "b")
    )


def test_the_score_is_the_mean_of_both_directions():
    a_to_b = _one(_flat(10, 12, 14, 16), num_samples=4)
    b_to_a = _one(_flat(50, 52, 54), num_samples=3)
    # Cut amid the second batch: four images of A translated, three of B.
    score = _both(a_to_b, b_to_a)(
        [_flat(20, 22, 24), _flat(26, 80, 82), _flat(84)]
    )
    # Means 10 and 30 apart, their halves 5 and 15; the same spreads.
    first, second = 10**2 + 5**2, 30**2 + 15**2
    assert score.value == pytest.approx((first + second) / 2, rel=1e-6)
    assert score.name == "fid_both_tiny_7"
    floors = [one([_flat(1, 2, 3)]).ideal for one in (a_to_b, b_to_a)]
    assert score.ideal == pytest.approx(sum(floors) / 2)
    assert score.low is None
    assert len(score.warnings) == len(set(score.warnings))


def test_the_mean_of_kernel_distances_has_the_interval_of_a_mean():
    chance = np.random.default_rng(0)

    def flat(low):
        return _flat(*chance.integers(low, low + 50, 200))

    pair = [_one(flat(0), num_samples=200, metric="kid") for _ in range(2)]
    fakes = [flat(10), flat(20)]
    mean_score = _both(*pair, metric="kid")(fakes)
    one, other = (e([f]) for e, f in zip(pair, fakes, strict=True))
    assert mean_score.value == pytest.approx((one.value + other.value) / 2)
    reaches = [score.high - score.value for score in (one, other)]
    reach = (reaches[0] ** 2 + reaches[1] ** 2) ** 0.5 / 2
    assert mean_score.high - mean_score.value == pytest.approx(reach)
    assert mean_score.value - mean_score.low == pytest.approx(reach)


def test_the_protocol_is_json_and_tells_what_changes_the_score():
    evaluator = _both(
        _one(_flat(1, 2, 3), num_samples=4), _one(_flat(1, 2), num_samples=3)
    )
    assert json.loads(json.dumps(evaluator.protocol)) == evaluator.protocol
    assert evaluator.protocol["a_to_b"]["num_samples"] == 4
    assert evaluator.protocol["b_to_a"]["num_samples"] == 3
    assert evaluator.protocol["inputs"] == ["a", "b"]
    assert evaluator.real == "3 numbers and 2 numbers"
    assert evaluator.features == "tiny, weights ffffffffffff"


@pytest.fixture(scope="module")
def scored(translation_flags, tmp_path_factory):
    """A run that was scored after steps 2 and 4, and the networks asked for."""
    asked = []

    def network(request, dataset, *, read_as):
        asked.append(dataset)
        return _network(request, dataset)

    folder = tmp_path_factory.mktemp("scored") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "create", network)
        train.main(
            [
                "train.py",
                *translation_flags,
                "--steps=4",
                "--evaluate_every=2",
                "--checkpoint_every=2",
                "--evaluate_samples=100",
                f"--run_dir={folder}",
            ]
        )
    return folder, asked


def _evaluations(folder):
    return [
        line
        for line in logs.read_metrics(folder)
        if line["kind"] == "evaluation"
    ]


@pytest.mark.slow
def test_a_training_is_scored_and_its_best_checkpoint_kept(scored, two_sets):
    folder, asked = scored
    assert asked == [str(two_sets / "trainA"), str(two_sets / "trainB")]
    lines = _evaluations(folder)
    assert [line["step"] for line in lines] == [2, 4]
    # 44 images of A were put aside, and of B the 48 to train on are taken.
    name = "fid_both_tiny_92"
    values = {line["step"]: line[name] for line in lines}
    assert lines[0]["real"].startswith(f"{two_sets / 'trainB'}:train (")
    assert f"and {two_sets / 'testA'}:train (" in lines[0]["real"]
    best = best_checkpoint.read(
        checkpoints.last(folder / "checkpoints" / "best")
    )
    assert best.value == min(values.values())
    assert values[best.step] == best.value
    # The classifier of the set that is to be made.
    for direction, target in (("a_to_b", "trainB"), ("b_to_a", "trainA")):
        features_of = best.protocol[direction]["features"]["of"]
        assert features_of == str(two_sets / target)


@pytest.mark.slow
def test_a_training_that_was_killed_finds_the_same_scores(
    scored, tmp_path, monkeypatch, no_exports
):
    folder = shutil.copytree(scored[0], tmp_path / "run")
    before = _evaluations(folder)
    shutil.rmtree(checkpoints.path_of(folder / "checkpoints", 4))
    monkeypatch.setattr(networks, "create", _network)
    train.main(["train.py", f"--run_dir={folder}"])
    assert _evaluations(folder) == before
    bests = [
        best_checkpoint.read(checkpoints.last(path / "checkpoints" / "best"))
        for path in (scored[0], folder)
    ]
    assert bests[0] == bests[1]


@pytest.mark.slow
def test_sets_without_labels_are_told_what_to_give_instead(
    translation_flags, tmp_path
):
    with pytest.raises(errors.UserError) as raised:
        train.main(
            [
                "train.py",
                *translation_flags,
                "--evaluate_every=2",
                f"--run_dir={tmp_path / 'run'}",
            ]
        )
    text = str(raised.value)
    assert text.startswith("--evaluate_every cannot score: ")
    assert "--evaluate_features=inception" in text
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("metric", "needed"), [("fid", 2), ("kid", 4)])
def test_too_few_images_are_refused_before_the_first_step(
    translation_flags, two_sets, tmp_path, monkeypatch, metric, needed
):
    monkeypatch.setattr(networks, "create", _network)
    few = tmp_path / "few"
    for name in ("trainA", "trainB"):
        shutil.copytree(two_sets / name, few / name)
    (few / "testB").mkdir()
    for number in range(needed - 1):
        source = two_sets / "trainB" / f"{number:02d}.png"
        shutil.copy(source, few / "testB")
    flags = [
        *(f for f in translation_flags if not f.startswith("--dataset=")),
        f"--dataset={few}",
        f"--evaluate_metric={metric}",
        "--evaluate_every=1",
        "--steps=1",
        f"--run_dir={tmp_path / 'run'}",
    ]
    with pytest.raises(errors.UserError) as raised:
        train.main(["train.py", *flags])
    assert str(raised.value) == (
        f"--evaluate_every cannot score: {metric} needs {needed} images of "
        f"each set to translate, and of {few / 'trainB'} (of --dataset) there "
        f"are {needed - 1}: put more aside; or leave --evaluate_every out"
    )
    assert not (tmp_path / "run").exists()
    # One more is enough.
    shutil.copy(two_sets / "trainB" / "40.png", few / "testB")
    prepared = []
    monkeypatch.setattr(
        loop, "train", lambda *arguments: prepared.append(arguments[-1])
    )
    train.main(["train.py", *flags])
    (evaluator,) = prepared
    noise = np.random.default_rng(0).integers(0, 256, (99, 24, 24, 3), np.uint8)
    score = evaluator([noise])
    assert score.name == f"{metric}_both_tiny_{50 + needed}"
    assert np.isfinite(score.value)


def test_a_split_to_compare_with_is_refused():
    with pytest.raises(errors.UserError, match="evaluate_split=train would do"):
        overrides.from_flags(
            {
                "recipe": "cyclegan",
                "evaluate_every": 2,
                "evaluate_split": "train",
            }
        )
