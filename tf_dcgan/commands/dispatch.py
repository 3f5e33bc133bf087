"""Finds the command that the first word names, and runs it.

Loads no TensorFlow: each command does so itself, once its flags are good.
"""

from __future__ import annotations

from collections.abc import Sequence

import tf_dcgan
from tf_dcgan.commands import (
    arithmetic,
    command_line,
    compare,
    evaluate,
    explore,
    export,
    inspect,
    interpolate,
    invert,
    progress,
    sample,
    train,
    translate,
)
from tf_dcgan.common import errors, terminal

COMMANDS = {
    "inspect": inspect,
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "interpolate": interpolate,
    "arithmetic": arithmetic,
    "invert": invert,
    "explore": explore,
    "progress": progress,
    "translate": translate,
    "export": export,
    "compare": compare,
}


def main(arguments: Sequence[str]) -> None:
    """Runs the command that the first word names.

    Args:
        arguments: the words of the command line, the program first.

    Raises:
        errors.UserError: there is no such command, or it says what is wrong.
    """
    name, *words = arguments[1:] or ["help"]
    if name == "help" and words:
        name, words = words[0], ["--help"]
    if name in ("help", *command_line.HELP):
        terminal.show(_help())
    elif name == "--version":
        terminal.show(f"tf_dcgan {tf_dcgan.__version__}")
    elif name in COMMANDS:
        COMMANDS[name].main([name, *words])
    elif name.startswith("-"):
        raise errors.UserError(
            f"{name} comes before the command: give the command first, such "
            f"as {terminal.command('train')} --name=value …"
        )
    else:
        raise errors.UserError(
            f"{name!r} is no command: {errors.suggestion(name, COMMANDS)}; "
            f"{terminal.command('help')} says what each command does"
        )


def _help() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = [
        f"  {name:{width}}{module.SUMMARY.splitlines()[0]}"
        for name, module in COMMANDS.items()
    ]
    return "\n".join(
        [
            "DCGAN and its relatives in TensorFlow 2: trains, measures, "
            "exports.",
            "",
            f"Usage: {terminal.command('COMMAND')} --name=value …",
            "",
            *lines,
            "",
            f"{terminal.command('COMMAND')} --help lists a command's flags.",
        ]
    )
