"""What the person who watches a training reads in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import contextlib
import dataclasses
import math
import shutil
import sys
import time

import tqdm

from tf_dcgan.common import terminal, words
from tf_dcgan.models import families
from tf_dcgan.runs import runs
from tf_dcgan.training import cost, meters

_SECONDS_PER_LINE = 15.0
# Epochs of a small set may last a second.
_SECONDS_PER_EPOCH_LINE = 5.0
_LONG_SECONDS = 3600.0
# In a terminal too narrow for a bar the numbers alone are shown.
_NUMBERS = (
    "{percentage:3.0f}% {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}"
    "{postfix}]"
)
_COLUMNS_OF_NUMBERS = 52
_COLUMNS_OF_BAR = 10


class Console:
    """A progress bar in a terminal, plain lines elsewhere."""

    def __init__(
        self, run: runs.Run, step: int, total: int, steps_per_epoch: int
    ):
        """Says where the run stands.

        Args:
            run: the run in training; its path, config and data are used.
            step: the number of finished steps.
            total: the number of steps of the whole run.
            steps_per_epoch: whole batches in the training split.
        """
        self._run = run
        self._total = total
        self._steps_per_epoch = steps_per_epoch
        self._epochs = -(-total // steps_per_epoch)
        self._first_step = step
        self._started = self._said_at = time.monotonic()
        self._pause = 0.0
        self._has_estimated = False
        self._timed_from: int | None = None
        self._advised: set[str] = set()
        self._epoch_said_at = -math.inf
        self._findings: set[str] = set()
        beginning = (
            f"goes on after step {step:,} of {total:,}" if step else "starts"
        )
        terminal.say(f"run: {run.path} {beginning}")
        self._bar = tqdm.tqdm(
            total=total,
            initial=step,
            unit="step",
            dynamic_ncols=True,
            disable=not (sys.stdout.isatty() and terminal.heard("step")),
        )

    def update(self, step: int, meter: meters.Meter) -> None:
        """Shows the step and the latest means."""
        if self._timed_from is None:
            # The first call also traces the graph: its time is no measure.
            self._timed_from, self._started = step, time.monotonic()
        means = meter.interval()
        epoch = min((step - 1) // self._steps_per_epoch + 1, self._epochs)
        losses = _in_words(means)
        text = f"epoch {epoch}/{self._epochs}  {losses}"
        if not self._bar.disable:
            columns = shutil.get_terminal_size().columns - _COLUMNS_OF_NUMBERS
            is_wide = len(text) + _COLUMNS_OF_BAR <= columns
            self._bar.bar_format = None if is_wide else _NUMBERS
            with contextlib.suppress(OSError):  # As in `say`.
                self._bar.set_postfix_str(
                    text if is_wide else _shortened(losses, columns),
                    refresh=False,
                )
                self._bar.update(step - self._bar.n)
        elif time.monotonic() - self._said_at > _SECONDS_PER_LINE:
            self._said_at = time.monotonic()
            if self._has_estimated and step > self._timed_from:
                text += f"  {duration(self._seconds_left(step))} left"
            terminal.say(f"step {step:,}/{self._total:,}  {text}")

    def leave_out(self, seconds: float) -> None:
        """Leaves the time of an evaluation out of the time of the training.

        Args:
            seconds: how long the evaluation took, which has just ended.
        """
        self._started += seconds
        self._pause = seconds
        with contextlib.suppress(OSError):  # As in `say`.
            self._bar.unpause()

    def _seconds_left(self, step: int) -> float:
        left = self._total - step
        passed = time.monotonic() - self._started
        seconds = passed / (step - self._timed_from) * left
        every = self._run.config.evaluate_every
        pauses = -(-left // every) if every else 0
        return seconds + pauses * self._pause

    def epoch(
        self, number: int, means: Mapping[str, float], verdicts: Sequence[str]
    ) -> None:
        """Prints the line of a finished epoch, and its verdicts below.

        Of short epochs it prints a line every few seconds, and the last one.
        A verdict that the last line did not have comes at once.

        Args:
            number: the number of the epoch, from 1.
            means: the scalars' means over the steps of the epoch.
            verdicts: what is wrong, as `health.Monitor` says it.
        """
        now = time.monotonic()
        findings = {verdict.partition(":")[0] for verdict in verdicts}
        if (
            now - self._epoch_said_at < _SECONDS_PER_EPOCH_LINE
            and number < self._epochs
            and findings <= self._findings
        ):
            return
        self._epoch_said_at = self._said_at = now
        self._findings = findings
        terminal.say(f"epoch {number}/{self._epochs}  {_in_words(means)}")
        self.health(verdicts)

    def health(self, verdicts: Sequence[str]) -> None:
        """Prints verdicts on the training, one a line.

        A verdict's advice, after the semicolon, is printed only once.
        """
        for verdict in verdicts:
            finding, _, advice = verdict.partition("; ")
            terminal.say(
                f"health: {finding if advice in self._advised else verdict}"
            )
            self._advised.add(advice)

    def estimate(self, seconds_per_step: float) -> None:
        """Says once how long the run will take, and what would be cheaper."""
        steps = self._total - self._first_step
        if self._has_estimated or steps < 10:
            return
        self._has_estimated = True
        seconds = seconds_per_step * steps
        text = (
            f"time: {steps:,} steps of {seconds_per_step:.2g} s are about "
            f"{duration(seconds)} on this machine"
        )
        if seconds > _LONG_SECONDS:
            text += _cheaper(self._run)
        terminal.say(text)

    def finish(self, step: int) -> None:
        """Says how the run ended and what can be done with it."""
        self.close()
        path = self._run.path
        if step < self._total:
            terminal.say(
                f"stopped after step {step:,} of {self._total:,}; to go on: "
                f"{terminal.command('train', run_dir=path)}"
            )
            return
        kind = self._run.config.kind
        finished = "finished"
        if self._first_step == self._total:
            terminal.say(_how_to_go_on(self._run, self._total))
            finished = "was finished after"
        terminal.say(
            f"{finished} {words.counted(step, 'step')}: {path} has samples/, "
            f"curves.png, progress.gif, saved_model/ and {kind.keras_files}"
        )
        command = terminal.command(kind.images_command, run_dir=path)
        terminal.say(
            f"more images: {command}   "
            f"curves: tensorboard {terminal.flag('logdir', path)}"
        )

    def close(self) -> None:
        """Ends the bar; may be called again."""
        with contextlib.suppress(OSError):
            self._bar.close()


def _shortened(text: str, columns: int) -> str:
    """Leaves out the last entries of a text that would not fit."""
    entries = text.split("  ")
    while len(entries) > 1 and len("  ".join(entries)) > columns:
        entries.pop()
    return "  ".join(entries)


def _in_words(means: Mapping[str, float]) -> str:
    of_translation = "".join(
        f"{name} {means[f'loss_{name}']:.4f}  "
        for name in ("cycle", "identity")
        if f"loss_{name}" in means
    )
    return (
        f"loss_d {means['loss_d']:.4f}  loss_g {means['loss_g']:.4f}  "
        f"{of_translation}D(x) {means['real_score']:.2f}  "
        f"D(G(z)) {means['fake_score_before']:.2f}/"
        f"{means['fake_score_after']:.2f}  "
        f"{_speed(means['images_per_second'])} images/s"
    )


def _speed(images_per_second: float) -> str:
    digits = ".0f" if images_per_second >= 10 else ".2g"
    return f"{images_per_second:{digits}}"


def duration(seconds: float) -> str:
    """Writes a duration in the unit that one would use.

    Args:
        seconds: at least 0.
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _how_to_go_on(run: runs.Run, total: int) -> str:
    """Says that a run had no step left, and what makes it longer."""
    if run.config.rates_fall:
        return (
            f"nothing was left to train after step {total:,} of {total:,}, and "
            f"--learning_rate_decay={run.config.learning_rate_decay} fixes "
            "their number; a longer training is a new run"
        )
    longer = terminal.command("train", run_dir=run.path, steps=2 * total)
    return (
        f"nothing was left to train after step {total:,} of {total:,}; a "
        f"larger --steps or --epochs makes the run longer: {longer}"
    )


def _cheaper(run: runs.Run) -> str:
    """Names settings that make a step cheaper, and by what factor.

    The only other recipe that is proposed is `dcgan_small` instead of
    `dcgan`, since these two have the same schedule.
    """
    config = run.config
    shape = run.data.image_shape
    options = {
        f"--width={width:g}": (dataclasses.replace(config, width=width), shape)
        for width in (config.width / 2, config.width / 4)
    }
    if config.recipe == "dcgan":
        small = dataclasses.replace(
            config, recipe="dcgan_small", image_size=None
        )
        # At the size that it would choose, which may need no padding.
        size = families.image_size(small, run.data.content_box[2:])
        options["--recipe=dcgan_small"] = (small, (*size, shape[2]))
    own = cost.estimate(config, shape, run.num_classes).operations
    times = {
        flag: round(own / cost.estimate(*option, run.num_classes).operations)
        for flag, option in options.items()
    }
    cheaper = [f"{flag} ({n} times)" for flag, n in times.items() if n > 1]
    return "; cheaper per step: " + ", ".join(cheaper) if cheaper else ""
