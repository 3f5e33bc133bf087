"""A script that PyTorch runs, in a process and environment of its own."""

from __future__ import annotations

from collections.abc import Iterable
import pathlib
import subprocess

from tf_dcgan.common import errors


def start(
    torch_python: str,
    script: pathlib.Path,
    arguments: Iterable[object],
    *,
    needs: str,
) -> tuple[subprocess.Popen, str]:
    """Starts a script and waits for its first line.

    Args:
        torch_python: the Python that runs it, as the flag of that name.
        script: its path. It prints what it computes with when it is ready.
        arguments: its own.
        needs: what that Python must have, in words.

    Returns:
        The process, with pipes of text, and the line.

    Raises:
        errors.UserError: it cannot be started, or ends before the line.
    """
    try:
        process = subprocess.Popen(
            [torch_python, str(script), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    except OSError as error:
        raise errors.UserError(
            f"--torch_python={torch_python} cannot be started "
            f"({error.strerror}): give a Python with {needs}"
        ) from error
    line = process.stdout.readline().strip()
    if not line:
        _, complaint = process.communicate()
        last = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        raise errors.UserError(
            f"--torch_python={torch_python} cannot run {script.name} ({last}): "
            f"it needs {needs}"
        )
    return process, line
