import dataclasses

import fake_runs
import pytest

from tf_dcgan.comparison import run_records
from tf_dcgan.runs import runs


def read(tmp_path, **settings_by_name):
    """Makes runs from the settings under their names, and reads them."""
    paths = [
        fake_runs.make(tmp_path / name, **settings)
        for name, settings in settings_by_name.items()
    ]
    return run_records.read(paths)


def grouped(records):
    return {
        group.label: [record.name for record in group.records]
        for group in run_records.groups(records)
    }


@pytest.mark.slow
def test_runs_that_differ_in_their_seed_alone_are_one_group(tmp_path):
    records = read(
        tmp_path, a={"seed": 1}, b={"seed": 2, "beta_1": 0.9}, c={"seed": 2}
    )
    assert grouped(records) == {"beta_1 0.5": ["a", "c"], "beta_1 0.9": ["b"]}


@pytest.mark.parametrize(
    "other", [{"data_dir": "/there"}, {"log_every": 7}, {"cache_dir": "/x"}]
)
def test_what_may_change_when_a_run_goes_on_sets_no_runs_apart(tmp_path, other):
    records = read(tmp_path, a={}, b={"seed": 1, **other})
    assert grouped(records) == {"dcgan_small": ["a", "b"]}


@pytest.mark.parametrize(
    "other, labels",
    [
        ({"steps": 200}, ["steps 100", "steps 200"]),
        ({"fingerprint": "e" * 64}, ["data ffffffffffff", "data eeeeeeeeeeee"]),
        ({"steps": 46_850}, ["steps 100", "steps 46,850"]),
        ({"recipe": "dcgan", "width": 0.5}, ["dcgan_small", "dcgan"]),
        (
            {"spectral_norm": True},
            ["spectral_norm false", "spectral_norm true"],
        ),
        (
            {"image_size": "28x28"},
            ["image_size not set", "image_size 28x28"],
        ),
    ],
)
def test_other_data_and_lengths_set_runs_apart(tmp_path, other, labels):
    records = read(tmp_path, a={}, b={"seed": 1, **other})
    assert list(grouped(records)) == labels


@pytest.mark.slow
def test_groups_are_not_named_by_what_does_not_apply_to_them(tmp_path):
    records = read(
        tmp_path,
        a={},
        b={"latent_dim": 9},
        c={
            "recipe": "cyclegan",
            "dataset": None,
            "dataset_a": "apples",
            "dataset_b": "oranges",
            "loss": "least_squares",
        },
    )
    assert list(grouped(records)) == [
        "dcgan_small, latent_dim 100",
        "dcgan_small, latent_dim 9",
        "cyclegan",
    ]


@pytest.mark.slow
def test_as_many_settings_as_needed_tell_groups_apart(tmp_path):
    records = read(
        tmp_path, a={}, b={"width": 0.5}, c={"beta_1": 0.9}, d={"seed": 1}
    )
    assert grouped(records) == {
        "width 1.0, beta_1 0.5": ["a", "d"],
        "width 0.5, beta_1 0.5": ["b"],
        "width 1.0, beta_1 0.9": ["c"],
    }


@pytest.mark.slow
def test_a_repetition_is_not_one_more_seed(tmp_path):
    records = read(tmp_path, a={}, b={"seed": 1}, again={})
    assert grouped(records) == {"a": ["a", "b"], "again": ["again"]}


def test_runs_of_one_name_go_by_their_paths(tmp_path):
    paths = [fake_runs.make(tmp_path / f / "run", seed=0) for f in "ab"]
    names = [record.name for record in run_records.read(paths)]
    assert names == [str(path) for path in paths]


def test_the_steps_of_a_run_are_those_it_has_left_traces_of(tmp_path):
    (record,) = read(
        tmp_path,
        a={"lines": fake_runs.train_lines([1, 1]), "grids": [1, 30]},
    )
    assert (record.steps, record.planned_steps) == (30, 100)


def test_without_logs_a_run_is_read_all_the_same(tmp_path):
    (record,) = read(tmp_path, a={})
    assert (record.steps, record.series, record.grids) == (0, {}, [])
    assert record.evaluation is None


def test_differing_and_shared_names_keep_their_order():
    values = [{"c": 1, "b": None, "a": 1, "e": 0}, {"c": 1, "b": 0, "a": 2}]
    assert run_records.differing(values) == (["b", "a", "e"], ["c"])


def test_the_deviation_is_that_of_a_sample():
    mean, deviation = run_records.mean_and_deviation([1.0, 2.0, 6.0])
    assert mean == 3
    assert deviation == pytest.approx(7**0.5)


@pytest.mark.parametrize(
    "recipe, are_same", [("dcgan_small", True), ("vanilla_gan", False)]
)
def test_xla_changes_what_is_seen_by_dropout_alone(tmp_path, recipe, are_same):
    records = read(
        tmp_path,
        a={"recipe": recipe, "xla": "off"},
        b={"recipe": recipe, "xla": "on"},
    )
    assert (records[0].inputs == records[1].inputs) is are_same


def test_a_recipe_with_dropout_sees_what_another_does(tmp_path):
    records = read(
        tmp_path,
        a={"recipe": "vanilla_gan", "xla": "off"},
        b={"xla": "on"},
    )
    assert records[0].inputs == records[1].inputs


def test_a_run_that_was_rolled_back_has_other_noise_than_its_twin(tmp_path):
    steady, rolled_back = read(tmp_path, a={}, b={})
    run = dataclasses.replace(
        rolled_back.run, rollbacks=(runs.Rollback(90, 50, "collapse"),)
    )
    rolled_back = dataclasses.replace(rolled_back, run=run)
    assert steady.inputs != rolled_back.inputs
    different, _ = run_records.differing([steady.inputs, rolled_back.inputs])
    assert different == ["rollbacks"]
    assert hash(tuple(rolled_back.inputs.items()))
