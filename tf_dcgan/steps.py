"""Several training steps in one call: where `tf.function` is applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tf_dcgan import devices, runs, states


def several(
    step: Callable[..., dict[str, tf.Tensor]],
    state: states.State,
    run: runs.Run,
    *,
    signature: Sequence[tf.TensorSpec],
    names: Sequence[str],
) -> Callable[[tuple[np.ndarray, ...]], dict[str, tf.Tensor]]:
    """Makes the one call into TensorFlow that does several steps.

    Args:
        step: one step's batches, as the signature has them but for the first
            axis, to scalars float32 by name; changes the state.
        state: its learning rates are set before each step.
        run: its config and length.
        signature: of what is read for a call; the first axis of each is the
            number of steps.
        names: of the step's scalars.

    Returns:
        What the signature says, as one tuple, to [steps] float32 of each of
        `names`. It is traced once, whatever the steps' number.
    """
    total_steps = run.total_steps

    def one_step(*batch):
        states.decay_learning_rates(state, run.config, total_steps=total_steps)
        return step(*batch)

    if devices.uses_xla(run.config):
        one_step = tf.function(one_step, jit_compile=True)

    @tf.function(input_signature=[tuple(signature)])
    def train_steps(batches_of_steps):
        count = tf.shape(batches_of_steps[0])[0]
        history = tf.TensorArray(
            tf.float32, size=count, element_shape=[len(names)]
        )
        for position in tf.range(count):
            scalars = one_step(*[part[position] for part in batches_of_steps])
            history = history.write(
                position, tf.stack([scalars[name] for name in names])
            )
        values = tf.unstack(history.stack(), len(names), axis=1)
        return dict(zip(names, values, strict=True))

    return train_steps
