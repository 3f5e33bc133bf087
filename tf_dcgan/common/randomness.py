"""Randomness as a function of (seed, purpose, position), never a state.

Every random number of a run can be computed again from its config and the
number of the step, so a checkpoint needs no generator's state and a resumed
run continues bit for bit. Batch order follows the same rule in
`tf_dcgan.data.batches`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
import enum
import math

import tensorflow as tf

# The same bits on every device, also where XLA would choose another one.
_ALGORITHM = "philox"


@enum.unique
class Purpose(enum.IntEnum):
    """What random numbers are for; each has a stream of its own.

    The values are part of what a seed means: never renumber them.
    """

    TRAINING_LATENTS = 1
    SEED_GENERATORS = 2
    SAMPLE_LATENTS = 3
    GENERATOR_WEIGHTS = 4
    DISCRIMINATOR_WEIGHTS = 5
    PENALTY_INTERPOLATION = 6
    SPECTRAL_VECTORS = 7
    HORIZONTAL_FLIPS = 8
    EVALUATION_LATENTS = 9
    NEIGHBOUR_OFFSETS = 10
    GENERATOR_B_WEIGHTS = 11
    DISCRIMINATOR_B_WEIGHTS = 12
    RANDOM_CROPS = 13
    IMAGE_BUFFER = 14
    AUGMENTATION = 15
    CONSISTENCY = 16


def _key(seed, purpose: Purpose, stream: int = 0) -> tf.Tensor:
    """Packs a seed below 2^31, a purpose and a stream below 2^20 in 63 bits."""
    return tf.cast(seed, tf.int64) + (int(purpose) << 51) + (stream << 31)


def _bits(shape: Sequence[int], key: tf.Tensor, position) -> tf.Tensor:
    """Draws int32 of all values, from which this module makes all floats.

    TensorFlow and XLA make floats of the same bits in different ways, and so
    would draw other numbers from the same seed.

    Args:
        shape: the result's shape.
        key: what `_key` returns.
        position: scalar integer, the place in the key's stream.
    """
    return tf.random.stateless_uniform(
        shape,
        seed=tf.stack([key, tf.cast(position, tf.int64)]),
        minval=None,
        maxval=None,
        dtype=tf.int32,
        alg=_ALGORITHM,
    )


def _uniform(bits: tf.Tensor) -> tf.Tensor:
    """Makes float32, uniform in [0, 1), from the low 23 bits of each int32."""
    return tf.cast(bits & 0x7FFFFF, tf.float32) * 2.0**-23


def _normal(bits: tf.Tensor) -> tf.Tensor:
    """Makes float32, standard normal, from each pair in the last axis.

    Computes in double precision, where devices and compilers differ by less
    than float32 can hold.

    Args:
        bits: [..., n] int32, n even.

    Returns:
        [..., n] float32.

    Source: Box and Muller, "A Note on the Generation of Random Normal
        Deviates", 1958.
    """
    uniform = tf.cast(_uniform(bits), tf.float64)
    radius = tf.sqrt(-2 * tf.math.log(tf.maximum(uniform[..., ::2], 1e-7)))
    angle = 2 * math.pi * uniform[..., 1::2]
    pairs = tf.stack([radius * tf.sin(angle), radius * tf.cos(angle)], -1)
    return tf.cast(tf.reshape(pairs, tf.shape(bits)), tf.float32)


def training_latents(
    seed: int, step: tf.Tensor, *, batch_size: int, latent_dim: int, draw: int
) -> tf.Tensor:
    """Draws the latent vectors of one training step.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        batch_size: images in the global batch.
        latent_dim: length of a latent vector.
        draw: which of the step's draws, 0 for the discriminator's.

    Returns:
        [batch_size, latent_dim] float32, standard normal.
    """
    key = _key(seed, Purpose.TRAINING_LATENTS, draw)
    count = batch_size * latent_dim
    bits = _bits([count + count % 2], key, step)
    return tf.reshape(_normal(bits)[:count], [batch_size, latent_dim])


def interpolation_weights(
    seed: int, step: tf.Tensor, *, batch_size: int
) -> tf.Tensor:
    """Draws where on its line each interpolated image of a step lies.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        batch_size: images in the global batch.

    Returns:
        [batch_size, 1, 1, 1] float32, uniform in [0, 1).
    """
    key = _key(seed, Purpose.PENALTY_INTERPOLATION)
    return _uniform(_bits([batch_size, 1, 1, 1], key, step))


def sample_latents(
    seed: tf.Tensor | int,
    indices: tf.Tensor,
    *,
    latent_dim: int,
    purpose: Purpose = Purpose.SAMPLE_LATENTS,
) -> tf.Tensor:
    """Draws latent vectors that depend on the seed and their own index alone.

    Image 7 of a seed is the same whether 8 or 8,000 are made, in whatever
    batches.

    Args:
        seed: scalar integer, below 2^31.
        indices: [n] integer, at least 0.
        latent_dim: length of a latent vector.
        purpose: what the images are for.

    Returns:
        [n, latent_dim] float32, standard normal.
    """
    key = _key(seed, purpose)
    count = latent_dim + latent_dim % 2
    bits = tf.map_fn(
        lambda index: _bits([count], key, index),
        tf.cast(indices, tf.int64),
        fn_output_signature=tf.TensorSpec([count], tf.int32),
    )
    return _normal(bits)[:, :latent_dim]


def horizontal_flips(
    seed: int, step: tf.Tensor, *, batch_size: int, stream: int = 0
) -> tf.Tensor:
    """Draws which real images of one training step are mirrored.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        batch_size: images in the global batch.
        stream: which of several sets of images.

    Returns:
        [batch_size] bool, each true with probability 1/2.
    """
    key = _key(seed, Purpose.HORIZONTAL_FLIPS, stream)
    bits = _bits([batch_size], key, step)
    return bits < 0  # The sign is one fair bit.


def crop_offsets(
    seed: int,
    step: tf.Tensor,
    *,
    batch_size: int,
    slack: tuple[int, int],
    stream: int = 0,
) -> tf.Tensor:
    """Draws where the real images of one training step are cut out.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        batch_size: images in the global batch.
        slack: (height, width), pixels that are left over in each direction.
        stream: which of several sets of images.

    Returns:
        [batch_size, 2] int32, (top, left) of each, uniform from 0 to the
        slack, both included.
    """
    key = _key(seed, Purpose.RANDOM_CROPS, stream)
    uniform = _uniform(_bits([batch_size, 2], key, step))
    # A product with a float32 just below 1 could be rounded up.
    places = tf.constant(slack, tf.float32) + 1.0
    return tf.cast(tf.minimum(tf.floor(uniform * places), slack), tf.int32)


def view_uniforms(
    seed: int,
    step: tf.Tensor,
    *,
    purpose: Purpose,
    view: int,
    shape: tuple[int, int],
) -> tf.Tensor:
    """Draws how D sees the images of one step.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        purpose: what the numbers are for.
        view: which of the step's batches of images.
        shape: (images in the global batch, numbers of each image).

    Returns:
        Of this shape, float32, uniform in [0, 1).
    """
    return _uniform(_bits(shape, _key(seed, purpose, view), step))


def buffer_draws(
    seed: int, step: tf.Tensor, *, batch_size: int, size: int, stream: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws what a buffer of earlier images does with the images of one step.

    Args:
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
        batch_size: images in the global batch.
        size: how many images the buffer holds.
        stream: which of several buffers.

    Returns:
        (exchanged, places): [batch_size] bool, each true with probability
        1/2, and [batch_size] int32, uniform in [0, size).
    """
    key = _key(seed, Purpose.IMAGE_BUFFER, stream)
    uniform = _uniform(_bits([batch_size, 2], key, step))
    places = tf.cast(uniform[:, 1] * size, tf.int32)
    return uniform[:, 0] < 0.5, tf.minimum(places, size - 1)


