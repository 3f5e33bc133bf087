"""The Inception Score."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.special

from tf_dcgan.metrics import checks


@dataclasses.dataclass(frozen=True)
class InceptionScore:
    """An Inception Score, between 1 and the number of classes.

    Attributes:
        value: mean over the splits.
        spread: standard deviation over the splits, as papers give it; it
            says how much splits differ and is no standard error.
        num_splits: splits that were made.
        warnings: named warnings that belong beside the number.
    """

    value: float
    spread: float
    num_splits: int
    warnings: tuple[str, ...]


def inception_score(
    logits: np.ndarray, *, seed: int, num_splits: int = 10
) -> InceptionScore:
    """The exponential of the mean KL divergence of p(y | x) from p(y).

    Taken over splits and averaged. The images are shuffled, since many sets
    come ordered by class, which would leave a split with one of them. The
    score rises with the images in a split: compare scores of equally many.

    Args:
        logits: [n, classes] float, scores of the generated images before the
            softmax.
        seed: of the shuffle.
        num_splits: parts, of n / num_splits images each, give or take one.

    Returns:
        Mean and spread over the splits.

    Raises:
        errors.UserError: there are fewer images than splits, or logits that
            are NaN or infinite.

    Source: Salimans et al. 2016, section 4 (arXiv:1606.03498); splits: its
        appendix's 50,000 images in ten parts.
    """
    logits = checks.features(
        logits, what="generated", metric="inception_score", needed=num_splits
    )
    order = np.random.default_rng(seed).permutation(len(logits))
    scores = []
    for split in np.array_split(order, num_splits):
        log_conditional = scipy.special.log_softmax(
            logits[split].astype(np.float64), axis=1
        )
        log_marginal = scipy.special.logsumexp(
            log_conditional, axis=0
        ) - np.log(len(split))
        divergences = np.sum(
            np.exp(log_conditional) * (log_conditional - log_marginal), axis=1
        )
        scores.append(np.exp(divergences.mean()))
    smallest, classes = len(logits) // num_splits, logits.shape[1]
    warnings = ()
    if smallest < classes:
        warnings = (
            f"few_samples: {smallest:,} images in each split, fewer than the "
            f"{classes:,} classes",
        )
    return InceptionScore(
        float(np.mean(scores)), float(np.std(scores)), num_splits, warnings
    )
