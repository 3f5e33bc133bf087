"""The checkpoint that is a run's best, and the score for which it is.

    checkpoints/best/step_0000400                  of the run as it went on
    checkpoints/best_before_rollback/step_0000900  of steps that were taken back

Where both are, the first is the better one, since only a better score than the
second's, or a first one by another protocol, makes a best checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import pathlib
from typing import Any

from tf_dcgan.runs import checkpoints, runs

ENTRY = "best"  # The name of the score's entry in progress.json.


@dataclasses.dataclass(frozen=True)
class BestScore:
    """The score for which a checkpoint is the best.

    Attributes:
        step: the checkpoint's step.
        name: the score's name, such as fid_classifier_2048.
        value: the score's value.
        protocol: what the score was computed from, and how.
    """

    step: int
    name: str
    value: float
    protocol: Mapping[str, Any]


def find(run: runs.Run) -> pathlib.Path | None:
    """Returns the folder of a run's best checkpoint; None without any."""
    return checkpoints.last(run.best_checkpoint) or checkpoints.last(
        run.best_before_rollback
    )


def at(run: runs.Run, step: int) -> pathlib.Path:
    """Returns where a best checkpoint of a run is, or would be.

    Args:
        run: its best checkpoint may be from before a rollback.
        step: the checkpoint's step.
    """
    path = checkpoints.path_of(run.best_checkpoint, step)
    before = checkpoints.path_of(run.best_before_rollback, step)
    return before if before.exists() and not path.exists() else path


def set_aside(run: runs.Run, path: pathlib.Path) -> None:
    """Keeps a best checkpoint of steps that are taken back.

    Args:
        run: has gone back to a checkpoint from before it.
        path: the last checkpoint in `run.best_checkpoint`; the others there,
            and what was set aside earlier, were best before it, and are
            removed.
    """
    target = checkpoints.path_of(
        run.best_before_rollback, checkpoints.step_of(path)
    )
    checkpoints.prune(run.best_checkpoint, 1)
    checkpoints.rewind(run.best_before_rollback, -1)
    target.parent.mkdir(exist_ok=True)
    path.replace(target)


def read(path: pathlib.Path) -> BestScore:
    """Reads the score for which a checkpoint is the best.

    Args:
        path: the checkpoint's folder.

    Raises:
        errors.UserError: the checkpoint is damaged.
    """
    progress = checkpoints.read_progress(path)
    try:
        entry = progress[ENTRY]
        return BestScore(
            progress["step"],
            str(entry["name"]),
            float(entry["value"]),
            dict(entry["protocol"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise checkpoints.damaged(path, error) from error


def facts(run: runs.Run, step: int, checkpoint: str) -> dict[str, str]:
    """Says which checkpoint a generator comes from, ready for JSON.

    Args:
        run: as for `origin`.
        step: as for `origin`.
        checkpoint: as for `origin`.

    Returns:
        `checkpoint`, and for the best one the score's name as `best_by`.

    Raises:
        errors.UserError: the best checkpoint is damaged.
    """
    score = _score(run, step, checkpoint)
    if score is None:
        return {"checkpoint": checkpoint}
    return {"checkpoint": checkpoint, "best_by": score.name}


def origin(run: runs.Run, step: int, checkpoint: str = "last") -> str:
    """Says which checkpoint a generator comes from.

    Args:
        run: the run that the generator was trained in.
        step: the checkpoint's step.
        checkpoint: "last" or "best", whichever the user asked for.

    Returns:
        "step 2000", or "step 1500, best by fid_classifier_2048 12.3".

    Raises:
        errors.UserError: the best checkpoint is damaged.
    """
    text = f"step {step}"
    score = _score(run, step, checkpoint)
    if score is not None:
        text += f", best by {score.name} {score.value:.4g}"
    return text


def _score(run: runs.Run, step: int, checkpoint: str) -> BestScore | None:
    if checkpoint != "best":
        return None
    return read(at(run, step))
