"""The sizes of a set's images, and what becomes of them at another size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# (height, width) in pixels to the number of images of that size.
Counts = Mapping[tuple[int, int], int]


def cropped(counts: Counts, crop: tuple[int, int] | None) -> Counts:
    """Counts the sizes of images after a crop to their centre.

    Args:
        counts: the images' sizes.
        crop: (height, width) in pixels, or None for whole images.
    """
    if crop is None:
        return counts
    result: dict[tuple[int, int], int] = {}
    for (height, width), count in counts.items():
        size = min(height, crop[0]), min(width, crop[1])
        result[size] = result.get(size, 0) + count
    return result


def together(*counts: Counts) -> Counts:
    """Counts the sizes of the images of several sets."""
    result: dict[tuple[int, int], int] = {}
    for of_set in counts:
        for size, count in of_set.items():
            result[size] = result.get(size, 0) + count
    return result


def typical(counts: Counts) -> tuple[float, float]:
    """Returns a size with the median shape and the median area of images.

    Args:
        counts: of at least one size.

    Returns:
        (height, width) in pixels.
    """
    heights, widths, weights = _columns(counts)
    aspect = _median(widths / heights, weights)
    area = _median(widths * heights, weights)
    height = (area / aspect) ** 0.5
    return height, aspect * height


def kept(size: tuple[float, float], image_size: tuple[float, float]) -> float:
    """Returns the share of an image that its largest part of a shape is.

    Args:
        size: (height, width) of the image.
        image_size: (height, width) of the shape.

    Returns:
        Above 0 and at most 1; also the share of the smallest frame of the
        shape that the whole image fills.
    """
    ratio = (size[0] * image_size[1]) / (size[1] * image_size[0])
    return min(ratio, 1 / ratio)


def mean_kept(counts: Counts, image_size: tuple[int, int]) -> float:
    """Returns the mean of `kept` over images.

    Args:
        counts: of at least one size.
        image_size: (height, width) of the shape.
    """
    heights, widths, weights = _columns(counts)
    ratios = heights * image_size[1] / (widths * image_size[0])
    shares = np.minimum(ratios, 1 / ratios)
    return float(np.average(shares, weights=weights))


def enlargements(
    counts: Counts, image_size: tuple[int, int], *, whole: bool
) -> dict[tuple[int, int], float]:
    """Returns by what factor the sides of images of each size grow.

    Args:
        counts: the images' sizes.
        image_size: (height, width) that they are brought to.
        whole: whether all of each image is to be within, with background
            around it; if not, it covers all.
    """
    choose = min if whole else max
    return {
        (height, width): choose(image_size[0] / height, image_size[1] / width)
        for height, width in counts
    }


def _columns(counts: Counts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns heights, widths and numbers of images, [sizes] float64 each."""
    rows = [(*size, count) for size, count in counts.items()]
    heights, widths, weights = np.array(rows, np.float64).T
    return heights, widths, weights


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    """Returns the lower median of values that occur so many times."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    place = np.searchsorted(reached, reached[-1] / 2)
    return float(values[order][place])
