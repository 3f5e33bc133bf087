"""The generators of runs, out of the checkpoint that is asked for."""

from __future__ import annotations

import pathlib

import keras

from tf_dcgan.common import errors, terminal
from tf_dcgan.gan import cyclegan_state, states
from tf_dcgan.models import cyclegan, families
from tf_dcgan.runs import checkpoints, runs

# What the checkpoints' names of a generator begin with.
KINDS = {"ema": "averaged_generator", "raw": "generator"}


def find_checkpoint(run: runs.Run, checkpoint: str) -> pathlib.Path:
    """Finds the checkpoint of a run that is asked for.

    Args:
        run: the run.
        checkpoint: "last", or "best" for the best by `--evaluate_every`.

    Returns:
        Its folder.

    Raises:
        errors.UserError: there is none.
    """
    is_best = checkpoint == "best"
    path = checkpoints.last(run.best_checkpoint if is_best else run.checkpoints)
    if path is None and is_best:
        raise errors.UserError(
            f"{run.path} has no best checkpoint: train with "
            "--evaluate_every=N, or take --checkpoint=last"
        )
    if path is None:
        raise errors.UserError(
            f"{run.path} has no checkpoint yet: go on with "
            f"`{terminal.command('train', run_dir=run.path)}` first"
        )
    return path


def load_translators(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[tuple[keras.Model, keras.Model], int]:
    """Loads both generators of a translation's run.

    Args:
        run: the run.
        weights: as for `generators.load_generator`.
        checkpoint: likewise.

    Returns:
        ((A to B, B to A), step): the models in float32, of the size that the
        run was trained at, and the finished steps, which `scoring.origin` puts
        in words.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    path = find_checkpoint(run, checkpoint)
    pair = cyclegan_state.create_averaged_generators(
        run.config, run.data.image_shape
    )
    variables = {}
    for direction, generator in zip(cyclegan.DIRECTIONS, pair, strict=True):
        variables |= states.named_variables(
            generator, f"{KINDS[weights]}_{direction}"
        )
    return pair, checkpoints.restore_some(path, variables)


def load_generator(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[keras.Model, int]:
    """Loads the generator of a run's last checkpoint, or of its best.

    Args:
        run: the run.
        weights: "ema" for the averaged weights, "raw" for those of the
            checkpoint's last update.
        checkpoint: "last", or "best" for the best by `--evaluate_every`.

    Returns:
        (generator, step): the model in float32 and the finished steps, which
        `scoring.origin` puts in words.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    path = find_checkpoint(run, checkpoint)
    generator = families.create_averaged_generator(
        run.config, run.data.image_shape, run.num_classes
    )
    step = checkpoints.restore_some(
        path, states.named_variables(generator, KINDS[weights])
    )
    return generator, step
