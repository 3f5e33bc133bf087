"""Translations of images: `python -m tf_dcgan translate --run_dir=RUN …`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import os
import pathlib
import sys

from tf_dcgan.commands import command_line, out_paths, run_flags
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields
from tf_dcgan.data.folders import decoding
from tf_dcgan.runs import runs

_GROUP = "Translation"
SUMMARY = "Translates images with a generator of a run."


@dataclasses.dataclass(frozen=True)
class TranslateSettings:
    """The flags of this command."""

    run_dir: str | None = fields.setting(
        None,
        "the run to take the generators from, a folder that train.py made",
        group=_GROUP,
    )
    input: str | None = fields.setting(
        None, "an image, or a folder of images (and folders)", group=_GROUP
    )
    direction: str = fields.setting(
        "a_to_b",
        "which of the run's two translations",
        group=_GROUP,
        choices={
            "a_to_b": "images of A become such as of B",
            "b_to_a": "the reverse",
        },
    )
    size: str = fields.setting(
        "network",
        "of the translations",
        group=_GROUP,
        choices={
            "network": "what the run was trained at: the largest central part "
            "of that shape is resized",
            "original": "each image's own, cut down at the edges to multiples "
            "of 4 pixels",
        },
    )
    out: str = fields.setting(
        "translated",
        "a folder for the PNGs, named as the images are",
        group=_GROUP,
    )
    weights: str = run_flags.weights(_GROUP)
    checkpoint: str = run_flags.checkpoint(_GROUP)

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run, the images or the place to write is
            wrong.
    """
    (given,) = command_line.parse(
        arguments,
        TranslateSettings,
        summary=SUMMARY,
        command=terminal.command("translate"),
    )
    wanted = TranslateSettings(**given)
    run = run_flags.open_translation(wanted.run_dir)
    source, out = _check_paths(wanted)
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.models import cyclegan
    from tf_dcgan.runs import best_checkpoint
    from tf_dcgan.sampling import generators, translated_files, translators

    limits = {"smallest": 1}
    if wanted.size == "original":
        limits = {
            "smallest": cyclegan.SMALLEST_SIDE,
            "most_pixels": (devices.memory_bytes() or math.inf)
            / cyclegan.bytes_per_pixel(run.config),
        }
    plan = translated_files.plan(
        source, out, channels=run.data.channels, **limits
    )
    devices.share_gpus()
    pair, step = generators.load_translators(
        run, wanted.weights, wanted.checkpoint
    )
    out_paths.make_folder(out, out)
    fit = translated_files.at_network_size(
        run.data.image_shape[:2], _crop(run, wanted.direction)
    )
    if wanted.size == "original":
        pair = cyclegan.for_any_size(run.config, pair, run.data.image_shape)
        fit = translated_files.at_own_size
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)
    generator = pair[cyclegan.DIRECTIONS.index(wanted.direction)]
    translated_files.write(
        plan,
        translators.Translator(generator),
        fit=fit,
        channels=run.data.channels,
    )
    print(
        f"{out}: {len(plan.pairs)} images of {source}, "
        f"{_way(run, wanted)}, {wanted.weights} weights of "
        f"{best_checkpoint.origin(run, step, wanted.checkpoint)}"
    )


def _check_paths(
    wanted: TranslateSettings,
) -> tuple[pathlib.Path, pathlib.Path]:
    """Finds out early what is wrong with input and output; makes nothing."""
    advice = "give a folder for the translations"
    if not wanted.out:
        raise errors.UserError(f"--out= is empty: {advice}")
    if not wanted.input:
        raise errors.UserError("--input= is empty: give a folder of images")
    source = pathlib.Path(wanted.input).expanduser()
    if not os.path.exists(source):
        raise errors.UserError(
            f"--input={source} does not exist: give an image, or a folder of "
            "images"
        )
    out = pathlib.Path(wanted.out).expanduser()
    if os.path.isfile(out):
        raise errors.UserError(f"--out={out} is a file already: {advice}")
    if out.suffix.lower() in decoding.SUFFIXES and not out.is_dir():
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


def _crop(run: runs.Run, direction: str) -> tuple[int, int] | None:
    """Returns the central part that the set's own images were cut down to."""
    from tf_dcgan.data import domain_images, names

    config = run.config
    name = config.dataset
    if name is None:
        text = config.dataset_a if direction == "a_to_b" else config.dataset_b
        name, _ = names.cut(text, given=text)
    return domain_images.crop_of_set(config, name)


def _way(run: runs.Run, wanted: TranslateSettings) -> str:
    """Says from what to what, and at which size."""
    pair = [run.config.dataset_a, run.config.dataset_b]
    if wanted.direction == "b_to_a":
        pair.reverse()
    title = run.config.dataset or " to ".join(pair)
    return f"{wanted.direction} ({title}), {_size(run, wanted)}"


def _size(run: runs.Run, wanted: TranslateSettings) -> str:
    if wanted.size == "original":
        return "of their own sizes"
    height, width = run.data.image_shape[:2]
    crop = _crop(run, wanted.direction)
    text = f"at {height}x{width}"
    return (
        text
        if crop is None
        else f"{text} from the central " + "x".join(map(str, crop))
    )
