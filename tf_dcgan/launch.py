"""From a config to a training that goes, or to a description of it."""

from __future__ import annotations

import dataclasses
import json
import os

from tf_dcgan import (
    best,
    cost,
    data,
    devices,
    errors,
    models,
    progress,
    run_folders,
    runs,
    training,
    updates,
)
from tf_dcgan import config as configs
from tf_dcgan.data import known_sets


def launch(
    config: configs.Config,
    *,
    run_dir: os.PathLike | str | None,
    old_run: runs.Run | None,
) -> None:
    """Prepares everything and trains; makes the run only when all is well.

    Args:
        config: the settings.
        run_dir: where the new run goes; None for the next number.
        old_run: the run to go on with, if there is one.

    Raises:
        errors.UserError: something does not fit, in one line.
    """
    progress.say(devices.set_up(config))
    config, shape = _resolve(config)
    dataset = data.load(
        config.dataset,
        image_size=shape[:2],
        crop=config.crop_size,
        data_dir=config.data_dir,
        cache_dir=config.cache_dir,
    )
    progress.say(
        f"data: {config.dataset}, {len(dataset.images):,} images"
        + (
            f" of {len(dataset.class_names)} classes"
            * bool(dataset.class_names)
        )
        + f", {dataset.preparation}"
    )
    for note in dataset.notes:
        progress.say(f"note: {note}")
    config.steps_per_epoch(len(dataset.images))
    facts = _facts(dataset)
    if old_run is not None:
        run = runs.continued(old_run, config, facts)
        _tell_other_machine(run)
    evaluator = _evaluator(config, shape[:2])
    if old_run is None:
        run = runs.create(run_dir, config, facts)
    with run_folders.locked(run.path):
        training.train(run, dataset, evaluator)


def _evaluator(
    config: configs.Config, image_size: tuple[int, int]
) -> best.Evaluator | None:
    """Prepares the scores during training, if there shall be any."""
    if not config.evaluate_every:
        return None
    # Only now: a training without scores does not wait for this import.
    from tf_dcgan import evaluator

    return evaluator.prepare(config, image_size)


def describe(config: configs.Config) -> None:
    """Prints what `launch` would train, without any data.

    Args:
        config: the settings.

    Raises:
        errors.UserError: the networks cannot make the size, or the data set
            is unknown.
    """
    device = devices.set_up(config)
    config, shape = _resolve(config)
    networks = models.build(config, shape)
    note = updates.penalty_note(config, networks[1])
    step = cost.estimate(config, shape)
    print(json.dumps(configs.to_json(config), indent=2))
    for network in networks:
        network.summary(line_length=79)
    print(
        f"per step: {step.operations / 1e9:.1f} billion floating-point "
        f"operations for {config.batch_size} images"
    )
    print(f"memory: about {step.memory_bytes / 2**30:.1f} GiB")
    print(device)
    if note:
        print(note)


def _resolve(
    config: configs.Config,
) -> tuple[configs.Config, tuple[int, int, int]]:
    """Fixes what follows from the data set and the machine.

    Returns:
        The config with nothing left to choose, and (height, width, channels).
    """
    crop = config.crop or known_sets.DEFAULT_CROPS.get(config.dataset)
    config = dataclasses.replace(config, crop=crop)
    height, width, channels = data.native_shape(
        config.dataset,
        config.data_dir,
        crop=config.crop_size,
        cache_dir=config.cache_dir,
    )
    size = models.image_size(config, (height, width))
    config = dataclasses.replace(
        devices.resolve(config), image_size=f"{size[0]}x{size[1]}"
    )
    shape = (*size, channels)
    _check_memory(config, shape)
    return config, shape


def _tell_other_machine(run: runs.Run) -> None:
    now = runs.versions()
    changed = [
        f"{name} {was}, now {now.get(name)}"
        for name, was in run.started_with.items()
        if was != now.get(name)
    ]
    if changed:
        progress.say(
            "note: the run was started with other versions "
            f"({'; '.join(changed)}); it goes on, but not bit for bit"
        )
    device = devices.name()
    if run.device not in (None, device):
        progress.say(
            f"note: the run was started on another device ({run.device}, now "
            f"{device}); it goes on, but not bit for bit"
        )


def _check_memory(config: configs.Config, image_shape) -> None:
    """Refuses what would be killed for its memory after minutes of work."""
    available = devices.memory_bytes()
    needed = cost.estimate(config, image_shape).memory_bytes
    if available is not None and needed > available:
        raise errors.UserError(
            f"--width={config.width:g}, --latent_dim={config.latent_dim} and "
            f"--batch_size={config.batch_size} need about "
            f"{needed / 2**30:.0f} GiB of memory, this machine has "
            f"{available / 2**30:.0f}: make them smaller"
        )


def _facts(dataset: data.ImageArray) -> runs.DataFacts:
    num_images, height, width, channels = dataset.images.shape
    return runs.DataFacts(
        height=height,
        width=width,
        channels=channels,
        content_box=tuple(dataset.content_box),
        num_images=num_images,
        preparation=dataset.preparation,
        fingerprint=dataset.fingerprint,
    )
