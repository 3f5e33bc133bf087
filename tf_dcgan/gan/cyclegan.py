"""CycleGAN: one update of an unpaired translation."""

from __future__ import annotations

import functools

import tensorflow as tf

from tf_dcgan.common import replicas
from tf_dcgan.config import schema
from tf_dcgan.gan import (
    cyclegan_losses,
    cyclegan_state,
    image_buffer,
    losses,
    states,
    updates,
)

_SCALARS = (
    "loss_d",
    "loss_g",
    "loss_adversarial",
    "loss_cycle",
    "discriminator_a",
    "discriminator_b",
    "adversarial_a_to_b",
    "adversarial_b_to_a",
    "cycle_a",
    "cycle_b",
    "real_score",
    "fake_score_before",
    "fake_score_after",
    "real_accuracy",
    "fake_accuracy",
    "generator_gradient_norm",
    "discriminator_gradient_norm",
    "learning_rate",
)
_SCALARS_OF_IDENTITY = ("loss_identity", "identity_a", "identity_b")


def scalars(config: schema.Config) -> tuple[str, ...]:
    """Returns the names of what `update` returns under a config."""
    return (
        _SCALARS
        + _SCALARS_OF_IDENTITY * (config.lambda_identity > 0)
        + updates.penalty_names(config)
    )


