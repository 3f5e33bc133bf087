"""Flags that hold several words."""

from __future__ import annotations

from collections.abc import Sequence

from tf_dcgan.common import errors


def read(name: str, text: str, choices: Sequence[str]) -> list[str]:
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
    found = [word.strip() for word in text.split(",")]
    for word in found:
        if word not in choices:
            raise errors.UserError(
                f"--{name}={text} has {word!r}, which is not known: "
                + errors.suggestion(word, choices)
            )
    return found
