"""Takes a training that has collapsed back to a good checkpoint.

Everything is decided by files, so that a kill at any instant changes nothing in
the end: first the later checkpoints go, then `config.json` tells of the
rollback. Killed in between, the run goes on from the good checkpoint, collapses
as before and is taken back again.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.runs import checkpoints, health, runs

# A collapse is told when its windows are over: it began earlier.
_STEPS_BEFORE_VERDICT = health.SUSTAINED_WINDOWS * health.WINDOW_STEPS


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


def roll_back(run: runs.Run, collapse: Collapse) -> runs.Run:
    """Takes a run back, on the disk.

    Args:
        run: in training; this process holds its lock.
        collapse: what has happened to it.

    Returns:
        The run that goes on, with the rollback in its `config.json`.

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
    target = checkpoints.path_of(run.checkpoints, checkpoints.step_of(path))
    if not target.exists():
        with files.disk_errors(target), files.atomic_directory(target) as copy:
            shutil.copytree(path, copy, dirs_exist_ok=True)
    step = checkpoints.step_of(target)
    checkpoints.rewind(run.checkpoints, step)
    rolled_back = dataclasses.replace(
        run,
        rollbacks=(
            *run.rollbacks,
            runs.Rollback(collapse.step, step, collapse.reason),
        ),
    )
    runs.write_config(rolled_back)
    now = rolled_back.step_config
    terminal.say(
        f"rolled back from step {collapse.step:,} to step {step:,} ({done + 1} "
        f"of at most {most}): {collapse.reason}; goes on with other noise and "
        f"learning rates of {now.generator_learning_rate:.3g} (G) and "
        f"{now.discriminator_learning_rate:.3g} (D)"
    )
    return rolled_back


def _good_checkpoint(run: runs.Run, collapse: Collapse) -> pathlib.Path | None:
    """Finds the best checkpoint, or else the last one before the collapse."""
    best = checkpoints.last(run.best_checkpoint)
    if run.config.evaluate_every and best is not None:
        return best
    kept = checkpoints.all_checkpoints(run.checkpoints)
    if not kept or collapse.is_sudden:
        return kept[-1] if kept else None
    latest = collapse.step - _STEPS_BEFORE_VERDICT
    early = [path for path in kept if checkpoints.step_of(path) <= latest]
    return early[-1] if early else kept[0]


def _what_is_left(run: runs.Run) -> str:
    best = checkpoints.last(run.best_checkpoint)
    if best is not None:
        return f"the best checkpoint is {best}"
    last = checkpoints.last(run.checkpoints)
    return f"the last checkpoint is {last}" if last else "nothing is saved"
