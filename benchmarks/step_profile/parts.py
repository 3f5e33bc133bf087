"""Cuts a training step into parts that can be timed one by one.

Each part is a call into TensorFlow that does what the step does there, on the
same networks and on a batch of the same size. A pass back cannot be done alone:
its time is the time of a pass forth and back less the time of the pass forth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import statistics
import time
from typing import Any

import keras
import tensorflow as tf

from tf_dcgan.common import images as images_module
from tf_dcgan.common import randomness
from tf_dcgan.config import schema
from tf_dcgan.data import augmentation
from tf_dcgan.gan import image_buffer, states, updates
from tf_dcgan.training import kinds

# A call of a part takes at least this long in each round.
_SECONDS_PER_ROUND = 0.2
_Call = Callable[[], Any]


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of a step.

    Attributes:
        name: in words.
        times: how often the step does it.
        call: does it once.
        less: does what `call` does too many; None where that is nothing.
    """

    name: str
    times: int
    call: _Call
    less: _Call | None = None


def of_step(
    state: states.State,
    config: schema.Config,
    uint8_images: Sequence[tf.Tensor],
    image_shape: tuple[int, int, int],
) -> list[Part]:
    """Returns the parts of a step in their order.

    Args:
        state: of the training; calls of parts change its weights.
        config: of the training, without classes.
        uint8_images: a batch of each training set, [batch, height, width,
            channels] uint8, before crops.
        image_shape: (height, width, channels) of the networks.
    """
    prepare = _prepared(config, uint8_images, image_shape)
    parts = [Part("images to float, crops, flips", 1, prepare)]
    make = _of_translation if config.translates else _of_generation
    parts += make(state, config, prepare())
    return parts


def seconds(parts: Sequence[Part], rounds: int) -> list[float]:
    """Times the parts, one after the other and this several times.

    Args:
        parts: of a step.
        rounds: how often, at least 1.

    Returns:
        What each part takes of a step, median of the rounds; below 0 where a
        pass back is too fast for the noise of this machine.
    """
    for part in parts:
        for call in (part.call, part.less):
            if call is not None:
                call()  # Traces.
    measured: list[list[float]] = [[] for _ in parts]
    for _ in range(rounds):
        for part, values in zip(parts, measured, strict=True):
            value = once(part.call)
            if part.less is not None:
                value -= once(part.less)
            values.append(part.times * value)
    return [statistics.median(values) for values in measured]


def once(call: _Call) -> float:
    """Returns the seconds of a call, the mean over a fifth of a second."""
    calls, started = 0, time.perf_counter()
    while True:
        call()
        calls += 1
        passed = time.perf_counter() - started
        if passed > _SECONDS_PER_ROUND:
            return passed / calls


def _prepared(config, uint8_images, image_shape) -> _Call:
    *size, channels = image_shape
    content_box = (0, 0, *size)

    @tf.function(autograph=False)
    def prepare():
        prepared = []
        for stream, batch in enumerate(uint8_images):
            step = tf.zeros([], tf.int64)
            if config.translates:
                batch = augmentation.random_crop(
                    batch,
                    tuple(size),
                    seed=config.seed,
                    step=step,
                    stream=stream,
                )
            batch = augmentation.augment(
                batch,
                config,
                step=step,
                content_box=content_box,
                stream=stream,
            )
            if config.translates:
                batch = images_module.to_channels(batch, channels)
            prepared.append(images_module.to_float(batch))
        return prepared

    return prepare


def _of_generation(state, config, real_images) -> Iterator[Part]:
    generator, discriminator = state.generator, state.discriminator
    (real,) = real_images

    @tf.function(autograph=False)
    def draw():
        return randomness.training_latents(
            config.seed,
            state.step.value(),
            batch_size=config.batch_size,
            latent_dim=config.latent_dim,
            draw=0,
        )

    latents = draw()
    fake = generator(latents, training=True)
    updates_of_g = config.generator_updates
    more_draws = updates_of_g * (config.generator_latents == "new")
    passes = kinds.of(config).passes(config)
    yield Part("latents", 1 + more_draws, draw)
    yield from _passes(
        "G",
        [(generator, latents)],
        # A pass back counts two in the step's cost, an update has one.
        forward=passes.generator - 2 * updates_of_g,
        backward=updates_of_g,
    )
    for name, batch in (("generated", fake), ("real", real)):
        yield from _passes(f"D on {name}", [(discriminator, batch)])
    yield from _passes(
        "D for G",
        [(discriminator, fake)],
        forward=updates_of_g,
        backward=updates_of_g,
        to_inputs=True,
    )
    separate = config.discriminator_updates == "separate"
    yield from _updates(
        "D",
        [discriminator],
        state.discriminator_optimizer,
        times=2 if separate else 1,
    )
    yield from _updates(
        "G", [generator], state.generator_optimizer, times=updates_of_g
    )
    yield from _averages([(state.averaged_generator, generator)], config)


