"""Translations of images: `python -m tf_dcgan translate --run_dir=RUN …`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import os
import pathlib
import sys

from tf_dcgan.commands import command_line, input_flag, run_flags
from tf_dcgan.common import errors, files, quiet_import, terminal, words
from tf_dcgan.config import fields, kinds, sizes
from tf_dcgan.data import names, reading
from tf_dcgan.data.folders import decoding
from tf_dcgan.runs import runs

_GROUP = "Translation"
SUMMARY = "Translates images with a generator of a run."


@dataclasses.dataclass(frozen=True)
class TranslateSettings(run_flags.RunSettings):
    """The flags of this command."""

    input: str | None = input_flag.field(_GROUP)
    direction: str = fields.setting(
        "a_to_b",
        "which of the run's two translations to make",
        group=_GROUP,
        choices={
            "a_to_b": "images of A become images that look like B's",
            "b_to_a": "images of B become images that look like A's",
        },
    )
    size: str = fields.setting(
        "network",
        "the size of the translations",
        group=_GROUP,
        choices={
            "network": "the size that the run was trained at; each image gets "
            "it as the run's --fit says, by default by a crop to the centre",
            "original": "the size of each image, cut down at the edges to "
            "multiples of 4 pixels",
        },
    )
    out: str = fields.setting(
        "translated",
        "a folder for the PNGs, named as the images are",
        group=_GROUP,
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run, the images or the place to write is
            wrong.
    """
    settings = command_line.parse(
        arguments,
        TranslateSettings,
        summary=SUMMARY,
        command=terminal.command("translate"),
    ).settings
    run = run_flags.open_run(settings.run_dir, kinds.TRANSLATION)
    source, out = _check_paths(settings)
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.models import cyclegan
    from tf_dcgan.sampling import (
        given_images,
        translated_files,
        translators,
    )

    limits = {"smallest": 1}
    if settings.size == "original":
        limits = {
            "smallest": cyclegan.SMALLEST_SIDE,
            "most_pixels": (devices.memory_bytes() or math.inf)
            / cyclegan.bytes_per_pixel(run.config),
        }
    plan = translated_files.plan(
        source,
        out,
        channels=run.data.channels,
        value_range=run.datasets[settings.direction == "b_to_a"].value_range,
        **limits,
    )
    pair, origin = run_flags.load(run, settings)
    fit = given_images.at_network_size(
        run.data.image_shape[:2],
        _read_as(run, settings.direction),
        whole_size=sizes.parse("load_size", run.config.load_size)
        if run.config.load_size
        else None,
        at_own_scale=run.config.crop_size is not None
        and run.config.load_size is None,
    )
    if settings.size == "original":
        pair = cyclegan.for_any_size(run.config, pair, run.data.image_shape)
        fit = translated_files.at_own_size
    for note in plan.notes:
        terminal.show(f"note: {note}", file=sys.stderr)
    generator = pair[cyclegan.DIRECTIONS.index(settings.direction)]
    translated_files.write(
        plan,
        translators.Translator(generator),
        fit=fit,
        channels=run.data.channels,
    )
    terminal.show(
        f"{out}: {words.counted(len(plan.pairs), 'image')} of {source}, "
        f"{_way(run, settings)}, {origin}"
    )


def _check_paths(
    settings: TranslateSettings,
) -> tuple[pathlib.Path, pathlib.Path]:
    """Finds out early what is wrong with `--input` and `--out`."""
    advice = "give a folder for the translations"
    if not settings.out:
        raise errors.UserError(f"--out= is empty: {advice}")
    source = input_flag.find(settings.input)
    out = pathlib.Path(os.path.expanduser(settings.out))
    files.require_writable(
        out, f"--out={settings.out}", is_folder=True, advice=advice
    )
    if decoding.is_image(str(out)) and not out.is_dir():
        raise errors.UserError(f"--out={out} is an image's name: {advice}")
    if source.is_dir() and source.resolve() in (
        out.resolve(),
        *out.resolve().parents,
    ):
        raise errors.UserError(
            f"--out={out} is --input={source} or in it, where a translation "
            "would be taken for an image the next time: give a folder outside"
        )
    return source, out


def _read_as(run: runs.Run, direction: str) -> reading.Reading:
    """Says how the images of the set were read that are translated."""
    config = run.config
    name = config.dataset
    if name is None:
        is_a = direction == "a_to_b"
        text = str(config.dataset_a if is_a else config.dataset_b)
        name, _ = names.cut(text, given=text)
    return reading.of_set(config, name)


def _way(run: runs.Run, settings: TranslateSettings) -> str:
    """Says which sets are translated in which direction, and at which size."""
    pair = [str(run.config.dataset_a), str(run.config.dataset_b)]
    if settings.direction == "b_to_a":
        pair.reverse()
    title = run.config.dataset or " to ".join(pair)
    return f"{settings.direction} ({title}), {_size(run, settings)}"


def _size(run: runs.Run, settings: TranslateSettings) -> str:
    if settings.size == "original":
        return "of their own sizes"
    height, width = run.data.image_shape[:2]
    crop = _read_as(run, settings.direction).crop
    text = f"at {height}x{width}"
    return (
        text
        if crop is None
        else f"{text} from the central " + "x".join(map(str, crop))
    )
