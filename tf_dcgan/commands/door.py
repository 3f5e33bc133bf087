"""The way from a script to its command.

Loads Python's own modules alone, and the command after them: its imports take
long enough for a user to press Ctrl-C.
"""

from __future__ import annotations

import importlib
import signal


def enter(module: str) -> None:
    """Runs a command and ends the process as a user expects.

    Ctrl-C while the command is imported ends the process without a traceback,
    like a program that Python does not run.

    Args:
        module: of `tf_dcgan.commands`, with a `main` that takes the words of
            the command line.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = importlib.import_module(f"tf_dcgan.commands.{module}")
    command_line = importlib.import_module("tf_dcgan.commands.command_line")
    command_line.run(command.main)
