"""Whether a conditional generator makes the classes that it is asked for."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from tf_dcgan.metrics import checks

_Z = 1.959964  # Of the normal distribution, 95 % within.


@dataclasses.dataclass(frozen=True)
class LabelAccuracy:
    """How often a classifier finds the class that was wanted.

    Attributes:
        value: share in [0, 1] of the images.
        low: lower end of the 95 % interval.
        high: upper end.
        right: images of which the wanted class was found.
        images: all images.
        by_class: for each class the share of its images, None without any.
    """

    value: float
    low: float
    high: float
    right: int
    images: int
    by_class: tuple[float | None, ...]


def label_accuracy(logits: np.ndarray, wanted: np.ndarray) -> LabelAccuracy:
    """Compares wanted with predicted classes.

    A generator that makes one clean image of each class has the highest
    accuracy: beside it belongs a score that sees variety.

    Args:
        logits: [n, classes] float, the classifier's scores of generated
            images before the softmax.
        wanted: [n] integer in [0, classes), the labels that the generator was
            given.

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
    found = logits.argmax(axis=1) == wanted
    of_classes = [found[wanted == label] for label in range(logits.shape[1])]
    right, images = int(found.sum()), len(found)
    low, high = wilson_interval(right, images)
    return LabelAccuracy(
        right / images,
        low,
        high,
        right,
        images,
        tuple(float(part.mean()) if len(part) else None for part in of_classes),
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
