"""What a run that goes on takes up again, and what it forgets."""

import dataclasses
import json

import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.gan import states
from tf_dcgan.runs import checkpoints, health, runs, summaries
from tf_dcgan.training import meters, resuming


@pytest.fixture
def run(tmp_path):
    facts = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "as is", "abc")
    config = schema.Config(batch_size=4, checkpoint_every=10)
    made = runs.Run(tmp_path, config, facts, {}, None)
    runs.write_config(made)
    return made


def save(folder, step, **progress):
    state = states.State(states.new_step())
    state.step.assign(step)
    checkpoints.save(
        folder,
        step,
        variables=state.variables(),
        progress={"meter": meters.Meter(4).to_json(), **progress},
        kept=None,
    )


def log(run, *steps):
    lines = [json.dumps({"kind": "train", "step": step}) for step in steps]
    (run.path / "metrics.jsonl").write_text("\n".join(lines) + "\n")


def resume(run):
    """Returns what `resuming.resume` does, and the step of the state."""
    state = states.State(states.new_step())
    progress = resuming.resume(run, state, num_replicas=1)
    return (
        progress.meter,
        progress.monitor,
        progress.step,
        int(state.step),
    )


def logged_steps(run):
    return [line["step"] for line in summaries.read_metrics(run.path)]


def steps(folder):
    return [path.name for path in checkpoints.all_checkpoints(folder)]


def test_means_and_verdicts_go_on_from_the_last_checkpoint(run):
    meter, monitor = meters.Meter(4), health.Monitor(run.config)
    meter.add({"loss_d": np.float32([1.5, 2.5])}, seconds=3.0)
    means = dict.fromkeys(
        ("real_accuracy", "fake_accuracy", "fake_score_after"), 0.5
    ) | dict.fromkeys(
        ("discriminator_gradient_norm", "generator_gradient_norm"), 1.0
    )
    monitor.add({"loss_d": 1.4, "loss_g": 0.7, **means}, 0.5)
    save(run.checkpoints, 10)
    save(run.checkpoints, 20, meter=meter.to_json(), health=monitor.to_json())
    resumed_meter, resumed_monitor, step, step_of_state = resume(run)
    assert (step, step_of_state) == (20, 20)
    assert resumed_meter.to_json() == meter.to_json()
    assert resumed_monitor.to_json() == monitor.to_json()
    assert monitor.to_json() != health.Monitor(run.config).to_json()


def test_what_came_after_the_last_checkpoint_is_forgotten(run):
    for step in (10, 20):
        save(run.checkpoints, step)
    for step in (10, 20, 25):
        save(run.best_checkpoint, step)
    log(run, 10, 20, 21, 25)
    assert resume(run)[2] == 20
    assert logged_steps(run) == [10, 20]
    assert steps(run.checkpoints) == ["step_0000010", "step_0000020"]
    assert steps(run.best_checkpoint) == ["step_0000010", "step_0000020"]


@pytest.mark.parametrize("remaining_steps", [[], [5], [20], None])
def test_lines_that_are_gone_are_told(run, capsys, remaining_steps):
    save(run.checkpoints, 20, logged_lines=3)
    if remaining_steps is not None:
        log(run, *remaining_steps, 25)  # Only lines up to the checkpoint count.
    assert resume(run)[2] == 20
    lines = len(remaining_steps or [])
    assert capsys.readouterr().out == (
        f"note: {run.path / 'metrics.jsonl'} has {lines} of the 3 lines or "
        "more that were written up to step 20: the curves lack the others, "
        "the training does not need them\n"
    )


@pytest.mark.parametrize("counted", [{}, {"logged_lines": 3}])
def test_whole_logs_are_not_worth_a_note(run, capsys, counted):
    save(run.checkpoints, 20, **counted)
    log(run, 10, 20, 20)
    assert resume(run)[2] == 20
    assert capsys.readouterr().out == ""


def test_an_empty_log_is_told_without_a_count_too(run, capsys):
    save(run.checkpoints, 20)
    resume(run)
    assert "has 0 of the 1 lines or more" in capsys.readouterr().out


def test_settings_that_the_checkpoint_was_not_made_with_are_told(run, capsys):
    log(run, 20)
    progress = resuming.to_json(
        dataclasses.replace(
            run.config,
            seed=7,
            dataset="glyphs",
            labels="/elsewhere.csv",
            sample_every=5,
        ),
        meters.Meter(4),
        health.Monitor(run.config),
        logged_lines=1,
        num_replicas=1,
    )
    save(run.checkpoints, 20, **progress)
    resume(run)
    # A set and its labels may have moved, and how often to sample may change.
    assert "trained with (seed 0, was 7): stop" in capsys.readouterr().out


def test_the_settings_that_the_checkpoint_was_made_with_need_no_note(
    run, capsys
):
    log(run, 20)
    settings = schema.to_json(run.config)
    for then in (settings, {}, {"of_another_version": 1}):
        save(run.checkpoints, 20, settings=json.loads(json.dumps(then)))
        resume(run)
    assert capsys.readouterr().out == ""


def test_a_count_of_lines_that_is_none_is_damage(run):
    save(run.checkpoints, 20, logged_lines="many")
    with pytest.raises(errors.UserError, match="is damaged"):
        resume(run)


def test_a_run_that_died_before_its_first_checkpoint_begins_anew(run):
    # The log may have a line of the step whose checkpoint was under way.
    log(run, 5, 10)
    save(run.best_checkpoint, 10)
    assert resume(run)[2:] == (0, 0)
    assert logged_steps(run) == []
    assert steps(run.best_checkpoint) == []


def test_a_run_whose_checkpoints_are_gone_is_refused(run):
    log(run, 5, 11)
    with pytest.raises(errors.UserError, match="trained to step 11 or further"):
        resume(run)
    assert logged_steps(run) == [5, 11]


def test_an_exported_run_without_checkpoints_is_refused(run):
    (run.path / "saved_model").mkdir()
    with pytest.raises(errors.UserError, match="no checkpoint left"):
        resume(run)


def test_a_shorter_interval_than_before_is_no_loss_of_checkpoints(run):
    log(run, 40)
    longer = dataclasses.replace(run.config, checkpoint_every=50)
    runs.write_config(dataclasses.replace(run, config=longer))
    assert resume(run)[2] == 0
    log(run, 60)
    with pytest.raises(errors.UserError, match="to step 60 or further"):
        resume(run)


def test_verdicts_after_a_rollback_name_the_rates_that_it_made(run):
    config = dataclasses.replace(run.config, rollback_rate=0.5)
    gone_back = dataclasses.replace(
        run, config=config, rollbacks=(runs.Rollback(30, 20, ""),)
    )
    for saved in (False, True):
        if saved:
            save(run.checkpoints, 20, health=health.Monitor(config).to_json())
        monitor = resume(gone_back)[1]
        assert monitor._config.generator_learning_rate == 1e-4
