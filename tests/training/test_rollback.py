"""Runs that go back to a good checkpoint when they collapse."""

import dataclasses
import functools
import json
import pathlib
import shutil

import numpy as np
import pytest
import scripted_scores
import tensorflow as tf

from benchmarks import trainings
from tf_dcgan.commands import train
from tf_dcgan.common import errors
from tf_dcgan.config import overrides, schema
from tf_dcgan.runs import best_checkpoint, checkpoints, health, runs
from tf_dcgan.sampling import generators
from tf_dcgan.training import launch, loop, plan, rollback

_ROLLBACK = {"on_collapse": "rollback", "evaluate_every": 1000}
_REASON = "samples are collapsing: they differ by 0.1 %"


class _KillError(BaseException):
    """Stands for a kill."""


@pytest.fixture
def collapsing(monkeypatch):
    """Makes runs collapse at step 30, until they have been rolled back."""
    monkeypatch.setattr(health, "WINDOW_STEPS", 10)
    monkeypatch.setattr(rollback, "_STEPS_BEFORE_VERDICT", 10)
    heed = loop._Loop._heed

    def heed_made_up(self, verdict, times=1):
        has_collapsed = self._step >= 30 and len(self._run.rollbacks) < times
        self._health.verdicts = [_REASON] * has_collapsed
        heed(self, _REASON if has_collapsed else None)

    def collapse(times=1):
        monkeypatch.setattr(
            loop._Loop,
            "_heed",
            lambda self, verdict: heed_made_up(self, verdict, times),
        )

    collapse()
    return collapse


@pytest.fixture
def call(quick_flags, no_exports, tmp_path):
    def call(name, *flags, again=False):
        arguments = [] if again else [*quick_flags, "--steps=60", *flags]
        path = tmp_path / name
        train.main(["train.py", *arguments, f"--run_dir={path}"])
        return path

    return call


def _lines(path, kind):
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [line for line in map(json.loads, lines) if line["kind"] == kind]


def _rates(path):
    reader = tf.train.load_checkpoint(
        str(trainings.last_checkpoint(path) / "weights")
    )
    return sorted(
        float(reader.get_tensor(name))
        for name in reader.get_variable_to_shape_map()
        if "learning_rate/" in name
    )


@pytest.mark.slow
def test_a_collapse_goes_back_and_on_with_other_noise_and_smaller_rates(
    call, collapsing, capsys, monkeypatch
):
    forgotten = []
    monkeypatch.setattr(
        loop.crews.Crew, "forget", lambda self: forgotten.append(self)
    )
    plain = call("plain")
    path = call("rolled", "--on_collapse=rollback", "--rollback_rate=0.25")
    assert (
        f"rolled back from step 30 to step 20 (1 of at most 3): {_REASON}; "
        "goes on with other noise and learning rates of 5e-05 (G) and 5e-05 "
        "(D)" in capsys.readouterr().out
    )
    run = runs.open_run(path)
    assert run.rollbacks == (runs.Rollback(30, 20, _REASON),)
    assert run.config.seed == runs.open_run(plain).config.seed
    (line,) = _lines(path, "rollback")
    assert line == {
        "kind": "rollback",
        "step": 20,
        "number": 1,
        "from_step": 30,
        "reason": _REASON,
    }
    before, after = ({}, {})
    for kind, folder in ((before, plain), (after, path)):
        for line in _lines(folder, "train"):
            kind[line["step"]] = line["loss_g"]
    assert list(before) == list(after) == list(range(5, 61, 5))
    same = [step for step in before if before[step] == after[step]]
    assert same == [5, 10, 15, 20]
    np.testing.assert_allclose(_rates(plain), [2e-4] * 2)
    np.testing.assert_allclose(_rates(path), [5e-5] * 2)
    # The devices compare the new networks, not those that were left.
    assert len(forgotten) == 1


