"""What a run tells about itself while it trains.

Everything goes to two places: `metrics.jsonl` and `samples/` for programs and
people, `tensorboard/` for TensorBoard. When to write is the training loop's
affair.

A line of `metrics.jsonl` is `{"kind": …, "step": …, …}`. TensorBoard shows
each of its numbers under the tag `<kind>/<key>`, so that `loss_d` of a `train`
line is `train/loss_d` and `fid` of an `evaluation` line `evaluation/fid`;
`epoch` and `elapsed_seconds` are in the lines alone.
Grids of images have the tags `samples` and `real`.
"""

from __future__ import annotations

from collections.abc import Mapping
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
# What reads needs no TensorFlow, so it lives apart.
read_metrics = logs.read_metrics
sample_grids = logs.sample_grids
# Says nothing as a curve over the steps.
_NO_CURVE = {"epoch", "elapsed_seconds"}


class Summaries:
    """Appends to the logs of a run. Close it, or use it in a `with` block.

    On a run that is continued, `rewind` comes first.
    """

    def __init__(self, run_dir: os.PathLike | str):
        """Opens the logs of a run.

        Args:
            run_dir: the run; made if need be.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._run_dir = pathlib.Path(run_dir)
        self._run_dir.mkdir(parents=True, exist_ok=True)
        self._metrics = open(
            self._run_dir / logs.METRICS, "a", encoding="utf-8", newline="\n"
        )
        self._writer = tf.summary.create_file_writer(
            str(self._run_dir / TENSORBOARD)
        )

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
            kind: what the line tells of: `train`, `epoch`, `evaluation`, ….
            values: name → number, text, or scalar tensor. A number that is
                not finite becomes null in the line, since JSON has none such.
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
        line = {"kind": kind, "step": int(step)}  # NumPy's is not JSON's.
        for key, value in values.items():
            is_null = isinstance(value, float) and not math.isfinite(value)
            line[key] = None if is_null else value
        # One write of a whole line, so that a reader sees no half of it.
        self._metrics.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._metrics.flush()
        with self._writer.as_default():
            for key, value in values.items():
                if not isinstance(value, str) and key not in _NO_CURVE:
                    tf.summary.scalar(f"{kind}/{key}", value, step=step)

    def write_sample_grid(self, uint8_grid: np.ndarray, *, step: int) -> None:
        """Writes `samples/step_<step>.png` and the TensorBoard image `samples`.

        Args:
            uint8_grid: [height, width, 1 or 3] uint8, as of `images.grid`.
            step: the training step that made the images.

        Raises:
            OSError: the disk is full.
        """
        path = self._run_dir / logs.SAMPLES / f"step_{step:07d}.png"
        self._write_grid("samples", uint8_grid, path=path, step=step)

    def write_real_grid(self, uint8_grid: np.ndarray, *, step: int = 0) -> None:
        """Writes `samples/real.png` and the TensorBoard image `real`.

        Args:
            uint8_grid: [height, width, 1 or 3] uint8, as of `images.grid`.
            step: where TensorBoard shows it.

        Raises:
            OSError: the disk is full.
        """
        path = self._run_dir / logs.SAMPLES / "real.png"
        self._write_grid("real", uint8_grid, path=path, step=step)

    def write_hyperparameters(self, settings: Mapping[str, object]) -> None:
        """Writes the settings for TensorBoard's HPARAMS page, at step 0.

        Args:
            settings: name → value; what is not a bool, number or text is
                shown as Python writes it.
        """
        with self._writer.as_default():
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
        cut too; events may still be in the system's cache.
        """
        self._metrics.flush()
        os.fsync(self._metrics.fileno())
        # Leaving `as_default` happens to do this too; nothing promises it.
        with files.disk_errors(self._run_dir / TENSORBOARD):
            self._writer.flush()

    def close(self) -> None:
        """Flushes and ends; may be called again."""
        if not self._metrics.closed:
            self.flush()
            self._metrics.close()
            self._writer.close()

    def _write_grid(
        self, tag: str, uint8_grid: np.ndarray, *, path: pathlib.Path, step: int
    ) -> None:
        images.write_png(path, uint8_grid)
        with self._writer.as_default():
            tf.summary.image(tag, uint8_grid[np.newaxis], step=step)


def rewind(run_dir: os.PathLike | str, step: int) -> None:
    """Takes the logs of a run back to the step it is resumed from.

    What they hold of later steps goes, as does what a kill left half-written:
    lines of `metrics.jsonl`, TensorBoard events and sample grids. A kill in
    the middle does no harm: the next call does the rest. Doing it twice is
    doing it once.

    Args:
        run_dir: the run; nothing may be writing to its logs.
        step: the step of the checkpoint; what was written at this very step
            stays. -1 forgets everything.

    Raises:
        UserError: a line of `metrics.jsonl` other than an unfinished last one
            is damaged; no log has been changed then.
        OSError: a file cannot be read or replaced.
    """
    run_dir = pathlib.Path(run_dir)
    files.remove_unfinished(run_dir)
    files.remove_unfinished(run_dir / logs.SAMPLES)
    path = run_dir / logs.METRICS
    if path.exists():
        with files.atomic_file(path) as unfinished:
            with open(unfinished, "wb") as kept:
                for line, values in logs.read_lines(path):
                    if values["step"] <= step:
                        kept.write(line + b"\n")
    events.rewind(run_dir / TENSORBOARD, step)
    for sample_step, sample in sample_grids(run_dir):
        if sample_step > step:
            sample.unlink()


def _to_python(value) -> int | float | str:
    """Makes a scalar one that JSON can write, in its shortest digits."""
    if isinstance(value, tf.Tensor | tf.Variable):
        value = value.numpy()
    if isinstance(value, np.ndarray | np.generic) and value.ndim == 0:
        # 0.1 in float32 is 0.10000000149011612 as a Python float; its own
        # shortest digits say as much.
        item = value.item()
        return float(str(value)) if isinstance(item, float) else item
    if isinstance(value, int | float | str):
        return value
    raise TypeError(f"A metric is a number or text. Received: {value!r}")
