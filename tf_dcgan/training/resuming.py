"""Takes a run back to its last checkpoint, from which it continues."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tf_dcgan.common import errors, files, terminal, words
from tf_dcgan.config import schema
from tf_dcgan.gan import states
from tf_dcgan.runs import (
    checkpoints,
    folder,
    health,
    logs,
    runs,
    summaries,
)
from tf_dcgan.training import initial, meters

_METER, _HEALTH, _LINES = "meter", "health", "logged_lines"
_SETTINGS, _REPLICAS = "settings", "replicas"


@dataclasses.dataclass
class Progress:
    """Where a training stands, besides its networks and optimizers.

    Attributes:
        meter: the sums of the current interval, epoch and window.
        monitor: the observations that verdicts on the training's health
            follow from.
        step: the number of finished steps.
        logged_lines: how many lines `metrics.jsonl` has.
    """

    meter: meters.Meter
    monitor: health.Monitor
    step: int
    logged_lines: int


def to_json(
    config: schema.Config,
    meter: meters.Meter,
    monitor: health.Monitor,
    *,
    logged_lines: int,
    num_replicas: int,
) -> dict[str, Any]:
    """Returns what a checkpoint keeps for `resume`, besides the step."""
    return {
        _REPLICAS: num_replicas,
        _SETTINGS: _lasting(schema.to_json(config)),
        _METER: meter.to_json(),
        _HEALTH: monitor.to_json(),
        _LINES: logged_lines,
    }


def resume(
    run: runs.Run, state: states.State, *, num_replicas: int
) -> Progress:
    """Restores a run's last checkpoint and removes what came after it.

    The logs, sample grids and best checkpoints of later steps are removed;
    the run makes them again, with the same content.

    Args:
        run: a new run, or one that has been trained before.
        state: receives the checkpoint's values; if the run has no checkpoint,
            the weights of another run that it begins with, if any.
        num_replicas: over how many devices a step is split now.

    Returns:
        Where the training stands.

    Raises:
        errors.UserError: a checkpoint or log is damaged, or the checkpoints
            of a longer training are gone.
    """
    files.remove_unfinished(run.checkpoints)
    path = checkpoints.last(run.checkpoints)
    if path is None:
        _check_untrained(run)
        if run.initial_weights is not None:
            initial.restore(run.initial_weights, state)
        meter, step = meters.Meter(run.config.batch_size), 0
        lines_then = 0
        monitor = health.Monitor(run.step_config)
    else:
        saved = checkpoints.restore(path, state.variables())
        try:
            meter = meters.Meter(run.config.batch_size, saved[_METER])
            # An older checkpoint has no "health": the windows begin here.
            monitor = health.Monitor(run.step_config, saved.get(_HEALTH))
            # An older checkpoint has no count of lines, and at least one line.
            lines_then = int(saved.get(_LINES, 1))
            _compare_settings(run, dict(saved.get(_SETTINGS, {})))
            # An older checkpoint is of a single device.
            _compare_replicas(num_replicas, int(saved.get(_REPLICAS, 1)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise checkpoints.damaged(path, error) from error
        step = saved["step"]
    # Step 0 has logs only if a kill came before the first checkpoint.
    lines = summaries.rewind(run.path, step if path else -1)
    if lines < lines_then:
        terminal.say(
            f"note: {run.path / logs.METRICS} has {lines:,} of the "
            f"{lines_then:,} lines or more that were written up to step "
            f"{step:,}: the curves lack the others, the training does not "
            "need them"
        )
    checkpoints.rewind(run.best_checkpoint, step)
    return Progress(meter, monitor, step, lines)


def _lasting(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that never change in the life of a run."""
    return {
        field.name: settings[field.name]
        for field in dataclasses.fields(schema.Config)
        if field.name in settings
        and field.metadata["on_resume"] == "fixed"
        and field.name not in schema.MAY_MOVE
    }


def _compare_settings(run: runs.Run, settings_then: Mapping[str, Any]) -> None:
    """Notes settings in config.json that the checkpoint was not made with.

    Flags cannot change them, but damage or a hand in the file can.
    """
    now = schema.to_json(run.config)
    changed = [
        f"{name} {now[name]}, was {then}"
        for name, then in _lasting(settings_then).items()
        if now[name] != then
    ]
    if changed:
        terminal.say(
            f"note: {run.path / folder.CONFIG} has other settings than the "
            f"last checkpoint was trained with ({'; '.join(changed)}): stop "
            "and put them back, unless this is meant"
        )


def _compare_replicas(now: int, then: int) -> None:
    """Notes that steps were split over another number of devices."""
    if now != then:
        terminal.say(
            f"note: the run was split over {words.counted(then, 'device')} up "
            f"to its last checkpoint, now over {words.counted(now, 'device')}: "
            "it goes on with the same noise and images, and other rounding"
        )


def _check_untrained(run: runs.Run) -> None:
    """Refuses to begin again where results of a longer training lie."""
    lines = summaries.read_metrics(run.path)
    logged = max((line["step"] for line in lines), default=0)
    exported = (run.path / "saved_model").exists()
    # After a kill before the first checkpoint nothing is lost: no question.
    every = run.config.checkpoint_every
    if logged > every:  # It may have been longer then.
        every = max(every, runs.open_run(run.path).config.checkpoint_every)
    if exported or logged > every:
        raise errors.UserError(
            f"{run.path} has been trained to step {logged} or "
            "further, but has no checkpoint left to go on from: put "
            "checkpoints/ back, or start a new run"
        )