def neighbour_offsets(
    seed: int, *, count: int, latent_dim: int, scale: float
) -> tf.Tensor:
    """Draws what is added to a latent vector to get others near it.

    Args:
        seed: below 2^31.
        count: how many offsets.
        latent_dim: length of a latent vector.
        scale: the largest offset per number, at least 0.

    Returns:
        [count, latent_dim] float32, uniform in [-scale, scale).
    """
    key = _key(seed, Purpose.NEIGHBOUR_OFFSETS)
    uniform = _uniform(_bits([count, latent_dim], key, 0))
    return scale * (2 * uniform - 1)


def set_seed_generators(
    states: Iterable[tf.Variable], seed: int, step: tf.Tensor
) -> None:
    """Makes Keras's random layers, such as dropout, functions of the step.

    Each such layer holds a `SeedGenerator`, which counts its calls in a
    variable that checkpoints do not save. Where this function sets the
    variables before a step's first call, the masks follow from (seed, step)
    alone, and differ between the calls within the step.

    Args:
        states: the generators' integer [2] variables.
        seed: the run's seed, below 2^31.
        step: scalar integer, number of the step.
    """
    for position, state in enumerate(states):
        key = _key(seed, Purpose.SEED_GENERATORS, position)
        state.assign(
            tf.cast(
                tf.random.stateless_uniform(
                    [2],
                    seed=tf.stack([key, tf.cast(step, tf.int64)]),
                    minval=0,
                    maxval=2**31 - 1,
                    dtype=tf.int32,
                    alg=_ALGORITHM,
                ),
                state.dtype,
            )
        )


class WeightStream(enum.IntEnum):
    """Which weights of a network an initialiser is for.

    The values are part of what a seed means: never renumber them.
    """

    KERNELS = 0
    SCALES = 1
    BIASES = 2
    CLASS_VECTORS = 3


def weight_seeds(
    seed: int,
    purpose: Purpose,
    stream: WeightStream = WeightStream.KERNELS,
) -> Iterator[int]:
    """Yields an initialiser's seed for one layer after the other.

    Args:
        seed: the run's seed, below 2^31.
        purpose: which network.
        stream: which of its weights.

    Yields:
        Integers below 2^31.
    """
    position = 0
    while True:
        bits = tf.random.stateless_uniform(
            [],
            seed=tf.stack(
                [_key(seed, purpose, stream), tf.constant(position, tf.int64)]
            ),
            minval=0,
            maxval=2**31 - 1,
            dtype=tf.int32,
            alg=_ALGORITHM,
        )
        yield int(bits)
        position += 1
