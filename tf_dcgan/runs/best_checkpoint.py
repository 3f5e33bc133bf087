"""What made the best checkpoint of a run the best."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import pathlib
from typing import Any

from tf_dcgan.runs import checkpoints, runs

ENTRY = "best"  # Of progress.json.


@dataclasses.dataclass(frozen=True)
class BestScore:
    """What made a checkpoint the best.

    Attributes:
        step: of the checkpoint.
        name: of the score.
        value: the score.
        protocol: what it was computed by.
    """

    step: int
    name: str
    value: float
    protocol: Mapping[str, Any]


def read(path: pathlib.Path) -> BestScore:
    """Reads what made a checkpoint the best.

    Args:
        path: the checkpoint's folder.

    Returns:
        The score.

    Raises:
        errors.UserError: it is damaged.
    """
    saved = checkpoints.read_progress(path)
    try:
        entry = saved[ENTRY]
        return BestScore(
            saved["step"],
            str(entry["name"]),
            float(entry["value"]),
            dict(entry["protocol"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise checkpoints.damaged(path, error) from error


def origin(run: runs.Run, step: int, checkpoint: str = "last") -> str:
    """Says which checkpoint a generator comes from.

    Args:
        run: the run.
        step: as `loading.load_generator` returned it.
        checkpoint: as it was given.

    Returns:
        "step 2000", or "step 1500, best by fid_classifier_2048 12.3".

    Raises:
        errors.UserError: the best checkpoint is damaged.
    """
    text = f"step {step}"
    if checkpoint == "best":
        score = read(checkpoints.path_of(run.best_checkpoint, step))
        text += f", best by {score.name} {score.value:.4g}"
    return text
