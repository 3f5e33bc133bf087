"""Ranges of pixel values as they are written in flags and config.json."""

from __future__ import annotations

import math

from tf_dcgan.common import errors

# The lowest and the highest value: black and white.
Range = tuple[float, float]

_OF_TWO = ":"  # Stands between the ranges of the two sets of a translation.


def parse(text: str) -> tuple[Range | None, Range | None]:
    """Reads "0,4095", or "0,4095:-1000,3000" for the two sets A and B.

    Args:
        text: two numbers, or two pairs of numbers. Of two pairs one may be
            empty, for a set of 8-bit images.

    Returns:
        The ranges of A and of B; the same range twice if there is only one.

    Raises:
        errors.UserError: the text has another form, a number is not finite,
            or the lower number does not come first.
    """
    parts = text.split(_OF_TWO)
    if len(parts) > 2 or not any(part.strip() for part in parts):
        raise _error(text)
    ranges = [_parse_one(part, text) for part in parts]
    return ranges[0], ranges[-1]


def write(*ranges: Range | None) -> str:
    """Writes what `parse` reads.

    Args:
        *ranges: of one set, or of A and of B.

    Returns:
        A text that keeps every bit of the numbers.
    """
    return _OF_TWO.join(
        "" if each is None else ",".join(map(_exact, each)) for each in ranges
    )


def in_words(value_range: Range) -> str:
    """Writes a range for people, as `0 to 4,095`."""
    return " to ".join(map(_readable, value_range))


def _parse_one(part: str, text: str) -> Range | None:
    if not part.strip():
        return None
    try:
        low, high = (float(number) for number in part.split(","))
    except ValueError:
        raise _error(text) from None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise _error(text)
    return low, high


def _error(text: str) -> errors.UserError:
    return errors.UserError(
        f"--value_range={text} is no range of values: give the value that "
        "becomes black and a higher one that becomes white, as in 0,4095 or "
        "-1000,3000"
    )


def _exact(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


def _readable(number: float) -> str:
    if number == int(number) and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:.6g}"
