"""What every metric asks of the features it is given."""

from __future__ import annotations

import numpy as np

from tf_dcgan.common import errors


class TooFewImages(errors.UserError):
    """There are fewer images than a metric can work with."""


def features(
    values: np.ndarray, *, what: str, metric: str, needed: int
) -> np.ndarray:
    """Checks feature vectors, or the logits of a classifier.

    Nothing is copied or converted: 50,000 vectors of 2,048 float32 numbers
    take 0.4 GiB, and the metrics convert them to float64 block by block.

    Args:
        values: [n, dimension] of any number type, one row per image.
        what: the images that these are features of, such as "real", for the
            messages.
        metric: the metric that asks, for the messages.
        needed: the fewest rows that the metric can work with.

    Returns:
        `values` as an array, [n, dimension].

    Raises:
        TooFewImages: there are fewer than `needed` rows.
        errors.UserError: some rows hold NaN or infinity.
        ValueError: the array is not two-dimensional or has no columns.
    """
    values = np.asarray(values)
    if values.ndim != 2 or not values.shape[1]:
        raise ValueError(
            f"features are [images, dimension]. Received: {values.shape}"
        )
    images = f"{what} images".lstrip()
    if len(values) < needed:
        raise TooFewImages(
            f"{metric} needs at least {needed:,} {images} and was given "
            f"{len(values):,}: use more images or leave this metric out"
        )
    # NaN and infinity survive a sum, which needs no array of flags.
    with np.errstate(invalid="ignore", over="ignore"):
        sums = values.sum(axis=1, dtype=np.float64)
    bad = np.count_nonzero(~np.isfinite(sums))
    if bad:
        raise errors.UserError(
            f"the features of {bad:,} of {len(values):,} {images} hold "
            "NaN or infinity: check the weights of the feature network and "
            "the images"
        )
    return values


def same_dimension(first: int, second: int) -> None:
    """Checks that two sets of features can be compared.

    Args:
        first: numbers in each of the first set's vectors.
        second: numbers in each of the second set's vectors.

    Raises:
        errors.UserError: the two numbers differ.
    """
    if first != second:
        raise errors.UserError(
            f"features of {first:,} and of {second:,} dimensions cannot be "
            "compared: use one feature network and one tap for both"
        )
