"""The data that a config needs: what it fixes, then the images themselves."""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
from typing import Any

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import (
    augmentation,
    domain_images,
    domains,
    known_sets,
    loading,
)
from tf_dcgan.models import families
from tf_dcgan.runs import runs
from tf_dcgan.training import execution


@dataclasses.dataclass(frozen=True)
class Resolved:
    """What follows from a config, its data sets and the machine.

    Attributes:
        config: with nothing left to choose.
        image_shape: (height, width, channels) of the networks.
        num_classes: that the networks are told of; 0 without --conditional.
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
        datasets: what the system of a run takes beside the run.
        facts: of the one set, or of A and B.
        lines: about the images, for the user.
    """

    datasets: tuple[Any, ...]
    facts: tuple[runs.DataFacts, ...]
    lines: tuple[str, ...]


def resolve(config: schema.Config) -> Resolved:
    """Fixes what follows from the data sets and the machine.

    No data set is prepared for it.

    Raises:
        errors.UserError: the networks cannot make the size, or a data set is
            unknown or has no labels for conditional networks.
    """
    if config.translates:
        return _resolve_pair(config)
    crop = config.crop or known_sets.DEFAULT_CROPS.get(config.dataset)
    config = dataclasses.replace(config, crop=crop)
    height, width, channels = loading.native_shape(
        config.dataset,
        config.data_dir,
        crop=config.crop_size,
        cache_dir=config.cache_dir,
    )
    config, size = _with_size(config, (height, width))
    num_classes = 0
    if config.conditional:
        num_classes = len(loading.class_names(config.dataset, config.data_dir))
        if not num_classes:
            raise _without_labels(config)
    return Resolved(config, (*size, channels), num_classes)


def load(resolved: Resolved) -> Loaded:
    """Opens the training images, preparing them where the cache lacks them.

    Raises:
        errors.UserError: the images cannot be had, or are fewer than a batch.
    """
    config = resolved.config
    if config.translates:
        return _load_pair(resolved)
    dataset = loading.load(
        config.dataset,
        image_size=resolved.image_shape[:2],
        crop=config.crop_size,
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
    )
    config.steps_per_epoch(len(dataset.images))
    if config.conditional and dataset.labels is None:
        raise _without_labels(config)
    classes = len(dataset.class_names)
    lines = [
        f"data: {config.dataset}, {len(dataset.images):,} images"
        + f" of {classes} classes" * bool(classes)
        + f", {dataset.preparation}",
        *_notes([dataset]),
    ]
    return Loaded((dataset,), (_facts(dataset),), tuple(lines))


def _with_size(
    config: schema.Config, native: tuple[int | None, int | None]
) -> tuple[schema.Config, tuple[int, int]]:
    """Returns the config as this machine runs it, and the networks' size."""
    size = families.image_size(config, native)
    config = dataclasses.replace(
        execution.resolve(config), image_size=f"{size[0]}x{size[1]}"
    )
    return config, size


def _resolve_pair(config: schema.Config) -> Resolved:
    pair = domains.find(config)
    shapes = [domain_images.native_shape(config, domain) for domain in pair]
    sides = [side for shape in shapes for side in shape[:2]]
    largest = None if None in sides else max(sides)
    config, size = _with_size(config, (largest, largest))
    note = domain_images.channels_note(
        *pair, shape_a=shapes[0], shape_b=shapes[1]
    )
    return Resolved(
        config,
        (*size, domain_images.channels(*shapes)),
        notes=(note,) if note else (),
    )


def _load_pair(resolved: Resolved) -> Loaded:
    config = resolved.config
    *size, channels = resolved.image_shape
    before_crop = augmentation.size_before_crop(config, tuple(size))
    trained, shown, lines = [], [], []
    for letter, domain in zip("AB", domains.find(config), strict=True):
        dataset = domain_images.load(config, domain, before_crop)
        config.steps_per_epoch(len(dataset.images), domain.title)
        to_show, is_held_out = domain_images.images_to_show(
            config, domain, tuple(size)
        )
        trained.append(dataset)
        shown.append(to_show)
        lines.append(
            f"data {letter}: {domain.title}, {len(dataset.images):,} images, "
            f"{dataset.preparation}; "
            + (
                f"{len(to_show.images):,} held out"
                if is_held_out
                else "no held-out images: training images are shown"
            )
        )
    return Loaded(
        (*trained, *(dataset.images for dataset in shown)),
        tuple(
            dataclasses.replace(
                _facts(dataset),
                height=size[0],
                width=size[1],
                channels=channels,
                content_box=(0, 0, *size),
                shown_fingerprint=to_show.fingerprint,
            )
            for dataset, to_show in zip(trained, shown, strict=True)
        ),
        (*lines, *_notes(trained)),
    )


def _notes(datasets: list[loading.ImageArray]) -> Iterator[str]:
    return (f"note: {note}" for dataset in datasets for note in dataset.notes)


def _without_labels(config: schema.Config) -> errors.UserError:
    reason = loading.why_unlabelled(config.dataset)
    since = f", since {reason}" if reason else ""
    return errors.UserError(
        f"--conditional needs class labels, and {config.dataset} has none"
        f"{since}: leave it out, or give a labelled --dataset such as mnist, "
        "or a folder with a folder for each class"
    )


def _facts(dataset: loading.ImageArray) -> runs.DataFacts:
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
    )
