"""What a training finds out about its folder before and while it saves."""

import errno
import os
import shutil
import types

import pytest
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.gan import states
from tf_dcgan.runs import checkpoints, runs
from tf_dcgan.training import guards, loop
from tf_dcgan.training.distributed import crew


@pytest.fixture
def run(tmp_path):
    facts = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "as is", "abc")
    config = schema.Config(batch_size=4, steps=100, checkpoint_every=10)
    run = runs.Run(tmp_path / "run", config, facts, {}, None)
    run.path.mkdir()
    runs.write_config(run)
    return run


@pytest.fixture
def state():
    return states.State(states.new_step())


def free(monkeypatch, count):
    """Lets the disk have a number of bytes."""
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: types.SimpleNamespace(free=count)
    )


def size_of_checkpoint(run, state):
    return checkpoints.rehearse(run.checkpoints, state.variables())


def save(folder, state, *steps):
    for step in steps:
        checkpoints.save(
            folder, step, variables=state.variables(), progress={}, kept=None
        )


def test_a_rehearsal_leaves_nothing_but_the_folder(run, state):
    assert size_of_checkpoint(run, state) > 8  # The step alone is an int64.
    guards.check_saving(run, state, step=0)
    assert os.listdir(run.checkpoints) == []


def test_room_for_all_planned_checkpoints_is_asked_for_at_the_start(
    run, state, monkeypatch
):
    one = size_of_checkpoint(run, state)
    free(monkeypatch, 4 * one)  # Three are kept while a fourth is written.
    guards.check_saving(run, state, step=0)
    free(monkeypatch, 4 * one - 1)
    with pytest.raises(errors.UserError) as caught:
        guards.check_saving(run, state, step=0)
    message = str(caught.value)
    assert message.startswith(f"the disk of {run.checkpoints} has 0.0 MB free")
    assert "for 4 more checkpoints:" in message
    assert "make room" in message


@pytest.mark.parametrize(
    ("step", "saved", "more"),
    [
        (50, [30, 40, 50], 1),  # Each new one takes the place of an old one.
        (50, [50], 3),
        (85, [], 2),  # At the steps 90 and 100.
    ],
)
def test_checkpoints_that_are_there_need_no_more_room(
    run, state, monkeypatch, step, saved, more
):
    one = size_of_checkpoint(run, state)
    save(run.checkpoints, state, *saved)
    free(monkeypatch, more * one)
    guards.check_saving(run, state, step=step)
    free(monkeypatch, more * one - 1)
    with pytest.raises(errors.UserError, match=f" {more} more checkpoint"):
        guards.check_saving(run, state, step=step)


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"evaluate_every": 50}, 6),
        ({"on_collapse": "rollback"}, 10),
        ({"on_collapse": "rollback", "checkpoint_every": 25}, 4),
        # A rollback sets a best one aside.
        ({"on_collapse": "rollback", "evaluate_every": 20}, 13),
    ],
)
def test_best_ones_and_those_to_go_back_to_need_room_too(
    run, state, monkeypatch, settings, more
):
    config = schema.Config(
        **{"batch_size": 4, "steps": 100, "checkpoint_every": 10, **settings}
    )
    run = runs.Run(run.path, config, run.data, {}, None)
    one = size_of_checkpoint(run, state)
    free(monkeypatch, more * one - 1)
    with pytest.raises(errors.UserError, match=f"{more} more checkpoints"):
        guards.check_saving(run, state, step=0)
    free(monkeypatch, more * one)
    guards.check_saving(run, state, step=0)


def test_a_finished_run_needs_no_room(run, state, monkeypatch):
    free(monkeypatch, 0)
    guards.check_saving(run, state, step=100)
    assert not run.checkpoints.exists()


def test_a_run_that_cannot_be_saved_says_so_before_it_trains(
    run, state, monkeypatch
):
    def fail(*unused):
        raise tf.errors.ResourceExhaustedError(None, None, "No space")

    monkeypatch.setattr(tf.train.Checkpoint, "write", fail)
    with pytest.raises(OSError) as caught:
        guards.check_saving(run, state, step=0)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(run.checkpoints)
    assert os.listdir(run.checkpoints) == []


def test_a_run_that_was_moved_is_not_written_again_in_its_old_place(run):
    guards.check_place(run)
    run.path.rename(run.path.with_name("moved"))
    with pytest.raises(errors.UserError, match="if the folder was moved"):
        guards.check_place(run)
    assert not run.path.exists()


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_run_that_is_moved_while_a_file_is_written_is_told(
    run, monkeypatch, is_moved
):
    class Loop:
        def __init__(self, *unused):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *unused):
            pass

        def run(self):
            if is_moved:
                run.path.rename(run.path.with_name("moved"))
            raise FileNotFoundError

    monkeypatch.setattr(loop, "_Loop", Loop)
    with pytest.raises(errors.UserError if is_moved else FileNotFoundError):
        loop.train(
            run, lambda run: None, crew.Crew(tf.distribute.get_strategy())
        )
