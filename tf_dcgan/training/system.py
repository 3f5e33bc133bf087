"""What the training asks of a kind of system, and what both kinds share.

There are two kinds, each a module with everything in `Kind`: `generation`
makes images of noise, `translation` makes images of images. The loop knows
order and cadence; what is trained, shown and exported is decided by the
`System` that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import dataclasses
from typing import Protocol

import numpy as np
import tensorflow as tf

from tf_dcgan.config import schema
from tf_dcgan.data import batches, loading
from tf_dcgan.gan import states
from tf_dcgan.runs import runs
from tf_dcgan.training import execution, steps


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What follows from a config, its data sets and the machine.

    Attributes:
        config: the settings, with nothing left to choose.
        image_shape: (height, width, channels) of the networks' images.
        num_classes: how many classes the networks are told of; 0 without
            `--conditional`.
        notes: what the user should know, one line each.
    """

    config: schema.Config
    image_shape: tuple[int, int, int]
    num_classes: int = 0
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Loaded:
    """Images to train on.

    Attributes:
        train: the one training set, or the training sets of A and of B.
        facts: what the run writes down about the one set, or about A and B.
        lines: what the user is told about the images.
        shown: in a translation the images of A and of B to show and to
            score, [n, height, width, 1 or 3] uint8 of the networks' size.
        held_out: images that nothing is trained on, to see whether D knows its
            training images by heart; None in a translation, in a training
            without scores, and where it is scored against training images.
    """

    train: tuple[loading.ImageArray, ...]
    facts: tuple[runs.DataFacts, ...]
    lines: tuple[str, ...]
    shown: tuple[np.ndarray, ...] = ()
    held_out: loading.ImageArray | None = None


@dataclasses.dataclass(frozen=True)
class Passes:
    """How often a training step passes an image through the networks.

    Attributes:
        generator: how many forward passes of each generator the step costs.
        discriminator: how many forward passes of each discriminator.
        generator_calls: how often each generator is called before an update;
            the results of all calls are kept for the gradients.
        discriminator_calls: the most batches of which each discriminator keeps
            the results for one update.
    """

    generator: int
    discriminator: int
    generator_calls: int
    discriminator_calls: int


@dataclasses.dataclass(frozen=True)
class Samples:
    """Images that a system makes of its fixed inputs.

    Attributes:
        grid: [height, width, 1 or 3] uint8, to be looked at.
        diversity: of the images, as `diversity.Diversity` returns it; None
            where it cannot be computed.
    """

    grid: np.ndarray
    diversity: float | None


class System(Protocol):
    """A system of a run, ready to be trained.

    Attributes:
        state: everything that training changes.
        batches: reads what a call of `train_steps` takes.
        train_steps: from what `batches.take` returns to [steps] float32 by
            name, `loss_d` and `loss_g` among them.
    """

    state: states.State
    batches: batches.Reader | batches.PairReader
    train_steps: steps.Steps

    def notes(self) -> list[str]:
        """Returns what the user should know before the first step."""

    def real_grid(self) -> np.ndarray:
        """Returns real images, [height, width, 1 or 3] uint8."""

    def samples(self) -> Samples:
        """Returns the images that the averaged weights make."""

    def draw(self, first: int, count: int) -> np.ndarray:
        """Makes images for a score, from the number `first` on.

        Returns:
            [count, height, width, 1 or 3] uint8.
        """

    def lead(self) -> dict[str, float]:
        """Returns D's lead on held-out images by its name in a log.

        It is empty where there are no such images.
        """

    def export(self) -> None:
        """Writes what others can use into the run's folder."""


class Kind(Protocol):
    """A kind of system: what the module `generation` or `translation` has."""

    def resolve(self, config: schema.Config) -> Resolved:
        """Fixes what follows from the data sets and the machine.

        No data set is prepared for it.

        Raises:
            errors.UserError: the networks cannot make the size, or a data
                set is unknown or does not have what the config needs.
        """

    def load(self, resolved: Resolved) -> Loaded:
        """Opens the training images, and prepares those not in the cache.

        Raises:
            errors.UserError: images cannot be had, or are fewer than a batch.
        """

    def System(self, run: runs.Run, loaded: Loaded) -> System:
        """Builds the networks of a run, with their initial weights."""

    def passes(self, config: schema.Config) -> Passes:
        """Counts the passes of one image in a step of the schedule.

        A pass back through a network costs two forward passes, one for the
        gradients of the inputs and one for the gradients of the weights. A
        pass back through a discriminator that is not updated costs one.
        """

    def images_of_step(self, config: schema.Config) -> str:
        """Says how many images a step takes."""


def forwards_of_penalties(config: schema.Config) -> int:
    """Returns how many forward passes of D its penalties cost for one image.

    Args:
        config: `r1_gamma`, `r2_gamma` and `consistency`.
    """
    # R1's pass forth and its pass back to the weights are those of the real
    # images, and counted there.
    num_slopes = (config.r1_gamma > 0) + (config.r2_gamma > 0)
    # The consistency passes both halves once more, back to the weights too.
    return 3 * num_slopes + 2 * 3 * (config.consistency > 0)


def facts(dataset: loading.ImageArray) -> runs.DataFacts:
    """Returns what a run writes down about a data set."""
    num_images, height, width, channels = dataset.images.shape
    return runs.DataFacts(
        height=height,
        width=width,
        channels=channels,
        content_box=tuple(dataset.content_box),
        num_images=num_images,
        preparation=dataset.preparation,
        fingerprint=dataset.fingerprint,
        class_names=dataset.class_names,
        value_range=dataset.value_range,
    )


def notes(datasets: Iterable[loading.ImageArray]) -> list[str]:
    """Returns the data sets' notes as lines for the user."""
    return [f"note: {note}" for dataset in datasets for note in dataset.notes]


def several(
    step: Callable[..., dict[str, tf.Tensor]],
    state: states.State,
    run: runs.Run,
    *,
    signature: Sequence[tf.TensorSpec],
    names: Sequence[str],
) -> steps.Steps:
    """Returns the one call into TensorFlow that does several steps.

    Args:
        step: does one step: takes tensors as the signature describes them,
            without their first axis, changes the state, and returns scalars
            float32 by name.
        state: its learning rates are set before each step.
        run: its config and its number of steps are used.
        signature: of the tensors that a call takes; the first axis of each
            tensor is the number of steps.
        names: of the scalars that `step` returns.

    Returns:
        A function from one tuple of tensors, as the signature describes
        them, to [steps] float32 for each of `names`.
    """
    total_steps = run.total_steps

    def one_step(*batch):
        states.decay_learning_rates(
            state,
            run.step_config,
            total_steps=total_steps,
            have_changed=bool(run.rollbacks),
        )
        return step(*batch)

    return steps.Steps(
        one_step,
        state.variables(),
        signature=signature,
        names=names,
        uses_xla=execution.uses_xla(run.config),
    )
