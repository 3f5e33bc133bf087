"""Images from a run: `python -m tf_dcgan sample --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields, kinds
from tf_dcgan.runs import runs

_GROUP = "Sampling"
_LARGEST_GRID = 10_000
SUMMARY = "Makes images with the generator of a run."


@dataclasses.dataclass(frozen=True)
class SampleSettings(run_flags.RunSettings):
    """The flags of this command."""

    num_images: int | None = fields.setting(
        None,
        "how many images to make; rounded up to whole columns in a grid with a "
        "row for each class",
        group=_GROUP,
        minimum=1,
        maximum=10_000_000,
        unset="64, or in a grid of classes 8 of each",
    )
    label: str | None = run_flags.label(
        _GROUP,
        unset="each class in turn; in a grid, a row for each with the same "
        "latents",
    )
    seed: int = fields.setting(
        0,
        "determines the images: number i of a seed is always the same",
        group=_GROUP,
        minimum=0,
        maximum=2**31 - 1,
    )
    out: str = fields.setting(
        "grid.png",
        "a file ending in .png for one grid, else a folder for single PNGs "
        "named by seed, number and class",
        group=_GROUP,
    )
    batch_size: int = fields.setting(
        64,
        "images made at once; does not change them",
        group=_GROUP,
        minimum=1,
        maximum=65_536,
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong.
    """
    settings = command_line.parse(
        arguments,
        SampleSettings,
        summary=SUMMARY,
        command=terminal.command("sample"),
    ).settings
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    label = run_flags.find_label(run, settings.label)
    out = _check_out(settings)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling import sample_files, samplers

    num_images = sample_files.write(
        out,
        samplers.of_run(run, generator, label=label),
        seed=settings.seed,
        num_images=settings.num_images,
        batch_size=settings.batch_size,
        class_names=run.data.class_names,
    )
    images = "image" if num_images == 1 else "images"
    print(
        f"{out}: {num_images} {images}{_of_classes(run, label)}, "
        f"seed {settings.seed}, {origin}"
    )


def _of_classes(run: runs.Run, label: int | None) -> str:
    if label is not None:
        return f" of class {run.data.class_names[label]}"
    return f" of {run.num_classes} classes" * bool(run.num_classes)


def _check_out(settings: SampleSettings) -> pathlib.Path:
    """Finds out early whether the images can be written."""
    out = run_flags.picture_path(
        settings.out,
        advice="give a name ending in .png for one grid, or a folder for "
        "single images",
    )
    is_grid = out.suffix.lower() == ".png"
    if is_grid and (settings.num_images or 0) > _LARGEST_GRID:
        raise errors.UserError(
            f"--num_images={settings.num_images} are too many for one grid of "
            f"at most {_LARGEST_GRID:,}: give a folder as --out"
        )
    files.require_writable(
        out,
        f"--out={settings.out}",
        is_folder=not is_grid,
        advice="give another name, ending in .png for one grid and in "
        "anything else for a folder",
    )
    return out
