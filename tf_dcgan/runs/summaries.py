"""What a run tells about itself while it trains.

Everything goes to two places: `metrics.jsonl` and `samples/` for programs and
people, `tensorboard/` for TensorBoard. The training loop decides when to write.

A line of `metrics.jsonl` is `{"kind": …, "step": …, …}`. TensorBoard shows
each of its numbers under the tag `<kind>/<key>`: `loss_d` of a `train` line is
`train/loss_d`, and `fid` of an `evaluation` line is `evaluation/fid`. Only the
lines have `epoch` and `elapsed_seconds`.
Grids of images have the tags `samples` and `real`.
"""

from __future__ import annotations

from collections.abc import Mapping
import contextlib
import json
import math
import os
import pathlib

import numpy as np
from tensorboard.plugins.hparams import api as hparams
import tensorflow as tf

from tf_dcgan.common import files, images
from tf_dcgan.runs import events, logs

TENSORBOARD = "tensorboard"
# Readers need no TensorFlow, so these functions live in a module without it.
read_metrics = logs.read_metrics
sample_grids = logs.sample_grids
# Keys whose numbers say nothing as a curve over the steps.
_NO_CURVE = {"epoch", "elapsed_seconds"}


class Summaries:
    """Appends to the logs of a run. Close it, or use it in a `with` block.

    On a run that is continued, `rewind` comes first.

    Attributes:
        lines: how many lines `metrics.jsonl` has by what was written here.
    """

    def __init__(self, run_dir: os.PathLike | str, *, lines: int = 0):
        """Opens the logs of a run.

        Args:
            run_dir: the run's folder; it is made if it does not exist.
            lines: how many lines `metrics.jsonl` has already.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._run_dir = pathlib.Path(run_dir)
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self.lines = lines
        self._metrics = open(
            self._run_dir / logs.METRICS, "a", encoding="utf-8", newline="\n"
        )
        try:
            with self._events():
                self._writer = tf.summary.create_file_writer(
                    str(self._run_dir / TENSORBOARD)
                )
        except BaseException:
            self._metrics.close()
            raise

    def __enter__(self) -> Summaries:
        """Returns itself."""
        return self

    def __exit__(self, *unused) -> None:
        """Closes the logs."""
        self.close()

    def write_scalars(
        self, kind: str, values: Mapping[str, object], *, step: int
    ) -> None:
        """Writes one line of `metrics.jsonl` and its numbers to TensorBoard.

        Args:
            kind: what the line is about: `train`, `epoch`, `evaluation`, ….
            values: name → number, text, or scalar tensor. A number that is
                not finite becomes null in the line, since JSON cannot write
                it.
            step: the training step the values belong to.

        Raises:
            ValueError: a value is named `kind` or `step`.
            TypeError: a value is neither a number nor text.
            OSError: the disk is full.
        """
        if not values.keys().isdisjoint({"kind", "step"}):
            raise ValueError(
                f"The names kind and step are taken. Received: {list(values)}"
            )
        values = {key: _to_python(value) for key, value in values.items()}
        line = {
            "kind": kind,
            "step": int(step),
        }  # JSON cannot write NumPy's int.
        for key, value in values.items():
            is_null = isinstance(value, float) and not math.isfinite(value)
            line[key] = None if is_null else value
        # One write for the whole line, so that a reader never sees half of it.
        with self._lines():
            self._metrics.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._metrics.flush()
        self.lines += 1
        with self._events(), self._writer.as_default():
            for key, value in values.items():
                if not isinstance(value, str) and key not in _NO_CURVE:
                    tf.summary.scalar(f"{kind}/{key}", value, step=step)

    def write_sample_grid(self, uint8_grid: np.ndarray, *, step: int) -> None:
        """Writes `samples/step_<step>.png` and the TensorBoard image `samples`.

        Args:
            uint8_grid: [height, width, 1 or 3] uint8, made by `images.grid`.
            step: the training step that made the images.

        Raises:
            OSError: the disk is full.
        """
        path = self._run_dir / logs.SAMPLES / f"step_{step:07d}.png"
        self._write_grid("samples", uint8_grid, path=path, step=step)

    def write_real_grid(self, uint8_grid: np.ndarray, *, step: int = 0) -> None:
        """Writes `samples/real.png` and the TensorBoard image `real`.

        Args:
            uint8_grid: [height, width, 1 or 3] uint8, made by `images.grid`.
            step: the step at which TensorBoard shows it.

        Raises:
            OSError: the disk is full.
        """
        path = self._run_dir / logs.SAMPLES / "real.png"
        self._write_grid("real", uint8_grid, path=path, step=step)

    def write_hyperparameters(self, settings: Mapping[str, object]) -> None:
        """Writes the settings for TensorBoard's HPARAMS page, at step 0.

        Args:
            settings: name → value; a value that is no bool, number or text
                is shown as `str` writes it.

        Raises:
            OSError: the disk is full.
        """
        with self._events(), self._writer.as_default():
            hparams.hparams(
                {
                    name: value
                    if isinstance(value, bool | int | float | str)
                    else str(value)
                    for name, value in settings.items()
                }
            )

    def flush(self) -> None:
        """Waits until everything written so far would outlive a kill.

        The lines of `metrics.jsonl` are then on the disk and outlive a power
        cut too. Events may still be in the system's cache.

        Raises:
            OSError: the disk is full.
        """
        with self._lines():
            self._metrics.flush()
            os.fsync(self._metrics.fileno())
        # Leaving `as_default` flushes too, but TensorFlow does not promise it.
        with self._events():
            self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the logs; a second call does nothing.

        Raises:
            OSError: the disk is full; the logs are closed all the same.
        """
        if self._metrics.closed:
            return
        with contextlib.ExitStack() as stack:
            stack.callback(self._close_events)
            stack.callback(self._close_lines)
            self.flush()

    def _close_lines(self) -> None:
        with self._lines():
            self._metrics.close()

    def _close_events(self) -> None:
        with self._events():
            self._writer.close()

    def _lines(self) -> contextlib.AbstractContextManager[None]:
        """Names the file of the lines in errors of the disk."""
        return files.disk_errors(self._run_dir / logs.METRICS)

    def _events(self) -> contextlib.AbstractContextManager[None]:
        """Makes TensorFlow's errors about the events errors of the disk."""
        return files.disk_errors(self._run_dir / TENSORBOARD)

    def _write_grid(
        self, tag: str, uint8_grid: np.ndarray, *, path: pathlib.Path, step: int
    ) -> None:
        images.write_png(path, uint8_grid)
        with self._events(), self._writer.as_default():
            tf.summary.image(tag, uint8_grid[np.newaxis], step=step)


