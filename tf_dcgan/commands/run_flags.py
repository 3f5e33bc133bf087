"""What the commands over runs share: their flags, and the way to a generator.

A command parses its flags, opens its run, checks what the flags name, loads
the generator, acts, and prints where the result is and what it comes from.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
from typing import Any

from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import device_field, fields, kinds
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generator_fields

_GROUP = "Run"
_OTHER_IMAGES = (".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif")


def label(group: str, *, unset: str):
    """Makes the field `label`.

    Args:
        group: the heading in `--help`.
        unset: what happens without it, in words.
    """
    return fields.setting(
        None,
        "the class that a conditional run shall make: its name, or, where no "
        "class has that name, its number from 0",
        group=group,
        unset=unset,
    )


@dataclasses.dataclass(frozen=True)
class RunSettings:
    """The flags that say which generator; to inherit from."""

    run_dir: str | None = fields.setting(
        None,
        "the run to take the generator from, a folder that train.py made",
        group=_GROUP,
    )
    weights: str = generator_fields.weights(_GROUP)
    checkpoint: str = generator_fields.checkpoint(_GROUP)
    device: str = device_field.device(_GROUP)

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


@dataclasses.dataclass(frozen=True)
class LatentSettings(RunSettings):
    """The flags that say which generator and which latents; to inherit from."""

    seed: int = fields.setting(
        0,
        "whose samples the numbers count: number i is image i of "
        f"`{terminal.command('sample')}` with the same seed",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )
    label: str | None = label(
        _GROUP, unset="only of a run that is not conditional"
    )


def open_run(run_dir: str, kind: kinds.Kind) -> runs.Run:
    """Opens the run that a command was given.

    Args:
        run_dir: what `--run_dir` names.
        kind: the kind of system that the command is for.

    Raises:
        errors.UserError: there is no run, or its system is of another kind.
    """
    run = runs.open_run(run_dir)
    kind_of_run = run.config.kind
    if kind_of_run is not kind:
        other_command = terminal.command(
            kind_of_run.images_command, run_dir=run_dir
        )
        raise errors.UserError(
            f"--run_dir={run_dir} is a run of {kind_of_run.name}, and this "
            f"command is for runs of {kind.name}: use {other_command}"
        )
    return run


def picture_path(
    out: str, *, advice: str, endings: tuple[str, ...] = (".png",)
) -> pathlib.Path:
    """Reads `--out` of a command that writes pictures.

    Args:
        out: the flag's value.
        advice: what to give instead; ends the error line.
        endings: the ends of names that are written as pictures. Any other end
            is left to the caller, unless pictures of another kind have it.

    Returns:
        The path, with the user's home in the place of `~`.

    Raises:
        errors.UserError: the value is empty, or ends like a picture of a kind
            that is not written.
    """
    if not out:
        raise errors.UserError(f"--out= is empty: {advice}")
    path = pathlib.Path(os.path.expanduser(out))
    ending = path.suffix.lower()
    if ending in _OTHER_IMAGES and ending not in endings:
        kinds_written = " and ".join(kind[1:].upper() for kind in endings)
        raise errors.UserError(
            f"--out={out} asks for a {ending} image: only {kinds_written} can "
            f"be written; {advice}"
        )
    return path


def load(run: runs.Run, settings: RunSettings) -> tuple[Any, str]:
    """Loads TensorFlow, and what a run makes images with.

    Args:
        run: of either kind.
        settings: say which weights of which checkpoint, and what computes.

    Returns:
        (generator, origin): the generator, or both generators of a
        translation, A to B first; and which weights they are, in words for
        the line that ends a command.

    Raises:
        errors.UserError: there is no such checkpoint, it is damaged, or the
            machine has no such device.
    """
    generator, _, origin = load_at_step(run, settings)
    return generator, origin


def load_at_step(run: runs.Run, settings: RunSettings) -> tuple[Any, int, str]:
    """Loads what `load` does, and says which step it is of.

    Args:
        run: of either kind.
        settings: say which weights of which checkpoint, and what computes.

    Returns:
        (generator, step, origin): as `load` returns them, and the number of
        finished steps between them.

    Raises:
        errors.UserError: as `load` does.
    """
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.runs import best_checkpoint
    from tf_dcgan.sampling import generators

    devices.choose(settings.device)
    generator, step = generators.load(
        run, settings.weights, settings.checkpoint
    )
    origin = best_checkpoint.origin(run, step, settings.checkpoint)
    return generator, step, f"{settings.weights} weights of {origin}"


def outs_in_words(outs: Sequence[pathlib.Path]) -> str:
    """Names files for the last line; call it before they are written.

    Args:
        outs: the files; those that exist are said to be replaced.
    """
    return ", ".join(f"{out}{' (replaced)' * out.is_file()}" for out in outs)
