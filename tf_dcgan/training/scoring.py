"""Scores during a training, and the best checkpoint, which is kept apart.

A kill may come at any moment; two rules keep the best checkpoint right. A new
best checkpoint stands beside the old one until an ordinary checkpoint has
followed it; only then is the old one removed. And a run that continues removes
every best checkpoint of a step that it has not reached yet, as it removes such
lines of its log; but for one of steps that a rollback took back, which stands
elsewhere (`best_checkpoint`) until an ordinary checkpoint has followed a better
one. So the best checkpoint is always the one of the highest step,
a run that has had a best checkpoint always has one, and a resumed run finds
the same best checkpoints as a run that was never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
import dataclasses
import math
import time
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tf_dcgan.common import json_values, terminal
from tf_dcgan.runs import best_checkpoint, checkpoints, health, runs, summaries
from tf_dcgan.training import guards

if TYPE_CHECKING:
    from tf_dcgan.metrics import scores

# Results could depend on it by a rounding error: never change it in a run.
_BATCH = 100


class Evaluator(Protocol):
    """Scores generated images; less is better.

    Attributes:
        name: the name of the score, with its features and number of images.
        num_samples: how many images a score takes.
        real: the real images that generated ones are compared with, in words.
        features: the network that makes the features, in words.
        protocol: JSON-able; scores of equal protocols can be compared.
    """

    name: str
    num_samples: int
    real: str
    features: str
    protocol: Mapping[str, Any]

    def __call__(self, batches: Iterable[np.ndarray]) -> scores.Score:
        """Scores [n, height, width, 1 or 3] uint8 images."""


class Evaluations:
    """Scores a training when it is due and keeps the best checkpoint."""

    def __init__(
        self,
        run: runs.Run,
        evaluator: Evaluator | None,
        draw: Callable[[int, int], np.ndarray],
        *,
        step: int,
        total: int,
        lead: Callable[[], Mapping[str, float]] = dict,
    ):
        """Reads the run's best checkpoint and whether the step has a score.

        Args:
            run: `resuming.resume` has taken it back to the step.
            evaluator: makes the scores; None for a training without scores.
            draw: (first, count) to the images that are scored, [count,
                height, width, 1 or 3] uint8.
            step: the number of finished steps.
            total: the number of steps of the whole run.
            lead: returns what else is logged with each score.

        Raises:
            errors.UserError: the best checkpoint or the log is damaged.
        """
        self._run = run
        self._evaluator = evaluator
        self._draw = draw
        self._total = total
        self._lead = lead
        self._folder = run.best_checkpoint
        self._best = self._scored_at = self._last_lead = None
        self._warned = set()
        if evaluator is None:
            return
        self._best = self._comparable_best()
        lines = summaries.read_metrics(run.path)
        # A score that was put off has no line yet, nor has a new score.
        if any(
            line["step"] == step and evaluator.name in line for line in lines
        ):
            self._scored_at = step
        for line in lines:
            # A score that is made anew is not compared with itself.
            is_before = line["step"] < step or self._scored_at == step
            if is_before and json_values.is_number(line.get(health.LEAD)):
                self._last_lead = line[health.LEAD]

    def _comparable_best(self) -> best_checkpoint.BestScore | None:
        path = best_checkpoint.find(self._run)
        if path is None:
            return None
        best = best_checkpoint.read(path)
        if best.protocol == self._evaluator.protocol:
            return best
        terminal.say(
            f"evaluation: the best checkpoint, of step {best.step:,}, has "
            f"{best.name} {best.value:.4g} by another protocol; the next "
            f"score, {self._evaluator.name}, takes its place"
        )
        return None

    def is_due(self, step: int) -> bool:
        """Says whether the generator of a step is to be scored."""
        if self._evaluator is None or step in (0, self._scored_at):
            return False
        return step % self._run.config.evaluate_every == 0 or (
            step == self._total
        )

    def make(
        self,
        step: int,
        *,
        stop: guards.Stop,
        log: summaries.Summaries,
        save: Callable[..., None],
    ) -> list[str]:
        """Scores the generator and saves it if it is the best so far.

        When somebody asks to stop, the score is put off: the run makes it
        first when it continues.

        Args:
            step: the number of finished steps.
            stop: looked at between batches.
            log: the score is written into it.
            save: writes a checkpoint of the step into a folder, with further
                entries of its progress; `kept` as for `checkpoints.save`.

        Returns:
            Verdicts on the training's health, which have been logged.

        Raises:
            OSError: the disk is full.
        """
        started = time.monotonic()
        try:
            score = self._evaluator(self._batches(stop))
        except _PutOffError:
            terminal.say(
                f"evaluation of step {step:,} put off until the run goes on"
            )
            return []
        before = self._best
        if math.isfinite(score.value) and (
            before is None or score.value < before.value
        ):
            self._best = best_checkpoint.BestScore(
                step, score.name, score.value, self._evaluator.protocol
            )
            # Before the line is written: a score with a line is not repeated.
            self._save_best(save)
        self._scored_at = step
        more = self._lead()
        verdicts = self._verdicts(more)
        log.write_scalars(
            "evaluation",
            self._line(score) | more | health.entry(verdicts),
            step=step,
        )
        self._say(step, score, before, time.monotonic() - started)
        for name, value in more.items():
            terminal.say(f"{name.replace('_', ' ')}: {value:.3g}")
        return verdicts

    def _verdicts(self, more: Mapping[str, float]) -> list[str]:
        """Judges D's lead beside its lead at the evaluation before."""
        lead = more.get(health.LEAD)
        if lead is None or not math.isfinite(lead):
            return []
        before, self._last_lead = self._last_lead, lead
        verdict = health.discriminator_memorises(
            self._run.config,
            lead,
            before=before,
            channels=self._run.data.channels,
        )
        return [verdict] if verdict else []

    def prune(self) -> None:
        """Removes all best checkpoints but the last, that set aside too.

        To be called when an ordinary checkpoint has followed the last best.
        """
        checkpoints.prune(self._folder, 1)
        if checkpoints.last(self._folder) is not None:
            checkpoints.rewind(self._run.best_before_rollback, -1)

    def _batches(self, stop: guards.Stop) -> Iterator[np.ndarray]:
        count = self._evaluator.num_samples
        for first in range(0, count, _BATCH):
            if stop.requested:
                raise _PutOffError
            yield self._draw(first, min(_BATCH, count - first))

    def _save_best(self, save: Callable[..., None]) -> None:
        entry = dataclasses.asdict(self._best)
        del entry["step"]
        path = checkpoints.path_of(self._folder, self._best.step)
        if path.exists():
            # The best of another protocol, of this very step.
            checkpoints.amend(path, {best_checkpoint.ENTRY: entry})
        else:
            save(self._folder, kept=None, **{best_checkpoint.ENTRY: entry})

    def _line(self, score: scores.Score) -> dict[str, float | str]:
        extra = {"low": score.low, "high": score.high, "floor": score.ideal}
        return {
            score.name: score.value,
            **{
                f"{score.name}_{name}": value
                for name, value in extra.items()
                if value is not None
            },
            "real": self._evaluator.real,
            "features": self._evaluator.features,
            "during": "training",
        }

    def _say(self, step, score, before, seconds) -> None:
        text = f"evaluation of step {step:,}: {score.name} {score.value:.4g}"
        if score.low is not None:
            text += f" [{score.low:.4g}, {score.high:.4g}]"
        if score.ideal is not None:
            text += f" (a perfect generator: {score.ideal:.2g})"
        if self._best is None:
            text += "; none is finite yet"
        elif self._best is not before:
            text += "; the best so far"
            if before is not None and before.step != step:
                text += f", before {before.value:.4g} at step {before.step:,}"
        else:
            text += f"; best {before.value:.4g} at step {before.step:,}"
        terminal.say(f"{text}; {seconds:.1f} s")
        for warning in score.warnings:
            kind = warning.partition(":")[0]
            if kind not in self._warned:
                self._warned.add(kind)
                terminal.say(f"warning: {score.name}: {warning}")


class _PutOffError(Exception):
    """Somebody has asked the training to stop."""