@pytest.mark.slow
def test_a_kill_soon_after_a_rollback_changes_nothing_in_the_end(
    call, collapsing, monkeypatch
):
    whole = call("whole", "--on_collapse=rollback")
    step = loop._Loop._call

    def die(self):
        if self._run.rollbacks:
            raise _KillError
        return step(self)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Loop, "_call", die)
        with pytest.raises(_KillError):
            call("killed", "--on_collapse=rollback")
    killed = call("killed", again=True)
    assert len(_lines(killed, "rollback")) == 1
    assert trainings.differences(whole, killed) == []


@pytest.mark.slow
@pytest.mark.parametrize("scored", [False, True])
def test_a_kill_in_a_rollback_changes_nothing_in_the_end(
    call, collapsing, monkeypatch, scored
):
    flags = ["--on_collapse=rollback"]
    if scored:  # Two rollbacks to a best checkpoint, the second one further.
        flags.append("--evaluate_every=7")
        collapsing(times=2)
        monkeypatch.setattr(
            launch, "_evaluator", lambda *_: scripted_scores.MeanEvaluator()
        )
    whole = call("whole", *flags)
    rollbacks = runs.open_run(whole).rollbacks
    assert len(rollbacks) == (2 if scored else 1)
    if scored:
        assert rollbacks[0].to_step % 7 == 0
    write = runs.write_config

    def die(run, is_written):
        if run.rollbacks:
            if is_written:
                write(run)
            raise _KillError
        write(run)

    for name, is_written in (("before", False), ("after", True)):
        with monkeypatch.context() as patch:
            patch.setattr(
                rollback.runs,
                "write_config",
                functools.partial(die, is_written=is_written),
            )
            with pytest.raises(_KillError):
                call(name, *flags)
        killed = call(name, again=True)
        assert trainings.differences(whole, killed) == []
        assert runs.open_run(killed).rollbacks == rollbacks


@pytest.mark.slow
def test_stops_before_a_collapse_change_nothing_in_the_end(call, collapsing):
    flags = ["--on_collapse=rollback"]
    whole = call("whole", *flags)
    for steps in (17, 23, 26, 28, 60):
        stopped = call("stopped", *flags, f"--steps={steps}")
    # A grid and a line of samples stay where a stop was before step 20.
    assert trainings.differences(whole, stopped) == [
        "sample grids",
        "lines of metrics.jsonl",
    ]
    (record,) = runs.open_run(stopped).rollbacks
    assert record.to_step == 20
    assert runs.open_run(whole).rollbacks == (record,)


@pytest.mark.slow
def test_a_run_ends_when_it_collapses_once_too_often(
    call, collapsing, monkeypatch, tmp_path
):
    drawn = []
    for name in ("write_curves", "write_progress"):
        monkeypatch.setattr(loop.charts, name, drawn.append)
    collapsing(times=3)
    with pytest.raises(errors.UserError) as caught:
        call("run", "--on_collapse=rollback", "--max_rollbacks=2")
    assert str(caught.value).startswith(
        f"step 30: {_REASON}; this is after 2 rollbacks, of at most "
        "--max_rollbacks=2: the last checkpoint is "
    )
    # What has collapsed is not saved, but shown.
    path = tmp_path / "run"
    assert str(checkpoints.last(path / "checkpoints")) in str(caught.value)
    assert checkpoints.last(path / "checkpoints").name == "step_0000020"
    (line,) = _lines(path, "health")
    assert line["step"] == 30 and line["health"] == _REASON
    assert drawn == [path, path]
    train.main(["train.py", f"--run_dir={path}", "--max_rollbacks=3"])
    assert len(runs.open_run(path).rollbacks) == 3
    assert checkpoints.last(path / "checkpoints").name == "step_0000060"


@pytest.mark.slow
def test_stop_saves_the_run_and_warn_goes_on(
    call, collapsing, capsys, monkeypatch
):
    monkeypatch.setattr(
        launch, "_evaluator", lambda *_: scripted_scores.MeanEvaluator()
    )
    path = call("run", "--on_collapse=stop", "--evaluate_every=15")
    # A score that is due is made.
    assert [x["step"] for x in _lines(path, "evaluation")] == [15, 30]
    assert checkpoints.last(path / "checkpoints").name == "step_0000030"
    output = capsys.readouterr().out
    assert f"--on_collapse=stop: {_REASON}; go on with --on_c" in output
    train.main(["train.py", f"--run_dir={path}", "--on_collapse=warn"])
    assert checkpoints.last(path / "checkpoints").name == "step_0000060"


