"""Every command of the package: `python -m tf_dcgan COMMAND`, or `tf-dcgan`.

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


def main() -> None:
    """Runs the command that the first word names, and ends the process."""
    command_line.run(_dispatch)


def _dispatch(arguments: Sequence[str]) -> None:
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


if __name__ == "__main__":
    main()
