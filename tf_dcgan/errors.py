"""What a user did wrong, told in one line."""

from __future__ import annotations

from collections.abc import Iterable
import difflib


class UserError(Exception):
    """A mistake or a condition outside the program that the user can mend.

    The message is one line that says what was given, what is allowed and what
    to do next. The scripts print it after `error: ` on standard error and end
    with exit status 2; anything else that is raised is a bug and keeps its
    traceback.
    """


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Names the allowed words, the nearest to what was given first.

    Args:
        given: the word that was not recognised.
        allowed: every word that would have been.

    Returns:
        `did you mean …? allowed: …`, or only the second half when nothing
        is near.
    """
    allowed = sorted(allowed)
    near = difflib.get_close_matches(given.lower(), allowed, n=2, cutoff=0.5)
    question = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{question}allowed: {', '.join(allowed)}"
