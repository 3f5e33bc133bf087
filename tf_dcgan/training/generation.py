"""Noise-to-image systems as the training loop sees them."""

from __future__ import annotations

from collections.abc import Callable
import functools

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images, randomness
from tf_dcgan.data import augmentation, batches, loading
from tf_dcgan.gan import gan, updates
from tf_dcgan.metrics import diversity
from tf_dcgan.runs import runs
from tf_dcgan.sampling import export, samplers
from tf_dcgan.training import system

_GRID_IMAGES = 64


class Generation:
    """A GAN that makes images of latent vectors; see `system.System`."""

    def __init__(self, run: runs.Run, dataset: loading.ImageArray):
        """Builds the networks.

        Args:
            run: the run.
            dataset: its training images, and their labels.
        """
        self._run = run
        self.state = gan.create_state(
            run.config, run.data.image_shape, run.num_classes
        )
        self.train_steps = train_steps(self.state, run)
        self.batches = batches.Reader(
            dataset.images,
            dataset.labels if run.config.conditional else None,
            batch_size=run.config.batch_size,
            seed=run.config.seed,
        )
        generator = self.state.averaged_generator
        self._sampler = samplers.of_run(run, generator)
        self.draw = images_to_score(run, generator)
        self._diversity = diversity.Diversity(
            *self._first(
                diversity.REAL_IMAGES_OF_CLASSES
                if run.config.conditional
                else diversity.REAL_IMAGES
            )
        )

    def notes(self) -> list[str]:
        """Returns what the user should know before the first step."""
        return updates.batch_norm_notes(
            self._run.config, self.state.discriminator
        )

    def real_grid(self) -> np.ndarray:
        """Returns 64 real images, [height, width, channels] uint8."""
        return images.grid(self._first(_GRID_IMAGES)[0])

    def samples(self) -> system.Samples:
        """Makes the images of the fixed latent vectors."""
        made = self._sampler.grid(self._run.config.seed)
        columns = self._sampler.columns()
        # Each row is of a class.
        labels = columns and np.arange(len(made)) // columns
        return system.Samples(
            images.grid(made, columns=columns), self._diversity(made, labels)
        )

    def export(self) -> None:
        """Writes `saved_model/` and `generator.keras` into the run."""
        export.export(
            self._run.path,
            self.state.averaged_generator,
            content_box=self._run.data.content_box,
            num_classes=self._run.num_classes,
        )

    def _first(self, count: int) -> tuple[np.ndarray, ...]:
        """Returns the first real images, without padding, and labels if any."""
        real, *labels = self.batches.first(
            min(count, self._run.data.num_images)
        )
        return images.crop(real, self._run.data.content_box), *labels


def images_to_score(
    run: runs.Run, generator: keras.Model
) -> Callable[[int, int], np.ndarray]:
    """Makes what draws images for the scores during a training.

    Args:
        run: the run.
        generator: of it; later changes of its weights count.

    Returns:
        (first, count) to [count, height, width, channels] uint8, other images
        than those of `sampling`.
    """
    sampler = samplers.of_run(
        run, generator, purpose=randomness.Purpose.EVALUATION_LATENTS
    )
    return functools.partial(sampler, run.config.seed)


def train_steps(
    state: gan.GanState, run: runs.Run
) -> Callable[[tuple[np.ndarray, ...]], dict[str, tf.Tensor]]:
    """Makes the call that does several steps; see `steps.several`.

    Args:
        state: changed by the call.
        run: its config and image shape.

    Returns:
        What `batches.Reader` reads, images [steps, batch, height, width,
        channels] uint8 and in conditional runs their labels [steps, batch]
        int32, to [steps] float32 of each of `gan.scalars`.
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

    shape = [None, run.config.batch_size]
    signature = [tf.TensorSpec([*shape, *run.data.image_shape], tf.uint8)]
    if run.config.conditional:
        signature.append(tf.TensorSpec(shape, tf.int32))
    return system.several(
        step,
        state,
        run,
        signature=signature,
        names=gan.scalars(run.config),
    )
