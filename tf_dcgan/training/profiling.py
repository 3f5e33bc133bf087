"""Traces of some steps of a training, which TensorBoard shows."""

from __future__ import annotations

import contextlib
import pathlib

import tensorflow as tf

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import schema

_PROFILES = "plugins/profile"  # Where TensorBoard's plugin looks for them.


def check(
    config: schema.Config, total_steps: int, *, finished: int = 0
) -> None:
    """Checks that a run has the steps that it shall trace.

    Args:
        config: its `profile_steps` is used.
        total_steps: the planned length of the run.
        finished: the step that it goes on after.

    Raises:
        errors.UserError: the run ends before the last of these steps, or has
            done all of them.
    """
    steps = config.steps_to_profile
    if steps is not None and steps[1] <= finished:
        raise errors.UserError(
            f"--profile_steps={config.profile_steps} lies behind the run, "
            f"which goes on after step {finished:,}: give later steps, or "
            "leave it out"
        )
    if steps is not None and steps[1] > total_steps:
        raise errors.UserError(
            f"--profile_steps={config.profile_steps} goes beyond the "
            f"{total_steps:,} steps of the run: give steps up to "
            f"{total_steps:,}, or leave it out"
        )


class Profiler:
    """Traces the steps of `--profile_steps`, or none."""

    def __init__(self, config: schema.Config, folder: pathlib.Path):
        """Starts nothing yet.

        Args:
            config: its `profile_steps` is used.
            folder: TensorBoard's log directory of the run.
        """
        self._steps = config.steps_to_profile
        self._folder = folder
        self._is_open = False
        # What the open trace has: the step it begins with, and its last one.
        self._first = self._last = 0

    def steps_to_bound(self, finished: int) -> list[int]:
        """Returns how many steps may follow before a trace begins or ends.

        Args:
            finished: the number of finished steps.

        Returns:
            The numbers of steps to the bounds that lie ahead, each above 0.
        """
        if self._steps is None:
            return []
        bounds = (self._steps[0] - 1, self._steps[1])
        return [bound - finished for bound in bounds if bound > finished]

    def begin(self, finished: int) -> None:
        """Begins a trace if the next step is to be traced and none is open.

        Args:
            finished: the number of finished steps.
        """
        if self._is_open or self._steps is None:
            return
        if self._steps[0] <= finished + 1 <= self._steps[1]:
            tf.profiler.experimental.start(str(self._folder))
            self._is_open = True
            self._first, self._last = finished + 1, finished

    def call(self, finished: int) -> contextlib.AbstractContextManager:
        """Names a call into TensorFlow in an open trace.

        Args:
            finished: the number of steps that are finished before the call.
        """
        if not self._is_open:
            return contextlib.nullcontext()
        # TensorBoard's overview measures the calls that are named so.
        return tf.profiler.experimental.Trace(
            "train", step_num=finished + 1, _r=1
        )

    def end(self, finished: int) -> None:
        """Writes the open trace if it has all its steps.

        Args:
            finished: the number of finished steps.

        Raises:
            OSError: the trace cannot be written.
        """
        self._last = finished
        if self._steps is not None and finished == self._steps[1]:
            self.close()

    def close(self) -> None:
        """Writes the trace if one is open, and says where it is.

        Raises:
            OSError: the trace cannot be written.
        """
        if not self._is_open:
            return
        self._is_open = False
        with files.disk_errors(self._folder / _PROFILES):
            tf.profiler.experimental.stop()
        steps = (
            f"steps {self._first:,} to {self._last:,}"
            if self._first < self._last
            else f"step {self._first:,}"
        )
        terminal.say(
            f"profile: the trace of {steps} is in {self._folder / _PROFILES}; "
            "TensorBoard shows it after pip install xprof"
        )
