"""Stopping and going on: exactly, at any instant."""

import json
import random
import signal
import time

import forked_trainings
import pytest

from benchmarks import kill_and_resume, trainings
from tf_dcgan.common import files

_STEPS = 100
_PATIENCE = 300  # Seconds; a busy machine is slow, not broken.


@pytest.fixture(scope="module")
def frequent_flags(quick_flags):
    """Long enough to be killed in; epochs of 15 steps, odd intervals."""
    return [
        *quick_flags,
        f"--steps={_STEPS}",
        "--log_every=7",
        "--checkpoint_every=4",
    ]


def _kill(process):
    process.kill()
    process.communicate()


def test_a_run_killed_several_times_ends_bit_identical_to_one_never_stopped(
    tmp_path, frequent_flags
):
    # With networks within other models.
    flags = [*frequent_flags, "--recipe=dcgan_small", "--conditional"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    # A process of its own start: also the seed of Python's hashes differs.
    trainings.train([*flags, f"--run_dir={whole}"])
    chance = random.Random(20)
    reached = 0
    for _ in range(2):
        process = forked_trainings.start([*flags, f"--run_dir={killed}"])
        reached = forked_trainings.wait_for_checkpoint(
            process, killed, after=reached
        )
        time.sleep(chance.uniform(0, 0.15))
        _kill(process)
        flags = []
        reached = int(trainings.last_checkpoint(killed).name[5:])
    assert 0 < reached < _STEPS
    forked_trainings.train([f"--run_dir={killed}"], exports=False)
    assert trainings.differences(whole, killed) == []


def test_a_checkpoint_that_the_kill_cut_short_is_not_loaded(
    tmp_path, frequent_flags
):
    run_dir = tmp_path / "run"
    # A checkpoint that takes its time.
    flags = [*frequent_flags, "--recipe=dcgan_small"]
    process = forked_trainings.start([*flags, f"--run_dir={run_dir}"])
    forked_trainings.wait_for_checkpoint(process, run_dir)
    while not kill_and_resume.is_writing_checkpoint(process, run_dir):
        assert process.poll() is None, process.stdout.read()
    _kill(process)
    # What such a kill can leave, in case this one came an instant too late.
    name = f"{files.UNFINISHED}{process.pid}-step_0000099"
    cut_short = run_dir / "checkpoints" / name
    cut_short.mkdir()
    (cut_short / "weights.index").write_bytes(b"")
    saved = trainings.last_checkpoint(run_dir)
    output = forked_trainings.train([f"--run_dir={run_dir}"], exports=False)
    assert f"goes on after step {int(saved.name[5:])} of" in output
    assert not list((run_dir / "checkpoints").glob(f"{files.UNFINISHED}*"))


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_everything_and_ends_cleanly(
    tmp_path, frequent_flags, kind
):
    run_dir = tmp_path / "run"
    # The step of the signal is then always one that has been saved.
    flags = [*frequent_flags[:-1], "--checkpoint_every=1"]
    process = forked_trainings.start([*flags, f"--run_dir={run_dir}"])
    # Past the first line of the log: before it there are no curves to draw.
    forked_trainings.wait_for_checkpoint(process, run_dir, after=7)
    process.send_signal(kind)
    output, _ = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 0, output
    step = int(trainings.last_checkpoint(run_dir).name[5:])
    assert f"stopped after step {step} of {_STEPS}" in output
    assert f"python -m tf_dcgan train --run_dir={run_dir}" in output
    for name in ("curves.png", "progress.gif", "generator.keras"):
        assert (run_dir / name).stat().st_size > 0
    assert (run_dir / "saved_model" / "saved_model.pb").exists()
    assert (run_dir / "samples" / f"step_{step:07d}.png").exists()


def test_an_interrupted_run_goes_on_without_doubled_or_missing_lines(
    tmp_path, frequent_flags
):
    run_dir = tmp_path / "run"
    flags = [*frequent_flags, f"--run_dir={run_dir}"]
    process = forked_trainings.start(flags, exports=False)
    forked_trainings.wait_for_checkpoint(process, run_dir)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=_PATIENCE)
    forked_trainings.train([f"--run_dir={run_dir}"], exports=False)
    lines = [
        json.loads(line)
        for line in (run_dir / "metrics.jsonl").read_text().splitlines()
    ]
    for kind, every in (("train", 7), ("epoch", 15)):
        steps = [line["step"] for line in lines if line["kind"] == kind]
        expected = list(range(every, _STEPS + 1, every))
        if kind == "train":
            expected.append(_STEPS)
        assert steps == expected


def test_tensorboard_shows_every_step_of_a_resumed_run_once(
    tmp_path, frequent_flags
):
    from tensorboard.backend.event_processing import event_accumulator

    run_dir = tmp_path / "run"
    process = forked_trainings.start([*frequent_flags, f"--run_dir={run_dir}"])
    forked_trainings.wait_for_checkpoint(process, run_dir, after=20)
    _kill(process)
    forked_trainings.train([f"--run_dir={run_dir}"], exports=False)
    events = event_accumulator.EventAccumulator(
        str(run_dir / "tensorboard"), size_guidance={"tensors": 0}
    )
    events.Reload()
    steps = [event.step for event in events.Tensors("train/loss_d")]
    assert steps == [*range(7, _STEPS + 1, 7), _STEPS]
    grids = [event.step for event in events.Tensors("samples")]
    assert grids == [1, *range(20, _STEPS + 1, 20)]
    assert [event.step for event in events.Tensors("real")] == [0]


def test_a_finished_run_can_be_made_longer(tmp_path, quick_flags):
    long, grown = tmp_path / "long", tmp_path / "grown"
    for flags in (
        [*quick_flags, "--steps=40", f"--run_dir={long}"],
        [*quick_flags, "--steps=20", f"--run_dir={grown}"],
        ["--steps=40", f"--run_dir={grown}"],
    ):
        forked_trainings.train(flags, exports=False)
    assert trainings.differences(long, grown) == []
    config = json.loads((grown / "config.json").read_text())
    assert config["settings"]["steps"] == 40
