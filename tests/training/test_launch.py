"""What a run that goes on is told of its machine, and of its length."""

import dataclasses

import pytest

from tf_dcgan.common import devices
from tf_dcgan.config import schema
from tf_dcgan.runs import checkpoints, runs
from tf_dcgan.training import launch


@pytest.fixture
def run(tmp_path):
    facts = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "", "")
    return runs.Run(
        tmp_path,
        schema.Config(xla="on"),
        facts,
        runs.versions(),
        None,
        device=devices.name(is_split=False),
    )


def _told(run, config_then, capsys):
    launch._say_what_changed_since(run, config_then)
    return capsys.readouterr().out


def test_nothing_is_said_where_nothing_has_changed(run, capsys):
    assert _told(run, run.config, capsys) == ""


def test_another_version_is_told(run, capsys):
    older = {**run.started_with, "keras": "3.0.0"}
    run = dataclasses.replace(run, started_with=older)
    assert "other versions (keras 3.0.0, now 3." in _told(
        run, run.config, capsys
    )


def test_a_gpus_run_on_a_cpu_is_told_how_to_do_without_xla(
    run, capsys, monkeypatch
):
    monkeypatch.setattr(devices, "gpus", list)
    run = dataclasses.replace(run, device="1 GPU (made up)")
    output = _told(run, run.config, capsys)
    assert "was started on another device (1 GPU (made up), now " in output
    assert "XLA on, which makes a CPU slow: --xla=off goes on" in output
    off = dataclasses.replace(run.config, xla="off")
    output = _told(dataclasses.replace(run, config=off), run.config, capsys)
    assert "makes a CPU slow" not in output
    assert output.endswith(
        "note: XLA was on, now off; the run goes on, but not bit for bit\n"
    )


@pytest.mark.parametrize(
    ("steps", "saved", "left"),
    [(None, (), None), (100, (), 100), (100, (20, 60), 40), (50, (60,), 0)],
)
def test_what_is_left_counts_from_the_last_checkpoint(run, steps, saved, left):
    config = schema.Config(steps=steps)
    assert launch._steps_left(config, None) == steps
    for step in saved:
        checkpoints.path_of(run.checkpoints, step).mkdir(parents=True)
    assert launch._steps_left(config, run) == left
