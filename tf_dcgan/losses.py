"""Losses on logits: pure functions, each the formula of one paper.

Written with x = D's logit and sigmoid(x) the probability of being real. All
are means over the batch and take scores *before* the sigmoid, where
log sigmoid(x) = -softplus(-x) stays finite for every x.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def sigmoid_cross_entropy(logits: tf.Tensor, label: float) -> tf.Tensor:
    """Cross-entropy between one target probability and sigmoid(logits).

    -label * log sigmoid(x) - (1 - label) * log(1 - sigmoid(x)), the
    discriminator's loss for a batch that is all real or all generated. With
    `label` below 1 for real images it is one-sided label smoothing.

    Args:
        logits: [batch, 1] float32, scores before the sigmoid.
        label: the target of every image, in [0, 1].

    Returns:
        Scalar float32, nats per image.

    Source: Goodfellow et al. 2014, equation 1 (arXiv:1406.2661); smoothing:
        Salimans et al. 2016, section 3.4 (arXiv:1606.03498).
    """
    losses = tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.fill(tf.shape(logits), tf.cast(label, logits.dtype)),
        logits=logits,
    )
    return tf.reduce_mean(losses)


def non_saturating_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Mean of -log sigmoid(D(G(z))), which the generator minimises.

    Its gradient is largest where D is sure that the images are generated.

    Args:
        fake_logits: [batch, 1] float32, scores of generated images before
            the sigmoid.

    Returns:
        Scalar float32, nats per image, at least 0.

    Source: Goodfellow et al. 2014, section 3 (arXiv:1406.2661).
    """
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def minimax_generator_loss(fake_logits: tf.Tensor) -> tf.Tensor:
    """Mean of log(1 - sigmoid(D(G(z)))), which the generator minimises.

    The other side of the discriminator's loss. It saturates: the gradient
    vanishes where D is sure that the images are generated.

    Args:
        fake_logits: [batch, 1] float32, scores of generated images before
            the sigmoid.

    Returns:
        Scalar float32, nats per image, at most 0.

    Source: Goodfellow et al. 2014, equation 1 (arXiv:1406.2661).
    """
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


# The generator's side of each `--loss`; the keys are those of config.LOSSES.
GENERATOR_LOSSES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "non_saturating": non_saturating_generator_loss,
    "minimax": minimax_generator_loss,
}
