"""Takes a run back to its last checkpoint, from which it continues."""

from __future__ import annotations

from tf_dcgan.common import errors, files
from tf_dcgan.gan import states
from tf_dcgan.runs import checkpoints, health, runs, summaries
from tf_dcgan.training import meters


def resume(
    run: runs.Run, state: states.State
) -> tuple[meters.Meter, health.Monitor, int]:
    """Restores a run's last checkpoint and removes what came after it.

    The logs, sample grids and best checkpoints of later steps are removed;
    the run makes them again, with the same content.

    Args:
        run: a new run, or one that has been trained before.
        state: receives the checkpoint's values; unchanged if the run has no
            checkpoint.

    Returns:
        (meter, monitor, step): the sums of the current interval, epoch and
        window, the observations that verdicts on the training's health follow
        from, and the number of finished steps.

    Raises:
        errors.UserError: a checkpoint or log is damaged, or the checkpoints
            of a longer training are gone.
    """
    files.remove_unfinished(run.checkpoints)
    path = checkpoints.last(run.checkpoints)
    if path is None:
        _check_untrained(run)
        meter, step = meters.Meter(run.config.batch_size), 0
        monitor = health.Monitor(run.config)
    else:
        saved = checkpoints.restore(path, state.variables())
        try:
            meter = meters.Meter(run.config.batch_size, saved["meter"])
            # An older checkpoint has no "health": the windows begin here.
            monitor = health.Monitor(run.config, saved.get("health"))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise checkpoints.damaged(path, error) from error
        step = saved["step"]
    # Step 0 has logs only if a kill came before the first checkpoint.
    summaries.rewind(run.path, step if path else -1)
    checkpoints.rewind(run.best_checkpoint, step)
    return meter, monitor, step


def _check_untrained(run: runs.Run) -> None:
    """Refuses to begin again where results of a longer training lie."""
    lines = summaries.read_metrics(run.path)
    logged = max((line["step"] for line in lines), default=0)
    exported = (run.path / "saved_model").exists()
    # After a kill before the first checkpoint nothing is lost: no question.
    if exported or logged > run.config.checkpoint_every:
        raise errors.UserError(
            f"{run.path} has been trained to step {logged} or "
            "further, but has no checkpoint left to go on from: put "
            "checkpoints/ back, or start a new run"
        )
