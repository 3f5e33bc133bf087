"""Values out of JSON files that others may have written or damaged."""

from __future__ import annotations

import json
import math
from typing import Any

# Whole numbers up to here are exact as floats, and no step or size is larger.
_LARGEST = 2**53


def loads(text: str | bytes) -> Any:
    """Reads JSON as `json.loads` does, and refuses text that is none.

    JSON can write half of a letter (a lone surrogate), which no file, page or
    terminal takes later.

    Args:
        text: one JSON value; bytes are in UTF-8.

    Raises:
        ValueError: the text is no JSON, or holds half of a letter.
        RecursionError: the value is nested too deep.
    """
    value = json.loads(text)
    # Halves are rare and come by escapes alone: only then each text is read.
    has_escape = b"\\ud" if isinstance(text, bytes) else "\\ud"
    if has_escape in text.lower():  # type: ignore[operator]
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"it has half of a letter, {error.object[error.start]!a}: "
                "allowed is text in UTF-8"
            ) from error
    return value


def check(value: object, name: str, *, allowed: str) -> None:
    """Checks one value.

    Args:
        value: as `loads` returns it, or a part of it.
        name: where it stands in the file, such as `data.fingerprint`.
        allowed: a key of the kinds of values below; an ending " or null"
            allows None too.

    Raises:
        ValueError: the value is of another kind.
    """
    kind = allowed.removesuffix(" or null")
    if value is None and kind != allowed:
        return
    if not _IS[kind](value):
        text = ascii(value)
        shown = text if len(text) < 50 else f"{text[:46]} …"
        raise ValueError(f"{name} is {shown}: allowed is {allowed}")


def is_number(value: object) -> bool:
    """Says whether a value is a finite number that a float can hold."""
    try:
        return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]
    except OverflowError:  # A whole number beyond the largest float.
        return False


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST


def _is_text(value: object) -> bool:
    return type(value) is str


_IS = {
    "a text": _is_text,
    # Python also writes and reads NaN and Infinity, which readers leave out.
    "a number": lambda value: type(value) is float or is_number(value),
    "a whole number from 0": _is_whole,
    "a list of texts": lambda value: (
        isinstance(value, list) and all(map(_is_text, value))
    ),
    "an object of texts": lambda value: (
        isinstance(value, dict) and all(map(_is_text, value.values()))
    ),
}
