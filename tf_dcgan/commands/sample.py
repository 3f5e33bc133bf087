"""Images from a run: `python -m tf_dcgan sample --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import command_line, out_paths, run_flags
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields
from tf_dcgan.runs import runs

_GROUP = "Sampling"
_LARGEST_GRID = 10_000
SUMMARY = "Makes images with the generator of a run."


@dataclasses.dataclass(frozen=True)
class SampleSettings:
    """The flags of this command."""

    run_dir: str | None = fields.setting(
        None,
        "the run to take the generator from, a folder that train.py made",
        group=_GROUP,
    )
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
    weights: str = run_flags.weights(_GROUP)
    checkpoint: str = run_flags.checkpoint(_GROUP)
    batch_size: int = fields.setting(
        64,
        "images made at once; does not change them",
        group=_GROUP,
        minimum=1,
        maximum=65_536,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong.
    """
    (given,) = command_line.parse(
        arguments,
        SampleSettings,
        summary=SUMMARY,
        command=terminal.command("sample"),
    )
    wanted = SampleSettings(**given)
    run = run_flags.open_generation(wanted.run_dir)
    label = run_flags.find_label(run, wanted.label)
    out = _check_out(wanted)
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.runs import best_checkpoint
    from tf_dcgan.sampling import generators, sample_files, samplers

    devices.share_gpus()
    generator, step = generators.load_generator(
        run, wanted.weights, wanted.checkpoint
    )
    made = sample_files.write(
        out,
        samplers.of_run(run, generator, label=label),
        seed=wanted.seed,
        num_images=wanted.num_images,
        batch_size=wanted.batch_size,
        class_names=run.data.class_names,
    )
    images = "image" if made == 1 else "images"
    print(
        f"{out}: {made} {images}{_of_classes(run, label)}, seed {wanted.seed}, "
        f"{wanted.weights} weights of "
        f"{best_checkpoint.origin(run, step, wanted.checkpoint)}"
    )


def _of_classes(run: runs.Run, label: int | None) -> str:
    if label is not None:
        return f" of class {run.data.class_names[label]}"
    return f" of {run.num_classes} classes" * bool(run.num_classes)


def _check_out(wanted: SampleSettings) -> pathlib.Path:
    """Finds out early whether the images can be written where they shall."""
    if not wanted.out:
        raise errors.UserError(
            "--out= is empty: give a name ending in .png for one grid, or a "
            "folder for single images"
        )
    out = pathlib.Path(wanted.out).expanduser()
    is_grid = out.suffix.lower() == ".png"
    out_paths.check_suffix(
        out, "give a name ending in .png for one grid, or a folder"
    )
    if (is_grid and os.path.isdir(out)) or (
        not is_grid and os.path.isfile(out)
    ):
        found = "a folder" if is_grid else "a file"
        raise errors.UserError(
            f"--out={out} is {found} already: give another name, ending in "
            ".png for one grid and in anything else for a folder"
        )
    if is_grid and (wanted.num_images or 0) > _LARGEST_GRID:
        raise errors.UserError(
            f"--num_images={wanted.num_images} are too many for one grid of "
            f"at most {_LARGEST_GRID:,}: give a folder as --out"
        )
    out_paths.make_folder(out, out.parent if is_grid else out)
    return out
