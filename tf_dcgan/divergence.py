"""Noticing that a training has diverged, before its weights are saved."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tf_dcgan import checkpoints, errors, runs, states


def check_scalars(
    run: runs.Run, scalars: Mapping[str, np.ndarray], *, finished: int
) -> None:
    """Checks what some steps returned.

    Args:
        run: what is trained.
        scalars: name to [steps] float32.
        finished: the number of steps before them.

    Raises:
        errors.UserError: a number is NaN or infinite.
    """
    for name, values in scalars.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            first, last = finished + 1, finished + len(values)
            raise _diverged(
                run,
                f"{name} is {values[bad[0]]} at step {first + bad[0]} (of "
                f"the steps {first} to {last})",
            )


def check_weights(run: runs.Run, state: states.State, *, step: int) -> None:
    """Checks what is about to be saved.

    Args:
        run: what is trained.
        state: its networks and optimizers.
        step: finished steps.

    Raises:
        errors.UserError: a variable holds NaN or infinity.
    """
    bad = states.non_finite_variables(state)
    if bad:
        raise _diverged(run, f"{bad[0]} is not finite after step {step}")


def _diverged(run: runs.Run, what: str) -> errors.UserError:
    good = checkpoints.last(run.checkpoints)
    kept = f"the last good checkpoint is {good}"
    return errors.UserError(
        f"{what}: training has diverged; "
        f"{kept if good else 'there is no checkpoint yet'}. Start a new "
        "run with lower learning rates or another seed"
    )
