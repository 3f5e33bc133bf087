"""Takes a training that has collapsed back to a good checkpoint.

Everything is decided by files, so that a kill at any instant changes nothing in
the end. A rollback is made when `config.json` tells of it. Killed before, the
run goes on from its last checkpoint and collapses again; killed after, it first
removes the checkpoints of the steps that were taken back, which it knows by the
number of rollbacks that they were saved after.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import schema
from tf_dcgan.runs import best_checkpoint, checkpoints, health, runs

# A collapse is told when its windows are over: it began earlier.
_STEPS_BEFORE_VERDICT = health.SUSTAINED_WINDOWS * health.WINDOW_STEPS
# A run that collapses again before it is a third longer than what it went back
# to has gone back to a sick state, and goes back to at most this share of it.
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


def milestones(config: schema.Config) -> int:
    """Returns how many checkpoints a run keeps besides its last ones."""
    return _MILESTONES if config.on_collapse == "rollback" else 0


def roll_back(run: runs.Run, collapse: Collapse) -> runs.Run:
    """Decides that a run is taken back, and writes it into its `config.json`.

    Args:
        run: in training; this process holds its lock.
        collapse: what has happened to it.

    Returns:
        The run that goes on, after `finish`.

    Raises:
        errors.UserError: there have been enough rollbacks, or there is no
            checkpoint to go back to.
        OSError: the disk is full.
    """
    done, most = len(run.rollbacks), run.config.max_rollbacks
    if done >= most:
        raise errors.UserError(
            f"step {collapse.step:,}: {collapse.reason}; this is after "
            f"{done} rollbacks, of at most --max_rollbacks={most}: "
            f"{_what_is_left(run)}; start a new run with other settings, or go "
            "on with a larger --max_rollbacks"
        )
    path = _good_checkpoint(run, collapse)
    if path is None:
        raise errors.UserError(
            f"step {collapse.step:,}: {collapse.reason}; there is no "
            "checkpoint from before it to go back to: start a new run with "
            "other settings or a smaller --checkpoint_every"
        )
    step = checkpoints.step_of(path)
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
        kept = (
            f"; the best checkpoint, of step {checkpoints.step_of(best):,}, "
            "is kept until there is a better one"
        )
    else:
        kept = ""
    terminal.say(
        f"rolled back from step {collapse.step:,} to step {step:,} ({done + 1} "
        f"of at most {most}): {collapse.reason}; goes on with other noise and "
        f"learning rates of {now.generator_learning_rate:.3g} (G) and "
        f"{now.discriminator_learning_rate:.3g} (D){kept}"
    )
    return rolled_back


def finish(run: runs.Run) -> None:
    """Takes the checkpoints of a run back, if its last rollback did not yet.

    Args:
        run: about to be trained; this process holds its lock.

    Raises:
        OSError: the disk is full; nothing is lost.
    """
    if not run.rollbacks:
        return
    step = run.rollbacks[-1].to_step
    later = [
        path
        for path in checkpoints.all_checkpoints(run.checkpoints)
        if checkpoints.step_of(path) > step
    ]
    if not all(_is_taken_back(run, path) for path in later):
        return  # The run has gone on.
    target = checkpoints.path_of(run.checkpoints, step)
    best = best_checkpoint.at(run, step)
    if not target.exists() and best.exists():
        with files.disk_errors(target), files.atomic_directory(target) as copy:
            shutil.copytree(best, copy, dirs_exist_ok=True)
    bests = [
        path
        for path in checkpoints.all_checkpoints(run.best_checkpoint)
        if _is_taken_back(run, path)
    ]
    if bests:
        best_checkpoint.set_aside(run, bests[-1])
    for path in later:
        checkpoints.remove(path)


def _is_taken_back(run: runs.Run, path: pathlib.Path) -> bool:
    """Says whether a checkpoint is of steps that were taken back last."""
    if checkpoints.step_of(path) <= run.rollbacks[-1].to_step:
        return False
    try:
        progress = checkpoints.read_progress(path)
    except errors.UserError:  # Nothing proves it.
        return False
    now = len(run.rollbacks)
    # Programs without this entry removed the checkpoints before they told of
    # the rollback.
    return progress.get(SAVED_AFTER, now) != now


def _good_checkpoint(run: runs.Run, collapse: Collapse) -> pathlib.Path | None:
    """Finds what to go back to: the best checkpoint, or one long enough ago."""
    kept = checkpoints.all_checkpoints(run.checkpoints)
    if run.rollbacks:
        sick = run.rollbacks[-1].to_step
        if _SHARE_OF_SICK * collapse.step < sick:
            return _last_until(_SHARE_OF_SICK * sick, kept)
    best = checkpoints.last(run.best_checkpoint)
    if run.config.evaluate_every and best is not None:
        return best
    if collapse.is_sudden:
        return kept[-1] if kept else None
    return _last_until(collapse.step - _STEPS_BEFORE_VERDICT, kept)


def _last_until(step: float, kept: list[pathlib.Path]) -> pathlib.Path | None:
    """Returns the last checkpoint until a step, or else the oldest one."""
    early = [path for path in kept if checkpoints.step_of(path) <= step]
    return early[-1] if early else next(iter(kept), None)


def _what_is_left(run: runs.Run) -> str:
    best = best_checkpoint.find(run)
    if best is not None:
        return f"the best checkpoint is {best}"
    last = checkpoints.last(run.checkpoints)
    return f"the last checkpoint is {last}" if last else "nothing is saved"
