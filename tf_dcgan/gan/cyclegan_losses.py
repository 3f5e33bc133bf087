"""Losses of CycleGAN: pure functions, each the formula of one paper.

Written with G from set A to set B, F from B to A, and each set's own D. An
adversarial loss is a mean over the batch and over D's patches; the other losses
are means over the batch, the pixels and the channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tf_dcgan.gan import losses


def discriminator_loss(
    loss: losses.Loss,
    *,
    real_outputs: tf.Tensor,
    fake_outputs: tf.Tensor,
    real_label: float,
    fake_label: float,
) -> tf.Tensor:
    """Half the sum of D's losses on real and on generated images.

    For least squares ((D(b) - 1)² + D(G(a))²) / 2, a mean over all patches.
    The half slows D down against G.

    Args:
        loss: one that `config.losses.of_kind` names for translations.
        real_outputs: [batch, rows, columns, 1] float32, D's raw output on
            images of its set.
        fake_outputs: [batch, rows, columns, 1] float32, D's raw output on
            generated images.
        real_label: the target of real images, in [0, 1].
        fake_label: the target of generated images, in [0, 1].

    Returns:
        Scalar float32, in the unit of the loss, at least 0.

    Source: Zhu et al. 2017, equation 1, section 4 and appendix 7.1
        (arXiv:1703.10593).
    """
    real_loss = loss.discriminator(real_outputs, real_label)
    fake_loss = loss.discriminator(fake_outputs, fake_label)
    return 0.5 * (real_loss + fake_loss)


def adversarial_loss(loss: losses.Loss, fake_outputs: tf.Tensor) -> tf.Tensor:
    """How far D is from taking a generator's images for real.

    For least squares (D(G(a)) - 1)², a mean over all patches; the target is
    1 whatever D's smoothed label.

    Args:
        loss: one that `config.losses.of_kind` names for translations.
        fake_outputs: [batch, rows, columns, 1] float32, D's raw output on
            generated images.

    Returns:
        Scalar float32, in the unit of the loss, at least 0.

    Source: Zhu et al. 2017, equation 1 and section 4 (arXiv:1703.10593).
    """
    return loss.generator(fake_outputs)


def cycle_consistency_loss(
    images: tf.Tensor, cycled_images: tf.Tensor
) -> tf.Tensor:
    """Mean of |F(G(a)) - a|: how the way to B and back changes an image.

    Args:
        images: [batch, height, width, channels] float32 in [-1, 1].
        cycled_images: the same shape and range, the images after both
            generators, one after the other.

    Returns:
        Scalar float32 in [0, 2].

    Source: Zhu et al. 2017, equation 2 (arXiv:1703.10593).
    Deviation: a mean over pixels and channels, as in its authors' program,
        where the paper writes a norm, which is the sum over them.
    """
    return _mean_absolute_difference(images, cycled_images)


def identity_loss(images: tf.Tensor, mapped_images: tf.Tensor) -> tf.Tensor:
    """Mean of |G(b) - b|: how G changes an image that is in B already.

    It keeps G from changing colours that need no change.

    Args:
        images: [batch, height, width, channels] float32 in [-1, 1], of the
            set that the generator translates to.
        mapped_images: the same shape and range, the generator's output for
            these images.

    Returns:
        Scalar float32 in [0, 2].

    Source: Zhu et al. 2017, section 5.2, on photos from paintings
        (arXiv:1703.10593).
    Deviation: a mean, as for `cycle_consistency_loss`.
    """
    return _mean_absolute_difference(images, mapped_images)


def generator_loss(
    *,
    adversarial: Sequence[tf.Tensor],
    cycle: Sequence[tf.Tensor],
    identity: Sequence[tf.Tensor],
    lambda_cycle: float,
    lambda_identity: float,
) -> tf.Tensor:
    """What both generators minimise together.

    The sum over both directions of adversarial + lambda_cycle * (cycle +
    lambda_identity * identity).

    Args:
        adversarial: two scalars float32, `adversarial_loss` of G and of F.
        cycle: two scalars float32, `cycle_consistency_loss` from A and
            from B.
        identity: two scalars float32, `identity_loss` of G and of F; or none
            where `lambda_identity` is 0.
        lambda_cycle: at least 0, 10 in the paper.
        lambda_identity: at least 0, 0.5 in the paper.

    Returns:
        Scalar float32, at least 0.

    Source: Zhu et al. 2017, equation 3 and section 5.2 (arXiv:1703.10593).
    """
    consistency = sum(cycle) + lambda_identity * sum(identity)
    return sum(adversarial) + lambda_cycle * consistency


def _mean_absolute_difference(first, second):
    return tf.reduce_mean(tf.abs(first - second))
