"""One update of a discriminator and one of a generator."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_dcgan.common import randomness, replicas
from tf_dcgan.config import schema
from tf_dcgan.gan import losses
from tf_dcgan.models import conditional, layers


def batch_norm_notes(
    config: schema.Config, discriminator: keras.Model
) -> list[str]:
    """Names the settings that do less than they should in D with batch norm.

    Args:
        config: its `loss`, `r1_gamma` and `spectral_norm`.
        discriminator: the network that these settings act on.

    Returns:
        Lines for the user; none where every setting does its work.
    """
    penalty_weight = losses.LOSSES[config.loss].record.penalty_weight
    flags = [f"--loss={config.loss}"] * (penalty_weight > 0)
    flags += [f"--r1_gamma={config.r1_gamma:g}"] * (config.r1_gamma > 0)
    has_batch_norm = any(
        isinstance(layer, keras.layers.BatchNormalization)
        for layer in layers.all_of(discriminator)
    )
    if not has_batch_norm:
        return []
    has = f"recipe {config.recipe} has batch normalisation in D"
    notes = []
    if flags:
        penalise = "penalises" if len(flags) == 1 else "penalise"
        notes.append(
            f"note: {' and '.join(flags)} {penalise} D's slope at each image, "
            f"but {has}, which makes the slope depend on the whole batch: the "
            "training works, but differs from its source"
        )
    if config.spectral_norm:
        notes.append(
            f"note: --spectral_norm scales the weights of D, but {has}, which "
            "undoes most of it: D's slope is not bounded as in the source of "
            "this method"
        )
    return notes


def update_discriminator(
    discriminator: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    config: schema.Config,
    *,
    images: tf.Tensor,
    fake_images: tf.Tensor,
    labels: tf.Tensor | None = None,
    step: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Updates D on generated and on real images, in a forward pass each.

    D minimises the sum or the mean of its losses on real and on generated
    images, plus the penalties. R1 belongs to the loss on real images, also
    where this loss has an update of its own; the gradient penalty between real
    and generated images is a third part. `discriminator_loss="mean"` halves no
    penalty.

    Args:
        discriminator: images to outputs [batch, 1].
        optimizer: over the discriminator's variables.
        config: the loss, its labels and penalties, the seed, and whether the
            parts are minimised one after the other or together.
        images: [batch, height, width, channels] float32 in [-1, 1], real.
        fake_images: the same shape, dtype and range, generated.
        labels: [batch] int32, the classes of the real images, of the generated
            images, and of the images between them; None where D is not
            conditional.
        step: scalar integer, number of the step.

    Returns:
        Scalars float32, as `gan.update` describes them.
    """
    loss = losses.LOSSES[config.loss]

    def fake_half():
        outputs = discriminator(
            conditional.inputs(fake_images, labels), training=True
        )
        value = loss.discriminator(outputs, config.fake_label)
        return _half(value, config), {
            "fake_score_before": loss.score(outputs),
            "fake_accuracy": loss.accuracy(
                outputs, real=False, mean_label=config.mean_label
            ),
        }

    def real_half():
        penalty = {}
        if config.r1_gamma:
            outputs, gradients = _outputs_and_gradients(
                discriminator, images, labels
            )
            penalty["r1_penalty"] = losses.zero_centered_penalty(
                gradients, config.r1_gamma
            )
        else:
            outputs = discriminator(
                conditional.inputs(images, labels), training=True
            )
        value = loss.discriminator(outputs, config.real_label)
        value = sum(penalty.values(), _half(value, config))
        return value, penalty | {
            "real_score": loss.score(outputs),
            "real_accuracy": loss.accuracy(
                outputs, real=True, mean_label=config.mean_label
            ),
        }

    def interpolated_part():
        share = replicas.shard(
            randomness.interpolation_weights(
                config.seed,
                step,
                batch_size=images.shape[0] * replicas.count(),
            )
        )
        between = share * images + (1.0 - share) * fake_images
        _, gradients = _outputs_and_gradients(discriminator, between, labels)
        value = losses.lipschitz_penalty(gradients, loss.record.penalty_weight)
        return value, {"gradient_penalty": value}

    parts = [fake_half, real_half]
    if loss.record.penalty_weight:
        parts.append(interpolated_part)
    return _descend(parts, discriminator, optimizer, config)


