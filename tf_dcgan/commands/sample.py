"""Images from a run: `python -m tf_dcgan sample --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, files, terminal, words
from tf_dcgan.config import fields, kinds, value_ranges
from tf_dcgan.runs import runs
from tf_dcgan.sampling import labels

_GROUP = "Sampling"
_LARGEST_GRID = 10_000
# Where values go without --out.
_OUT_OF_VALUES = {"npy": "samples.npy", "tiff16": "samples"}
# What to give as --out, and how the name of a single file ends.
_OUT_OF_FORMAT = {
    "png": (
        "give a name ending in .png for one grid, or a folder for single "
        "images",
        ".png",
    ),
    "npy": ("give a name ending in .npy", ".npy"),
    "tiff16": ("give a folder for the single TIFFs", None),
}
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
        maximum=fields.LARGEST_SEED,
    )
    out: str = fields.setting(
        "grid.png",
        "a file ending in .png for one grid, else a folder for single PNGs "
        "named by seed, number and class; without it, --format=npy writes "
        f"{_OUT_OF_VALUES['npy']}, --format=tiff16 into the folder "
        f"{_OUT_OF_VALUES['tiff16']}",
        group=_GROUP,
    )
    format: str = fields.setting(
        "png",
        "what is written",
        group=_GROUP,
        choices={
            "png": "pictures of 8 bits",
            "npy": "one array, float32 [n, height, width, channels], in the "
            "values of the training images; --out ends in .npy",
            "tiff16": "gray pictures of 16 bits in the values of the training "
            "images, if these are whole numbers within 0 to 65,535; --out is "
            "a folder",
        },
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
    label = labels.find(run, settings.label)
    out = _check_out(settings)
    value_range = run.data.value_range
    if settings.format == "tiff16":
        _check_whole_numbers(run)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling import sample_files, samplers

    written = run_flags.outs_in_words([out])
    request = {
        "seed": settings.seed,
        "num_images": settings.num_images,
        "batch_size": settings.batch_size,
        "class_names": run.data.class_names,
    }
    if settings.format == "png":
        sampler = samplers.of_run(run, generator, label=label)
        num_images = sample_files.write(out, sampler, **request)
    else:
        num_images = sample_files.write_values(
            out,
            samplers.of_run(run, generator, label=label, as_float=True),
            value_range=value_range,
            **request,
        )
        origin += f", values {value_ranges.in_words(value_range or (0, 255))}"
    images = "image" if num_images == 1 else "images"
    terminal.show(
        f"{written}: {num_images} {images}"
        f"{_of_classes(run, label)}, seed {settings.seed}, {origin}"
    )
    others = _count_pictures(out) - num_images
    if others > 0:
        terminal.say(
            f"note: {out} has {words.counted(others, 'other picture')} that "
            "this call did not make: give a new folder as --out for images "
            "that are to be scored"
        )


def _count_pictures(out: pathlib.Path) -> int:
    """Counts the pictures in a folder of samples; 0 for a file."""
    if not out.is_dir():
        return 0
    return sum(path.suffix in (".png", ".tif") for path in out.iterdir())


def _of_classes(run: runs.Run, label: int | None) -> str:
    if label is not None:
        return f" of class {run.data.class_names[label]}"
    return f" of {run.num_classes} classes" * bool(run.num_classes)


def _check_whole_numbers(run: runs.Run) -> None:
    """Refuses values that a gray picture of 16 bits cannot hold."""
    low, high = run.data.value_range or (0, 255)
    if run.data.channels != 1:
        reason = "are of three channels, and such a TIFF is gray"
    elif low < 0 or high > 65_535 or high - low < 255:
        reason = (
            f"have values {value_ranges.in_words((low, high))}, which are no "
            "whole numbers within 0 to 65,535"
        )
    else:
        return
    raise errors.UserError(
        f"--format=tiff16: the images of {run.path} {reason}: give --format=npy"
    )


def _check_out(settings: SampleSettings) -> pathlib.Path:
    """Finds out early whether the images can be written."""
    text = settings.out
    if settings.format != "png" and text == SampleSettings.out:
        text = _OUT_OF_VALUES[settings.format]
    advice, ending = _OUT_OF_FORMAT[settings.format]
    out = run_flags.picture_path(text, advice=advice)
    is_file = out.suffix.lower() == ending
    if settings.format == "npy" and not is_file:
        raise errors.UserError(f"--out={text} is no name of an array: {advice}")
    if settings.format == "tiff16" and out.suffix.lower() in (".png", ".npy"):
        raise errors.UserError(f"--out={text} is no folder: {advice}")
    is_grid = settings.format == "png" and is_file
    if is_grid and (settings.num_images or 0) > _LARGEST_GRID:
        raise errors.UserError(
            f"--num_images={settings.num_images} are too many for one grid of "
            f"at most {_LARGEST_GRID:,}: give a folder as --out"
        )
    files.require_writable(
        out,
        f"--out={text}",
        is_folder=not is_file,
        advice=advice.replace("give a name", "give another name"),
    )
    return out
