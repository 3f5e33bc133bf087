import dataclasses
import json

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


def test_a_search_goes_on_where_it_was(tmp_path, monkeypatch):
    trained = []

    def train(flags, *, script="train.py"):
        trained.append((script, list(flags)))
        if script == "-m":
            (output,) = [f for f in flags if f.startswith("--output=")]
            table = {
                f"generated, {name}": {"fid": {"value": 1.0, "floor": 0.1}}
                for name in quality_search._SCORED
            }
            with open(output.partition("=")[2], "w") as file:
                json.dump(table, file)
            return
        (folder,) = [f for f in flags if f.startswith("--run_dir=")]
        (steps,) = [f for f in flags if f.startswith("--steps=")]
        run_dir = tmp_path.__class__(folder.partition("=")[2])
        run_dir.mkdir(exist_ok=True)
        (run_dir / "config.json").touch()
        line = {
            "kind": "train",
            "images_per_second": 320.0,
            "elapsed_seconds": int(steps.partition("=")[2]) / 5,
        }
        with open(run_dir / "metrics.jsonl", "a") as file:
            file.write(json.dumps(line) + "\n")

    monkeypatch.setattr(trainings, "train", train)
    settings = quality_search.SearchSettings(folder=str(tmp_path))
    trial = quality_search.Trial("batch_16_linear", 5.0, 0)
    record = quality_search.Search(settings).result(trial)
    # 320 images a second are 20 steps of 16, for five minutes.
    assert record["steps"] == 6000 and record["seconds"] == 1200
    assert set(record["scores"]) == set(quality_search._SCORED)
    assert ["--steps=6000"] == [
        flag for flag in trained[-2][1] if flag.startswith("--steps")
    ]
    count = len(trained)
    again = quality_search.Search(settings).result(trial)
    assert again == record and len(trained) == count


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
