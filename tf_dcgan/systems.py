"""What all kinds of systems share, as the training loop sees them.

The loop knows order and cadence; what is trained, shown and exported is a
system's affair. There are two kinds: `generation` makes images of noise,
`translation` makes images of images.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from typing import Protocol

import numpy as np
import tensorflow as tf

from tf_dcgan import states
from tf_dcgan.data import batches


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
