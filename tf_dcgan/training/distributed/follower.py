"""The loop of every process of a training but the chief.

A follower computes its part of each step, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from tf_dcgan.common import errors, terminal
from tf_dcgan.runs import checkpoints, runs
from tf_dcgan.training import guards, initial, system
from tf_dcgan.training.distributed import crew as crews


def follow(
    run: runs.Run,
    create_system: Callable[[runs.Run], system.System],
    crew: crews.Crew,
) -> None:
    """Does what the chief orders until the training ends.

    A signal is passed on to the chief, which stops the training for all.

    Args:
        run: as the chief has it; its checkpoints are read.
        create_system: makes the system to train.
        crew: of which this process is not the chief.

    Raises:
        errors.UserError: the chief's checkpoint cannot be read here, another
            process has gone, or the chief has failed.
    """
    with guards.on_signals() as stop, crew.at_work(run):
        with crew.strategy.scope():
            trained = create_system(run)
        variables = trained.state.variables()
        step, ahead = 0, (0, 1)
        try:
            trained.batches.prefetch(*ahead)
            while True:
                order, first, second = crew.receive(asks_to_stop=stop.requested)
                if order is crews.Order.RESTORE:
                    step = _restore(run, first, trained.state)
                elif order is crews.Order.COMPARE:
                    crew.compare(variables)
                elif order is crews.Order.STEPS:
                    batch = trained.batches.take()
                    if ahead != (step, first):
                        trained.batches.prefetch(step, first)
                        batch = trained.batches.take()
                    step += first
                    ahead = (step, second)
                    trained.batches.prefetch(*ahead)
                    trained.train_steps(batch)
                elif order is crews.Order.END:
                    terminal.say(
                        f"worker {crew.index}: the training has ended after "
                        f"step {step:,}"
                    )
                    return
                else:
                    raise errors.UserError(
                        f"worker {crew.index} stops with the chief: see what "
                        "worker 0 said"
                    )
        finally:
            trained.batches.close()


def _restore(run, step, state) -> int:
    """Reads the chief's checkpoint, if there is one; returns its step."""
    path = checkpoints.path_of(run.checkpoints, step)
    if path.exists():
        checkpoints.restore(path, state.variables())
    elif step:
        raise errors.UserError(
            f"{path} is not here, and the chief goes on from it: all "
            "workers need the run's folder on a disk that they share"
        )
    elif run.initial_weights is not None:
        initial.restore(run.initial_weights, state)
    return step
