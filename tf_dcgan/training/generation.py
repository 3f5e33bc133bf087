"""Systems that make images of noise, as the training knows them."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors, images, randomness, replicas, words
from tf_dcgan.config import losses, schema, value_ranges
from tf_dcgan.data import (
    augmentation,
    batches,
    held_out,
    loading,
    names,
    reading,
)
from tf_dcgan.data.named import known_sets
from tf_dcgan.gan import gan, lead, updates
from tf_dcgan.metrics import diversity
from tf_dcgan.runs import health, runs
from tf_dcgan.sampling import samplers
from tf_dcgan.sampling.exports import keras_formats
from tf_dcgan.training import fitting, steps, system


def resolve(config: schema.Config) -> system.Resolved:
    """Fixes what is open in a config; see `system.Kind`.

    Raises:
        errors.UserError: the networks cannot make the size, or the data set
            is unknown or has no labels for conditional networks.
    """
    crop = config.crop or known_sets.DEFAULT_CROPS.get(config.dataset)
    config = dataclasses.replace(config, crop=crop)
    read_as = reading.of_run(config)
    image_set = loading.find(
        config.dataset,
        config.data_dir,
        read_as=read_as,
        cache_dir=config.cache_dir,
    )
    height, width, channels = image_set.shape
    config, size, notes = fitting.fix_size(
        config, (height, width), fitting.Originals(image_set.sizes, read_as)
    )
    if image_set.value_range is not None:
        config = dataclasses.replace(
            config, value_range=value_ranges.write(image_set.value_range)
        )
    num_classes = 0
    if config.conditional:
        num_classes = len(image_set.class_names)
        if not num_classes:
            raise _without_labels(config, image_set.why_unlabelled)
    return system.Resolved(
        config, (*size, channels), num_classes, notes=tuple(notes)
    )


def load(resolved: system.Resolved) -> system.Loaded:
    """Opens the training images; see `system.Kind`.

    Raises:
        errors.UserError: the images cannot be had, are fewer than a batch, or
            have no labels for conditional networks.
    """
    config = resolved.config
    dataset = loading.load(
        config.dataset,
        image_size=resolved.image_shape[:2],
        read_as=reading.of_run(config),
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
    )
    config.steps_per_epoch(len(dataset.images))
    if config.conditional and dataset.labels is None:
        raise _without_labels(config)
    scored, notes = None, system.notes([dataset])
    if config.evaluate_every:
        scored, note = _held_out(resolved, dataset)
        notes += note
    classes = len(dataset.class_names)
    lines = [
        f"data: {config.dataset}, "
        + words.counted(len(dataset.images), "image")
        + f" of {classes} class{'es' * (classes != 1)}" * bool(classes)
        + f", {dataset.preparation}",
        *notes,
    ]
    return system.Loaded(
        (dataset,),
        facts=(system.facts(dataset),),
        lines=tuple(lines),
        held_out=scored,
    )


def _held_out(
    resolved: system.Resolved, dataset: loading.ImageArray
) -> tuple[loading.ImageArray | None, list[str]]:
    """Opens the images that D does not learn from.

    Returns:
        (images, []), with the labels that the training images' classes have;
        or (None, [note]) where they say nothing of D's lead.
    """
    config = resolved.config
    scored = held_out.load(config, resolved.image_shape[:2])
    split = f"--evaluate_split={config.evaluate_split}"
    strange = sorted(set(scored.class_names) - set(dataset.class_names))
    if scored.fingerprint == dataset.fingerprint:
        why = f"D learns from {split}"
        advice = "name a split that is held out to see it"
    elif not config.conditional:
        return scored, []
    elif scored.labels is None:
        why = f"the images of {split} have no labels"
        advice = "give them labels to see it"
    elif strange:
        why = f"{split} has the class {strange[0]}, which D does not learn"
        advice = "name a split with the same classes to see it"
    else:
        labels = names.renumber(
            scored.labels, scored.class_names, dataset.class_names
        )
        return dataclasses.replace(scored, labels=labels), []
    return None, [
        f"note: {why}, so that D's lead on held-out images is not measured: "
        f"{advice}"
    ]


def passes(config: schema.Config) -> system.Passes:
    """Counts the passes of one image in a step; see `system.Kind`."""
    shares_first = config.generator_latents == "shared"
    loss = losses.LOSSES[config.loss]
    penalty_forwards = system.forwards_of_penalties(config)
    if loss.penalty_weight:
        # The loss's own penalty goes forth, back to the images, and back
        # through both.
        penalty_forwards += 6
    of_updates = config.generator_updates * config.generator_batch
    # D's output on the real images of the pairs.
    of_pairs = config.generator_updates * loss.compares_pairs
    # A slope's derivative needs what the pass back has made, too. The
    # consistency has a pass of its own beside the loss's.
    fake_calls, real_calls = (
        1 + (gamma > 0) + (config.consistency > 0)
        for gamma in (config.r2_gamma, config.r1_gamma)
    )
    return system.Passes(
        generator=1 + (3 * of_updates - shares_first),
        discriminator=2 * 3 + penalty_forwards + 2 * of_updates + of_pairs,
        generator_calls=config.generator_batch,
        discriminator_calls=max(
            fake_calls + real_calls
            if loss.compares_pairs
            else max(fake_calls, real_calls),
            2 * (loss.penalty_weight > 0),
            config.generator_batch,
        ),
    )


def images_of_step(config: schema.Config) -> str:
    """Says how many images a step takes."""
    return words.counted(config.batch_size, "image")


class System:
    """A GAN that makes images of latent vectors; see `system.System`."""

    def __init__(self, run: runs.Run, loaded: system.Loaded):
        """Builds the networks.

        Args:
            run: new, or trained before; its checkpoints are not read.
            loaded: the training images as `load` returns them.
        """
        (dataset,) = loaded.train
        self._run = run
        self._train, self._held_out = dataset, loaded.held_out
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
        return updates.batch_notes(self._run.config, self.state.discriminator)

    def real_grid(self) -> np.ndarray:
        """Returns 64 real images, [height, width, channels] uint8."""
        return images.grid(self._first(samplers.GRID_IMAGES)[0])

    def samples(self) -> system.Samples:
        """Returns the images of the fixed latent vectors."""
        samples = self._sampler.grid(self._run.config.seed)
        columns = self._sampler.columns()
        # Each row is of a class.
        labels = columns and np.arange(len(samples)) // columns
        return system.Samples(
            images.grid(samples, columns=columns),
            self._diversity(samples, labels),
        )

    def lead(self) -> dict[str, float]:
        """Returns D's lead on held-out images; see `system.System`."""
        if self._held_out is None:
            return {}
        train_and_held_out = (
            (each.images, each.labels if self._run.config.conditional else None)
            for each in (self._train, self._held_out)
        )
        return {
            health.LEAD: lead.discriminator_lead(
                self.state.discriminator, *train_and_held_out
            )
        }

    def export(self) -> None:
        """Writes `saved_model/` and `generator.keras` into the run."""
        keras_formats.export(
            self._run.path,
            self.state.averaged_generator,
            content_box=self._run.data.content_box,
            num_classes=self._run.num_classes,
        )

    def _first(self, count: int) -> tuple[np.ndarray, ...]:
        """Returns the first real images without padding, and their labels."""
        real, *labels = self.batches.first(
            min(count, self._run.data.num_images)
        )
        return images.crop(real, self._run.data.content_box), *labels


