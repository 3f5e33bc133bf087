"""What ends a training early: non-finite numbers, and signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import shutil
import signal
import threading

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.gan import states
from tf_dcgan.runs import checkpoints, folder, runs
from tf_dcgan.training import rollback

_LOST_TERMINAL = getattr(signal, "SIGHUP", None)  # Windows has none.
_KINDS = [
    kind for kind in (signal.SIGINT, signal.SIGTERM, _LOST_TERMINAL) if kind
]


class DivergedError(errors.UserError):
    """A number of a training is NaN or infinite.

    Attributes:
        reason: which number, and where.
        step: the number of steps that were finished before it.
    """

    def __init__(self, reason: str, advice: str, step: int):
        """Says what was seen, then what to do."""
        super().__init__(f"{reason}: {advice}")
        self.reason = reason
        self.step = step


def check_scalars(
    run: runs.Run, scalars: Mapping[str, np.ndarray], *, finished: int
) -> None:
    """Checks the scalars that a call of several steps returned.

    Args:
        run: its last good checkpoint is named in the error.
        scalars: name to [steps] float32.
        finished: the number of steps that were finished before the call.

    Raises:
        DivergedError: a number is NaN or infinite.
    """
    bad = {
        name: int(np.argmin(np.isfinite(values)))
        for name, values in scalars.items()
        if not np.isfinite(values).all()
    }
    if not bad:
        return
    name = min(bad, key=bad.__getitem__)
    values, step = scalars[name], finished + bad[name]
    raise _diverged(
        run,
        f"{name} is {values[bad[name]]} at step {step + 1} (of the steps "
        f"{finished + 1} to {finished + len(values)})",
        step,
    )


def check_weights(run: runs.Run, state: states.State, *, step: int) -> None:
    """Checks the state that is about to be saved.

    Args:
        run: its last good checkpoint is named in the error.
        state: the networks and optimizers in training.
        step: the number of finished steps.

    Raises:
        DivergedError: a variable holds NaN or infinity.
    """
    bad = states.non_finite_variables(state)
    if bad:
        reason = f"{bad[0]} is not finite after step {step}"
        raise _diverged(run, reason, step)


def check_saving(run: runs.Run, state: states.State, *, step: int) -> None:
    """Finds out before a training whether it can be saved.

    Args:
        run: its folder is to take the checkpoints.
        state: what is to be saved.
        step: the number of finished steps.

    Raises:
        errors.UserError: the disk has no room for the checkpoints.
        OSError: no checkpoint can be written.
    """
    steps_left = run.total_steps - step
    if steps_left <= 0:
        return
    one = checkpoints.rehearse(run.checkpoints, state.variables())
    config = run.config
    # A new checkpoint is written before the oldest is removed.
    most = checkpoints.KEPT + rollback.most_spared(config) + 1
    planned = min(-(-steps_left // config.checkpoint_every), most)
    already = len(checkpoints.all_checkpoints(run.checkpoints))
    more = max(min(planned, most - already), 1)
    if config.evaluate_every:
        # A rollback sets one more aside.
        most = 2 + (config.on_collapse == "rollback")
        planned_best = min(-(-steps_left // config.evaluate_every), most)
        already = sum(
            len(checkpoints.all_checkpoints(folder))
            for folder in (run.best_checkpoint, run.best_before_rollback)
        )
        more += max(min(planned_best, most - already), 1)
    free = shutil.disk_usage(run.checkpoints).free  # It may be a link.
    if more * one > free:
        raise errors.UserError(
            f"the disk of {run.checkpoints} has {free / 1e6:,.1f} MB free, and "
            f"needs {more * one / 1e6:,.1f} MB for {more} more checkpoint"
            f"{'s' * (more > 1)}: make room, or give a new --run_dir on "
            "another disk"
        )


def check_place(run: runs.Run) -> None:
    """Finds out whether the run's folder still is where it was.

    Everything that is written makes the folders that it needs, and would make
    half a run in the place of one that was moved.

    Args:
        run: in training.

    Raises:
        errors.UserError: the folder is gone.
    """
    if not (run.path / folder.CONFIG).exists():
        raise errors.UserError(
            f"{run.path} is no run any more, since its {folder.CONFIG} is "
            "gone: if the folder was moved, put it back or go on with it "
            "where it is now; it has its checkpoints up to the last save"
        )


def _diverged(run: runs.Run, what: str, step: int) -> errors.UserError:
    good = checkpoints.last(run.checkpoints)
    kept = f"the last good checkpoint is {good}"
    return DivergedError(
        what,
        "training has diverged; "
        f"{kept if good else 'there is no checkpoint yet'}. Start a new "
        "run with lower learning rates or another seed",
        step,
    )


class Stop:
    """Knows whether somebody has asked the training to stop.

    Attributes:
        requested: whether somebody has asked, here or at another machine.
        signalled: whether it was by a signal to this process.
        ends_process: whether it was a signal that ends the whole process.
    """

    requested = False
    signalled = False
    ends_process = False


@contextlib.contextmanager
def on_signals() -> Iterator[Stop]:
    """Turns the first signal into a request and the next into an interrupt.

    Python serves signals between calls into TensorFlow. The handler only sets
    a flag: it may strike while something is being printed or saved. A terminal
    that closes may send its signal twice, which is a request each time. Signals
    that are ignored stay so, as SIGHUP under `nohup`. A program that trains and
    leaves SIGTERM to the system is ended by it, once the training has saved
    everything.

    Yields:
        The `Stop` that the training looks at between its calls.
    """
    stop = Stop()

    def request(number, frame):
        if stop.signalled and number != _LOST_TERMINAL:
            raise KeyboardInterrupt(
                "interrupted again: what was not saved yet is lost"
            )
        stop.requested = stop.signalled = True
        stop.ends_process = stop.ends_process or number == signal.SIGTERM

    if threading.current_thread() is not threading.main_thread():
        yield stop  # Only the main thread gets signals.
        return
    before = {
        kind: signal.signal(kind, request)
        for kind in _KINDS
        if signal.getsignal(kind) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
    if stop.ends_process and before[signal.SIGTERM] is signal.SIG_DFL:
        signal.raise_signal(signal.SIGTERM)
