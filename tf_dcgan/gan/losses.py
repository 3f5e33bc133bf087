"""Losses on D's output: pure functions, each the formula of one paper.

Written with x = D's output for an image. For cross-entropy it is a logit and
sigmoid(x) the probability of being real; log sigmoid(x) = -softplus(-x) stays
finite for every x. All are means over the batch. What else is known of a loss
stands in `tf_dcgan.config.losses`.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses

import tensorflow as tf

from tf_dcgan.config import losses as records


def sigmoid_cross_entropy(logits: tf.Tensor, label: float) -> tf.Tensor:
    """Cross-entropy between one target probability and sigmoid(logits).

    -label * log sigmoid(x) - (1 - label) * log(1 - sigmoid(x)), the
    discriminator's loss for a batch that is all real or all generated. A
    `label` below 1 for real images is one-sided label smoothing.

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

    It is the negative of the discriminator's loss on generated images. It
    saturates: the gradient vanishes where D is sure that the images are
    generated.

    Args:
        fake_logits: [batch, 1] float32, scores of generated images before
            the sigmoid.

    Returns:
        Scalar float32, nats per image, at most 0.

    Source: Goodfellow et al. 2014, equation 1 (arXiv:1406.2661).
    """
    return -tf.reduce_mean(tf.nn.softplus(fake_logits))


def squared_error(outputs: tf.Tensor, label: float) -> tf.Tensor:
    """Mean of (x - label)², D's loss on real or on generated images.

    Against a perfect G the best D answers x = 1/2 to all images. This loss is
    then 1/4 for either label, and G's loss is 1/4 too.

    Args:
        outputs: [batch, 1] float32, D's raw output.
        label: the target of every image, in [0, 1].

    Returns:
        Scalar float32, squared units of D's output.

    Source: Mao et al. 2017, equation 2 with b = 1 and a = 0
        (arXiv:1611.04076).
    Deviation: without the paper's factor of 1/2.
    """
    return tf.reduce_mean(tf.square(outputs - label))


def squared_error_generator_loss(fake_outputs: tf.Tensor) -> tf.Tensor:
    """Mean of (D(G(z)) - 1)², which the generator minimises.

    Unlike cross-entropy it also pulls back images with an output above 1, and
    its gradient grows with the distance from 1.

    Args:
        fake_outputs: [batch, 1] float32, D's raw output on generated images.

    Returns:
        Scalar float32, squared units of D's output, at least 0.

    Source: Mao et al. 2017, equation 2 with c = 1 (arXiv:1611.04076).
    Deviation: without the paper's factor of 1/2.
    """
    return squared_error(fake_outputs, 1.0)


def hinge(outputs: tf.Tensor, label: float) -> tf.Tensor:
    """Mean of max(0, 1 - x) for real, of max(0, 1 + x) for generated images.

    A real image with x of 1 or more teaches D nothing, nor does a generated
    image with x of -1 or less.

    Args:
        outputs: [batch, 1] float32, D's raw output.
        label: 1 for real images, 0 for generated ones.

    Returns:
        Scalar float32, units of D's output, at least 0.

    Source: Lim and Ye 2017 (arXiv:1705.02894); in this form Miyato et al.
        2018, equation 16 (arXiv:1802.05957).
    """
    return tf.reduce_mean(tf.nn.relu(1.0 - _sign(label) * outputs))


def wasserstein(outputs: tf.Tensor, label: float) -> tf.Tensor:
    """Mean of -x for real images and of x for generated ones.

    The sum of both means is the negative of D's estimate of the Wasserstein
    distance, as far as the penalty keeps D 1-Lipschitz.

    Args:
        outputs: [batch, 1] float32, D's raw output.
        label: 1 for real images, 0 for generated ones.

    Returns:
        Scalar float32, units of D's output, of either sign.

    Source: Gulrajani et al. 2017, equation 3 (arXiv:1704.00028).
    """
    return -_sign(label) * tf.reduce_mean(outputs)


def linear_generator_loss(fake_outputs: tf.Tensor) -> tf.Tensor:
    """Mean of -D(G(z)), which the generator minimises.

    Its gradient never vanishes: each image's output counts the same.

    Args:
        fake_outputs: [batch, 1] float32, D's raw output on generated images.

    Returns:
        Scalar float32, units of D's output, of either sign.

    Source: Gulrajani et al. 2017, algorithm 1 (arXiv:1704.00028); for the
        hinge loss Miyato et al. 2018, equation 17 (arXiv:1802.05957).
    """
    return -tf.reduce_mean(fake_outputs)


def lipschitz_penalty(gradients: tf.Tensor, weight: float) -> tf.Tensor:
    """The weight times the mean of (‖∇D‖ - 1)²: D's slope is to be 1.

    ‖∇D‖ is the norm over all pixels and channels of one image.

    Args:
        gradients: [batch, height, width, channels] float32, each image's
            derivatives of D's output on it.
        weight: at least 0.

    Returns:
        Scalar float32, at least 0.

    Source: Gulrajani et al. 2017, equation 3 (arXiv:1704.00028).
    """
    squares = _squared_norms(gradients)
    # The root's slope at 0 is infinite, and 0 times it would be NaN.
    norms = tf.sqrt(tf.maximum(squares, 1e-12))
    return weight * tf.reduce_mean(tf.square(norms - 1.0))


def zero_centered_penalty(gradients: tf.Tensor, gamma: float) -> tf.Tensor:
    """Gamma / 2 times the mean of ‖∇D‖²: R1 on real images, R2 on generated.

    Args:
        gradients: [batch, height, width, channels] float32, each image's
            derivatives of D's output on it.
        gamma: the weight, at least 0.

    Returns:
        Scalar float32, at least 0.

    Source: Mescheder et al. 2018, equations 9 and 10 (arXiv:1801.04406).
    """
    return 0.5 * gamma * tf.reduce_mean(_squared_norms(gradients))


def consistency(
    outputs: tf.Tensor, others: tf.Tensor, weight: float
) -> tf.Tensor:
    """The weight times the mean squared difference of D's outputs.

    Args:
        outputs: [batch, 1] float32, D's raw output on images.
        others: [batch, 1] float32, on the same images after a change that
            leaves their meaning.
        weight: at least 0.

    Returns:
        Scalar float32, at least 0.

    Source: Zhao et al. 2020, equations 2 and 3 (arXiv:2002.04724).
    """
    return weight * tf.reduce_mean(tf.square(outputs - others))


def per_image(outputs: tf.Tensor) -> tf.Tensor:
    """Returns D's output on each image: the mean over its patches.

    Args:
        outputs: [batch, 1] float32, which stays as it is, or [batch, rows,
            columns, 1], D's raw output on patches.

    Returns:
        [batch, 1] float32.
    """
    if outputs.shape.rank == 2:
        return outputs
    return tf.reduce_mean(outputs, axis=[1, 2])


def relativistic(winners: tf.Tensor, losers: tf.Tensor) -> tf.Tensor:
    """Mean of softplus(loser - winner) over pairs by position.

    D minimises it with real images as the winners, G with generated ones. D's
    outputs mean something only beside one another: a constant that is added to
    all of them changes nothing.

    Args:
        winners: [batch, 1] float32, D's raw output on the images that are to
            have the higher one.
        losers: [batch, 1] float32, on the images of the other kind.

    Returns:
        Scalar float32, nats per pair, at least 0; ln 2 where D cannot tell
        the images of a pair apart.

    Source: Huang et al. 2024, equation 2 (arXiv:2501.05441), after
        Jolicoeur-Martineau 2018 (arXiv:1807.00734).
    """
    return tf.reduce_mean(tf.nn.softplus(losers - winners))


def share_above(outputs: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    """Returns the share of pairs in which the first output is the higher one.

    Args:
        outputs: [batch, 1] float32.
        others: [batch, 1] float32.

    Returns:
        Scalar float32 in [0, 1].
    """
    return tf.reduce_mean(tf.cast(outputs > others, tf.float32))


@dataclasses.dataclass(frozen=True)
class Loss:
    """The two sides of one `--loss`, and how to read D's output under it.

    Attributes:
        record: what else is known of the loss.
        discriminator: (outputs [batch, 1], label) to D's loss on a batch
            that is all real (label 1, or smoothed) or all generated (0); None
            for a loss of pairs.
        generator: outputs on generated images [batch, 1] to G's loss; None for
            a loss of pairs.
        of_pairs: (outputs, others), each [batch, 1], to the loss of the network
            that wants the outputs above the others: D wants the outputs of
            real images there, G the outputs of generated images. None for a
            loss of single images.
    """

    record: records.Loss
    discriminator: Callable[[tf.Tensor, float], tf.Tensor] | None = None
    generator: Callable[[tf.Tensor], tf.Tensor] | None = None
    of_pairs: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None

    def score(self, outputs: tf.Tensor) -> tf.Tensor:
        """Returns the mean probability of being real, or D's mean output.

        Args:
            outputs: [batch, 1] float32.

        Returns:
            Scalar float32: of sigmoid(x) in [0, 1] where the outputs are
            logits, else of x itself.
        """
        if self.record.outputs_are_logits:
            outputs = tf.sigmoid(outputs)
        return tf.reduce_mean(outputs)

    def accuracy(
        self, outputs: tf.Tensor, *, real: bool, mean_label: float
    ) -> tf.Tensor:
        """Returns the share of images that D takes for what they are.

        Args:
            outputs: [batch, 1] float32.
            real: whether the images are real, and so an output above
                `record.boundary` is right, else one below it. An output on
                the boundary is never right.
            mean_label: the mean of D's labels for real and for generated
                images.

        Returns:
            Scalar float32 in [0, 1].
        """
        boundary = self.record.boundary(mean_label)
        right = outputs > boundary if real else outputs < boundary
        return tf.reduce_mean(tf.cast(right, tf.float32))


# D's loss and G's, under the names of `tf_dcgan.config.losses`.
_FUNCTIONS = {
    "non_saturating": (sigmoid_cross_entropy, non_saturating_generator_loss),
    "minimax": (sigmoid_cross_entropy, minimax_generator_loss),
    "least_squares": (squared_error, squared_error_generator_loss),
    "hinge": (hinge, linear_generator_loss),
    "wasserstein_gp": (wasserstein, linear_generator_loss),
}
LOSSES = {
    name: Loss(records.LOSSES[name], *functions)
    for name, functions in _FUNCTIONS.items()
} | {
    "relativistic": Loss(records.LOSSES["relativistic"], of_pairs=relativistic),
}


def add(
    name: str,
    record: records.Loss,
    discriminator: Callable[[tf.Tensor, float], tf.Tensor],
    generator: Callable[[tf.Tensor], tf.Tensor],
) -> None:
    """Adds a loss of one's own; see `Loss` for the functions.

    Args:
        name: of the loss.
        record: what else is known of it.
        discriminator: D's loss on a batch.
        generator: G's loss on generated images.

    Raises:
        errors.UserError: the name is none, or the name of a built-in loss.
    """
    records.add(name, record)
    LOSSES[name] = Loss(record, discriminator, generator)


def _sign(label: float) -> float:
    """Returns 1 for the label 1 and -1 for the label 0."""
    return 2.0 * label - 1.0


def _squared_norms(gradients: tf.Tensor) -> tf.Tensor:
    """Sums the squares of each image: [batch, ...] to [batch]."""
    rest = list(range(1, gradients.shape.rank))
    return tf.reduce_sum(tf.square(gradients), axis=rest)
