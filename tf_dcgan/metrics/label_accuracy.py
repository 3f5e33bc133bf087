"""Whether a conditional generator makes the classes that it is asked for."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tf_dcgan.metrics import checks

# 95 % of a normal distribution lie within so many standard deviations.
_Z = 1.959964


@dataclasses.dataclass(frozen=True)
class LabelAccuracy:
    """How often a classifier predicts the class that was asked for.

    Attributes:
        value: share in [0, 1] of the images whose prediction is right.
        low: lower end of the 95 % interval.
        high: upper end of the interval.
        right: number of images whose prediction is right.
        images: number of all images.
        by_class: for each class the share of its images whose prediction is
            right; None for a class without images.
    """

    value: float
    low: float
    high: float
    right: int
    images: int
    by_class: tuple[float | None, ...]


def label_accuracy(logits: np.ndarray, labels: np.ndarray) -> LabelAccuracy:
    """Compares predicted classes with the labels that were asked for.

    A generator that makes one clean image of each class has the highest
    accuracy: beside it belongs a score that sees variety.

    Args:
        logits: [n, classes] float, the classifier's scores of generated
            images before the softmax.
        labels: [n] integer in [0, classes), the classes that the generator
            was asked for.

    Returns:
        The share and Wilson's interval for it.

    Raises:
        errors.UserError: there are no images, or logits that are NaN or
            infinite.

    Source: Odena et al. 2017, section 4.1 (arXiv:1610.09585), whose
        classifier is Inception; interval: Wilson 1927, "Probable inference,
        the law of succession, and statistical inference".
    """
    logits = checks.features(
        logits, what="generated", metric="label_accuracy", needed=1
    )
    is_right = logits.argmax(axis=1) == labels
    by_class = [is_right[labels == label] for label in range(logits.shape[1])]
    right, images = int(is_right.sum()), len(is_right)
    low, high = wilson_interval(right, images)
    return LabelAccuracy(
        right / images,
        low,
        high,
        right,
        images,
        tuple(float(part.mean()) if len(part) else None for part in by_class),
    )


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Returns where a probability lies, with 95 % confidence.

    The probabilities p for which the share of successes is within 1.96
    standard errors sqrt(p (1 - p) / trials) of p.

    Args:
        successes: at least 0.
        trials: at least 1 and at least `successes`.

    Returns:
        (low, high) in [0, 1].

    Source: Wilson 1927, as above.
    """
    share, square = successes / trials, _Z**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    reach = (
        _Z
        * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
        / (1 + square / trials)
    )
    return max(0.0, middle - reach), min(1.0, middle + reach)
