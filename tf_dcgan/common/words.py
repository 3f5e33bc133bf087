"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Writes `1 image`, or `1,000 images`.

    Args:
        number: how many.
        noun: what is counted, whose plural ends in s alone.
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def at_least_1(most: int) -> str:
    """Writes the whole numbers from 1: `1 to 1,000`, or `1`.

    Args:
        most: the largest of them.
    """
    return f"1 to {most:,}" if most > 1 else "1"


def dotted(version: tuple[int, ...]) -> str:
    """Writes a version as its numbers with points between, such as 9.24."""
    return ".".join(map(str, version))