def images_to_score(
    run: runs.Run, generator: keras.Model
) -> Callable[[int, int], np.ndarray]:
    """Returns what draws images for the scores during a training.

    Args:
        run: its seed, classes and content box are used.
        generator: of the run; later changes of its weights count.

    Returns:
        A function from (first, count) to [count, height, width, channels]
        uint8. No command in `sampling` makes the same images.
    """
    sampler = samplers.of_run(
        run, generator, purpose=randomness.Purpose.EVALUATION_LATENTS
    )
    return functools.partial(sampler, run.config.seed)


def train_steps(state: gan.GanState, run: runs.Run) -> steps.Steps:
    """Returns the call that does several steps; see `system.several`.

    Args:
        state: changed by the call.
        run: its config and image shape are used.

    Returns:
        A function from what `batches.Reader` reads, images [steps, batch,
        height, width, channels] uint8 and in conditional runs their labels
        [steps, batch] int32, to [steps] float32 for each of `gan.scalars`.
    """
    config = run.step_config

    def step(uint8_images, *labels):
        uint8_images = augmentation.augment(
            uint8_images,
            config,
            step=state.step.value(),
            content_box=run.data.content_box,
        )
        uint8_images, *labels = map(replicas.shard, (uint8_images, *labels))
        return gan.update(state, config, images.to_float(uint8_images), *labels)

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


def _without_labels(
    config: schema.Config, reason: str = ""
) -> errors.UserError:
    since = f", since {reason}" if reason else ""
    return errors.UserError(
        f"--conditional needs class labels, and {config.dataset} has none"
        f"{since}: leave it out, or give a labelled --dataset such as mnist, "
        "a folder with a folder for each class, or --labels=FILE.csv"
    )