@pytest.mark.slow
def test_numbers_that_are_not_finite_go_back_to_the_last_checkpoint(
    call, monkeypatch, capsys
):
    done = loop._Loop._call

    def diverge(self):
        scalars = done(self)
        if self._step >= 35 and not self._run.rollbacks:
            scalars["loss_g"] = scalars["loss_g"] * np.nan
        return scalars

    monkeypatch.setattr(loop._Loop, "_call", diverge)
    path = call("run", "--on_collapse=rollback")
    (record,) = runs.open_run(path).rollbacks
    assert (record.from_step, record.to_step) == (35, 30)
    assert record.reason.startswith("loss_g is nan at step 36")
    assert "rolled back from step 35 to step 30" in capsys.readouterr().out


@pytest.mark.slow
def test_weights_that_are_not_finite_go_back_too(call, monkeypatch):
    done = loop._Loop._call

    def diverge(self):
        scalars = done(self)
        if self._step == 35 and not self._run.rollbacks:
            weights = self._state.generator.trainable_variables[0]
            weights.assign(weights * np.nan)
        return scalars

    monkeypatch.setattr(loop._Loop, "_call", diverge)
    path = call("run", "--on_collapse=rollback", "--log_every=5")
    (record,) = runs.open_run(path).rollbacks
    assert record.to_step == 30 and record.from_step == 40
    assert "is not finite after step 40" in record.reason
    assert checkpoints.last(path / "checkpoints").name == "step_0000060"


def _run(tmp_path, *steps, best=None, **settings):
    """A run with folders in the place of its checkpoints."""
    path = tmp_path / "run"
    path.mkdir(parents=True)
    facts = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "", "")
    run = runs.Run(path, schema.Config(**settings), facts, {}, None)
    _save(run.checkpoints, *steps)
    if best is not None:
        _save(run.best_checkpoint, best)
    return run


def _save(folder, *steps, rollbacks=0):
    """Makes checkpoints without variables."""
    for step in steps:
        checkpoints.save(
            folder,
            step,
            variables={},
            progress={rollback.SAVED_AFTER: rollbacks},
            kept=None,
        )


def _steps(folder):
    return [checkpoints.step_of(p) for p in checkpoints.all_checkpoints(folder)]


def _die(*_, **__):
    raise _KillError


def _decided(run, collapse):
    return rollback.roll_back(run, collapse, rollback.target(run, collapse))


def _taken_back(run, collapse):
    rolled_back = _decided(run, collapse)
    rollback.finish(rolled_back)
    return rolled_back


@pytest.mark.parametrize(
    ("steps", "at", "sudden", "to"),
    [
        ((8000, 8500, 9000), 9200, False, 8000),
        ((8000, 8500, 9000), 9600, False, 8500),
        ((8500, 9000), 9200, False, 8500),  # The oldest, for want of older.
        ((8500, 9000), 9200, True, 9000),
        # Not where the run was stopped, or saved by a slow machine.
        ((8000, 8100, 8500, 8600, 9000), 9200, False, 8000),
        ((8000, 8500, 8600), 8800, True, 8500),
        ((8000, 8500, 8600), 9000, True, 8500),
    ],
)
def test_it_goes_back_to_before_the_collapse_began(
    tmp_path, steps, at, sudden, to
):
    run = _run(tmp_path, *steps)
    rolled_back = _taken_back(run, rollback.Collapse(at, "why", sudden))
    assert rolled_back.rollbacks[-1].to_step == to
    left = checkpoints.all_checkpoints(run.checkpoints)
    assert checkpoints.step_of(left[-1]) == to
    assert runs.open_run(run.path) == rolled_back


