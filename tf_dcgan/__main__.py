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
    interpolate,
    sample,
    train,
    translate,
)
from tf_dcgan.common import errors, terminal

COMMANDS = {
    "train": train,
    "evaluate": evaluate,
    "sample": sample,
    "interpolate": interpolate,
    "arithmetic": arithmetic,
    "translate": translate,
    "compare": compare,
}


def main() -> None:
    """Runs the command that the first word names, and ends the process."""
    command_line.run(_dispatch)


def _dispatch(arguments: Sequence[str]) -> None:
    name, *words = arguments[1:] or ["--help"]
    if name in ("--help", "-h", "-help", "--helpfull", "help"):
        print(_help())
    elif name == "--version":
        print(f"tf_dcgan {tf_dcgan.__version__}")
    elif name in COMMANDS:
        COMMANDS[name].main([name, *words])
    else:
        raise errors.UserError(
            f"{name!r} is no command: {errors.suggestion(name, COMMANDS)}; "
            f"{terminal.command('COMMAND')} --help tells more of one"
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
            f"{terminal.command('COMMAND')} --help lists the flags of one.",
        ]
    )


if __name__ == "__main__":
    main()
