"""Whether the discriminator knows its training images by heart."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images as image_values
from tf_dcgan.models import conditional

NUM_IMAGES = 1000  # Of each set, at most.
_BATCH = 100  # At most.


def discriminator_lead(
    discriminator: keras.Model,
    train: tuple[np.ndarray, np.ndarray | None],
    held_out: tuple[np.ndarray, np.ndarray | None],
) -> float:
    """Compares D's outputs on training images and on images it never saw.

    It passes images in inference mode, so that nothing of the network changes.

    Args:
        discriminator: images, and labels if it is conditional, to [n, 1].
        train: ([n, height, width, channels] uint8, labels [n] or None), images
            that D is trained on.
        held_out: the same of images that it is not trained on.

    Returns:
        D's mean output on training images less that on held-out ones, in units
        of its output; 0 where D has not learnt single images.

    Source: Karras et al. 2020, section 2 and figure 1 (arXiv:2006.06676), where
        D's outputs on the two sets drift apart as it overfits.
    """
    return _mean_output(discriminator, *train) - _mean_output(
        discriminator, *held_out
    )


def _mean_output(discriminator, images, labels):
    count = min(NUM_IMAGES, len(images))
    # Sets may be sorted, by class say: a few from everywhere.
    chosen = np.linspace(0, len(images) - 1, count).round().astype(np.int64)
    total = 0.0
    # Each batch has some of everywhere, too: `minibatch_stddev` compares them.
    num_batches = -(-count // _BATCH)
    for first in range(num_batches):
        places = chosen[first::num_batches]
        inputs = conditional.inputs(
            image_values.to_float(images[places]),
            None if labels is None else tf.constant(labels[places], tf.int32),
        )
        outputs = np.asarray(discriminator(inputs, training=False), np.float64)
        total += float(outputs.sum())
    return total / count
