"""What a person sees in a terminal: lines, commands to paste, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import contextlib
import contextvars
import os
import re
import shlex
import sys
import tempfile
import time
from typing import Any, TextIO

import tqdm

_SECONDS_PER_LINE = 15.0
# What a terminal obeys: control characters but for tabulators and ends of
# lines, and the characters that turn the direction of text.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
# Seconds after which a bar is worth showing for what mostly is short.
LASTING = 3.0
# What becomes of a text before it is shown; nothing is shown of an empty one.
_wording: contextvars.ContextVar[Callable[[str], str]] = contextvars.ContextVar(
    "wording", default=str
)


@contextlib.contextmanager
def worded(wording: Callable[[str], str]) -> Iterator[None]:
    """Changes what is shown while a block runs, for another reader.

    Args:
        wording: from a text that is about to be shown, such as a line or the
            title of a progress bar, to what is shown instead; an empty text
            for nothing.
    """
    token = _wording.set(wording)
    try:
        yield
    finally:
        _wording.reset(token)


def heard(text: str) -> str:
    """Returns what is shown of a text; see `worded`.

    Args:
        text: one line or more.
    """
    return _wording.get()(text)


class Progress:
    """A bar with the time left in a terminal, plain lines elsewhere.

    Lines come every 15 seconds, so that a short computation says nothing in a
    log. Use it in a `with` block.
    """

    def __init__(
        self, title: str, total: int | None, unit: str, *, delay: float = 0.0
    ):
        """Starts at nothing.

        Args:
            title: begins the bar and the lines; without it nothing is shown.
            total: the count at which it ends, or None if nobody knows.
            unit: what is counted, in the plural; a bar shows `bytes` in
                thousands and millions.
            delay: seconds before a bar appears.
        """
        self._title = title = printable(heard(title)) if title else ""
        self._unit = unit
        self._bar = tqdm.tqdm(
            desc=title,
            total=total,
            unit=f" {unit}",
            unit_scale=unit == "bytes",
            dynamic_ncols=True,
            delay=delay,
            disable=not title or not sys.stderr.isatty(),
        )
        self._done, self._total = 0, total
        self._started = self._said_at = time.monotonic()

    def __enter__(self) -> Progress:
        """Returns itself."""
        return self

    def __exit__(self, *exception) -> None:
        """Ends the bar."""
        self._bar.close()

    def update(self, count: int = 1, more: Callable[[], str] = str) -> None:
        """Counts on.

        Args:
            count: how many were done since the last call.
            more: makes further words for a line; called only when a line is
                printed.
        """
        self._done += count
        now = time.monotonic()
        if not self._bar.disable:
            self._bar.update(count)
        elif self._title and now - self._said_at > _SECONDS_PER_LINE:
            self._said_at = now
            with tqdm.tqdm.get_lock():
                self._say(now - self._started, more())

    def _say(self, passed: float, more: str) -> None:
        words = [f"{self._done:,} {self._unit}", more]
        if self._total is not None:
            left = passed / self._done * (self._total - self._done)
            words[0] = f"{self._done:,} of {self._total:,} {self._unit}"
            words.append(f"{left:.0f} s left")
        text = "  ".join(word for word in words if word)
        show(f"{self._title}: {text}", file=sys.stderr)


def listed(
    results: Iterable[Any], title: str, total: int, unit: str
) -> list[Any]:
    """Lists results, and shows how far the computation is if it lasts.

    Args:
        results: are computed one by one.
        title: as `Progress` takes it.
        total: how many results there are.
        unit: what the results are, in the plural.

    Returns:
        The results, in their order.
    """
    computed = []
    with Progress(title, total, unit, delay=LASTING) as counted:
        for result in results:
            computed.append(result)
            counted.update()
    return computed


@contextlib.contextmanager
def library_lines() -> Iterator[list[str]]:
    """Catches what C libraries print on standard error while a block runs.

    They write to the file descriptor, past Python. Only one block runs at a
    time, and no `Progress` prints meanwhile, so that all lines are the
    block's.

    Yields:
        A list, which has the lines once the block has ended; also if it ends
        with an exception.
    """
    lines: list[str] = []
    with tqdm.tqdm.get_lock():
        try:
            standard_error = os.dup(2)
        except OSError:  # It is closed: nothing can be printed there.
            yield lines
            return
        with _nameless_file() as caught:
            os.dup2(caught.fileno(), 2)
            try:
                yield lines
            finally:
                os.dup2(standard_error, 2)
                os.close(standard_error)
                caught.seek(0)
                text = caught.read().decode(errors="replace")
                lines += printable(text).splitlines()


def _nameless_file():
    """Opens an empty file, in memory where the system can do that."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("lines"), "w+b")
    return tempfile.TemporaryFile()


def escaped(text: str) -> str:
    r"""Writes what cannot be seen as escapes, so that a name can be told.

    Args:
        text: such as a file's name, which `printable` would shorten.

    Returns:
        One line of what can be seen, such as `a\x1b[2J.png`.
    """
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


def command(name: str, **flags: object) -> str:
    """Writes a command of this package so that it can be pasted.

    Args:
        name: the command, such as "sample".
        **flags: the flags' values, which are quoted for the shell.

    Returns:
        Such as `python -m tf_dcgan sample --run_dir='my run'`.
    """
    words = [flag(each, value) for each, value in flags.items()]
    return " ".join(["python -m tf_dcgan", name, *words])


def flag(name: str, value: object) -> str:
    """Writes a flag so that it can be pasted into a shell.

    Args:
        name: the flag, such as "run_dir".
        value: its value, which is quoted for the shell.

    Returns:
        Such as `--run_dir='my run'`.
    """
    return f"--{name}={shlex.quote(str(value))}"


def open_streams() -> None:
    """Makes standard output and error take whatever is printed.

    A stream that was closed by whoever started the process leads nowhere from
    now on: a file opened later would otherwise get its number, and what
    TensorFlow writes below Python would go into the file. Letters that an
    encoding lacks are printed as `?`.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Not closed at the end, when others may still print.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, open(nowhere, "w", closefd=False))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def printable(text: str) -> str:
    """Takes out what a terminal would obey instead of showing it.

    Names of classes, files and settings come from others, and an escape
    sequence in them could change the terminal, or hide other lines.

    Args:
        text: may have several lines.

    Returns:
        The text without control characters but for tabulators and ends of
        lines, and with `?` for what is no text in UTF-8.
    """
    return _OBEYED.sub("", text).encode(errors="replace").decode()


def show(text: str, *, file: TextIO | None = None) -> None:
    """Prints text that may hold names from elsewhere.

    Args:
        text: one line or more.
        file: the stream; None for standard output.
    """
    words = heard(text)
    if words or not text:
        print(printable(words), file=file, flush=file is sys.stderr)


def say(text: str) -> None:
    """Prints a line on standard output without breaking a progress bar.

    A reader that has gone, such as a closed terminal or the end of a pipe,
    must not end a training: from then on nothing is printed.
    """
    text = heard(text)
    if not text:
        return
    try:
        tqdm.tqdm.write(printable(text), file=sys.stdout)
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
