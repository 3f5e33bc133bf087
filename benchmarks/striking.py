"""Commands in processes of their own that a fault strikes while they write.

A process is a fork of this one, which has imported TensorFlow but computed
nothing with it: a trial then starts in an instant. Python tells an audit hook
of every file that is opened, made or renamed, and the hook strikes at the
chosen one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import contextlib
import dataclasses
import errno
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

from tf_dcgan.commands import command_line

_SECONDS_TO_HANG = 600.0
# Longer than a write of a tiny run, so that kills strike within and after it.
_LONGEST_DELAY = 0.05
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        status: its exit status; negative for a signal.
        output: its output and errors.
    """

    status: int
    output: str

    @property
    def is_told(self) -> bool:
        """Whether it ended with one line for its user, and no traceback."""
        lines = self.output.splitlines()
        errors = sum(line.startswith("error: ") for line in lines)
        return self.status == 2 and errors == 1 and not self.is_bug

    @property
    def is_bug(self) -> bool:
        """Whether it ended with a traceback, or never."""
        return "Traceback (most recent call last)" in self.output or (
            "hangs" in self.output
        )

    @property
    def last_line(self) -> str:
        """The last line that it wrote."""
        return (self.output.strip().splitlines() or ["(nothing)"])[-1]


class Process:
    """A command in a fork of this process."""

    def __init__(
        self,
        main: Callable[[Sequence[str]], None],
        flags: Sequence[str],
        *,
        log: pathlib.Path,
        environment: Mapping[str, str] | None = None,
        prepare: Callable[[], None] = lambda: None,
        output: int | None = None,
    ):
        """Starts it.

        Args:
            main: of the command.
            flags: of the command.
            log: takes its output and errors.
            environment: variables that it gets besides the present ones.
            prepare: called in the process before the command.
            output: a descriptor that takes its output instead of the log.
        """
        self._log = log
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid:
            return
        try:
            descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor if output is None else output, 1)
            os.dup2(descriptor, 2)
            # A test runner has other streams in the place of these.
            sys.stdout, sys.stderr = (
                open(number, "w", 1, errors="backslashreplace", closefd=False)
                for number in (1, 2)
            )
            os.environ.update(environment or {})
            # TensorFlow leaves files there when a process is killed.
            tempfile.tempdir = str(log.parent)
            sys.argv = ["command", *flags]
            prepare()
            command_line.run(main)
            sys.stdout.flush()
            os._exit(0)
        except SystemExit as error:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError):
                    stream.flush()
            os._exit(error.code if isinstance(error.code, int) else 1)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)

    def wait(self) -> Ended:
        """Waits until it ends, or kills it when it seems to hang."""
        until = time.monotonic() + _SECONDS_TO_HANG
        hangs = ""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until and not hangs:
                os.kill(self.pid, signal.SIGKILL)
                hangs = "\nit hangs"
            time.sleep(0.02)
        output = self._log.read_text(errors="replace") + hangs
        return Ended(os.waitstatus_to_exitcode(status), output)


@dataclasses.dataclass(frozen=True)
class Strike:
    """What happens at which write.

    Attributes:
        words: parts of paths; a write counts when its path has one of them.
        number: which of these writes is struck, from 1.
        action: called with the path when it is struck; may raise.
        lasting: whether the action also meets every later write.
        reads: whether files that are opened to be read count as well.
    """

    words: Sequence[str]
    number: int
    action: Callable[[str], None]
    lasting: bool = False
    reads: bool = False

    def install(self) -> None:
        """Lets this process be struck."""
        state = threading.local()
        seen = 0

        def hook(event: str, arguments: tuple) -> None:
            nonlocal seen
            if getattr(state, "busy", False):
                return
            path = _path(event, arguments, reads=self.reads)
            if path is None or not any(word in path for word in self.words):
                return
            state.busy = True
            try:
                seen += 1
                if seen == self.number or (self.lasting and seen > self.number):
                    self.action(path)
            finally:
                state.busy = False

        sys.addaudithook(hook)


def _path(event: str, arguments: tuple, *, reads: bool) -> str | None:
    """Returns the path that is written, if the event is a write."""
    if event == "open":
        path, _, flags = arguments
        if not reads and not (isinstance(flags, int) and flags & _WRITES):
            return None
    elif event in ("os.mkdir", "os.rename"):
        path = arguments[0]
    else:
        return None
    return os.fsdecode(path) if isinstance(path, str | bytes) else None


def kill(chance: random.Random) -> Callable[[str], None]:
    """Returns an action that ends the process within an instant."""
    delay = chance.uniform(0, _LONGEST_DELAY)

    def action(path: str) -> None:
        threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()

    return action


def refuse(number: int) -> Callable[[str], None]:
    """Returns an action that lets the system refuse the write.

    Args:
        number: the errno, such as `errno.EROFS`.
    """

    def action(path: str) -> None:
        raise OSError(number, os.strerror(number), path)

    return action


def fill(ballast: pathlib.Path, chance: random.Random) -> Callable[[str], None]:
    """Returns an action that fills a disk but for a few bytes.

    Args:
        ballast: a file on the disk, which takes its room.
        chance: how many bytes stay free.
    """
    spare = chance.choice([0, 0, 4096, 16384])

    def action(path: str) -> None:
        free = shutil.disk_usage(ballast.parent).free
        with open(ballast, "ab", buffering=0) as file:
            with contextlib.suppress(OSError):
                file.write(bytes(max(free - spare, 0)))

    return action


def move(folder: pathlib.Path, to: pathlib.Path) -> Callable[[str], None]:
    """Returns an action that moves a folder away."""

    def action(path: str) -> None:
        os.rename(folder, to)

    return action


def set_clock_back(seconds: float) -> Callable[[str], None]:
    """Returns an action that sets Python's clock back."""

    def action(path: str) -> None:
        now = time.time
        time.time = lambda: now() - seconds

    return action


NO_SPACE, READ_ONLY, NO_PERMISSION = errno.ENOSPC, errno.EROFS, errno.EACCES
