"""`python evaluate.py`, with a small network in place of a real one."""

import json
import pathlib

import keras
import numpy as np
import pytest

import evaluate
from tf_dcgan import devices, errors, evaluation, launch_evaluation
from tf_dcgan.metrics import features, moments


def _tiny_network(protocol="first"):
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(
        6, 3, kernel_initializer=keras.initializers.RandomNormal(0, 0.1, 1)
    )(images)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.ReLU()(x))
    logits = keras.layers.Dense(
        10, kernel_initializer=keras.initializers.RandomNormal(0, 1, 2)
    )(x)
    return features.FeatureNetwork(
        "tiny",
        keras.Model(images, {"features": x, "logits": logits}),
        prepare=features.resize_to(8, "pytorch"),
        digests={"features": "f" * 64, "logits": "l" * 64},
        protocol={"resize": "pytorch", "of": protocol},
    )


@pytest.fixture
def main(tmp_path, monkeypatch):
    """evaluate.py's main in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "share_gpus", list)
    monkeypatch.setattr(
        launch_evaluation, "_network", lambda *arguments: _tiny_network()
    )

    def call(*flags):
        evaluate.main(["evaluate.py", *flags])

    return call


@pytest.fixture
def arrays(tmp_path):
    chance = np.random.default_rng(0)
    paths = []
    for name, mean in (("one", 100), ("other", 140)):
        images = chance.normal(mean, 40, (200, 8, 8, 3)).clip(0, 255)
        path = tmp_path / f"{name}.npy"
        np.save(path, images.astype(np.uint8))
        paths.append(str(path))
    return paths


def _scores(path):
    content = json.loads(pathlib.Path(path).read_text())
    return {score["name"]: score for score in content["scores"]}, content


def test_a_set_against_itself_scores_nothing_but_zero(main, arrays):
    main(f"--real={arrays[0]}", f"--fake={arrays[0]}", "--output=e.json")
    found, _ = _scores("e.json")
    assert found["fid"]["value"] == pytest.approx(0, abs=1e-6)
    assert found["precision"]["value"] == 1
    assert found["coverage"]["value"] == 1


def test_other_images_score_worse(main, arrays):
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--output=e.json")
    found, _ = _scores("e.json")
    fid = found["fid"]
    assert fid["low"] < fid["value"] < fid["high"]
    assert fid["low"] > fid["ideal"]
    assert found["kid"]["low"] > 0
    assert found["precision"]["value"] < 0.9


def test_the_protocol_is_printed_and_stored(main, arrays, capsys):
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--output=e.json")
    _, content = _scores("e.json")
    protocol = content["protocol"]
    assert protocol["real"] == arrays[0]
    assert protocol["real_images"] == protocol["fake_images"] == 200
    assert protocol["features"]["weights_sha256"] == "f" * 64
    printed = capsys.readouterr().out
    assert arrays[0] in printed and "f" * 64 in printed
    assert "warning: few_samples" in printed


def test_a_run_is_scored_against_its_own_data(main, trained, tiny_mnist):
    before = (trained[0] / "metrics.jsonl").read_text()
    events = set((trained[0] / "tensorboard").iterdir())
    try:
        main(
            f"--run_dir={trained[0]}",
            "--num_samples=50",
            "--metrics=fid,modes",
        )
        found, content = _scores(trained[0] / "evaluation.json")
        assert content["step"] == 45
        assert content["protocol"]["real_images"] == 40
        assert content["protocol"]["fake_images"] == 50
        assert found["modes"]["value"] <= 10
        lines = (trained[0] / "metrics.jsonl").read_text().splitlines()
        last = json.loads(lines[-1])
        assert (last["kind"], last["step"]) == ("evaluation", 45)
        assert last["fid_inception"] == pytest.approx(found["fid"]["value"])
    finally:  # Others only read the run.
        (trained[0] / "metrics.jsonl").write_text(before)
        (trained[0] / "evaluation.json").unlink(missing_ok=True)
        for path in set((trained[0] / "tensorboard").iterdir()) - events:
            path.unlink()


def test_features_of_real_images_are_computed_once(main, arrays, monkeypatch):
    flags = [f"--real={arrays[0]}", f"--fake={arrays[1]}", "--cache_dir=c"]
    main(*flags, "--output=a.json")
    extract = features.FeatureNetwork.extract
    headings = []

    def counted(self, *arguments, **keywords):
        headings.append(keywords["progress"])
        return extract(self, *arguments, **keywords)

    monkeypatch.setattr(features.FeatureNetwork, "extract", counted)
    main(*flags, "--output=b.json")
    assert headings == ["generated"]
    assert pathlib.Path("a.json").read_text() == (
        pathlib.Path("b.json").read_text()
    )


def test_statistics_serve_in_place_of_real_images(main, arrays, tmp_path):
    network = _tiny_network()
    found = network.extract([np.load(arrays[0])])["features"]
    evaluation.write_statistics(
        tmp_path / "s.npz", moments.Moments.from_features(found), network
    )
    flags = [f"--fake={arrays[1]}", "--metrics=fid"]
    main(f"--real={tmp_path / 's.npz'}", *flags, "--output=a.json")
    main(f"--real={arrays[0]}", *flags, "--output=b.json")
    from_statistics, _ = _scores("a.json")
    from_images, _ = _scores("b.json")
    assert from_statistics["fid"]["value"] == pytest.approx(
        from_images["fid"]["value"], rel=1e-9
    )


def test_statistics_of_another_protocol_are_refused(main, arrays, tmp_path):
    network = _tiny_network("second")
    found = network.extract([np.load(arrays[0])])["features"]
    evaluation.write_statistics(
        tmp_path / "s.npz", moments.Moments.from_features(found), network
    )
    with pytest.raises(errors.UserError, match=r"of \(second, now first\)"):
        main(f"--real={tmp_path / 's.npz'}", f"--fake={arrays[1]}")


def test_statistics_of_another_dimension_are_refused(main, arrays, tmp_path):
    np.savez(tmp_path / "s.npz", mu=np.zeros(3), sigma=np.eye(3))
    with pytest.raises(errors.UserError, match="has 3 dimensions"):
        main(f"--real={tmp_path / 's.npz'}", f"--fake={arrays[1]}")


def test_a_metric_that_needs_images_is_refused_for_statistics(
    main, arrays, tmp_path
):
    np.savez(tmp_path / "s.npz", mu=np.zeros(6), sigma=np.eye(6))
    with pytest.raises(errors.UserError, match="kid needs the real images'"):
        main(
            f"--real={tmp_path / 's.npz'}",
            f"--fake={arrays[1]}",
            "--metrics=kid",
        )


def test_modes_need_labels(main, arrays):
    with pytest.raises(errors.UserError, match="modes need the classes"):
        main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--metrics=modes")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "what shall be scored"),
        (["--real=x"], "what shall be scored"),
        (["--run_dir=r", "--real=x", "--fake=y"], "what shall be scored"),
        (["--run_dir=r", "--metrics=fdi"], "did you mean fid"),
        (["--run_dir=r", "--feature_dim=100"], "is no layer"),
        (["--run_dir=r"], "r does not exist"),
        (["--run_dir=r", "--num_samples=0"], "1 to 10,000,000"),
    ],
)
def test_a_mistake_is_told_in_one_line(main, flags, message):
    with pytest.raises(errors.UserError, match=message):
        main(*flags)


def test_the_flags_know_the_metrics_that_there_are():
    from tf_dcgan import scores

    assert tuple(evaluate._METRICS) == scores.METRICS