def _of_translation(state, config, real_images) -> Iterator[Part]:
    a, b = real_images
    a_to_b, b_to_a = state.generators
    # An identity mapping goes through the network with the translation.
    both = tf.concat([a, b], axis=0) if config.lambda_identity else None
    translated = [
        (a_to_b, a if both is None else both),
        (b_to_a, b if both is None else both),
    ]
    yield from _passes("G there and identity", translated)
    fakes = b_to_a(b, training=True), a_to_b(a, training=True)
    yield from _passes("G back", [(b_to_a, fakes[1]), (a_to_b, fakes[0])])
    yield from _passes(
        "D for G",
        [*zip(state.discriminators, fakes, strict=True)],
        to_inputs=True,
    )
    for name, batches in (("generated", fakes), ("real", real_images)):
        yield from _passes(
            f"D on {name}", [*zip(state.discriminators, batches, strict=True)]
        )

    @tf.function(autograph=False)
    def exchange():
        return [
            image_buffer.exchange(
                buffer,
                batch,
                seed=config.seed,
                step=state.step.value(),
                stream=stream,
            )
            for stream, (buffer, batch) in enumerate(
                zip((state.buffer_a, state.buffer_b), fakes, strict=True)
            )
        ]

    yield Part("buffers of images", 1, exchange)
    yield from _updates(
        "D", state.discriminators, state.discriminator_optimizer, times=1
    )
    yield from _updates(
        "G", state.generators, state.generator_optimizer, times=1
    )
    yield from _averages(
        [*zip(state.averaged_generators, state.generators, strict=True)], config
    )


def _passes(
    name: str,
    calls: Sequence[tuple[keras.Model, tf.Tensor]],
    *,
    forward: int = 1,
    backward: int = 1,
    to_inputs: bool = False,
) -> Iterator[Part]:
    """Yields a pass forth and a pass back.

    Args:
        name: of the networks, and on what.
        calls: the networks, each with its batch.
        forward: passes forth in a step.
        backward: passes back in a step.
        to_inputs: whether gradients go to the batches alone, not the weights.
    """
    sources = [
        [batch]
        if to_inputs
        else [variable.value for variable in network.trainable_variables]
        for network, batch in calls
    ]

    @tf.function(autograph=False)
    def forth():
        return [network(batch, training=True) for network, batch in calls]

    @tf.function(autograph=False)
    def forth_and_back():
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            outputs = [
                network(batch, training=True) for network, batch in calls
            ]
        return tape.gradient(outputs, sources)

    yield Part(f"{name}: forward", forward, forth)
    yield Part(f"{name}: backward", backward, forth_and_back, forth)


def _updates(name, networks, optimizer, *, times) -> Iterator[Part]:
    """Yields what follows the gradients: their length, and the optimizer."""
    variables = [v for each in networks for v in each.trainable_variables]
    gradients = [tf.fill(v.shape, 1e-3) for v in variables]

    @tf.function(autograph=False)
    def norm():
        return updates.gradient_norm(gradients, optimizer)

    @tf.function(autograph=False)
    def apply():
        optimizer.apply(gradients, variables)

    yield Part(f"length of {name}'s gradient", times, norm)
    yield Part(f"optimizer of {name}", times, apply)


def _averages(pairs, config) -> Iterator[Part]:
    @tf.function(autograph=False)
    def average():
        for averaged, generator in pairs:
            states.update_average(
                averaged,
                generator,
                ema_decay=config.ema_decay,
                step=tf.zeros([], tf.int64),
            )

    yield Part("average of G's weights", 1, average)
