"""Trainings in processes of their own that need not import TensorFlow.

    forked_trainings.start(["--dataset=mnist"], TF_CONFIG="…")

To import it takes a process longer than the whole rest of a tiny training.
Here one process imports it, computes nothing, and is forked for each training,
by the standard library's fork server. Where there is none (Windows), or a fork
is known to fail (macOS), trainings are started as users start them, as
`benchmarks.trainings` always does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
import contextlib
import io
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import signal
import subprocess
import sys
import time
from unittest import mock

from benchmarks import trainings

_PROJECT = pathlib.Path(__file__).resolve().parents[2]
_SUPPORT = pathlib.Path(__file__).parent
_PATIENCE = 300  # Seconds; a busy machine is slow, not broken.


@contextlib.contextmanager
def without_exports() -> Iterator[None]:
    """Leaves out what a run's end makes, which takes longer than its steps."""
    from tf_dcgan.runs import charts
    from tf_dcgan.sampling.exports import keras_formats

    with contextlib.ExitStack() as stack:
        for owner, name in (
            (keras_formats, "export"),
            (keras_formats, "export_translation"),
            (charts, "write_curves"),
            (charts, "write_progress"),
        ):
            stack.enter_context(
                mock.patch.object(owner, name, lambda *_, **__: None)
            )
        yield


def start(
    flags: Iterable[str], *, exports: bool = True, **environment: str
) -> subprocess.Popen | ForkedTraining:
    """Starts a training in a process of its own.

    Args:
        flags: the flags of `train.py`.
        exports: whether the run's end makes exports and pictures.
        **environment: variables of the process, beside this one's.

    Returns:
        The process, its output and errors in one pipe of text.
    """
    if sys.platform != "linux":
        return trainings.start(flags, **environment)
    return ForkedTraining(tuple(flags), environment, exports=exports)


def train(flags: Iterable[str], *, exports: bool = True) -> str:
    """Trains to the end.

    Args:
        flags: the flags of `train.py`.
        exports: whether the run's end makes exports and pictures.

    Returns:
        What was printed.

    Raises:
        RuntimeError: it ended with an error.
    """
    flags = tuple(flags)
    process = start(flags, exports=exports)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{flags} ended with an error:\n{output}")
    return output


def wait_for_checkpoint(
    process: subprocess.Popen | ForkedTraining,
    run_dir: pathlib.Path,
    *,
    after: int = 0,
) -> int:
    """Waits until a training has saved a checkpoint.

    Args:
        process: in training.
        run_dir: of the run.
        after: a checkpoint of a later step than this is waited for.

    Returns:
        The step of the last checkpoint.

    Raises:
        AssertionError: the process has ended.
        TimeoutError: it took minutes.
    """
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        path = trainings.last_checkpoint(run_dir)
        if path is not None and int(path.name[5:]) > after:
            return int(path.name[5:])
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.002)
    raise TimeoutError(f"no checkpoint after step {after}")


class ForkedTraining:
    """A training in a forked process, with what tests use of `Popen`.

    Attributes:
        stdout: the training's output and errors, text.
    """

    def __init__(
        self,
        flags: tuple[str, ...],
        environment: Mapping[str, str],
        *,
        exports: bool = True,
        main: Callable[..., None] | None = None,
    ):
        """Forks and begins.

        Args:
            flags: the flags of `train.py`.
            environment: variables of the process, beside this one's.
            exports: whether the run's end makes exports and pictures.
            main: a function of a module that takes the flags as arguments, to
                be called in the place of `train.py`.
        """
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["warm_start"])
        reader, writer = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run,
            args=(
                writer,
                {**os.environ, **environment},
                flags,
                exports,
                main,
            ),
        )
        paths = [_PROJECT, _SUPPORT, *filter(None, [os.environ.get(_PATH)])]
        # The server, which the first process of all starts, knows no other.
        path = os.pathsep.join(map(str, paths))
        with mock.patch.dict(os.environ, {_PATH: path}):
            self._process.start()
        writer.close()
        self.stdout = io.TextIOWrapper(open(os.dup(reader.fileno()), "rb"))
        reader.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Returns the exit status, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end, and returns the exit status.

        Raises:
            subprocess.TimeoutExpired: after so many seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("train.py", timeout)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Reads the output to its end, and waits for the process's.

        Raises:
            subprocess.TimeoutExpired: the end of the process was not within so
                many seconds of that of its output.
        """
        with self.stdout:
            output = self.stdout.read()
        self.wait(timeout)
        return output, None


_PATH = "PYTHONPATH"


def _run(
    writer: multiprocessing.connection.Connection,
    environment: Mapping[str, str],
    flags: tuple[str, ...],
    exports: bool,
    main: Callable[..., None] | None,
) -> None:
    """Is `train.py`, or another function, in the forked process."""
    for descriptor in (1, 2):
        os.dup2(writer.fileno(), descriptor)
    writer.close()
    # Those of the server are made for a file.
    sys.stdout = open(1, "w", closefd=False)
    sys.stderr = open(2, "w", closefd=False, buffering=1)
    # Tests in the background ignore it, and so would this training.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(_PROJECT)
    if main is not None:
        main(*flags)
        return
    from tf_dcgan.commands import command_line
    from tf_dcgan.commands import train as command

    sys.argv = ["train.py", *flags]
    with contextlib.nullcontext() if exports else without_exports():
        command_line.run(command.main)
