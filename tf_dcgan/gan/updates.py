"""One update of a discriminator and one of a generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import enum

import keras
import tensorflow as tf

from tf_dcgan.common import randomness, replicas
from tf_dcgan.config import schema
from tf_dcgan.gan import losses, views
from tf_dcgan.models import conditional, layers

# A tensor, such as a part of a loss, and scalars that come with it, by name.
_Part = tuple[tf.Tensor, dict[str, tf.Tensor]]


def batch_notes(config: schema.Config, discriminator: keras.Model) -> list[str]:
    """Names the settings that do less than they should in this D.

    Most speak of one image, but under batch normalisation D's output depends
    on the whole batch, and a little with the channel of `minibatch_stddev`.
    Any normalisation undoes a scale of the weights before it.

    Args:
        config: its `loss`, penalties, `consistency`, `spectral_norm` and
            `minibatch_stddev`.
        discriminator: the network that these settings act on.

    Returns:
        Lines for the user; none where every setting does its work.
    """
    penalty_weight = losses.LOSSES[config.loss].record.penalty_weight
    penalties = [f"--loss={config.loss}"] * (penalty_weight > 0)
    for name in ("r1_gamma", "r2_gamma"):
        gamma = getattr(config, name)
        penalties += [f"--{name}={gamma:g}"] * (gamma > 0)
    if _has(discriminator, keras.layers.BatchNormalization):
        return _batch_norm_notes(config, penalties)
    notes = _stddev_notes(config, penalties)
    if config.spectral_norm and _has(
        discriminator, keras.layers.GroupNormalization
    ):
        notes.append(_spectral_norm_note(config, "instance"))
    return notes


def _has(model, layer_class):
    return any(isinstance(layer, layer_class) for layer in layers.all_of(model))


def _spectral_norm_note(config, normalisation):
    return (
        "note: --spectral_norm scales the weights of D, but recipe "
        f"{config.recipe} has {normalisation} normalisation in D, which undoes "
        "most of it: D's slope is not bounded as in the source of this method"
    )


def _batch_norm_notes(config, penalties):
    has = f"recipe {config.recipe} has batch normalisation in D"
    notes = []
    if penalties:
        penalise = "penalises" if len(penalties) == 1 else "penalise"
        notes.append(
            f"note: {' and '.join(penalties)} {penalise} D's slope at each "
            f"image, but {has}, which makes the slope depend on the whole "
            "batch: the training works, but differs from its source"
        )
    if config.consistency:
        notes.append(
            f"note: --consistency={config.consistency:g} compares D's outputs "
            f"on an image and on the moved image, but {has}, which makes them "
            "depend on the other images too: in the one trial the samples got "
            "much worse"
        )
    if config.spectral_norm:
        notes.append(_spectral_norm_note(config, "batch"))
    if notes:
        notes[-1] += "; --nodiscriminator_batch_norm leaves it out"
    return notes


def _stddev_notes(config, penalties):
    flags = list(penalties)
    if config.consistency:
        flags.append(f"--consistency={config.consistency:g}")
    if not (config.minibatch_stddev and flags):
        return []
    takes = "takes" if len(flags) == 1 else "take"
    return [
        f"note: {' and '.join(flags)} {takes} D's output for that of "
        "one image, but with --minibatch_stddev it depends a little "
        "on the whole batch"
    ]


class View(enum.IntEnum):
    """Which images D looks at in a step; each has random changes of its own.

    The values are part of what a seed means: never renumber them. A second D
    has all of them once more, `_VIEWS` further on.
    """

    FAKE = 0
    REAL = 1
    BETWEEN = 2
    GENERATED = 3  # In G's first update; 4 in its second, and so on.


_VIEWS = 64  # More than there are, with all updates of G.


class Judge:
    """D in one step, with the random changes of `--augment` before it.

    D gives an image one output, or one for each of its patches. Penalties and
    consistency then speak of their mean, which is also what the losses take.
    """

    def __init__(
        self,
        discriminator: keras.Model,
        config: schema.Config,
        step: tf.Tensor,
        *,
        stream: int = 0,
    ):
        """Takes the discriminator as it is at each call.

        Args:
            discriminator: images to outputs [batch, 1], or [batch, rows,
                columns, 1] of patches.
            config: `augment`, the penalties, `consistency`, `horizontal_flip`
                and the seed.
            step: scalar integer, number of the step.
            stream: which of several discriminators; each sees changes of its
                own.
        """
        self.discriminator = discriminator
        self._config = config
        self._step = step
        self._first_view = _VIEWS * stream

    def __call__(
        self, images: tf.Tensor, labels: tf.Tensor | None, view: int
    ) -> tf.Tensor:
        """Returns D's outputs on changed images, [batch, 1] or of patches.

        Args:
            images: [batch, height, width, channels] float32 in [-1, 1].
            labels: [batch] int32; None where D is not conditional.
            view: of `View`; the same view of one step changes images of the
                same places in the same way.
        """
        if self._config.augmentations:
            images = views.augmented(
                images,
                self._config.augmentations,
                self._uniforms(
                    images,
                    randomness.Purpose.AUGMENTATION,
                    view,
                    views.NUM_UNIFORMS,
                ),
            )
        return self.discriminator(
            conditional.inputs(images, labels), training=True
        )

    def shifted(
        self, images: tf.Tensor, labels: tf.Tensor | None, view: int
    ) -> tf.Tensor:
        """Returns D's outputs on the images a few pixels beside themselves."""
        uniforms = self._uniforms(
            images,
            randomness.Purpose.CONSISTENCY,
            view,
            views.NUM_UNIFORMS_OF_CONSISTENCY,
        )
        images = views.shifted(
            images, uniforms, may_flip=self._config.horizontal_flip
        )
        return self(images, labels, view)

    def with_slopes(
        self, images: tf.Tensor, labels: tf.Tensor | None, view: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns D's outputs and their derivatives by the images.

        Under batch normalisation an image also moves the outputs on other
        images; the derivative is then the one of the sum of all outputs. A
        second derivative is whole on a CPU; on a GPU, where Keras's own layers
        are used, it lacks about a hundredth, and a twentieth under instance
        normalisation, since the mean counts as a constant in the variance of
        `tf.nn.moments` (TF 2.21).
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            outputs = self(images, labels, view)
            of_images = losses.per_image(outputs)
        return outputs, tape.gradient(of_images, images)

    def with_penalties(
        self, images: tf.Tensor, labels: tf.Tensor | None, view: View
    ) -> _Part:
        """Returns D's outputs, and its penalties on these images by name.

        Args:
            images: [batch, height, width, channels] float32 in [-1, 1].
            labels: [batch] int32; None where D is not conditional.
            view: REAL, on which R1 is taken, or FAKE, on which R2 is.

        Returns:
            (outputs, penalties): the outputs as at a call; scalars float32,
            weighted: the penalty on slopes and `consistency`, where the config
            has them.
        """
        config = self._config
        penalty, gamma = {
            View.REAL: ("r1_penalty", config.r1_gamma),
            View.FAKE: ("r2_penalty", config.r2_gamma),
        }[view]
        penalties = {}
        if gamma:
            outputs, slopes = self.with_slopes(images, labels, view)
            penalties[penalty] = losses.zero_centered_penalty(slopes, gamma)
        else:
            outputs = self(images, labels, view)
        if config.consistency:
            penalties["consistency"] = losses.consistency(
                losses.per_image(outputs),
                losses.per_image(self.shifted(images, labels, view)),
                config.consistency,
            )
        return outputs, penalties

    def _uniforms(self, images, purpose, view, count):
        drawn = randomness.view_uniforms(
            self._config.seed,
            self._step,
            purpose=purpose,
            view=self._first_view + view,
            shape=(images.shape[0] * replicas.count(), count),
        )
        return replicas.shard(drawn)


def penalty_names(config: schema.Config) -> tuple[str, ...]:
    """Names the parts of `loss_d` beside D's loss on images, as logged.

    Args:
        config: its `loss`, penalties and `consistency`.
    """
    penalty_weight = losses.LOSSES[config.loss].record.penalty_weight
    are_used = {
        "r1_penalty": config.r1_gamma > 0,
        "r2_penalty": config.r2_gamma > 0,
        "gradient_penalty": penalty_weight > 0,
        "consistency": config.consistency > 0,
    }
    return tuple(name for name, is_used in are_used.items() if is_used)


def update_discriminator(
    judge: Judge,
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
    images, or its loss on their pairs, plus the penalties. R1 and R2 and the
    consistency of real and of generated images belong to the loss on these
    images, also where it has an update of its own; the gradient penalty between
    real and generated images is a part of its own. `discriminator_loss="mean"`
    halves no penalty.

    Args:
        judge: of the step; its discriminator is changed in place.
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
    parts = _DiscriminatorLoss(
        judge, config, images, fake_images, labels, step=step
    ).parts()
    return _descend(parts, judge.discriminator, optimizer, config)


class _DiscriminatorLoss:
    """What D minimises, in parts that may each have an update of their own."""

    def __init__(
        self,
        judge: Judge,
        config: schema.Config,
        images: tf.Tensor,
        fake_images: tf.Tensor,
        labels: tf.Tensor | None,
        *,
        step: tf.Tensor,
    ):
        """Takes what `update_discriminator` does; computes nothing yet."""
        self._judge, self._config = judge, config
        self._images, self._fake_images = images, fake_images
        self._labels, self._step = labels, step
        self._loss = losses.LOSSES[config.loss]

    def parts(self) -> list[Callable[[], _Part]]:
        """Returns the functions that compute the parts, in their order."""
        if self._loss.of_pairs:
            parts = [self._of_pairs]
        else:
            parts = [self._of_fake_images, self._of_real_images]
        if self._loss.record.penalty_weight:
            parts.append(self._of_images_between)
        return parts

    def _of_fake_images(self) -> _Part:
        config, loss = self._config, self._loss
        outputs, penalties = self._judged(View.FAKE)
        value = _half(loss.discriminator(outputs, config.fake_label), config)
        return total(value, penalties), penalties | {
            "fake_score_before": loss.score(outputs),
            "fake_accuracy": loss.accuracy(
                outputs, real=False, mean_label=config.mean_label
            ),
        }

    def _of_real_images(self) -> _Part:
        config, loss = self._config, self._loss
        outputs, penalties = self._judged(View.REAL)
        value = _half(loss.discriminator(outputs, config.real_label), config)
        return total(value, penalties), penalties | {
            "real_score": loss.score(outputs),
            "real_accuracy": loss.accuracy(
                outputs, real=True, mean_label=config.mean_label
            ),
        }

    def _of_pairs(self) -> _Part:
        loss = self._loss
        fake, penalties = self._judged(View.FAKE)
        real, more_penalties = self._judged(View.REAL)
        penalties = added(penalties, more_penalties)
        value = _half(loss.of_pairs(real, fake), self._config)
        accuracy = losses.share_above(real, fake)
        return total(value, penalties), penalties | {
            "fake_score_before": loss.score(fake),
            "real_score": loss.score(real),
            "fake_accuracy": accuracy,
            "real_accuracy": accuracy,
        }

    def _of_images_between(self) -> _Part:
        share = replicas.shard(
            randomness.interpolation_weights(
                self._config.seed,
                self._step,
                batch_size=self._images.shape[0] * replicas.count(),
            )
        )
        between = share * self._images + (1.0 - share) * self._fake_images
        _, slopes = self._judge.with_slopes(between, self._labels, View.BETWEEN)
        value = losses.lipschitz_penalty(
            slopes, self._loss.record.penalty_weight
        )
        return value, {"gradient_penalty": value}

    def _judged(self, view: View) -> _Part:
        """Returns D's outputs and its penalties by name on one half."""
        images = self._fake_images if view == View.FAKE else self._images
        return self._judge.with_penalties(images, self._labels, view)


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
    judge: Judge,
    generated: Generated,
    images: tf.Tensor,
    labels: tf.Tensor | None = None,
    number: int = 0,
) -> dict[str, tf.Tensor]:
    """Updates G through images that it has generated.

    Args:
        generator: changed in place.
        optimizer: over the generator's variables.
        config: its `loss`.
        judge: of the step; its discriminator's weights stay.
        generated: images that the generator made with its present weights.
        images: [batch, height, width, channels] float32 in [-1, 1], real, for
            losses of pairs.
        labels: [batch] int32, the classes of the real images; None where D is
            not conditional.
        number: which of G's updates in the step, from 0.

    Returns:
        Scalars float32, as `gan.update` describes them.
    """
    loss = losses.LOSSES[config.loss]
    view = View.GENERATED + number
    if loss.of_pairs:
        real = judge(images, labels, View.REAL)
        # G's batch may be a multiple of D's. Each output is repeated beside
        # itself: the batch then has the same pairs, however it is split.
        times = generated.images.shape[0] // real.shape[0]
        real = tf.repeat(real, times, axis=0)
    # Only the images are watched: D's own gradients are not computed.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(generated.images)
        outputs = judge(generated.images, generated.labels, view)
        if loss.of_pairs:
            value = loss.of_pairs(outputs, real)
        else:
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
        scalars = added(scalars, measured)
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


def total(value: tf.Tensor, penalties: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Adds penalties to a loss, in the same order in every run.

    TensorFlow turns a sum of more than two into one `AddN`, which begins with
    whatever input nobody else needs any more at that moment (TF 2.21).

    Args:
        value: scalar float32.
        penalties: scalars float32 by name.

    Returns:
        Scalar float32.
    """
    if not penalties:
        return value
    return tf.reduce_sum(tf.stack([value, *penalties.values()]))


def added(
    scalars: Mapping[str, tf.Tensor], more: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Joins scalars by name, and adds those that both have."""
    sums = {n: scalars[n] + more[n] for n in scalars if n in more}
    return {**scalars, **more, **sums}


def _half(value: tf.Tensor, config: schema.Config) -> tf.Tensor:
    """Weighs D's loss on real or on generated images by 1 or 1/2."""
    return 0.5 * value if config.discriminator_loss == "mean" else value
