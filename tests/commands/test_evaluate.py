"""`python evaluate.py`, with a small network in place of a real one."""

import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
import tiny_network

from tf_dcgan.commands import evaluate
from tf_dcgan.common import devices, errors, images, terminal
from tf_dcgan.config import kinds
from tf_dcgan.evaluation import evaluate as evaluation
from tf_dcgan.evaluation import networks, request
from tf_dcgan.metrics import scores
from tf_dcgan.metrics.features import feature_network
from tf_dcgan.runs import best_checkpoint
from tf_dcgan.sampling import generators, samplers


@pytest.fixture
def main(tmp_path, monkeypatch):
    """evaluate.py's main in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(devices, "choose", lambda device: None)
    monkeypatch.setattr(
        networks, "create", lambda *_, **__: tiny_network.create()
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


@pytest.fixture
def labelled(arrays, tmp_path):
    """The same images with labels: 20 of each class, but 1 of the last."""
    labels = np.minimum(np.arange(200) // 20, 8)
    labels[-1] = 9
    paths = []
    for path in arrays:
        paths.append(path.replace(".npy", ".npz"))
        np.savez(paths[-1], images=np.load(path), labels=labels)
    return paths


def _scores(path):
    content = json.loads(
        pathlib.Path(path).read_text(), parse_constant=pytest.fail
    )
    return {score["name"]: score for score in content["scores"]}, content


def test_a_set_against_itself_scores_nothing_but_zero(main, arrays):
    main(f"--real={arrays[0]}", f"--fake={arrays[0]}", "--output=e.json")
    by_name, _ = _scores("e.json")
    assert by_name["fid"]["value"] == pytest.approx(0, abs=1e-6)
    assert by_name["precision"]["value"] == 1
    assert by_name["coverage"]["value"] == 1


def test_other_images_score_worse(main, arrays):
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--output=e.json")
    by_name, _ = _scores("e.json")
    fid = by_name["fid"]
    assert fid["low"] < fid["value"] < fid["high"]
    assert fid["low"] > fid["ideal"]
    assert by_name["kid"]["low"] > 0
    assert by_name["precision"]["value"] < 0.9


def test_the_protocol_is_printed_and_stored(main, arrays, capsys):
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--output=e.json")
    _, content = _scores("e.json")
    protocol = content["protocol"]
    assert protocol["real"] == arrays[0]
    assert protocol["real_images"] == protocol["fake_images"] == 200
    assert protocol["features"]["weights_sha256"] == "f" * 64
    printed = capsys.readouterr().out
    assert arrays[0] in printed and "f" * 64 in printed
    assert set(protocol["versions"]) > {"tensorflow", "keras", "numpy"}


def test_each_warning_is_printed_once_with_its_scores(main, arrays, capsys):
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--output=e.json")
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("few_samples: 200 images, FID wants 2,048 (fid)") == 1
    assert printed.count("few_samples") == 3
    assert (
        "few_samples: 200 images, these scores want 2,048 (precision, recall, "
        "density, coverage)" in printed
    )
    assert "KID wants 1,000 (kid)" in printed
    assert printed.count("low_accuracy: right on 12 % (all scores)") == 1
    by_name, content = _scores("e.json")
    assert by_name["fid"]["warnings"][0].startswith("few_samples: 200")
    assert content["protocol"]["features"]["warnings"]


def test_a_class_with_too_few_images_has_no_score_and_a_warning(
    main, labelled, capsys
):
    main(
        f"--real={labelled[0]}",
        f"--fake={labelled[1]}",
        "--metrics=fid,precision_recall,modes",
        "--features=classifier",
        "--per_class",
        "--output=e.json",
    )
    _, content = _scores("e.json")
    classes = {one["class"]: one for one in content["per_class"]}
    assert list(classes) == list(tiny_network.CLASSES)
    assert classes["0"]["real_images"] == classes["0"]["fake_images"] == 20
    first = {score["name"]: score for score in classes["0"]["scores"]}
    assert set(first) == {"fid", "precision", "recall"}
    assert first["fid"]["value"] > 0
    for score in classes["9"]["scores"]:
        assert score["value"] is None
        assert score["warnings"][0].startswith("too_few_images: ")
        assert "was given 1" in score["warnings"][0]
    rows = capsys.readouterr().out.splitlines()
    (row,) = [row for row in rows if row.startswith("9 ")]
    assert row.split() == ["9", "1", "1", "-", "-", "-", "too_few_images"]


@pytest.mark.slow
def test_the_score_of_a_class_is_that_of_its_images_alone(
    main, labelled, tmp_path
):
    flags = ["--metrics=fid,kid,density_coverage", "--output=e.json"]
    main(
        f"--real={labelled[0]}", f"--fake={labelled[1]}", *flags, "--per_class"
    )
    _, content = _scores("e.json")
    third = {s["name"]: s["value"] for s in content["per_class"][3]["scores"]}
    alone = []
    for number, path in enumerate(labelled):
        alone.append(tmp_path / f"{number}.npy")
        np.save(alone[-1], np.load(path)["images"][60:80])
    main(f"--real={alone[0]}", f"--fake={alone[1]}", *flags)
    by_name, _ = _scores("e.json")
    for name, value in third.items():
        assert by_name[name]["value"] == pytest.approx(value, rel=1e-6), name


@pytest.mark.slow
def test_the_classes_of_unlabelled_images_are_predicted(
    main, labelled, arrays, monkeypatch
):
    network = tiny_network.create()
    predicted = network.extract([np.load(arrays[1])], outputs=["logits"])
    expected = np.bincount(predicted["logits"].argmax(1), minlength=10)
    main(
        f"--real={labelled[0]}",
        f"--fake={arrays[1]}",
        "--metrics=fid",
        "--per_class",
        "--output=e.json",
    )
    _, content = _scores("e.json")
    counts = [one["fake_images"] for one in content["per_class"]]
    assert counts == expected.tolist()
    assert "predicted" in content["protocol"]["classes_of_generated_images"]


def test_classes_that_nothing_predicts_are_refused(
    main, labelled, arrays, monkeypatch
):
    network = tiny_network.create(class_names=())
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)
    flags = ["--per_class", "--metrics=fid"]
    with pytest.raises(errors.UserError, match="give --features=classifier"):
        main(f"--real={labelled[0]}", f"--fake={arrays[1]}", *flags)
    with pytest.raises(errors.UserError, match="one.npy has no labels"):
        main(f"--real={arrays[0]}", f"--fake={labelled[1]}", *flags)


@pytest.mark.slow
def test_sfid_is_the_distance_of_the_spatial_features(main, arrays):
    flags = [f"--real={arrays[0]}", f"--fake={arrays[1]}"]
    main(*flags, "--metrics=sfid,fid", "--output=e.json")
    by_name, _ = _scores("e.json")
    sfid = by_name["sfid"]
    assert sfid["low"] < sfid["value"] < sfid["high"]
    assert 0 < sfid["ideal"] < sfid["value"]
    # Twice the first four of six features: four times a part of the distance.
    network = tiny_network.create()
    means = [
        network.extract([np.load(path)])["features"][:, :4].mean(0)
        for path in arrays
    ]
    assert sfid["details"]["value"] >= 4 * ((means[0] - means[1]) ** 2).sum()
    # The second time both are read from the cache.
    main(*flags, "--metrics=sfid", "--output=f.json")
    again, _ = _scores("f.json")
    assert again["sfid"]["value"] == pytest.approx(sfid["value"], rel=1e-9)


def test_copies_of_training_images_are_seen_and_shown(main, arrays, tmp_path):
    train = np.load(arrays[1])
    np.save("fake.npy", train[50:90])
    main(
        f"--real={arrays[0]}",
        "--fake=fake.npy",
        f"--train={arrays[1]}",
        "--metrics=memorization",
        "--output=out/e.json",
    )
    by_name, content = _scores("out/e.json")
    assert by_name["memorization"]["value"] == 1
    assert by_name["distance_ratio"]["value"] == 0
    closest = by_name["memorization"]["details"]["closest"]
    assert len(closest) == 16
    assert all(pair["training"] - pair["generated"] == 50 for pair in closest)
    assert content["protocol"]["training_images"] == arrays[1]
    picture = images.read_png("out/memorization.png")
    # Eight columns and two times three rows, eight times as large.
    assert picture.shape == (6 * 66 + 2, 8 * 66 + 2, 3)
    tiles = [picture[2 + 66 * row : 66 + 66 * row, 2:66] for row in range(2)]
    np.testing.assert_array_equal(tiles[0], tiles[1])
    expected = images.enlarge(train[closest[0]["training"]], 8)
    np.testing.assert_array_equal(tiles[0], expected)


def test_without_a_place_for_it_no_picture_is_written(
    main, arrays, capsys, tmp_path
):
    before = set(tmp_path.iterdir())
    main(
        f"--real={arrays[0]}",
        f"--fake={arrays[1]}",
        f"--train={arrays[1]}",
        "--metrics=memorization",
        "--cache_dir=c",
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "no picture of the closest pairs was written" in printed
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"c"}


@pytest.mark.slow
def test_images_of_other_sizes_are_told(main, arrays, capsys):
    np.save("large.npy", np.load(arrays[1]).repeat(2, axis=1)[..., :1])
    flags = ["--metrics=fid", "--cache_dir=c"]
    main(f"--real={arrays[0]}", "--fake=large.npy", *flags)
    printed = " ".join(capsys.readouterr().out.split())
    assert "the real images are 8x8x3 and the generated ones 16x8x1" in printed
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", *flags)
    assert "the real images are" not in capsys.readouterr().out


def test_training_images_cannot_be_held_out_too(main, arrays):
    with pytest.raises(errors.UserError, match="given as both"):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            f"--train={arrays[0]}",
            "--metrics=memorization",
        )


def test_what_json_has_no_number_for_is_null_with_a_warning(
    main, labelled, arrays, tmp_path
):
    contents = np.load(labelled[0])
    # Real images of one class: whatever else is predicted is unknown.
    np.savez(
        "real.npz", images=contents["images"], labels=np.zeros(200, np.int64)
    )
    main(
        "--real=real.npz",
        f"--fake={arrays[1]}",
        "--metrics=modes",
        "--features=classifier",
        "--output=e.json",
    )
    by_name, _ = _scores("e.json")
    assert by_name["mode_divergence"]["value"] is None
    assert "divergence is infinite" in str(
        by_name["mode_divergence"]["warnings"]
    )


def test_few_images_have_a_distance_without_an_interval(main, arrays):
    for name, path in zip("ab", arrays, strict=True):
        np.save(f"{name}.npy", np.load(path)[:39])
    main("--real=a.npy", "--fake=b.npy", "--metrics=fid", "--output=e.json")
    by_name, _ = _scores("e.json")
    assert by_name["fid"]["value"] > 0 and by_name["fid"]["low"] is None
    assert (
        "no_interval: 39 images, an interval wants 40"
        in (by_name["fid"]["warnings"])
    )


@pytest.mark.parametrize(
    ("metric", "count", "needed"),
    [
        ("fid", 1, "fid needs at least 2 generated images"),
        ("kid", 3, "kid needs at least 4 generated"),
        ("precision_recall", 3, "precision_recall needs at least 4 generated"),
        ("density_coverage", 3, "density_coverage needs at least 4 generated"),
        ("fid_infinity", 19, "fid_infinity needs at least 20 generated"),
        ("inception_score", 9, "inception_score needs at least 10 generated"),
    ],
)
def test_fewer_images_than_a_metric_needs(main, arrays, metric, count, needed):
    np.save("few.npy", np.load(arrays[1])[:count])
    with pytest.raises(errors.UserError, match=needed):
        main(f"--real={arrays[0]}", "--fake=few.npy", f"--metrics={metric}")
    pathlib.Path("few.npy").unlink()


def test_features_that_are_no_numbers_are_refused_and_not_kept(
    main, arrays, monkeypatch, tmp_path
):
    network = tiny_network.create(scale=math.nan)
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)
    with pytest.raises(errors.UserError, match="NaN or infinity"):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            "--cache_dir=c",
            "--output=e.json",
        )
    assert not pathlib.Path("e.json").exists()
    assert not list(pathlib.Path("c").glob("*"))


@pytest.mark.slow
def test_progress_off_a_terminal_is_told_in_lines(
    main, arrays, capsys, monkeypatch
):
    metrics = "--metrics=fid,kid,precision_recall"
    flags = [f"--real={arrays[0]}", f"--fake={arrays[1]}", metrics]
    main(*flags, "--cache_dir=a")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(terminal, "_SECONDS_PER_LINE", 0.0)
    main(*flags, "--cache_dir=b", "--batch_size=100")
    shown = capsys.readouterr().err
    assert "generated images: 100 of 200 images  " in shown
    assert " s left\n" in shown and "\r" not in shown
    for line in (
        "interval of fid: 30 of 40 distances  ",
        "kid: 1 of 1 subsets  ",
        "neighbourhoods: 1 of 1 tiles  ",
    ):
        assert line in shown


@pytest.mark.slow
def test_a_run_is_scored_against_its_own_data(main, trained, tiny_mnist):
    before = (trained[0] / "metrics.jsonl").read_text()
    events = set((trained[0] / "tensorboard").iterdir())
    try:
        main(
            f"--run_dir={trained[0]}",
            "--num_samples=50",
            "--metrics=fid,modes,memorization",
            "--features=classifier",
            "--per_class",
            "--output=copy.json",
        )
        by_name, content = _scores(trained[0] / "evaluation.json")
        assert content["step"] == 45
        assert _scores("copy.json")[1] == content
        assert content["protocol"]["real_images"] == 40
        assert content["protocol"]["fake_images"] == 50
        assert (trained[0] / "memorization.png").exists()
        assert "mnist:train" in content["protocol"]["training_images"]
        predicted = [one["fake_images"] for one in content["per_class"]]
        assert sum(predicted) == 50
        assert by_name["modes"]["value"] == sum(
            one["real_images"] > 0 and one["fake_images"] > 0
            for one in content["per_class"]
        )
        lines = (trained[0] / "metrics.jsonl").read_text().splitlines()
        last = json.loads(lines[-1])
        assert (last["kind"], last["step"]) == ("evaluation", 45)
        assert last["fid_tiny_pytorch"] == pytest.approx(
            by_name["fid"]["value"]
        )
        assert "mnist:test" in last["protocol"]
    finally:  # Others only read the run.
        (trained[0] / "metrics.jsonl").write_text(before)
        for name in ("evaluation.json", "memorization.png"):
            (trained[0] / name).unlink(missing_ok=True)
        for path in set((trained[0] / "tensorboard").iterdir()) - events:
            path.unlink()


@pytest.mark.parametrize(
    ("compares", "count"),
    [("FIDs of clean-fid", 1), (feature_network.ONLY_WITH_ITSELF, 0)],
)
def test_scores_that_could_be_compared_name_the_usual_protocol(
    main, arrays, capsys, monkeypatch, compares, count
):
    network = tiny_network.create()
    network.protocol["comparable_with"] = compares
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)
    main(f"--real={arrays[0]}", f"--fake={arrays[1]}", "--metrics=fid")
    printed = " ".join(capsys.readouterr().out.split())
    assert printed.count("--num_samples=50000 --split=train") == count
    assert f"compares with {compares}" in printed


@pytest.mark.slow
def test_features_of_real_images_are_computed_once(main, arrays, monkeypatch):
    flags = [f"--real={arrays[0]}", f"--fake={arrays[1]}", "--cache_dir=c"]
    main(*flags, "--output=a.json")
    extract = feature_network.FeatureNetwork.extract
    headings = []

    def counted(self, *arguments, **keywords):
        headings.append(keywords["progress"])
        return extract(self, *arguments, **keywords)

    monkeypatch.setattr(feature_network.FeatureNetwork, "extract", counted)
    main(*flags, "--output=b.json")
    assert headings == ["generated images"]
    assert pathlib.Path("a.json").read_text() == (
        pathlib.Path("b.json").read_text()
    )


@pytest.mark.slow
def test_statistics_serve_in_place_of_real_images(main, arrays, capsys):
    main(f"--real={arrays[0]}", "--statistics=s.npz")
    assert "200 images of " + arrays[0] in capsys.readouterr().out
    flags = [f"--fake={arrays[1]}", "--metrics=fid"]
    main("--real=s.npz", *flags, "--output=a.json")
    main(f"--real={arrays[0]}", *flags, "--output=b.json")
    from_statistics, content = _scores("a.json")
    from_images, _ = _scores("b.json")
    assert from_statistics["fid"]["value"] == pytest.approx(
        from_images["fid"]["value"], rel=1e-9
    )
    assert content["protocol"]["real"] == f"s.npz of {arrays[0]}"
    assert content["protocol"]["real_images"] == 200


@pytest.mark.slow
def test_statistics_have_no_interval_of_few_images(main, arrays):
    np.save("few.npy", np.load(arrays[0])[:12])
    main("--real=few.npy", "--statistics=s.npz")
    main(
        "--real=s.npz",
        f"--fake={arrays[1]}",
        "--metrics=fid",
        "--output=e.json",
    )
    fid = _scores("e.json")[0]["fid"]
    assert fid["low"] is None
    assert "no_interval: 12 images, an interval wants 40" in fid["warnings"]
    assert "few_samples: 12 images, FID wants 2,048" in fid["warnings"]


@pytest.mark.slow
def test_an_interval_from_statistics_says_what_it_leaves_out(main, arrays):
    main(f"--real={arrays[0]}", "--statistics=s.npz")
    flags = [f"--fake={arrays[1]}", "--metrics=fid", "--output=e.json"]
    main("--real=s.npz", *flags)
    fid = _scores("e.json")[0]["fid"]
    assert fid["low"] < fid["value"]
    assert fid["remark"].endswith("without the bias of the generated images")
    assert any(w.startswith("real_as_exact: ") for w in fid["warnings"])
    main(f"--real={arrays[0]}", *flags)
    fid = _scores("e.json")[0]["fid"]
    assert fid["remark"].endswith("] without bias")
    assert not any(w.startswith("real_as_exact") for w in fid["warnings"])


def test_no_interval_reaches_below_zero(main, arrays):
    images = np.load(arrays[0])
    np.save("a.npy", images[:100])
    np.save("b.npy", images[100:])
    main("--real=a.npy", "--fake=b.npy", "--metrics=fid", "--output=e.json")
    fid = _scores("e.json")[0]["fid"]
    assert fid["details"]["low"] < 0 == fid["low"]
    details = fid["details"]
    assert fid["remark"] == (
        f"{details['corrected']:.4g} [{details['corrected_low']:.4g}, "
        f"{details['corrected_high']:.4g}] without bias"
    )


@pytest.mark.slow
def test_scores_of_a_run_that_may_only_be_read_go_to_the_output(
    main, trained, tmp_path, capsys
):
    run = tmp_path / "run"
    shutil.copytree(trained[0], run)
    # What stands for a file system that takes no files, as root too.
    (run / "evaluation.json").mkdir()
    before = (run / "metrics.jsonl").read_text()
    flags = ("--run_dir=run", "--num_samples=40", "--metrics=fid,memorization")
    with pytest.raises(errors.UserError) as refusal:
        main(*flags)
    assert str(refusal.value) == (
        f"--run_dir=run cannot be written ({run / 'evaluation.json'} is a "
        "folder, not a file): give --output=FILE.json, to which the scores "
        "then go"
    )
    main(*flags, "--output=elsewhere/scores.json")
    by_name, content = _scores("elsewhere/scores.json")
    assert by_name["fid"]["value"] > 0
    assert "elsewhere/scores.json alone" in content["notes"][-1]
    assert pathlib.Path("elsewhere/memorization.png").exists()
    assert (run / "metrics.jsonl").read_text() == before
    assert not (run / "memorization.png").exists()
    assert "scores are in" in " ".join(capsys.readouterr().out.split())


def test_scores_can_be_written_into_standard_output(main, arrays):
    reading, writing = os.pipe()
    try:
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            f"--train={arrays[1]}",
            "--metrics=fid,memorization",
            f"--output=/dev/fd/{writing}",
        )
        os.close(writing)
        with open(reading, closefd=False) as pipe:
            content = json.load(pipe)
        assert content["scores"][0]["name"] == "fid"
        assert "no picture of the closest pairs" in content["notes"][-1]
    finally:
        os.close(reading)


@pytest.mark.parametrize(
    "flag", ["--output=fifo.json", "--pairs=fifo.png", "--statistics=fifo.npz"]
)
def test_a_fifo_is_refused_before_the_work(main, arrays, flag):
    os.mkfifo(flag.partition("=")[2])
    flags = [f"--real={arrays[0]}", flag]
    if "statistics" not in flag:
        flags += [f"--fake={arrays[1]}", f"--train={arrays[1]}"]
        flags.append("--metrics=memorization")
    with pytest.raises(errors.UserError, match="is a FIFO, not a file"):
        main(*flags)


def test_scores_are_kept_where_nobody_reads_them(main, arrays, monkeypatch):
    def gone(*_, **__):
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", gone)
    with pytest.raises(BrokenPipeError):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            "--metrics=fid",
            "--output=e.json",
        )
    assert _scores("e.json")[0]["fid"]["value"] > 0


def test_statistics_of_another_protocol_are_refused(main, arrays, monkeypatch):
    main(f"--real={arrays[0]}", "--statistics=s.npz")
    network = tiny_network.create("second")
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)
    with pytest.raises(errors.UserError, match=r"of \(first, now second\)"):
        main("--real=s.npz", f"--fake={arrays[1]}", "--metrics=fid")


def test_statistics_of_one_image_are_refused(main, arrays):
    np.save("one_only.npy", np.load(arrays[0])[:1])
    with pytest.raises(
        errors.UserError, match="at least 2 real images, .* has 1: give more$"
    ):
        main("--real=one_only.npy", "--statistics=s.npz")
    assert not pathlib.Path("s.npz").exists()


def test_statistics_of_another_dimension_are_refused(main, arrays, tmp_path):
    np.savez(tmp_path / "s.npz", mu=np.zeros(3), sigma=np.eye(3))
    with pytest.raises(errors.UserError, match="has 3 dimensions"):
        main(
            f"--real={tmp_path / 's.npz'}",
            f"--fake={arrays[1]}",
            "--metrics=fid",
        )


def test_a_metric_that_needs_images_is_refused_for_statistics(
    main, arrays, tmp_path
):
    np.savez(tmp_path / "s.npz", mu=np.zeros(6), sigma=np.eye(6))
    with pytest.raises(errors.UserError, match="kid needs the real images"):
        main(
            f"--real={tmp_path / 's.npz'}",
            f"--fake={arrays[1]}",
            "--metrics=kid",
        )


def test_modes_need_labels(main, arrays):
    with pytest.raises(errors.UserError, match="one.npy has no labels"):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            "--metrics=modes",
            "--features=classifier",
        )


def test_a_classifier_needs_a_set_to_be_of(main, arrays, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(devices, "choose", lambda device: None)
    with pytest.raises(errors.UserError, match="neither --real nor --fake"):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            "--features=classifier",
        )


@pytest.mark.parametrize(
    ("checkpoint", "weights", "noted"),
    [("best", "raw", 1), ("best", "ema", 0), ("last", "raw", 0)],
)
def test_the_best_checkpoints_raw_weights_are_not_those_that_were_scored(
    monkeypatch, checkpoint, weights, noted
):
    sampler = types.SimpleNamespace(labels=lambda count: None)
    monkeypatch.setattr(samplers, "of_run", lambda *_: sampler)
    monkeypatch.setattr(best_checkpoint, "origin", lambda *_: "step 7")
    monkeypatch.setattr(generators, "load", lambda *_: (None, 7))
    run = types.SimpleNamespace(
        path="r", config=types.SimpleNamespace(kind=kinds.GENERATION)
    )
    settings = request.Request(
        run_dir="r", num_samples=9, weights=weights, checkpoint=checkpoint
    )
    model, step, words, notes = evaluation._load(run, settings)
    fake = evaluation._generated(run, settings, model, words=words, notes=notes)
    assert (step, fake.count, len(fake.notes)) == (7, 9, noted)
    assert fake.description == f"r, step 7, {weights} weights"
    assert all("was the averaged weights'" in note for note in fake.notes)


def test_a_run_without_a_checkpoint_is_refused(main, trained, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_bytes((trained[0] / "config.json").read_bytes())
    with pytest.raises(errors.UserError, match="has no checkpoint yet"):
        main("--run_dir=run")
    assert [path.name for path in run.iterdir()] == ["config.json"]


@pytest.mark.parametrize(
    "flag", ["--output=file/x.json", "--output=.", "--pairs=file/x.png"]
)
def test_a_place_that_cannot_be_written_is_found_out_first(
    main, arrays, flag, monkeypatch
):
    pathlib.Path("file").write_text("x")
    monkeypatch.setattr(
        feature_network.FeatureNetwork,
        "extract",
        lambda *_, **__: pytest.fail(),
    )
    with pytest.raises(errors.UserError, match="cannot be written"):
        main(
            f"--real={arrays[0]}",
            f"--fake={arrays[1]}",
            f"--train={arrays[1]}",
            "--metrics=memorization",
            flag,
        )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "what shall be scored"),
        (["--real=x"], "what shall be scored"),
        (["--run_dir=r", "--real=x", "--fake=y"], "what shall be scored"),
        (["--real=x", "--fake=y", "--statistics=s.npz"], "what shall be"),
        (["--real=x", "--statistics=s.json"], "should end in .npz"),
        (["--run_dir=r", "--metrics=fdi"], "did you mean fid"),
        (["--run_dir=r", "--metrics="], "has an empty name: allowed: dens"),
        (["--run_dir=r", "--metrics=fid,,kid"], "has an empty name"),
        (["--run_dir=r", "--metrics=fid,kid,fid"], "has fid twice"),
        (["--run_dir=r", "--metrics=modes"], "needs --features=classifier"),
        (
            [
                "--run_dir=r",
                "--metrics=inception_score",
                "--features=keras_inception",
            ],
            "needs --features=inception or classifier",
        ),
        (
            ["--run_dir=r", "--metrics=sfid", "--features=classifier"],
            "sfid needs --features=inception",
        ),
        (
            [
                "--run_dir=r",
                "--features=classifier",
                "--precision=mixed_bfloat16",
            ],
            "float32 alone",
        ),
        (["--run_dir=r", "--metrics=modes", "--per_class"], "modes needs"),
        (
            ["--run_dir=r", "--metrics=fid_infinity", "--per_class"],
            "has no metric to take per class",
        ),
        (["--run_dir=r", "--train=x"], "a run knows its training"),
        (["--real=x", "--fake=y", "--num_samples=9"], "num_samples is for"),
        (["--real=x", "--fake=y", "--split=test"], "--split is for --run_dir"),
        (["--real=x", "--fake=y", "--weights=ema"], "--weights is for"),
        (["--real=x", "--fake=y", "--checkpoint=last"], "checkpoint is for"),
        (
            ["--run_dir=r", "--features=classifier", "--feature_dim=2048"],
            "--feature_dim is for --features=inception, not for",
        ),
        (
            ["--run_dir=r", "--features=classifier", "--resize=tf1"],
            "--resize is for Inception networks",
        ),
        (
            ["--run_dir=r", "--features=classifier", "--inception_weights=x"],
            "--inception_weights is for --features=inception",
        ),
        (
            ["--run_dir=r", "--features=keras_inception", "--feature_dim=64"],
            "--feature_dim is for --features=inception",
        ),
        (["--real=x", "--statistics=s.npz", "--output=e"], "--output is for"),
        (["--real=x", "--statistics=s.npz", "--metrics=fid"], "makes none"),
        (["--real=x", "--statistics=s.npz", "--per_class"], "makes none"),
        (["--real=x", "--fake=y", "--train=x"], "is for memorization"),
        (["--run_dir=r", "--pairs=x.png"], "is for memorization"),
        (
            ["--real=x", "--fake=y", "--metrics=memorization"],
            "give --train=SOURCE",
        ),
        (
            ["--run_dir=r", "--metrics=memorization", "--split=train"],
            "another --split than train",
        ),
        (["--run_dir=r", "--feature_dim=100"], "is no layer"),
        (["--run_dir=r"], "r does not exist"),
        (["--run_dir=r", "--num_samples=0"], "1 to 10,000,000"),
    ],
)
def test_a_mistake_is_told_in_one_line(main, flags, message):
    with pytest.raises(errors.UserError, match=message):
        main(*flags)


def test_the_flags_know_the_metrics_that_there_are():
    for name in scores.METRICS:
        features = scores.METRICS[name].features or ("inception",)
        settings = request.Request(metrics=name, features=features[0])
        assert settings.metric_names == [name]
    with pytest.raises(errors.UserError) as raised:
        request.Request(metrics="fid_infinity", per_class=True)
    named = str(raised.value).partition("add one of ")[2].partition(" to ")[0]
    assert set(named.split(", ")) == {
        name for name, metric in scores.METRICS.items() if metric.takes_classes
    }


def test_help_explains_each_metric_in_a_line(main):
    command = [sys.executable, "-m", "tf_dcgan", "evaluate", "--help"]
    text = subprocess.run(
        command,
        cwd=pathlib.Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert all(len(line) < 80 for line in text.splitlines())
    for name, metric in scores.METRICS.items():
        assert f"\n  {name} " in text
        assert f" {metric.help}\n" in text
    assert text.count("with --features=classifier\n") == 2
    assert text.count("with --features=inception\n") == 1
