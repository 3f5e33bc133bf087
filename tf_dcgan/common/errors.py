"""A user's mistakes, each told in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import contextlib
import difflib
import re

# The ratio of `difflib.SequenceMatcher` from which a word is taken for a slip
# of another.
NEAR = 0.65


class UserError(Exception):
    """A mistake or a condition outside the program that the user can mend.

    The message is one line that says what was given, what is allowed and what
    to do next. The commands print it after `error: ` on standard error and end
    with exit status 2; anything else that is raised is a bug and keeps its
    traceback.
    """


@contextlib.contextmanager
def about(subject: str) -> Iterator[None]:
    """Begins a user's error with what it is about, which only a caller knows.

    Args:
        subject: the flag or the file that the block deals with.

    Raises:
        UserError: the block raised it.
    """
    try:
        yield
    except UserError as error:
        raise UserError(f"{subject}: {error}") from error


def is_full_memory(error: BaseException) -> bool:
    """Says whether an error tells that a memory is full.

    TensorFlow tells of it in errors of several kinds, such as
    `ResourceExhaustedError`, and `InternalError` where a GPU is full before
    this process takes any of it.
    """
    text = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "oom when allocating" in text
        or "out of memory" in text
    )


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Names the allowed words, after the ones that look like the given word.

    No number is a slip of another number, however alike they are written.

    Args:
        given: the word that was not recognised.
        allowed: every word that is recognised.

    Returns:
        `did you mean …? allowed: …`, or only the second half when no allowed
        word looks like the given one.
    """
    allowed = sorted(allowed)
    is_number = re.fullmatch(r"[-+]?[\d.]+", given)
    meant = "" if is_number else question(given.lower(), allowed)
    return f"{meant}allowed: {', '.join(allowed)}"


def question(given: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Asks which known word was meant.

    Args:
        given: the word that was not recognised.
        known: words that are recognised.
        prefix: goes before each word that is named, such as `--`.

    Returns:
        `did you mean … or …? `, with the words that end in the given one, else
        those that look like it; nothing where there are none.
    """
    known = list(known)
    near = [word for word in known if word.endswith(f"_{given}")][:3]
    near = near or difflib.get_close_matches(given, known, n=2, cutoff=NEAR)
    words = " or ".join(f"{prefix}{word}" for word in near)
    return f"did you mean {words}? " if words else ""
