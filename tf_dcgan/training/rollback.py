"""Takes a training that has collapsed back to a good checkpoint.

Everything is decided by files, so that a kill at any instant changes nothing in
the end. A rollback is made when `config.json` tells of it. Killed before, the
run goes on from its last checkpoint and collapses again; killed after, it first
removes the checkpoints of the steps that were taken back, which it knows by the
number of rollbacks that they were saved after.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import shutil

from tf_dcgan.common import errors, files, terminal, words
from tf_dcgan.config import schema
from tf_dcgan.runs import best_checkpoint, checkpoints, health, runs

# A collapse is told when its windows are over: it began earlier.
_STEPS_BEFORE_VERDICT = health.SUSTAINED_WINDOWS * health.WINDOW_STEPS
# A run whose next collapse begins before it is a third longer than what it went
# back to has gone back to a sick state, and goes to at most this share of it.
_SHARE_OF_SICK = 0.75
_MILESTONES = 3  # The first goes back by up to a half, the third by 7/8.
SAVED_AFTER = "rollbacks"  # The entry of progress.json with their number.


@dataclasses.dataclass(frozen=True)
class Collapse:
    """Why a training cannot go on as it is.

    Attributes:
        step: the number of finished steps.
        reason: what was seen, in words.
        is_sudden: whether all checkpoints are from before it.
    """

    step: int
    reason: str
    is_sudden: bool = False


def most_spared(config: schema.Config) -> int:
    """Returns how many checkpoints a run may keep besides its last ones."""
    if config.on_collapse != "rollback":
        return 0
    windows = health.SUSTAINED_WINDOWS + 1
    intervals = (_STEPS_BEFORE_VERDICT - 1) // config.checkpoint_every + 2
    return _MILESTONES + min(windows, intervals)


def spared(config: schema.Config, step: int) -> list[int]:
    """Returns the steps whose checkpoints a run keeps besides its last ones.

    They are milestones, and what the next verdicts go back to. All are
    multiples of `checkpoint_every`, so that it makes no difference where a run
    is stopped, and where a slow machine saves it.

    Args:
        config: its `on_collapse` and `checkpoint_every`.
        step: the number of finished steps, of the newest checkpoint.
    """
    if config.on_collapse != "rollback":
        return []
    window, every = health.WINDOW_STEPS, config.checkpoint_every
    next_verdict = (step // window + 1) * window
    beginnings = range(next_verdict - _STEPS_BEFORE_VERDICT, step, window)
    steps = {_last_due(every, begun) for begun in (*beginnings, step)}
    steps.update(milestones(config, step))
    return sorted(step for step in steps if step > 0)


def milestones(config: schema.Config, step: int) -> list[int]:
    """Returns the steps that a run goes back to that collapses again.

    They are the first checkpoints from powers of two on.

    Args:
        config: its `checkpoint_every`.
        step: the number of finished steps.
    """
    every, steps = config.checkpoint_every, []
    for power in range(step.bit_length() - 1, -1, -1):
        first = -(-(2**power) // every) * every
        if first < 2 ** (power + 1) and first <= step:
            steps.append(first)
    return sorted(steps[:_MILESTONES])


def target(run: runs.Run, collapse: Collapse) -> pathlib.Path:
    """Finds what a run is to be taken back to.

    Args:
        run: in training.
        collapse: what has happened to it.

    Returns:
        One of its checkpoints.

    Raises:
        errors.UserError: there have been enough rollbacks, or there is no
            checkpoint to go back to.
    """
    done, most = len(run.rollbacks), run.config.max_rollbacks
    if done >= most:
        raise errors.UserError(
            f"step {collapse.step:,}: {collapse.reason}; this is after "
            f"{words.counted(done, 'rollback')}, of at most "
            f"--max_rollbacks={most}: {_what_is_left(run)}; start a new run "
            "with other settings, or go on with a larger --max_rollbacks"
        )
    path = _good_checkpoint(run, collapse)
    if path is None:
        raise errors.UserError(
            f"step {collapse.step:,}: {collapse.reason}; there is no "
            "checkpoint from before it to go back to, of a multiple of "
            f"--checkpoint_every={run.config.checkpoint_every}: start a new "
            "run with other settings or a smaller --checkpoint_every"
        )
    return path


def roll_back(
    run: runs.Run, collapse: Collapse, path: pathlib.Path
) -> runs.Run:
    """Decides that a run is taken back, and writes it into its `config.json`.

    Args:
        run: in training; this process holds its lock.
        collapse: what has happened to it.
        path: the checkpoint that `target` returned.

    Returns:
        The run that goes on, after `finish`.

    Raises:
        OSError: the disk is full.
    """
    step = checkpoints.step_of(path)
    ordinary = checkpoints.path_of(run.checkpoints, step)
    if not ordinary.exists():
        with (
            files.disk_errors(ordinary),
            files.atomic_directory(ordinary) as copy,
        ):
            shutil.copytree(path, copy, dirs_exist_ok=True)
    _mark(run)
    rolled_back = dataclasses.replace(
        run,
        rollbacks=(
            *run.rollbacks,
            runs.Rollback(collapse.step, step, collapse.reason),
        ),
    )
    runs.write_config(rolled_back)
    now = rolled_back.step_config
    best = best_checkpoint.find(run)
    if best is not None and checkpoints.step_of(best) > step:
        best_stays = (
            f"; the best checkpoint, of step {checkpoints.step_of(best):,}, "
            "is kept until there is a better one"
        )
    else:
        best_stays = ""
    terminal.say(
        f"rolled back from step {collapse.step:,} to step {step:,} "
        f"({len(rolled_back.rollbacks)} of at most "
        f"{run.config.max_rollbacks}): {collapse.reason}; goes on with other "
        "noise and "
        f"learning rates of {now.generator_learning_rate:.3g} (G) and "
        f"{now.discriminator_learning_rate:.3g} (D){best_stays}"
    )
    return rolled_back


def finish(run: runs.Run) -> None:
    """Removes the checkpoints of the steps that were taken back last.

    Args:
        run: about to be trained; this process holds its lock.
    """
    if not run.rollbacks:
        return
    step, now = run.rollbacks[-1].to_step, len(run.rollbacks)

    def later(folder):
        """Returns (path, number of rollbacks that it was saved after)."""
        return [
            (path, _saved_after(path))
            for path in checkpoints.all_checkpoints(folder)
            if checkpoints.step_of(path) > step
        ]

    ordinary = later(run.checkpoints)
    if any(after == now for _, after in ordinary):
        return  # The run has gone on.
    for path, after in later(run.best_checkpoint)[-1:]:
        if after != now:  # A damaged one too, which is named when it is read.
            best_checkpoint.set_aside(run, path)
    for path, after in ordinary:
        if after is not None:
            checkpoints.remove(path)


def _saved_after(path: pathlib.Path) -> int | None:
    """Returns the number of rollbacks before a checkpoint; None if damaged."""
    try:
        # Before a rollback, `_mark` puts the entry where there is none.
        return checkpoints.read_progress(path).get(SAVED_AFTER)
    except errors.UserError:
        return None


def _mark(run: runs.Run) -> None:
    """Gives checkpoints of programs that knew no rollbacks their number."""
    for folder in (run.checkpoints, run.best_checkpoint):
        for path in checkpoints.all_checkpoints(folder):
            with contextlib.suppress(errors.UserError):
                if SAVED_AFTER not in checkpoints.read_progress(path):
                    checkpoints.amend(path, {SAVED_AFTER: len(run.rollbacks)})


def _good_checkpoint(run: runs.Run, collapse: Collapse) -> pathlib.Path | None:
    """Finds what to go back to: the best checkpoint, or one long enough ago."""
    every = run.config.checkpoint_every
    paths = checkpoints.all_checkpoints(run.checkpoints)
    # Not where somebody stopped the run, and where a slow machine saved it.
    due = [path for path in paths if checkpoints.step_of(path) % every == 0]
    if not due and collapse.step >= 2 * every:
        due = paths  # It was not to go back until now, and spared none.
    best = checkpoints.last(run.best_checkpoint)
    beginning = collapse.step
    if not collapse.is_sudden:
        beginning -= _STEPS_BEFORE_VERDICT
    if run.rollbacks:
        sick = run.rollbacks[-1].to_step
        if _SHARE_OF_SICK * beginning < sick:
            early = [path for path in due if checkpoints.step_of(path) <= sick]
            if not early and best and checkpoints.step_of(best) <= sick:
                return best
            steps = milestones(run.config, collapse.step)
            old = [path for path in early if checkpoints.step_of(path) in steps]
            return _last_until(_SHARE_OF_SICK * sick, old or early or due)
    if run.config.evaluate_every and best is not None:
        return best
    return _last_until(beginning, due)


def _last_due(every: int, step: int) -> int:
    """Returns the last multiple of `checkpoint_every` until a step."""
    return step // every * every


def _last_until(step: float, paths: list[pathlib.Path]) -> pathlib.Path | None:
    """Returns the last checkpoint until a step, or else the oldest one."""
    early = [path for path in paths if checkpoints.step_of(path) <= step]
    return early[-1] if early else next(iter(paths), None)


def _what_is_left(run: runs.Run) -> str:
    best = best_checkpoint.find(run)
    if best is not None:
        return f"the best checkpoint is {best}"
    last = checkpoints.last(run.checkpoints)
    return f"the last checkpoint is {last}" if last else "nothing is saved"
