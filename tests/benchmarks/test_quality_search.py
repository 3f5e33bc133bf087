import dataclasses
import json
import pathlib

import pytest

from benchmarks import quality_search, trainings
from tf_dcgan.common import errors


@pytest.mark.parametrize("variant", quality_search.VARIANTS)
def test_every_variant_is_a_training(variant, tmp_path):
    settings = quality_search.SearchSettings(folder=str(tmp_path))
    search = quality_search.Search(settings)
    trial = quality_search.Trial(variant, 5.0, 3)
    config = trainings.config(search._flags(trial))
    assert config.seed == 3 and config.horizontal_flip
    expected = "sndcgan" if variant == "sndcgan" else "dcgan_cifar10"
    assert config.recipe == expected


def result(variant, *values):
    return {
        "variant": variant,
        "seed": 0,
        "steps": 1200,
        "seconds": 299.6,
        "scores": {
            name: {
                "value": value,
                "low": value - 0.25,
                "high": value + 0.25,
                "floor": 0.01,
            }
            for name, value in zip(
                ("inception 64", "inception 192", "inception 768"),
                values,
                strict=False,
            )
        }
        | {"classifier": {"value": values[3], "floor": None}},
    }


def test_the_mean_rank_over_all_scores_decides():
    results = [
        result("a", 1.0, 2.0, 3.0, 9.0),
        result("b", 0.9, 1.0, 2.0, 8.0),
        result("c", 0.1, 3.0, 4.0, 10.0),
    ]
    assert quality_search.ranked(results) == ["b", "a", "c"]


def test_a_row_has_every_score_beside_its_interval_and_floor():
    assert quality_search.row(result("a", 1.0, 2.0, 3.0, 9.0)) == (
        "| a | 0 | 1,200 | 300 | 1 [0.75, 1.25] (0.01) | 2 [1.75, 2.25] (0.01) "
        "| 3 [2.75, 3.25] (0.01) | 9 |"
    )


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The flags of each call of trainings.train, which are made up.

    A step of a batch of 16 takes a twentieth of a second, the first ten of each
    process a second. Beside it the numbers of the calls that end halfway.
    """
    calls = []

    def train(flags, *, script="train.py"):
        calls.append((script, list(flags)))
        if script == "-m":
            (output,) = [f for f in flags if f.startswith("--output=")]
            table = {
                f"generated, {name}": {"fid": {"value": 1.0, "floor": 0.1}}
                for name in quality_search._SCORED
            }
            with open(output.partition("=")[2], "w") as file:
                json.dump(table, file)
            return
        values = dict(f[2:].partition("=")[::2] for f in flags)
        run_dir = pathlib.Path(values["run_dir"])
        run_dir.mkdir(exist_ok=True)
        (run_dir / "config.json").touch()
        first = trainings.logged_steps(run_dir)
        steps, every = int(values["steps"]), int(values["log_every"])
        if len(calls) in stops:
            steps //= 2
        with open(run_dir / "metrics.jsonl", "a") as file:
            for step in (*range(first + every, steps, every), steps):
                speed = 16.0 if step <= first + 10 else 320.0
                line = {
                    "kind": "train",
                    "step": step,
                    "images_per_second": speed,
                    "elapsed_seconds": step / 5,
                }
                file.write(json.dumps(line) + "\n")

    stops = set()
    monkeypatch.setattr(trainings, "train", train)
    return calls, stops


def test_a_search_goes_on_where_it_was(tmp_path, trained):
    calls, _ = trained
    settings = quality_search.SearchSettings(folder=str(tmp_path))
    trial = quality_search.Trial("batch_16_linear", 5.0, 0)
    record = quality_search.Search(settings).result(trial)
    # 320 images a second are 20 steps of 16, for five minutes.
    assert record["steps"] == 6000 and record["seconds"] == 1200
    assert set(record["scores"]) == set(quality_search._SCORED)
    assert ["--steps=6000"] == [
        flag for flag in calls[-2][1] if flag.startswith("--steps")
    ]
    count = len(calls)
    again = quality_search.Search(settings).result(trial)
    assert again == record and len(calls) == count


def test_a_training_that_was_stopped_is_no_result(tmp_path, trained):
    calls, stops = trained
    settings = quality_search.SearchSettings(folder=str(tmp_path))
    trial = quality_search.Trial("batch_16_linear", 5.0, 0)
    search = quality_search.Search(settings)
    search.speed(trial.variant)
    stops.add(len(calls) + 1)
    with pytest.raises(errors.UserError, match="after step 3,000 of 6,000"):
        search.result(trial)
    assert not (tmp_path / "results.jsonl").exists()
    assert search.result(trial)["steps"] == 6000


def test_a_training_that_fails_names_its_variant(tmp_path, monkeypatch):
    settings = quality_search.SearchSettings(folder=str(tmp_path))
    search = quality_search.Search(settings)
    (tmp_path / "speeds.json").write_text('{"batch_8": 1.0}')

    def fail(flags, *, script="train.py"):
        raise RuntimeError("ended with an error:\nstep 1\nerror: diverged")

    monkeypatch.setattr(trainings, "train", fail)
    with pytest.raises(
        errors.UserError, match="seed0: error: diverged; .*batch_8 out"
    ):
        search.result(quality_search.Trial("batch_8", 5.0, 0))


def test_the_best_and_the_baseline_train_again_with_all_seeds(
    tmp_path, monkeypatch
):
    trials = []
    value = {"batch_8": 1.0, "batch_16": 2.0, "dcgan_cifar10": 3.0}

    def results(self, wanted):
        for trial in wanted:
            trials.append((trial.variant, trial.minutes, trial.seed))
            yield result(trial.variant, *[value[trial.variant]] * 4)

    monkeypatch.setattr(quality_search.Search, "results", results)
    quality_search.main(
        [
            "quality_search",
            f"--folder={tmp_path}",
            "--kept=1",
            "--final_seeds=2",
            "--variants=dcgan_cifar10,batch_8,batch_16",
        ]
    )
    assert trials[:3] == [
        (variant, 5.0, 0)
        for variant in ("dcgan_cifar10", "batch_8", "batch_16")
    ]
    assert trials[3:] == [
        (variant, 20.0, seed)
        for variant in ("batch_8", "dcgan_cifar10")
        for seed in (0, 1)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [("flags", ""), ("num_real", 2048), ("num_samples", 2048)],
)
def test_a_folder_has_one_search(tmp_path, name, value):
    usual = quality_search.SearchSettings(folder=str(tmp_path))
    quality_search.Search(usual)
    quality_search.Search(usual)
    other = dataclasses.replace(usual, **{name: value})
    before = getattr(usual, name)
    with pytest.raises(
        errors.UserError,
        match=f"a search with --{name}={before}, now {value}: give --{name}",
    ):
        quality_search.Search(other)