def test_it_goes_back_to_the_best_where_there_are_scores(tmp_path):
    run = _run(tmp_path, 8000, 9000, best=4000, evaluate_every=1000)
    rolled_back = _taken_back(run, rollback.Collapse(9200, "why"))
    assert rolled_back.rollbacks == (runs.Rollback(9200, 4000, "why"),)
    (left,) = checkpoints.all_checkpoints(run.checkpoints)
    assert checkpoints.read_progress(left)["step"] == 4000
    assert checkpoints.last(run.best_checkpoint).name == left.name


def test_a_run_that_collapses_again_goes_further_back_and_keeps_its_best(
    tmp_path, capsys
):
    run = _run(tmp_path, 1500, 2500, 4500, 5100, 8800, **_ROLLBACK)
    _save(run.best_checkpoint, 2000, 8000)  # No other has followed the last.
    rolled_back = _taken_back(run, rollback.Collapse(9200, "why"))
    assert _steps(run.checkpoints) == [1500, 2500, 4500, 5100, 8000]
    assert "kept" not in capsys.readouterr().out
    # A collapse is told 1,000 steps after it began: before a third more than
    # 8,000 was done. The run was stopped at 5,100.
    _save(run.checkpoints, 9000, 10000, 11000, rollbacks=1)
    rolled_back = _taken_back(rolled_back, rollback.Collapse(11600, "again"))
    assert rolled_back.rollbacks[1:] == (runs.Rollback(11600, 4500, "again"),)
    assert _steps(run.checkpoints) == [1500, 2500, 4500]
    assert (
        "the best checkpoint, of step 8,000, is kept until there is a better "
        "one" in capsys.readouterr().out
    )
    assert _steps(run.best_checkpoint) == []
    assert best_checkpoint.find(run).parent == run.best_before_rollback
    assert generators.find_checkpoint(run, "best") == best_checkpoint.at(
        run, 8000
    )
    # A better one, and a long way: it is what the run goes back to.
    _save(run.best_checkpoint, 8000, rollbacks=2)
    _save(run.checkpoints, 9000, 12000, rollbacks=2)
    assert best_checkpoint.find(run).parent == run.best_checkpoint
    rolled_back = _taken_back(
        rolled_back, rollback.Collapse(12000, "once more")
    )
    assert rolled_back.rollbacks[2].to_step == 8000
    assert _steps(run.checkpoints) == [1500, 2500, 4500, 8000]


def test_checkpoints_of_older_programs_are_taken_back_too(tmp_path):
    run = _run(tmp_path, **_ROLLBACK)
    for folder, step in (
        (run.best_checkpoint, 5000),
        (run.checkpoints, 9000),
        (run.checkpoints, 9500),
    ):
        checkpoints.save(folder, step, variables={}, progress={}, kept=None)
    rolled_back = _taken_back(run, rollback.Collapse(9800, "why"))
    assert rolled_back.rollbacks[0].to_step == 5000
    assert _steps(run.checkpoints) == [5000]


def test_a_checkpoint_that_is_far_back_is_for_those_that_collapse_again(
    tmp_path,
):
    run = _run(tmp_path, 16500, 29000, 29500, 30000, on_collapse="rollback")
    rolled_back = _taken_back(run, rollback.Collapse(30200, "why"))
    assert rolled_back.rollbacks[0].to_step == 29000


@pytest.mark.parametrize("instant", ["set_aside", "remove"])
def test_a_kill_while_a_rollback_is_finished_changes_nothing(
    tmp_path, monkeypatch, instant
):
    run = _run(tmp_path, 4500, 8000, 9000, 9500, **_ROLLBACK)
    _save(run.best_checkpoint, 2000, 8200)
    before = (runs.Rollback(9900, 8000, "why"),)
    run = dataclasses.replace(run, rollbacks=before)
    rolled_back = _decided(run, rollback.Collapse(9600, "again"))
    with monkeypatch.context() as patch:
        for owner in (rollback.best_checkpoint, rollback.checkpoints):
            if hasattr(owner, instant):
                patch.setattr(owner, instant, _die)
        with pytest.raises(_KillError):
            rollback.finish(rolled_back)
    for _ in range(2):
        rollback.finish(rolled_back)
        assert _steps(run.checkpoints) == [4500]
        assert _steps(run.best_checkpoint) == []
        assert _steps(run.best_before_rollback) == [8200]


