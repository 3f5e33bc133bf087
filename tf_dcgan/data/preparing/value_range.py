"""Pixel values of any range and 8-bit pixels: the scale between them.

A set of deep images (of more than 8 bits, or floating-point) has one scale for
all its images: the lowest value of the range becomes 0, the highest 255.
"""

from __future__ import annotations

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


def has_values_outside(
    values: np.ndarray, value_range: value_ranges.Range
) -> bool:
    """Says whether `to_uint8` would cut values off."""
    low, high = extent(values)
    return low < value_range[0] or high > value_range[1]
