"""Noise-to-image GANs: the state of a training run and one update of it."""

from __future__ import annotations

import dataclasses

import keras
import tensorflow as tf

from tf_dcgan.common import randomness, replicas
from tf_dcgan.config import schema
from tf_dcgan.gan import states, updates
from tf_dcgan.models import families

_SCALARS = (
    "loss_d",
    "loss_g",
    "real_score",
    "fake_score_before",
    "fake_score_after",
    "real_accuracy",
    "fake_accuracy",
    "generator_gradient_norm",
    "discriminator_gradient_norm",
)


@dataclasses.dataclass(frozen=True)
class GanState(states.State):
    """Everything that training changes.

    Attributes:
        generator: latents to images.
        discriminator: images to logits.
        averaged_generator: the generator with exponentially averaged
            weights, always in float32; samples and exports come from it.
        generator_optimizer: over the generator's variables alone.
        discriminator_optimizer: over the discriminator's variables alone.
    """

    generator: keras.Model
    discriminator: keras.Model
    averaged_generator: keras.Model
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer

    def seed_generators(self) -> list[tf.Variable]:
        """Returns the states of the random layers, such as dropout."""
        return states.seed_generators([self.generator, self.discriminator])


def create_state(
    config: schema.Config,
    image_shape: tuple[int, int, int],
    num_classes: int = 0,
) -> GanState:
    """Builds networks and optimizers; the weights follow from the seed.

    Args:
        config: recipe, sizes, precision, learning rates and seed.
        image_shape: (height, width, channels).
        num_classes: classes of conditional networks; 0 for other networks.

    Returns:
        The state before the first step.
    """
    keras.config.set_dtype_policy(config.precision)
    arguments = (config, image_shape, num_classes)
    (generator,) = families.generators(*arguments)
    (discriminator,) = families.discriminators(*arguments)
    (averaged_generator,) = families.averaged_generators(*arguments)
    return GanState(
        states.new_step(),
        generator,
        discriminator,
        averaged_generator,
        states.create_optimizer(
            config,
            generator.trainable_variables,
            config.generator_learning_rate,
        ),
        states.create_optimizer(
            config,
            discriminator.trainable_variables,
            config.discriminator_learning_rate,
        ),
    )


def scalars(config: schema.Config) -> tuple[str, ...]:
    """Returns the names of what `update` returns under a config."""
    return _SCALARS + updates.penalty_names(config)


def update(
    state: GanState,
    config: schema.Config,
    images: tf.Tensor,
    labels: tf.Tensor | None = None,
) -> dict[str, tf.Tensor]:
    """Does one step: D is updated, then G, then the average of G's weights.

    D learns from a batch of generated and a batch of real images. The two
    batches pass through D one by one; D takes two updates, or one on the sum of
    both losses. G then takes `generator_updates` updates. A forward pass of the
    generator is not repeated while its latents and weights stay the same.

    Args:
        state: changed in place, its step included.
        config: the schedule, the losses and the seed.
        images: [batch, height, width, channels] float32 in [-1, 1]; on
            several replicas each one's rows of the batch.
        labels: [batch] int32, the images' classes, for conditional networks;
            the generated images are made for the same classes.

    Returns:
        Scalars float32, by the names of `scalars(config)`. The units of losses
        and scores stand in `losses`.

        * `loss_d`: all that D minimises, penalties included; `r1_penalty`,
          `r2_penalty`, `gradient_penalty` and `consistency`: the part of
          each one that is used.
        * `loss_g`: what G minimises, at its first update.
        * `real_score`, `fake_score_before`, `fake_score_after`: D's mean
          score of real images, of generated images before D's update, and of
          generated images after it. Under cross-entropy sigmoid(D) in [0, 1],
          else D's output.
        * `real_accuracy`, `fake_accuracy`: share in [0, 1] of the images
          that D took for what they are, before its update on them.
        * `generator_gradient_norm`: length of G's whole gradient at its
          first update; `discriminator_gradient_norm`: length of D's whole
          gradient, in separate updates the mean of both lengths.

    Source: the schedule of AIRI's MNIST DCGAN (2017): generated batch, real
        batch, then G twice on the latents of the generated batch.
    Deviation: the slides feed G the smoothed real labels; its target here
        is 1.
    """
    step = state.step.value()
    randomness.set_seed_generators(state.seed_generators(), config.seed, step)
    batch_size = images.shape[0] * replicas.count()
    draw = _LatentDraws(config, step)
    judge = updates.Judge(state.discriminator, config, step)
    generated = updates.Generated(state.generator, draw(batch_size), labels)
    measured = updates.update_discriminator(
        judge,
        state.discriminator_optimizer,
        config,
        images=images,
        fake_images=generated.images,
        labels=labels,
        step=step,
    )
    for number in range(config.generator_updates):
        if config.generator_latents == "new":
            generated = updates.Generated(
                state.generator,
                draw(config.generator_batch * batch_size),
                _repeated(labels, config.generator_batch),
            )
        elif number > 0:
            generated = updates.Generated(
                state.generator, generated.latents, labels
            )
        measured_in_update = updates.update_generator(
            state.generator,
            state.generator_optimizer,
            config,
            judge=judge,
            generated=generated,
            images=images,
            labels=labels,
            number=number,
        )
        if number == 0:
            measured |= measured_in_update
    states.update_average(
        state.averaged_generator,
        state.generator,
        ema_decay=config.ema_decay,
        step=step,
    )
    state.step.assign_add(1)
    return measured


def _repeated(labels: tf.Tensor | None, times: int) -> tf.Tensor | None:
    """Repeats each label beside itself, alike however the batch is split."""
    if labels is None or times == 1:
        return labels
    return tf.repeat(labels, times)


class _LatentDraws:
    """Draws new latents at every call, each a function of the step."""

    def __init__(self, config: schema.Config, step: tf.Tensor):
        self._config = config
        self._step = step
        self._draws = 0

    def __call__(self, batch_size: int) -> tf.Tensor:
        """Draws the latents of a batch of all replicas."""
        latents = randomness.training_latents(
            self._config.seed,
            self._step,
            batch_size=batch_size,
            latent_dim=self._config.latent_dim,
            draw=self._draws,
        )
        self._draws += 1
        return replicas.shard(latents)
