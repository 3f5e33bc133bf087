"""Trains with scores and dies at every instant that could matter.

    python tests/die_while_scoring.py DATA_DIR FOLDER

Leaves in FOLDER the runs `plain` (no scores), `whole` (never stopped) and
`killed`, and prints as JSON what happened to the last. In one process, since
a start takes longer than all the steps; what a death cannot take back, the
writes so far, is the same.
"""

import json
import os
import pathlib
import signal
import sys
from unittest import mock

_PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(_PROJECT), str(_PROJECT / "tests" / "support")]

from tf_dcgan.common import quiet_import  # noqa: E402

quiet_import.import_tensorflow()

from scripted_scores import MeanEvaluator  # noqa: E402
from tiny_data import TINY_FLAGS  # noqa: E402

from tf_dcgan.commands import train  # noqa: E402
from tf_dcgan.evaluation import periodic  # noqa: E402
from tf_dcgan.runs import (  # noqa: E402
    best_checkpoint,
    charts,
    checkpoints,
    summaries,
)
from tf_dcgan.sampling.exports import keras_formats  # noqa: E402
from tf_dcgan.training import scoring  # noqa: E402

_SCORES = "--evaluate_every=2"
# Where to die, from which step on. Checkpoints are at 10, 20, …, 45.
_DEATHS = (
    ("saving the best", 6),
    ("writing the line", 12),
    ("saving", 20),
    ("pruning", 20),
    ("stopped by a signal", 26),
    ("writing the line", 26),
)


class _DeathError(BaseException):
    """Stands for a kill."""


class _Deaths:
    """Raises at one instant."""

    def __init__(self, instant, from_step):
        self._instant = instant
        self._from_step = from_step
        self._step = 0

    def at(self, instant):
        if instant == self._instant and self._step >= self._from_step:
            raise _DeathError

    def patches(self):
        return [
            mock.patch.object(owner, name, make(getattr(owner, name)))
            for owner, name, make in (
                (scoring.Evaluations, "make", self._make),
                (MeanEvaluator, "__call__", self._score),
                (checkpoints, "save", self._save),
                (checkpoints, "prune", self._prune),
                (summaries.Summaries, "write_scalars", self._write_scalars),
            )
        ]

    def _make(self, make):
        def made(owner, step, **keywords):
            self._step = step
            return make(owner, step, **keywords)

        return made

    def _score(self, score):
        def scored(owner, images):
            if self._instant == "stopped by a signal":
                if self._step >= self._from_step:
                    os.kill(os.getpid(), signal.SIGTERM)
            return score(owner, images)

        return scored

    def _save(self, save):
        def saved(folder, step, **keywords):
            is_best = folder.name == "best"
            self.at("saving the best" if is_best else "saving")
            return save(folder, step, **keywords)

        return saved

    def _prune(self, prune):
        def pruned(folder, kept, **keywords):
            if folder.name == "best":
                self.at("pruning")
            prune(folder, kept, **keywords)

        return pruned

    def _write_scalars(self, write):
        def written(owner, kind, values, *, step):
            if kind == "evaluation":
                self.at("writing the line")
            write(owner, kind, values, step=step)

        return written


def _train(*flags):
    with (
        mock.patch.object(periodic, "prepare", lambda *_: MeanEvaluator()),
        # They take longer than the rest.
        mock.patch.object(keras_formats, "export", lambda *_, **__: None),
        mock.patch.object(charts, "write_curves", lambda *_: None),
        mock.patch.object(charts, "write_progress", lambda *_: None),
    ):
        train.main(["train.py", *flags])


def _best_steps(run_dir):
    folder = run_dir / "checkpoints" / "best"
    scores = [
        best_checkpoint.read(path)
        for path in checkpoints.all_checkpoints(folder)
    ]
    return [score.step for score in scores]


def _die(run_dir, flags, instant, from_step):
    """Trains until it dies or is stopped, and tells what is left."""
    deaths = _Deaths(instant, from_step)
    ended = "alive"
    patches = deaths.patches()
    for patch in patches:
        patch.start()
    try:
        _train(*flags, f"--run_dir={run_dir}")
    except _DeathError:
        ended = "dead"
    finally:
        for patch in patches:
            patch.stop()
    last = checkpoints.last(run_dir / "checkpoints")
    return {
        "instant": instant,
        "ended": ended,
        "checkpoint": last and last.name,
        "best": _best_steps(run_dir),
    }


def main(data_dir, folder):
    """Makes the three runs."""
    # As commands do: a process that leaves it to the system would be ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = pathlib.Path(folder)
    flags = [*TINY_FLAGS, "--steps=45", f"--data_dir={data_dir}"]
    _train(*flags, f"--run_dir={folder / 'plain'}")
    _train(*flags, _SCORES, f"--run_dir={folder / 'whole'}")
    killed = folder / "killed"
    outcomes = [
        _die(killed, [] if number else [*flags, _SCORES], *death)
        for number, death in enumerate(_DEATHS)
    ]
    _train(f"--run_dir={killed}")
    # After all that the training says.
    print("\n" + json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
