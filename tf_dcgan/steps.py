"""Several training steps in one call: where `tf.function` is applied."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tf_dcgan import augmentation, devices, gan, images, runs


def several(
    state: gan.GanState, run: runs.Run
) -> Callable[[tuple[np.ndarray, ...]], dict[str, tf.Tensor]]:
    """Makes the one call into TensorFlow that does several steps.

    Args:
        state: changed by the call.
        run: its config and image shape.

    Returns:
        What `batches.Reader` reads, images [steps, batch, height, width,
        channels] uint8 and in conditional runs their labels [steps, batch]
        int32, to [steps] float32 of each of `gan.scalars`. It is traced once,
        whatever the steps' number.
    """

    def step(uint8_images, *labels):
        uint8_images = augmentation.augment(
            uint8_images,
            run.config,
            step=state.step.value(),
            content_box=run.data.content_box,
        )
        return gan.update(
            state, run.config, images.to_float(uint8_images), *labels
        )

    if devices.uses_xla(run.config):
        step = tf.function(step, jit_compile=True)
    shape = [None, run.config.batch_size]
    signature = (tf.TensorSpec([*shape, *run.data.image_shape], tf.uint8),)
    if run.config.conditional:
        signature += (tf.TensorSpec(shape, tf.int32),)
    names = gan.scalars(run.config)

    @tf.function(input_signature=[signature])
    def train_steps(batches_of_steps):
        count = tf.shape(batches_of_steps[0])[0]
        history = tf.TensorArray(
            tf.float32, size=count, element_shape=[len(names)]
        )
        for position in tf.range(count):
            scalars = step(*[part[position] for part in batches_of_steps])
            history = history.write(
                position, tf.stack([scalars[name] for name in names])
            )
        values = tf.unstack(history.stack(), len(names), axis=1)
        return dict(zip(names, values, strict=True))

    return train_steps
