"""All images of a collection as one table."""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.inspection import collection, duplicates


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the images of a collection hold; 400 bytes an image.

    Attributes:
        rows: [n] of `records.ROW`.
        labels: [n] int64, -1 where an image has no class.
        split_of: [n] int64, the number of each image's split.
        reasons: why an image cannot be used, by its index.
        exact: groups of images with equal pixels.
        near: groups of images that look the same, of exact copies the first
            alone. Images of one colour are in neither.
    """

    rows: np.ndarray
    labels: np.ndarray
    split_of: np.ndarray
    reasons: dict[int, str]
    exact: duplicates.Groups
    near: duplicates.Groups

    @property
    def whole(self) -> np.ndarray:
        """The indices of the images that can be used."""
        return np.flatnonzero(self.rows["whole"])


def take(source: collection.ImageCollection) -> Survey:
    """Reads every image of a collection once.

    Raises:
        errors.UserError: the images cannot be read, or there are none.
    """
    parts, label_parts, reasons = [], [], {}
    start = 0
    for each in source.rows():
        parts.append(each.rows)
        label_parts.append(each.labels)
        for place, reason in each.reasons.items():
            reasons[start + place] = reason
        start += len(each.rows)
    if not start:
        raise errors.UserError(
            f"{source.path} has no images: give another folder or set"
        )
    rows = np.concatenate(parts)
    split_of = np.repeat(
        np.arange(len(source.splits)), list(source.splits.values())
    )
    to_compare = np.flatnonzero(rows["whole"] & ~rows["is_one_colour"])
    exact = duplicates.exact(rows["digest"], to_compare)
    is_copy = np.zeros(len(rows), bool)
    for group in exact.members:
        is_copy[group[1:]] = True
    near = duplicates.near(rows["averages"], to_compare[~is_copy[to_compare]])
    return Survey(
        rows, np.concatenate(label_parts), split_of, reasons, exact, near
    )


def value_range(survey: Survey, index: int) -> tuple[float, float]:
    """The smallest and the largest value of images like one image.

    Args:
        survey: of all images.
        index: of an image that can be used.
    """
    rows = survey.rows[survey.whole]
    own = rows[rows[["mode", "bits"]] == survey.rows[index][["mode", "bits"]]]
    return float(own["low"].min()), float(own["high"].max())
