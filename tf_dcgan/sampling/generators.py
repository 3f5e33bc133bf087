"""The generators of runs, loaded from the requested checkpoint."""

from __future__ import annotations

import pathlib
from typing import Any

import keras

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import kinds
from tf_dcgan.gan import states
from tf_dcgan.models import families, layers
from tf_dcgan.runs import best_checkpoint, checkpoints, runs

# How a checkpoint's names of a generator's variables begin: the averaged
# weights with this word before the model's name, the raw ones without it.
_PREFIXES = {"ema": "averaged_", "raw": ""}


def find_checkpoint(run: runs.Run, checkpoint: str) -> pathlib.Path:
    """Returns the folder of a run's last or best checkpoint.

    Args:
        run: has its checkpoints on the disk.
        checkpoint: "last", or "best" for the best by `--evaluate_every`.

    Raises:
        errors.UserError: the run has no such checkpoint.
    """
    is_best = checkpoint == "best"
    if is_best:
        path = best_checkpoint.find(run)
    else:
        path = checkpoints.last(run.checkpoints)
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


def load(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[Any, int]:
    """Loads what a run of either kind makes images with.

    Args:
        run: has its checkpoints on the disk.
        weights: as for `load_generator`.
        checkpoint: as for `load_generator`.

    Returns:
        What `load_generator` returns, or for a run that translates what
        `load_translators` returns.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    return _LOADERS[run.config.kind](run, weights, checkpoint)


def load_generator(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[keras.Model, int]:
    """Loads the generator of a run that makes images of noise.

    Args:
        run: has its checkpoints on the disk.
        weights: "ema" for the averaged weights, "raw" for the weights of the
            checkpoint's last update.
        checkpoint: "last", or "best" for the best by `--evaluate_every`.

    Returns:
        (generator, step): the model in float32, latents to images, and the
        number of finished steps, which `best_checkpoint.origin` puts in
        words.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    (generator,), step = _load(run, weights, checkpoint)
    return generator, step


def load_translators(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[tuple[keras.Model, keras.Model], int]:
    """Loads both generators of a run that translates.

    Args:
        run: has its checkpoints on the disk.
        weights: as for `load_generator`.
        checkpoint: as for `load_generator`.

    Returns:
        ((A to B, B to A), step): the models in float32, of the size that the
        run was trained at, and the number of finished steps.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    return _load(run, weights, checkpoint)


def load_discriminator(
    run: runs.Run, checkpoint: str = "last"
) -> tuple[keras.Model, int]:
    """Loads the discriminator of a run that makes images of noise.

    Args:
        run: has its checkpoints on the disk.
        checkpoint: as for `load_generator`.

    Returns:
        (discriminator, step): the model in float32, images to logits, and
        the number of finished steps.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    path = find_checkpoint(run, checkpoint)
    with layers.in_float32():
        (discriminator,) = families.discriminators(
            run.config, run.data.image_shape, run.num_classes
        )
    variables = states.named_variables(discriminator, "discriminator")
    return discriminator, checkpoints.restore_some(path, variables)


def _load(
    run: runs.Run, weights: str, checkpoint: str
) -> tuple[tuple[keras.Model, ...], int]:
    path = find_checkpoint(run, checkpoint)
    models = families.averaged_generators(
        run.config, run.data.image_shape, run.num_classes
    )
    variables = {}
    for model in models:
        variables |= states.named_variables(
            model, f"{_PREFIXES[weights]}{model.name}"
        )
    return models, checkpoints.restore_some(path, variables)


_LOADERS = {
    kinds.GENERATION: load_generator,
    kinds.TRANSLATION: load_translators,
}