class Generated:
    """A batch of generated images that G can be updated through later.

    Attributes:
        latents: [batch, latent_dim] float32.
        labels: [batch] int32, or None.
        images: [batch, height, width, channels] float32 in [-1, 1].
    """

    def __init__(
        self,
        generator: keras.Model,
        latents: tf.Tensor,
        labels: tf.Tensor | None = None,
    ):
        """Passes latents through the generator in training mode.

        Args:
            generator: latents to images.
            latents: [batch, latent_dim] float32.
            labels: [batch] int32, the classes to make; None where the
                generator is not conditional.
        """
        self.latents = latents
        self.labels = labels
        self._variables = [v.value for v in generator.trainable_variables]
        with tf.GradientTape() as self._tape:
            self.images = generator(
                conditional.inputs(latents, labels), training=True
            )

    def gradients(self, image_gradients: tf.Tensor) -> list[tf.Tensor]:
        """Carries gradients of the images back to the generator's weights.

        Args:
            image_gradients: [batch, height, width, channels] float32.

        Returns:
            One gradient for each trainable variable.
        """
        return self._tape.gradient(
            self.images, self._variables, output_gradients=image_gradients
        )


def update_generator(
    generator: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    config: schema.Config,
    *,
    discriminator: keras.Model,
    generated: Generated,
) -> dict[str, tf.Tensor]:
    """Updates G through images that it has generated.

    Args:
        generator: changed in place.
        optimizer: over the generator's variables.
        config: its `loss`.
        discriminator: images to outputs [batch, 1]; its weights stay.
        generated: images that the generator made with its present weights.

    Returns:
        Scalars float32, as `gan.update` describes them.
    """
    loss = losses.LOSSES[config.loss]
    # Only the images are watched: D's own gradients are not computed.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(generated.images)
        outputs = discriminator(
            conditional.inputs(generated.images, generated.labels),
            training=True,
        )
        value = loss.generator(outputs)
        scaled_value = optimizer.scale_loss(value)
    gradients = replicas.mean(
        generated.gradients(tape.gradient(scaled_value, generated.images))
    )
    norm = gradient_norm(gradients, optimizer)
    optimizer.apply(gradients, generator.trainable_variables)
    return {
        "loss_g": value,
        "fake_score_after": loss.score(outputs),
        "generator_gradient_norm": norm,
    }


def _descend(parts, discriminator, optimizer, config):
    """Minimises the parts of D's loss, one after the other or together.

    Args:
        parts: functions without arguments to (loss, scalars).
        discriminator: changed in place.
        optimizer: over the discriminator's variables.
        config: its `discriminator_updates`.

    Returns:
        The scalars of all parts, `loss_d` and the length of D's gradient.
    """
    variables = discriminator.trainable_variables
    scalars, loss, summed, norms = {}, None, None, []
    for part in parts:
        with tf.GradientTape() as tape:
            value, measured = part()
            scaled_value = optimizer.scale_loss(value)
        gradients = tape.gradient(
            scaled_value,
            [v.value for v in variables],
            # A gradient penalty does not depend on the last bias.
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        gradients = replicas.mean(gradients)
        scalars |= measured
        loss = value if loss is None else loss + value
        if config.discriminator_updates == "separate":
            norms.append(gradient_norm(gradients, optimizer))
            optimizer.apply(gradients, variables)
        elif summed is None:
            summed = gradients
        else:
            summed = [a + b for a, b in zip(summed, gradients, strict=True)]
    if config.discriminator_updates == "joint":
        norms.append(gradient_norm(summed, optimizer))
        optimizer.apply(summed, variables)
    return scalars | {
        "loss_d": loss,
        "discriminator_gradient_norm": sum(norms[1:], norms[0]) / len(norms),
    }


def _outputs_and_gradients(
    discriminator: keras.Model,
    images: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns D's outputs on images and their derivatives by the images.

    Under batch normalisation an image also moves the outputs on other images;
    the derivative is then the one of the sum of all outputs. A second
    derivative is whole on a CPU; on a GPU, where Keras's own layers are used,
    it lacks about a hundredth, since the mean counts as a constant in the
    variance of `tf.nn.moments` (TF 2.21).
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        outputs = discriminator(
            conditional.inputs(images, labels), training=True
        )
    return outputs, tape.gradient(outputs, images)


def gradient_norm(
    gradients: list[tf.Tensor], optimizer: keras.optimizers.Optimizer
) -> tf.Tensor:
    """Returns the length of all gradients as one vector, without loss scale.

    Where scaled float16 gradients overflowed, the optimizer skips the update
    and lowers the scale. Such a length counts as 0, for it is no divergence.
    """
    norm = tf.linalg.global_norm(gradients)
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        norm /= optimizer.scale_loss(tf.ones([]))
        norm = tf.where(tf.math.is_finite(norm), norm, 0.0)
    return norm


def _half(value: tf.Tensor, config: schema.Config) -> tf.Tensor:
    """Weighs D's loss on real or on generated images by 1 or 1/2."""
    return 0.5 * value if config.discriminator_loss == "mean" else value
