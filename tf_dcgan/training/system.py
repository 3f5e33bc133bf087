"""What all kinds of systems share, as the training loop sees them.

The loop knows order and cadence; what is trained, shown and exported is a
system's affair. There are two kinds: `generation` makes images of noise,
`translation` makes images of images.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
from typing import Protocol

import numpy as np
import tensorflow as tf

from tf_dcgan.data import batches
from tf_dcgan.gan import states
from tf_dcgan.runs import runs
from tf_dcgan.training import execution


@dataclasses.dataclass(frozen=True)
class Samples:
    """What a system makes of its fixed inputs.

    Attributes:
        grid: [height, width, 1 or 3] uint8, to be looked at.
        diversity: as of `diversity.Diversity`, or None.
    """

    grid: np.ndarray
    diversity: float | None


class System(Protocol):
    """A system of a run, ready to be trained.

    Attributes:
        state: everything that training changes.
        batches: reads what a call of `train_steps` takes.
        train_steps: what `batches.take` returns to [steps] float32 by name,
            `loss_d` and `loss_g` among them.
    """

    state: states.State
    batches: batches.Reader | batches.PairReader
    train_steps: Callable[[tuple[np.ndarray, ...]], dict[str, tf.Tensor]]

    def notes(self) -> list[str]:
        """Returns what the user should know before the first step."""

    def real_grid(self) -> np.ndarray:
        """Returns real images, [height, width, 1 or 3] uint8."""

    def samples(self) -> Samples:
        """Makes what the averaged weights make of the fixed inputs."""

    def draw(self, first: int, count: int) -> np.ndarray:
        """Makes images for a score, from the number `first` on.

        Returns:
            [count, height, width, 1 or 3] uint8.
        """

    def export(self) -> None:
        """Writes what others can use into the run's folder."""


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

    if execution.uses_xla(run.config):
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
