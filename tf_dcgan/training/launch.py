"""From a config to a training that goes, or to a description of it."""

from __future__ import annotations

import json
import os

from tf_dcgan.common import devices, errors, terminal
from tf_dcgan.config import schema
from tf_dcgan.gan import updates
from tf_dcgan.runs import folder, runs
from tf_dcgan.training import cost, data, execution, loop, scoring


def launch(
    config: schema.Config,
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
    terminal.say(execution.set_up(config))
    resolved = _resolve(config)
    config = resolved.config
    for note in resolved.notes:
        terminal.say(note)
    loaded = data.load(resolved)
    for line in loaded.lines:
        terminal.say(line)
    if old_run is not None:
        run = runs.continued(old_run, config, *loaded.facts)
        _tell_other_machine(run)
    evaluator = _evaluator(config, resolved.image_shape)
    if old_run is None:
        run = runs.create(run_dir, config, *loaded.facts)
    with folder.locked(run.path):
        loop.train(run, loaded.datasets, evaluator)


def _evaluator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> scoring.Evaluator | None:
    """Prepares the scores during training, if there shall be any."""
    if not config.evaluate_every:
        return None
    # Only now: a training without scores does not wait for this import.
    from tf_dcgan.evaluation import periodic, periodic_translation

    if config.translates:
        return periodic_translation.prepare(config, image_shape)
    return periodic.prepare(config, image_shape[:2])


def describe(config: schema.Config) -> None:
    """Prints what `launch` would train, without any data.

    Args:
        config: the settings.

    Raises:
        errors.UserError: the networks cannot make the size, or the data set
            is unknown or has no labels for conditional networks.
    """
    device = execution.set_up(config)
    resolved = _resolve(config)
    config = resolved.config
    sizes = (config, resolved.image_shape, resolved.num_classes)
    generators, discriminators = cost.without_weights(*sizes)
    notes = list(resolved.notes)
    if not config.translates:
        notes += updates.batch_norm_notes(config, discriminators[0])
    step = cost.estimate(*sizes)
    print(json.dumps(schema.to_json(config), indent=2))
    for network in (*generators, *discriminators):
        network.summary(line_length=79, expand_nested=True)
    print(
        f"per step: {step.operations / 1e9:.1f} billion floating-point "
        f"operations for {config.batch_size} images"
        + " of A and as many of B"
        * config.translates
    )
    print(f"memory: about {step.memory_bytes / 2**30:.1f} GiB")
    print(device)
    for note in filter(None, notes):
        print(note)


def _resolve(config: schema.Config) -> data.Resolved:
    """Fixes what is open, and refuses what this machine cannot hold."""
    resolved = data.resolve(config)
    _check_memory(resolved)
    return resolved


def _tell_other_machine(run: runs.Run) -> None:
    now = runs.versions()
    changed = [
        f"{name} {was}, now {now.get(name)}"
        for name, was in run.started_with.items()
        if was != now.get(name)
    ]
    if changed:
        terminal.say(
            "note: the run was started with other versions "
            f"({'; '.join(changed)}); it goes on, but not bit for bit"
        )
    device = devices.name()
    if run.device not in (None, device):
        terminal.say(
            f"note: the run was started on another device ({run.device}, now "
            f"{device}); it goes on, but not bit for bit"
        )


def _check_memory(resolved: data.Resolved) -> None:
    """Refuses what would be killed for its memory after minutes of work."""
    config = resolved.config
    available = devices.memory_bytes()
    needed = cost.estimate(
        config, resolved.image_shape, resolved.num_classes
    ).memory_bytes
    if available is not None and needed > available:
        raise errors.UserError(
            f"--width={config.width:g}, "
            + f"--latent_dim={config.latent_dim} " * (not config.translates)
            + f"and --batch_size={config.batch_size} need about "
            f"{needed / 2**30:.0f} GiB of memory, this machine has "
            f"{available / 2**30:.0f}: make them smaller"
        )
