"""Pixel values of any range and 8-bit pixels: the scale between them.

A set of deep images (of more than 8 bits, or floating-point) has one scale for
all its images: the lowest value of the range becomes 0, the highest 255.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tf_dcgan.config import value_ranges

_EIGHT_BITS = (0.0, 255.0)


def to_uint8(values: np.ndarray, value_range: value_ranges.Range) -> np.ndarray:
    """Brings values of a range to 8 bits; values outside of it saturate.

    Args:
        values: array of numbers of any shape, all finite.
        value_range: (low, high), the values that become 0 and 255.

    Returns:
        uint8 of the same shape, rounded to the nearest.
    """
    low, high = value_range
    shares = (np.asarray(values, np.float64) - low) / (high - low)
    return np.rint(np.clip(shares, 0.0, 1.0) * 255.0).astype(np.uint8)


def to_units(
    images: np.ndarray, value_range: value_ranges.Range | None
) -> np.ndarray:
    """Brings images of a network back to the values of its training images.

    Args:
        images: array of any shape in [-1, 1].
        value_range: (low, high), the values of -1 and 1; None for images that
            were trained with 8 bits, 0 to 255.

    Returns:
        float32 of the same shape in [low, high].
    """
    low, high = value_range or _EIGHT_BITS
    shares = np.clip((np.asarray(images, np.float64) + 1.0) / 2.0, 0.0, 1.0)
    return (low + shares * (high - low)).astype(np.float32)


def extent(values: np.ndarray) -> value_ranges.Range:
    """The lowest and the highest of some finite values."""
    return float(values.min()), float(values.max())


def union(
    first: value_ranges.Range | None, second: value_ranges.Range | None
) -> value_ranges.Range | None:
    """The smallest range that holds two ranges; None is an empty range."""
    if first is None or second is None:
        return first or second
    return min(first[0], second[0]), max(first[1], second[1])


def count_outside(values: np.ndarray, value_range: value_ranges.Range) -> int:
    """Counts the values that `to_uint8` cuts off."""
    low, high = value_range
    return int(np.count_nonzero((values < low) | (values > high)))


class CutOff:
    """Counts the values of a set that lie outside the range a user gave."""

    def __init__(self, value_range: value_ranges.Range | None):
        """Starts with no value.

        Args:
            value_range: (low, high); None for images of 8 bits, whose values
                need no range.
        """
        self._range = value_range
        self._num_values = self._num_outside = 0
        self._num_images = self._images_outside = 0

    def add(self, num_outside: Sequence[int], values_each: int) -> None:
        """Counts some images.

        Args:
            num_outside: the values of each image that lie outside.
            values_each: how many values an image has.
        """
        self._num_values += len(num_outside) * values_each
        self._num_outside += sum(num_outside)
        self._num_images += len(num_outside)
        self._images_outside += sum(count > 0 for count in num_outside)

    def state(self) -> list[int]:
        """Describes for JSON what has been counted."""
        return [
            self._num_values,
            self._num_outside,
            self._num_images,
            self._images_outside,
        ]

    def resume(self, state: list[int]) -> None:
        """Goes on from what `state` described."""
        (
            self._num_values,
            self._num_outside,
            self._num_images,
            self._images_outside,
        ) = state

    def note(self) -> str | None:
        """Says in one line what is cut off, or None if nothing is."""
        if self._range is None or not self._num_outside:
            return None
        share = self._num_outside / self._num_values
        return (
            f"{max(share, 0.0001):.2%} of all values, in "
            f"{self._images_outside:,} of {self._num_images:,} images, lie "
            f"outside --value_range={value_ranges.write(self._range)} and "
            "become black or white"
        )
