"""Starts or continues the training of a config, or describes it."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import json
import os
import pathlib

from tf_dcgan.common import devices, terminal
from tf_dcgan.config import cluster, schema
from tf_dcgan.data import moved
from tf_dcgan.gan import updates
from tf_dcgan.runs import checkpoints, folder, runs
from tf_dcgan.training import (
    console,
    cost,
    execution,
    initial,
    kinds,
    length,
    loop,
    memory,
    profiling,
    scoring,
    system,
)
from tf_dcgan.training.distributed import crew as crews
from tf_dcgan.training.distributed import follower


def launch(
    config: schema.Config,
    *,
    run_dir: os.PathLike | str | None,
    old_run: runs.Run | None,
) -> pathlib.Path:
    """Prepares everything, then makes the run's folder and trains.

    Args:
        config: the settings as the user chose them.
        run_dir: the folder of a new run; None for the next number.
        old_run: the run to continue; None to start a new one.

    Returns:
        The run's folder.

    Raises:
        errors.UserError: a setting, the data, the machine or the old run
            does not fit the others.
    """
    if old_run is None:
        beginning = {"initial_weights": initial.find(config)}
        resolved, loaded, crew = _prepare(config)
        config = resolved.config
        most_images = max(facts.num_images for facts in loaded.facts)
        profiling.check(
            config, config.total_steps(config.steps_per_epoch(most_images))
        )
        note = length.note(config, most_images)
        if note and crew.is_chief:
            terminal.say(note)
        if not crew.is_chief:
            path = pathlib.Path(run_dir or folder.RUNS)
            run = runs.new(path, config, *loaded.facts, **beginning)
            follower.follow(run, _system(loaded), crew)
            return path
        evaluator = _evaluator(config, resolved.image_shape)
        path = folder.make(run_dir, config)
        with folder.locked(path):
            run = runs.create(path, config, *loaded.facts, **beginning)
            loop.train(run, _system(loaded), crew, evaluator)
        return path
    # Of several processes the chief alone holds the lock, and writes.
    is_chief = cluster.is_chief(config.distribute, os.environ)
    with folder.locked(old_run.path) if is_chief else contextlib.nullcontext():
        runs.check_unchanged(old_run)
        moved.check(config, run_dir=old_run.path)
        resolved, loaded, crew = _prepare(config, old_run)
        config = resolved.config
        run = runs.continued(old_run, config, *loaded.facts)
        finished = _finished(old_run)
        if config.profile_steps == old_run.config.profile_steps:
            finished = 0  # They may be those of an earlier part.
        profiling.check(config, run.total_steps, finished=finished)
        if not crew.is_chief:
            follower.follow(run, _system(loaded), crew)
            return run.path
        _say_what_changed_since(run, old_run.config)
        evaluator = _evaluator(config, resolved.image_shape)
        loop.train(run, _system(loaded), crew, evaluator)
    return old_run.path


def _prepare(
    config: schema.Config, old_run: runs.Run | None = None
) -> tuple[system.Resolved, system.Loaded, crews.Crew]:
    """Fixes what is open in a config, opens its images, finds the others."""
    kind = kinds.of(config)
    terminal.say(execution.set_up(config))
    crew = crews.join(config)
    resolved = kind.resolve(config)
    is_new = old_run is None
    if is_new:
        initial.check_shapes(config, resolved.image_shape, resolved.num_classes)
    step = memory.check(config, resolved, is_new=is_new)
    config = resolved.config
    terminal.say(_cost_in_words(step, _steps_left(config, old_run)))
    for note in resolved.notes:
        terminal.say(note)
    loaded = kind.load(resolved)
    for line in loaded.lines:
        terminal.say(line)
    crew.check_same(config, loaded.facts)
    return resolved, loaded, crew


def _steps_left(config: schema.Config, old_run: runs.Run | None) -> int | None:
    """Returns how many steps remain; None where epochs say how many."""
    if config.steps is None or old_run is None:
        return config.steps
    return max(0, config.steps - _finished(old_run))


def _finished(run: runs.Run) -> int:
    """Returns the step that a run goes on after."""
    saved = checkpoints.last(run.checkpoints)
    return checkpoints.step_of(saved) if saved else 0


def _system(loaded: system.Loaded) -> Callable[[runs.Run], system.System]:
    """Returns what makes the system of a run."""
    return lambda run: kinds.of(run.config).System(run, loaded)


def _evaluator(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> scoring.Evaluator | None:
    """Prepares the scores during training, if there shall be any."""
    if not config.evaluate_every:
        return None
    # Only now: a training without scores does not wait for this import.
    from tf_dcgan.evaluation import periodic

    return periodic.prepare(config, image_shape)


def describe(config: schema.Config) -> None:
    """Prints what `launch` would train, without any data.

    Args:
        config: the settings as the user chose them.

    Raises:
        errors.UserError: the networks cannot make the size, or the data set
            is unknown or has no labels for conditional networks.
    """
    kind = kinds.of(config)
    device = execution.set_up(config)
    resolved = kind.resolve(config)
    initial.check_shapes(config, resolved.image_shape, resolved.num_classes)
    step = memory.check(config, resolved)
    config = resolved.config
    generators, discriminators = cost.without_weights(
        config, resolved.image_shape, resolved.num_classes
    )
    terminal.show(json.dumps(schema.to_json(config), indent=2))
    for network in (*generators, *discriminators):
        network.summary(line_length=79, expand_nested=True)
    terminal.show(
        f"per step: {step.operations / 1e9:.1f} billion floating-point "
        f"operations for {kind.images_of_step(config)}"
    )
    terminal.show(_cost_in_words(step, config.steps))
    terminal.show(device)
    for note in (
        *resolved.notes,
        # All discriminators of a config have the same layers.
        *updates.batch_notes(config, discriminators[0]),
    ):
        terminal.show(note)


def _cost_in_words(step: cost.StepCost, steps: int | None) -> str:
    """Says what the steps of a training take, before the first of them."""
    available = devices.memory_bytes()
    of_all = (
        "" if available is None else f" of this machine's {_gib(available)}"
    )
    seconds = step.operations / devices.operations_per_second()
    per_step = f"{seconds:.2g} s" if seconds < 10 else console.duration(seconds)
    in_all = (
        f", {console.duration(seconds * steps)} for {steps:,} steps"
        if steps and seconds * steps >= 1
        else ""
    )
    return (
        f"memory: about {_gib(step.memory_bytes)} GiB{of_all}; time: "
        f"{per_step} a step or more{in_all}, as matrix products go here"
    )


def _gib(number_of_bytes: int) -> str:
    return f"{number_of_bytes / 2**30:.1f}"


def _say_what_changed_since(run: runs.Run, config_then: schema.Config) -> None:
    """Notes what rounds otherwise than before: packages, the device, XLA."""
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
    device = devices.name(is_split=run.config.is_split)
    if run.device not in (None, device):
        terminal.say(
            f"note: the run was started on another device ({run.device}, now "
            f"{device}); it goes on, but not bit for bit"
        )
        if run.config.xla == "on" and not devices.gpus():
            terminal.say(
                "note: the run has XLA on, which makes a CPU slow: --xla=off "
                "goes on without it"
            )
    if run.config.xla != config_then.xla:
        terminal.say(
            f"note: XLA was {config_then.xla}, now {run.config.xla}; the run "
            "goes on, but not bit for bit"
        )
