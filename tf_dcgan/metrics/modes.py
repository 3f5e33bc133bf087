"""Which classes a generator makes, according to a classifier."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np
import scipy.special

from tf_dcgan.common import errors
from tf_dcgan.metrics import checks


@dataclasses.dataclass(frozen=True)
class Modes:
    """The classes of generated images.

    Attributes:
        histogram: images predicted as each class.
        covered: classes of the real images with at least one generated one.
        num_classes: classes that the real images have.
        divergence: KL divergence of the predicted classes' frequencies from
            the real ones, in nats; infinite if a class was predicted that
            real images do not have.
        divergence_floor: what a perfect generator would score on average
            with so many images, (classes - 1) / (2 images), to first order.
        confidence: mean probability of the predicted class.
        warnings: named warnings that belong beside the numbers.
    """

    histogram: tuple[int, ...]
    covered: int
    num_classes: int
    divergence: float
    divergence_floor: float
    confidence: float
    warnings: tuple[str, ...]


def modes(logits: np.ndarray, real_frequencies: Sequence[float]) -> Modes:
    """Counts predicted classes and compares them with the real frequencies.

    A mode is a class that real images have, and it is covered if the
    classifier predicts it for at least one generated image, the usual count
    of Stacked MNIST. The divergence is KL(generated ‖ real), as there.

    Args:
        logits: [n, classes] float, the classifier's scores of generated
            images before the softmax; log probabilities serve as well.
        real_frequencies: of each class among real images, as counts or
            shares, at least 0.

    Returns:
        The histogram and its numbers.

    Raises:
        errors.UserError: there are no images, or logits that are NaN or
            infinite, or as many frequencies as classes are not given.

    Source: Metz et al. 2017, section 3.3.1 (arXiv:1611.02163); Srivastava et
        al. 2017, section 5 (arXiv:1705.07761); floor: Miller 1955, "Note on
        the bias of information estimates".
    """
    logits = checks.features(logits, what="generated", metric="modes", needed=1)
    real = _shares(real_frequencies, logits.shape[1])
    probabilities = scipy.special.softmax(logits.astype(np.float64), axis=1)
    histogram = np.bincount(logits.argmax(axis=1), minlength=len(real))
    count, existing = len(logits), real > 0
    missed = np.sum((1 - real[existing]) ** count)
    warnings = ()
    if missed >= 0.5:
        warnings += (
            f"few_samples: of {count:,} images a perfect generator's would "
            f"miss {missed:.1f} of {existing.sum():,} classes",
        )
    strange = int(histogram[~existing].sum())
    if strange:
        warnings += (
            f"unknown_classes: {strange:,} images of classes that the real "
            "images do not have, so the divergence is infinite",
        )
    return Modes(
        histogram=tuple(histogram.tolist()),
        covered=int(np.count_nonzero(histogram[existing])),
        num_classes=int(existing.sum()),
        divergence=float(scipy.special.rel_entr(histogram / count, real).sum()),
        divergence_floor=float((existing.sum() - 1) / (2 * count)),
        confidence=float(probabilities.max(axis=1).mean()),
        warnings=warnings,
    )


def _shares(frequencies: Sequence[float], num_classes: int) -> np.ndarray:
    real = np.asarray(frequencies, np.float64)
    if (
        real.shape != (num_classes,)
        or not (real >= 0).all()
        or not 0 < real.sum() < np.inf
    ):
        raise errors.UserError(
            f"modes needs the frequency of each of {num_classes} classes, at "
            f"least 0 and not all 0; received: {real.tolist()}"
        )
    return real / real.sum()