def update(
    state: cyclegan_state.CycleGanState,
    config: schema.Config,
    images_a: tf.Tensor,
    images_b: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Does one step: both generators are updated together, then both Ds.

    The buffers exchange some of the new generated images for earlier ones; the
    discriminators learn from what comes out. A generator's translations and
    identity mappings are one forward pass: instance normalisation keeps the
    images of a batch apart.

    Args:
        state: changed in place, its step included.
        config: the loss, its labels and weights, what changes the images
            that D sees, the penalties on D, and the seed.
        images_a: [batch, height, width, channels] float32 in [-1, 1], real
            images of A.
        images_b: the same shape, dtype and range, real images of B.

    Returns:
        Scalars float32, by the names of `scalars(config)`.

        * `loss_g`: what both generators minimise: `loss_adversarial` +
          lambda_cycle (`loss_cycle` + lambda_identity `loss_identity`).
          Each of the three is a sum over both directions, whose parts are
          logged too: `adversarial_a_to_b` is the adversarial loss of the
          generator from A to B, `cycle_a` compares A with A(B(A)),
          `identity_b` compares B with B(B). Without lambda_identity there is
          no identity loss.
        * `loss_d`: the mean of `discriminator_a` and `discriminator_b`, each
          the mean of D's losses on real and on generated images, plus its
          penalties, of which nothing is halved. The two Ds share no weight, so
          one sum minimises the loss of each. `r1_penalty`, `r2_penalty` and
          `consistency`: the part of each that is used, a mean over both Ds.
        * `real_score`, `fake_score_before`: mean output of both Ds (under
          cross-entropy sigmoid(D)) for real images and for the images from
          the buffers, before D's update; `fake_score_after`: for the new
          translations, at G's update. `real_accuracy`, `fake_accuracy`:
          share of the real and of the buffers' patches that D takes for what
          they are, before D's update.
        * `generator_gradient_norm`, `discriminator_gradient_norm`: length of
          the whole gradient of both networks; `learning_rate`: Adam's for the
          generators in this step.

    Source: Zhu et al. 2017, sections 3 and 4 (arXiv:1703.10593); order of
        the updates and identity loss as in its authors' program.
    """
    step = state.step.value()
    loss = losses.LOSSES[config.loss]
    pair = (images_a, images_b)
    judges = [
        updates.Judge(discriminator, config, step, stream=stream)
        for stream, discriminator in enumerate(state.discriminators)
    ]
    fakes, measured = _update_generators(state, config, loss, pair, judges)
    buffered = [
        image_buffer.exchange(
            buffer, fake, seed=config.seed, step=step, stream=stream
        )
        for stream, (buffer, fake) in enumerate(
            zip((state.buffer_a, state.buffer_b), fakes, strict=True)
        )
    ]
    measured |= _update_discriminators(
        state, config, loss, pair, buffered, judges
    )
    for averaged, generator in zip(
        state.averaged_generators, state.generators, strict=True
    ):
        states.update_average(
            averaged, generator, ema_decay=config.ema_decay, step=step
        )
    state.step.assign_add(1)
    return measured


def _update_generators(state, config, loss, pair, judges):
    """Updates both generators on one batch of each set.

    Returns:
        (fakes, measured): the new images of A and of B, and the scalars.
    """
    variables = cyclegan_state.trainable(state.generators)
    optimizer = state.generator_optimizer
    # D's own gradients are not computed.
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([variable.value for variable in variables])
        fake_b, same_b = _translate(state.generator_a_to_b, *pair, config)
        fake_a, same_a = _translate(
            state.generator_b_to_a, *reversed(pair), config
        )
        fakes = (fake_a, fake_b)
        cycled = (
            state.generator_b_to_a(fake_b, training=True),
            state.generator_a_to_b(fake_a, training=True),
        )
        fake_outputs = [
            judge(fake, None, updates.View.GENERATED)
            for judge, fake in zip(judges, fakes, strict=True)
        ]
        # Each of these lists begins with A: D of A, the cycle from A and back,
        # the identity mapping of A.
        adversarial = [
            cyclegan_losses.adversarial_loss(loss, outputs)
            for outputs in fake_outputs
        ]
        cycle = [
            cyclegan_losses.cycle_consistency_loss(images, back)
            for images, back in zip(pair, cycled, strict=True)
        ]
        identity = [
            cyclegan_losses.identity_loss(images, same)
            for images, same in zip(pair, (same_a, same_b), strict=True)
            if same is not None
        ]
        value = cyclegan_losses.generator_loss(
            adversarial=adversarial,
            cycle=cycle,
            identity=identity,
            lambda_cycle=config.lambda_cycle,
            lambda_identity=config.lambda_identity,
        )
        scaled_value = optimizer.scale_loss(value)
    gradients = replicas.mean(
        tape.gradient(scaled_value, [variable.value for variable in variables])
    )
    norm = updates.gradient_norm(gradients, optimizer)
    learning_rate = tf.identity(optimizer.learning_rate)
    optimizer.apply(gradients, variables)
    measured = {
        "loss_g": value,
        "loss_adversarial": sum(adversarial),
        "adversarial_b_to_a": adversarial[0],
        "adversarial_a_to_b": adversarial[1],
        "loss_cycle": sum(cycle),
        "cycle_a": cycle[0],
        "cycle_b": cycle[1],
        "fake_score_after": _mean(loss.score, *fake_outputs),
        "generator_gradient_norm": norm,
        "learning_rate": learning_rate,
    }
    if identity:
        measured["loss_identity"] = sum(identity)
        measured["identity_a"], measured["identity_b"] = identity
    return fakes, measured


def _update_discriminators(state, config, loss, reals, fakes, judges):
    """Updates each discriminator on its real and its buffered images."""
    variables = cyclegan_state.trainable(state.discriminators)
    optimizer = state.discriminator_optimizer
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([variable.value for variable in variables])
        values, real_outputs, fake_outputs, penalties = zip(
            *(
                _discriminator_loss(judge, config, loss, real, fake)
                for judge, real, fake in zip(judges, reals, fakes, strict=True)
            ),
            strict=True,
        )
        scaled_value = optimizer.scale_loss(values[0] + values[1])
    gradients = replicas.mean(
        tape.gradient(scaled_value, [variable.value for variable in variables])
    )
    norm = updates.gradient_norm(gradients, optimizer)
    optimizer.apply(gradients, variables)
    accuracy = functools.partial(loss.accuracy, mean_label=config.mean_label)
    return {
        "discriminator_a": values[0],
        "discriminator_b": values[1],
        "loss_d": 0.5 * (values[0] + values[1]),
        "real_score": _mean(loss.score, *real_outputs),
        "fake_score_before": _mean(loss.score, *fake_outputs),
        "real_accuracy": _mean(
            functools.partial(accuracy, real=True), *real_outputs
        ),
        "fake_accuracy": _mean(
            functools.partial(accuracy, real=False), *fake_outputs
        ),
        "discriminator_gradient_norm": norm,
        **{
            name: 0.5 * (penalties[0][name] + penalties[1][name])
            for name in penalties[0]
        },
    }


def _discriminator_loss(judge, config, loss, images, fake_images):
    """Computes what one discriminator minimises.

    Returns:
        (value, outputs on real images, outputs on generated ones, the
        penalties in the value by name).
    """
    real_outputs, penalties = judge.with_penalties(
        images, None, updates.View.REAL
    )
    fake_outputs, more_penalties = judge.with_penalties(
        fake_images, None, updates.View.FAKE
    )
    penalties = updates.added(penalties, more_penalties)
    value = cyclegan_losses.discriminator_loss(
        loss,
        real_outputs=real_outputs,
        fake_outputs=fake_outputs,
        real_label=config.real_label,
        fake_label=config.fake_label,
    )
    return (
        updates.total(value, penalties),
        real_outputs,
        fake_outputs,
        penalties,
    )


def _translate(generator, images, images_of_target, config):
    """Passes images of both sets through a generator in one forward pass.

    Args:
        generator: from one set to its target.
        images: [batch, height, width, channels], to be translated.
        images_of_target: the same shape, images of the target already.
        config: its `lambda_identity`.

    Returns:
        (translations, identity mappings); without an identity loss the
        mappings are None.
    """
    if config.lambda_identity == 0:
        return generator(images, training=True), None
    both = tf.concat([images, images_of_target], axis=0)
    return tf.split(generator(both, training=True), 2)


def _mean(measure, one: tf.Tensor, other: tf.Tensor) -> tf.Tensor:
    return 0.5 * (measure(one) + measure(other))
