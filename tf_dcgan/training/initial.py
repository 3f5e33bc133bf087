"""Begins a run with the weights of another run: `--init_from`.

Loads TensorFlow only where it reads a checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
from typing import TYPE_CHECKING, Any

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import schema
from tf_dcgan.runs import runs

if TYPE_CHECKING:
    from tf_dcgan.gan import states

_CHECKPOINTS = ("last", "best")


def check_settings(config: schema.Config) -> None:
    """Refuses another run whose networks follow from other settings.

    Args:
        config: of the new run; its `init_from` may be None.

    Raises:
        errors.UserError: there is no such run, or a setting differs from which
            the networks follow.
    """
    if config.init_from is None:
        return
    source = _source(config)
    differing = {
        field.name: (getattr(config, field.name), value)
        for field in dataclasses.fields(config)
        if field.metadata["shapes_networks"]
        and getattr(config, field.name)
        != (value := getattr(source.config, field.name))
    }
    if differing:
        flags = [_flag(name, its) for name, (_, its) in differing.items()]
        raise _unlike(
            config,
            [
                f"{name} {own}, there {its}"
                for name, (own, its) in differing.items()
            ],
            f"give {' '.join(flags)}",
        )


def check_shapes(
    config: schema.Config, image_shape: tuple[int, int, int], num_classes: int
) -> None:
    """Refuses another run whose networks have other images or classes.

    Args:
        config: of the new run; its `init_from` may be None.
        image_shape: (height, width, channels) of its networks' images.
        num_classes: how many classes its networks are told of.

    Raises:
        errors.UserError: the images or the number of classes differ.
    """
    if config.init_from is None:
        return
    source = _source(config)
    differing = []
    if source.data.image_shape != image_shape:
        own, its = (
            "x".join(map(str, shape))
            for shape in (image_shape, source.data.image_shape)
        )
        differing.append(
            f"images of {own}, there {its} (height x width x channels)"
        )
    if source.num_classes != num_classes:
        differing.append(f"{num_classes} classes, there {source.num_classes}")
    if differing:
        raise _unlike(config, differing, "give other images or --image_size")


def find(config: schema.Config) -> runs.InitialWeights | None:
    """Finds the weights that a new run begins with.

    Args:
        config: of the new run.

    Returns:
        Whose weights they are; None where `init_from` is None.

    Raises:
        errors.UserError: the other run is gone or has no such checkpoint.
    """
    if config.init_from is None:
        return None
    from tf_dcgan.runs import best_checkpoint, checkpoints
    from tf_dcgan.sampling import generators

    _, checkpoint = _parse(config.init_from)
    source = _source(config)
    if checkpoint == "best" and best_checkpoint.find(source) is None:
        raise errors.UserError(
            f"--init_from={config.init_from}: {source.path} has no best "
            "checkpoint, since it was not trained with --evaluate_every: give "
            f"--init_from={source.path} for its last one"
        )
    with errors.about(f"--init_from={config.init_from}"):
        path = generators.find_checkpoint(source, checkpoint)
    return runs.InitialWeights(
        os.path.abspath(source.path),
        checkpoint,
        checkpoints.step_of(path),
        checkpoints.fingerprint(path),
    )


def restore(weights: runs.InitialWeights, state: states.State) -> None:
    """Gives networks the weights that their run begins with.

    Args:
        weights: as `find` returned them.
        state: its networks and averages are changed, and nothing else.

    Raises:
        errors.UserError: the checkpoint is gone, has changed, or is damaged.
    """
    from tf_dcgan.runs import best_checkpoint, checkpoints

    with errors.about("the weights that the run begins with"):
        source = runs.open_run(weights.run)
    if weights.checkpoint == "best":
        path = best_checkpoint.at(source, weights.step)
    else:
        path = checkpoints.path_of(source.checkpoints, weights.step)
    if not path.exists() or (
        checkpoints.fingerprint(path) != weights.fingerprint
    ):
        raise errors.UserError(
            f"{path}, whose weights the run begins with, is gone or has "
            "changed: put it back, or start a new run"
        )
    checkpoints.restore_some(path, state.network_variables())
    terminal.say(
        f"weights: of {weights.run}, its {weights.checkpoint} checkpoint, step "
        f"{weights.step:,}"
    )


def _parse(init_from: str) -> tuple[str, str]:
    """Reads `RUN`, `RUN:best` or `RUN:last`: a folder and a checkpoint."""
    folder, _, word = init_from.rpartition(":")
    return (folder, word) if word in _CHECKPOINTS else (init_from, "last")


def _source(config: schema.Config) -> runs.Run:
    """Opens the other run."""
    text = str(config.init_from)
    folder, _ = _parse(text)
    if not os.path.isdir(folder):
        raise errors.UserError(
            f"--init_from={text}: {folder} does not exist: give the folder of "
            "a run, or RUN:best for its best checkpoint"
        )
    with errors.about(f"--init_from={text}"):
        return runs.open_run(folder)


def _flag(name: str, value: Any) -> str:
    """Writes the flag that gives a setting its value."""
    if isinstance(value, bool):
        value = str(value).lower()
    return terminal.flag(name, value).replace("=None", "=")


def _unlike(
    config: schema.Config, differing: Sequence[str], advice: str
) -> errors.UserError:
    return errors.UserError(
        f"--init_from={config.init_from} has other networks than this run: "
        f"{'; '.join(differing)}: {advice}, or leave --init_from out"
    )
