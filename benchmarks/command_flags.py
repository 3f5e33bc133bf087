"""Reads the command line of a benchmark, and flags of several words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tf_dcgan.commands import command_line
from tf_dcgan.common import errors

_Settings = TypeVar("_Settings")


def parse(
    arguments: Sequence[str],
    settings_class: type[_Settings],
    *,
    name: str,
    doc: str,
) -> _Settings:
    """Reads the command line of a benchmark.

    Args:
        arguments: the words of the command line, the command first.
        settings_class: a dataclass of settings; each field is a flag.
        name: of the benchmark's module or package.
        doc: its docstring, whose first paragraph begins `--help`.

    Returns:
        The settings.

    Raises:
        errors.UserError: a flag is wrong.
    """
    return command_line.parse(
        arguments,
        settings_class,
        summary=doc.split("\n\n")[0],
        command=f"python -m benchmarks.{name}",
    ).settings


def words(name: str, text: str, choices: Sequence[str]) -> list[str]:
    """Reads a flag of several words.

    Args:
        name: of the flag.
        text: its value, words separated by commas.
        choices: the words that are allowed.

    Returns:
        The words.

    Raises:
        errors.UserError: a word is not allowed.
    """
    given_words = [word.strip() for word in text.split(",")]
    for word in given_words:
        if word not in choices:
            raise errors.UserError(
                f"--{name}={text} has {word!r}, which is not known: "
                + errors.suggestion(word, choices)
            )
    return given_words