def test_a_rollback_is_finished_once(tmp_path):
    run = _run(tmp_path, 4000, 9000)
    rolled_back = _decided(run, rollback.Collapse(9200, "why"))
    assert _steps(run.checkpoints) == [4000, 9000]  # A kill may come here.
    rollback.finish(rolled_back)
    assert _steps(run.checkpoints) == [4000]
    _save(run.checkpoints, 8000, rollbacks=1)
    _save(run.best_checkpoint, 7000, rollbacks=1)
    rollback.finish(rolled_back)
    assert _steps(run.checkpoints) == [4000, 8000]
    assert _steps(run.best_checkpoint) == [7000]


def test_what_is_not_proven_to_be_taken_back_stays(tmp_path):
    run = _run(tmp_path, 4000, 9000)
    rolled_back = _decided(run, rollback.Collapse(9200, "why"))
    damaged = checkpoints.path_of(run.checkpoints, 9000) / "progress.json"
    damaged.write_text("{")
    _save(run.checkpoints, 9100)
    rollback.finish(rolled_back)
    assert _steps(run.checkpoints) == [4000, 9000]


def test_a_damaged_best_checkpoint_is_set_aside_and_not_removed(tmp_path):
    run = _run(tmp_path, 4000, 9000, best=8500)
    rolled_back = _decided(run, rollback.Collapse(9200, "why"))
    damaged = checkpoints.path_of(run.best_checkpoint, 8500) / "progress.json"
    damaged.write_text("{")
    rollback.finish(rolled_back)
    assert _steps(run.best_before_rollback) == [8500]
    assert _steps(run.best_checkpoint) == []


def test_milestones_stay_for_runs_that_may_go_back(tmp_path):
    for config, expected in (
        (schema.Config(), [1800, 1900, 2000]),
        (
            schema.Config(on_collapse="rollback", checkpoint_every=100),
            [300, 600, 1100, 1200, 1400, 1600, 1800, 1900, 2000],
        ),
        (
            schema.Config(on_collapse="rollback", checkpoint_every=500),
            [500, 1000, 1500, 1800, 1900, 2000],
        ),
    ):
        folder = tmp_path / f"{config.on_collapse}{config.checkpoint_every}"
        for step in range(100, 2001, 100):
            _save(folder, step)
            checkpoints.prune(folder, 3, spared=rollback.spared(config, step))
        assert _steps(folder) == expected


def _target(run, step, is_sudden=False):
    """The step that a run would go back to, or None for a refusal."""
    try:
        path = rollback.target(run, rollback.Collapse(step, "why", is_sudden))
    except errors.UserError:
        return None
    return checkpoints.step_of(path)


