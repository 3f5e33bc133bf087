"""Translations of images: `python -m tf_dcgan translate --run_dir=RUN …`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import sys

from tf_dcgan.commands import command_line, input_flag, run_flags
from tf_dcgan.common import errors, files, quiet_import, terminal, words
from tf_dcgan.config import fields, kinds
from tf_dcgan.data.folders import decoding
from tf_dcgan.runs import runs
from tf_dcgan.sampling import translation_fields

_GROUP = "Translation"
SUMMARY = "Translates images with a generator of a run."


@dataclasses.dataclass(frozen=True)
class TranslateSettings(run_flags.RunSettings):
    """The flags of this command."""

    input: str | None = input_flag.field(_GROUP)
    direction: str = translation_fields.direction(_GROUP)
    size: str = translation_fields.size(_GROUP)
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
    from tf_dcgan.sampling import translated_files, translators

    smallest, most_pixels = translators.limits(run.config, settings.size)
    plan = translated_files.plan(
        source,
        out,
        channels=run.data.channels,
        smallest=smallest,
        most_pixels=most_pixels,
        value_range=translators.value_range(run, settings.direction),
    )
    pair, origin = run_flags.load(run, settings)
    for note in plan.notes:
        terminal.show(f"note: {note}", file=sys.stderr)
    translate, fit = translators.of_run(
        run, pair, direction=settings.direction, size=settings.size
    )
    translated_files.write(plan, translate, fit=fit, channels=run.data.channels)
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
    from tf_dcgan.sampling import translators

    crop = translators.read_as(run, settings.direction).crop
    text = f"at {height}x{width}"
    return (
        text
        if crop is None
        else f"{text} from the central " + "x".join(map(str, crop))
    )
