"""How the classifier of a labelled set is trained.

By stochastic gradient descent with momentum under a one-cycle learning rate,
on images that are moved a little. Every random number is a function of the
seed and the step, as in a run's own training.
"""

from __future__ import annotations

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import terminal
from tf_dcgan.data import batches

# Keeps this use of the seed apart from every other.
_PURPOSE = 0xA06
_MOMENTUM = 0.9
_WARM_UP = 0.2  # Part of the steps in which the learning rate rises.
_TEST_BATCH = 500


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a classifier is built and trained.

    Attributes:
        width: channels of its first convolution.
        epochs: passes over the training split.
        flips: whether half of the images are mirrored left to right.
        shift: pixels that images are moved by at most, on each axis.
        batch_size: images per step, or the whole split if it has fewer.
        learning_rate: its peak.
        weight_decay: part of the weights that a step takes away, as a
            multiple of the learning rate; biases and scales keep theirs.
        seed: of weights, order and augmentation.
    """

    width: int
    epochs: int
    flips: bool = False
    shift: int = 2
    batch_size: int = 128
    learning_rate: float = 0.1
    weight_decay: float = 0.005
    seed: int = 0


# Those sets that need other settings than their number of channels suggests.
_SETTINGS = {"cifar10": Settings(width=32, epochs=8, flips=True, shift=3)}
_GREY_SETTINGS = Settings(width=16, epochs=3)
_COLOUR_SETTINGS = Settings(width=32, epochs=8)


def settings_for(name: str, image_shape: tuple[int, int, int]) -> Settings:
    """Chooses how the classifier of a set is trained.

    Args:
        name: the set's name.
        image_shape: (height, width, channels).

    Returns:
        The settings. Only where it is known to do no harm are images
        flipped: a mirrored digit is another one or none.
    """
    grey = image_shape[2] == 1
    return _SETTINGS.get(name, _GREY_SETTINGS if grey else _COLOUR_SETTINGS)


def train(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    settings: Settings,
    title: str = "",
) -> None:
    """Trains a classifier.

    The same network, images and settings give the same weights to the bit
    on the same machine with the same number of threads; on a GPU only with
    TensorFlow's op determinism.

    Args:
        model: as `model.build` returns it; changed in place.
        images: [n, height, width, channels] uint8, may be a memory map.
        labels: [n] integers in [0, classes).
        settings: how.
        title: begins the progress bar; without it nothing is shown.

    Source: one cycle: Smith & Topin 2018 (arXiv:1708.07120), here a linear
        rise and a cosine's fall; decoupled weight decay: Loshchilov & Hutter
        2019 (arXiv:1711.05101).
    """
    batch_size = min(settings.batch_size, len(images))
    num_steps = settings.epochs * (len(images) // batch_size)
    step_function = _step_function(model, settings, num_steps)
    with terminal.Progress(title, num_steps, "steps") as progress:
        for step in range(num_steps):
            indices = batches.batch_indices(
                step,
                1,
                batch_size=batch_size,
                num_images=len(images),
                seed=settings.seed,
            )
            loss = step_function(
                batches.gather(images, indices)[0],
                labels[indices[0]],
                tf.constant(step, tf.int64),
            )
            progress.update(more=functools.partial(_in_words, loss))


def accuracy(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> float:
    """Measures the share of images whose largest logit is their label's.

    Args:
        model: from images in [0, 255] to a dictionary with `logits`.
        images: [n, height, width, channels] uint8, n at least 1.
        labels: [n] integers.

    Returns:
        Between 0 and 1.
    """
    compute = tf.function(
        lambda batch: model(batch, training=False)["logits"],
        input_signature=[tf.TensorSpec(model.input.shape, tf.float32)],
        autograph=False,
    )
    right = 0
    for start in range(0, len(images), _TEST_BATCH):
        chosen = slice(start, start + _TEST_BATCH)
        logits = compute(tf.cast(images[chosen], tf.float32)).numpy()
        right += np.count_nonzero(logits.argmax(axis=1) == labels[chosen])
    return right / len(images)


def augment(
    uint8_images: tf.Tensor, step: tf.Tensor, *, settings: Settings
) -> tf.Tensor:
    """Moves every image by a few pixels, and mirrors half of them if wanted.

    What moves in is the image's own border, reflected.

    Args:
        uint8_images: [n, height, width, channels] uint8.
        step: scalar int64, which with the seed determines all.
        settings: `shift`, `flips` and `seed` are used.

    Returns:
        The same shape and dtype.
    """
    count, height, width, _ = uint8_images.shape
    shift = settings.shift
    key = tf.constant((_PURPOSE << 32) + settings.seed, tf.int64)
    chance = tf.random.stateless_uniform(
        [count, 3], seed=tf.stack([key, step]), alg="philox"
    )
    offsets = tf.cast(chance[:, :2] * (2 * shift + 1), tf.int32)
    rows = offsets[:, :1] + tf.range(height)  # [n, height]
    columns = offsets[:, 1:] + tf.range(width)  # [n, width]
    if settings.flips:
        mirrored = chance[:, 2:] < 0.5
        columns = tf.where(mirrored, columns[:, ::-1], columns)
    margin = [shift, shift]
    padded = tf.pad(
        uint8_images, [[0, 0], margin, margin, [0, 0]], mode="REFLECT"
    )
    moved = tf.gather(padded, rows, axis=1, batch_dims=1)
    return tf.gather(moved, columns, axis=2, batch_dims=1)


def _step_function(model, settings, num_steps):
    """Returns (uint8 images, labels, step) → loss, which does one update."""
    warm_up = int(_WARM_UP * num_steps)
    optimizer = keras.optimizers.SGD(
        keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, num_steps - warm_up),
            warmup_target=settings.learning_rate,
            warmup_steps=warm_up,
        ),
        momentum=_MOMENTUM,
        nesterov=True,
        weight_decay=settings.weight_decay,
    )
    variables = model.trainable_variables
    optimizer.exclude_from_weight_decay(
        [variable for variable in variables if len(variable.shape) == 1]
    )
    optimizer.build(variables)

    @tf.function(reduce_retracing=True, autograph=False)
    def step_function(uint8_images, labels, step):
        images = augment(uint8_images, step, settings=settings)
        with tf.GradientTape() as tape:
            logits = model(tf.cast(images, tf.float32), training=True)["logits"]
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            )
        gradients = tape.gradient(loss, [v.value for v in variables])
        optimizer.apply(gradients, variables)
        return loss

    return step_function


def _in_words(loss: tf.Tensor) -> str:
    return f"loss {loss.numpy():.4f}"
