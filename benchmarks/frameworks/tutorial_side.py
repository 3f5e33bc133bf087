"""A third side of `frameworks`: the step as TensorFlow's DCGAN tutorial has it.

    python -m benchmarks.frameworks.tutorial_side FOLDER

FOLDER is what `torch_side` reads too. It prints a JSON list of images per
second of each interval.

An eager Python loop over a `tf.data` set calls one `tf.function` a step, with
gradient tapes, Keras's Adam and random numbers of `tf.random`. The networks
and the schedule are those of the recipe, or the speeds would not compare; there
is no buffer of images, no average of weights and no log.

Source: https://www.tensorflow.org/tutorials/generative/dcgan (its training
    loop), and .../cyclegan for the recipe of that name.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
from unittest import mock


def main(folder: str) -> None:
    """Trains for the steps of the job.

    Args:
        folder: of `job.json` and the images.
    """
    import keras
    import numpy as np
    import tensorflow as tf

    from tf_dcgan.config import schema
    from tf_dcgan.models import families

    folder = pathlib.Path(folder)
    job = json.loads((folder / "job.json").read_text())
    config = schema.from_json(job["config"])
    keras.config.set_dtype_policy(config.precision)
    image_sets = [np.load(path) for path in sorted(folder.glob("images_*.npy"))]
    shape = image_sets[0].shape[1:]
    # The tutorial has Keras's own layers.
    with mock.patch.object(
        families.fast_layers, "for_training", lambda model, **_: model
    ):
        networks = (
            families.generators(config, shape),
            families.discriminators(config, shape),
        )
    train_step = _train_step(config, *networks)

    def to_float(*batches):
        return [tf.cast(each, tf.float32) / 127.5 - 1.0 for each in batches]

    data = (
        tf.data.Dataset.from_tensor_slices(tuple(image_sets))
        .shuffle(len(image_sets[0]))
        .batch(config.batch_size, drop_remainder=True)
        .map(to_float)
        .repeat()
        .prefetch(2)
    )
    batches = iter(data)
    speeds = []
    for _ in range(job["intervals"]):
        began = time.perf_counter()
        for _ in range(job["interval"]):
            losses = train_step(*next(batches))
        losses[0].numpy()  # Waits for the last step.
        seconds = time.perf_counter() - began
        speeds.append(job["interval"] * config.batch_size / seconds)
    print(json.dumps(speeds), flush=True)


def _train_step(config, generators, discriminators):
    """Returns a compiled function from batches of images to the losses."""
    import tensorflow as tf

    step = _translation if config.translates else _generation
    optimizers = [
        _adam(networks, rate, config)
        for networks, rate in (
            (generators, config.generator_learning_rate),
            (discriminators, config.discriminator_learning_rate),
        )
    ]
    return tf.function(step(config, generators, discriminators, optimizers))


def _adam(networks, rate, config):
    """Returns an Adam that is ready for all weights of some networks."""
    import keras

    optimizer = keras.optimizers.Adam(rate, beta_1=config.beta_1)
    optimizer.build(_weights(networks))
    return optimizer


def _weights(networks):
    return [v for network in networks for v in network.trainable_variables]


def _generation(config, generators, discriminators, optimizers):
    import tensorflow as tf

    from tf_dcgan.gan import losses

    (generator,), (discriminator,) = generators, discriminators
    optimizer_g, optimizer_d = optimizers
    loss = losses.LOSSES[config.loss]
    weight = 0.5 if config.discriminator_loss == "mean" else 1.0
    is_shared = config.generator_latents == "shared"

    def noise():
        return tf.random.normal([config.batch_size, config.latent_dim])

    def update_discriminator(*halves):
        with tf.GradientTape() as tape:
            value = 0.0
            for images, label in halves:
                outputs = discriminator(images, training=True)
                value += weight * loss.discriminator(outputs, label)
        _apply(tape, value, [discriminator], optimizer_d)
        return value

    def train_step(images):
        latents = noise()
        with tf.GradientTape() as tape:
            fake = generator(latents, training=True)
        halves = ((fake, config.fake_label), (images, config.real_label))
        if config.discriminator_updates == "joint":
            loss_d = update_discriminator(*halves)
        else:
            loss_d = sum(update_discriminator(half) for half in halves)
        for number in range(config.generator_updates):
            if not is_shared:
                latents = noise()
            if number > 0 or not is_shared:
                with tf.GradientTape() as tape:
                    fake = generator(latents, training=True)
            with tape:
                loss_g = loss.generator(discriminator(fake, training=True))
            _apply(tape, loss_g, [generator], optimizer_g)
        return loss_g, loss_d

    return train_step


def _translation(config, generators, discriminators, optimizers):
    import tensorflow as tf

    from tf_dcgan.gan import cyclegan_losses, losses

    a_to_b, b_to_a = generators
    optimizer_g, optimizer_d = optimizers
    loss = losses.LOSSES[config.loss]

    def train_step(a, b):
        with tf.GradientTape() as tape:
            fakes = b_to_a(b, training=True), a_to_b(a, training=True)
            cycled = (
                b_to_a(fakes[1], training=True),
                a_to_b(fakes[0], training=True),
            )
            identity = []
            if config.lambda_identity:
                same = b_to_a(a, training=True), a_to_b(b, training=True)
                identity = [
                    cyclegan_losses.identity_loss(*each)
                    for each in zip((a, b), same, strict=True)
                ]
            loss_g = cyclegan_losses.generator_loss(
                adversarial=[
                    loss.generator(discriminator(fake, training=True))
                    for discriminator, fake in zip(
                        discriminators, fakes, strict=True
                    )
                ],
                cycle=[
                    cyclegan_losses.cycle_consistency_loss(*each)
                    for each in zip((a, b), cycled, strict=True)
                ],
                identity=identity,
                lambda_cycle=config.lambda_cycle,
                lambda_identity=config.lambda_identity,
            )
        _apply(tape, loss_g, generators, optimizer_g)
        with tf.GradientTape() as tape:
            loss_d = sum(
                cyclegan_losses.discriminator_loss(
                    loss,
                    real_outputs=discriminator(real, training=True),
                    fake_outputs=discriminator(fake, training=True),
                    real_label=config.real_label,
                    fake_label=config.fake_label,
                )
                for discriminator, real, fake in zip(
                    discriminators, (a, b), fakes, strict=True
                )
            )
        _apply(tape, loss_d, discriminators, optimizer_d)
        return loss_g, loss_d

    return train_step


def _apply(tape, value, networks, optimizer) -> None:
    weights = _weights(networks)
    gradients = tape.gradient(value, [v.value for v in weights])
    optimizer.apply_gradients(zip(gradients, weights, strict=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