def rewind(run_dir: os.PathLike | str, step: int) -> int:
    """Takes the logs of a run back to the step it is resumed from.

    Lines of `metrics.jsonl`, TensorBoard events and sample grids of later
    steps are removed, and so is whatever a kill left half-written. If a kill
    interrupts the call, the next call does the rest. A second call changes
    nothing.

    Args:
        run_dir: the run's folder; nothing may be writing to its logs.
        step: the step of the checkpoint; what was written at this very step
            stays. -1 removes everything.

    Returns:
        How many lines of `metrics.jsonl` stay.

    Raises:
        UserError: a line of `metrics.jsonl` other than an unfinished last one
            is damaged; no log has been changed then.
        OSError: a file cannot be read or replaced.
    """
    run_dir = pathlib.Path(run_dir)
    files.remove_unfinished(run_dir)
    files.remove_unfinished(run_dir / logs.SAMPLES)
    path = run_dir / logs.METRICS
    lines = 0
    if path.exists():
        with files.atomic_file(path) as unfinished:
            with open(unfinished, "wb") as kept:
                for line, values in logs.read_lines(path):
                    if values["step"] <= step:
                        kept.write(line + b"\n")
                        lines += 1
    with files.disk_errors(run_dir / TENSORBOARD):
        events.rewind(run_dir / TENSORBOARD, step)
    for sample_step, sample in sample_grids(run_dir):
        if sample_step > step:
            sample.unlink()
    return lines


def _to_python(value) -> int | float | str:
    """Turns a scalar into one that JSON can write, in its shortest digits."""
    if isinstance(value, tf.Tensor | tf.Variable):
        value = value.numpy()
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        # float32's 0.1 is 0.10000000149011612 as a Python float, but its
        # shortest digits as a float32 are 0.1.
        item = value.item()
        return float(str(value)) if isinstance(item, float) else item
    if isinstance(value, int | float | str):
        return value
    raise TypeError(f"A metric is a number or text. Received: {value!r}")