@pytest.mark.parametrize(
    ("every", "best"),
    [(30, None), (70, 110), (200, None), (350, 110), (900, None)],
)
def test_a_run_goes_back_to_the_same_checkpoint_however_often_it_is_stopped(
    tmp_path, every, best
):
    settings = {"on_collapse": "rollback", "checkpoint_every": every}
    whole = _run(tmp_path / "whole", best=best, **settings)
    stopped = _run(tmp_path / "stopped", best=best, **settings)

    def save(run, step):
        _save(run.checkpoints, step)
        spared = rollback.spared(run.config, step)
        checkpoints.prune(run.checkpoints, checkpoints.KEPT, spared=spared)
        most = checkpoints.KEPT + rollback.most_spared(run.config)
        assert len(_steps(run.checkpoints)) <= most

    for step in range(10, 2801, 10):
        if step % health.WINDOW_STEPS == 0:
            reached = _target(whole, step)
            assert _target(stopped, step) == reached
            if step >= 1000 + every:
                assert reached == (step - 1000) // every * every
            for sick in {best or every, step // 2 // every * every}:
                if sick > step:
                    continue
                back = (runs.Rollback(step, sick, "why"),)
                assert _target(
                    dataclasses.replace(whole, rollbacks=back), step
                ) == _target(dataclasses.replace(stopped, rollbacks=back), step)
        if step % every == 0:
            save(whole, step)
        # Stopped before each checkpoint and after it, and often elsewhere.
        if {step % every, (step + 10) % every, (step - 10) % every} & {0} or (
            step % 130 < 30
        ):
            save(stopped, step)
        expected = step // every * every or None
        assert _target(whole, step, is_sudden=True) == expected
        assert _target(stopped, step, is_sudden=True) == expected


def test_a_run_that_spared_nothing_goes_back_to_what_there_is(tmp_path):
    run = _run(tmp_path, 9100, 9200, 9300, on_collapse="rollback")
    assert _target(run, 9400) == 9100
    early = _run(tmp_path / "early", 250, on_collapse="rollback")
    assert _target(early, 400) is None  # As if it had not been stopped.


def test_without_a_checkpoint_there_is_nothing_to_go_back_to(tmp_path):
    with pytest.raises(errors.UserError, match="step 200: why; there is no"):
        rollback.target(_run(tmp_path), rollback.Collapse(200, "why"))


def test_each_rollback_has_noise_and_rates_of_its_own(tmp_path):
    run = _run(tmp_path, seed=7, rollback_rate=0.5)
    configs = []
    for count in range(3):
        rollbacks = (runs.Rollback(9, 5, "why"),) * count
        configs.append(
            dataclasses.replace(run, rollbacks=rollbacks).step_config
        )
    assert configs[0] == run.config
    assert len({config.seed for config in configs}) == 3
    assert [config.generator_learning_rate for config in configs] == [
        2e-4,
        1e-4,
        5e-5,
    ]


@pytest.mark.parametrize(
    "damage",
    [
        [{"from_step": 1, "to_step": 2, "reason": ""}],
        [{"from_step": 2, "to_step": 1, "reason": 3}],
        [{"from_step": 2, "to_step": 1}],
        5,
    ],
)
def test_rollbacks_that_cannot_be_are_named_as_damage(tmp_path, damage):
    run = _run(tmp_path)
    runs.write_config(run)
    file = pathlib.Path(run.path, "config.json")
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"rollbacks": damage}))
    with pytest.raises(errors.UserError, match=r"config\.json is damaged"):
        runs.open_run(run.path)
    shutil.rmtree(run.path)


def test_only_what_does_not_recover_counts_as_a_collapse():
    verdicts = ["discriminator is winning: 1; 2", "samples are collapsing: 3"]
    assert health.collapse(verdicts) == verdicts[1]
    assert health.collapse(verdicts[:1]) is None
    assert health.collapse(["discriminator is dead: 1"])
    assert health.collapse([f"{_REASON}; look at samples/"]) == _REASON


def test_several_machines_do_not_go_back():
    with pytest.raises(errors.UserError) as caught:
        schema.Config(distribute="multi_worker", on_collapse="rollback")
    assert str(caught.value) == (
        "--on_collapse=rollback cannot be combined with "
        "--distribute=multi_worker: give --on_collapse=warn or stop"
    )


def test_the_rate_of_rollbacks_may_change_until_there_is_one(tmp_path):
    run = _run(tmp_path, 500, on_collapse="warn")
    runs.write_config(run)
    flags = {"on_collapse": "rollback", "rollback_rate": 0.7}
    assert plan.make(flags, str(run.path)).config.rollback_rate == 0.7
    back = (runs.Rollback(900, 500, "why"),)
    runs.write_config(dataclasses.replace(run, rollbacks=back))
    assert plan.make({"steps": 900}, str(run.path)).config.steps == 900
    with pytest.raises(errors.UserError) as caught:
        plan.make(flags, str(run.path))
    assert str(caught.value) == (
        "--rollback_rate=0.7: the run has gone back 1 time at a rate of 0.5, "
        "and goes on only so: leave the flag out, or start a new run"
    )


def test_how_a_run_goes_back_is_refused_where_it_never_does():
    with pytest.raises(errors.UserError, match="--max_rollbacks=9 would do no"):
        overrides.resume(schema.Config(), {"max_rollbacks": 9})
