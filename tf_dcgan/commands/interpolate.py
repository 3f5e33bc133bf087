"""Walks in latent space: `python -m tf_dcgan interpolate --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import animation_flags, command_line, run_flags
from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields, kinds
from tf_dcgan.sampling import labels, latents

_GROUP = "Walk"
_STILL = ".png"
_MOST_IMAGES = 10_000
SUMMARY = """\
Walks from one sample of a run to the next in latent space.

Writes a strip with a row for each leg of the way, or more rows for many frames
(PNG), and the whole way as an animation (GIF, APNG or MP4)."""


@dataclasses.dataclass(frozen=True)
class InterpolateSettings(run_flags.LatentSettings):
    """The flags of this command."""

    indices: str = fields.setting(
        "0,1,2,3,4,5",
        "the samples to visit, by number; 7:17 is sample 17 of seed 7, "
        "FILE.npz:2 vector 2 of a file that invert wrote",
        group=_GROUP,
    )
    loop: bool = fields.setting(
        False, "go back to the first sample at the end", group=_GROUP
    )
    method: str = fields.setting(
        "spherical",
        "the way from one to the next",
        group=_GROUP,
        choices={
            "spherical": "turns the direction evenly (slerp)",
            "linear": "straight, through latents shorter than the generator "
            "has been trained on",
        },
    )
    frames: int = fields.setting(
        12,
        "images from one sample to the next, both counted",
        group=_GROUP,
        minimum=2,
        maximum=1000,
    )
    out: str = fields.setting(
        "walk",
        "name.png for the strip, name.gif (or .apng or .mp4) for the "
        "animation, a name without either for both",
        group=_GROUP,
    )
    format: str | None = animation_flags.field(_GROUP)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong.
    """
    settings = command_line.parse(
        arguments,
        InterpolateSettings,
        summary=SUMMARY,
        command=terminal.command("interpolate"),
    ).settings
    points = _points(settings)
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    latents.check_length(points, run.config.latent_dim, flag="indices")
    label = labels.find(run, settings.label, is_needed=True)
    outs = _check_outs(settings)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling import samplers, walks

    walk = walks.Walk(
        points,
        settings.seed,
        settings.frames,
        settings.method,
        settings.loop,
        None if label is None else run.data.class_names[label],
    )
    walked_images = walks.make(
        walk, samplers.of_run(run, generator, label=label)
    )
    written = run_flags.outs_in_words(outs)
    for out in outs:
        walks.write(out, walk, walked_images)
    terminal.show(
        f"{written}: samples {' to '.join(walk.names())}, "
        f"{settings.frames} images each, {walk.way}, {origin}"
    )


def _points(
    settings: InterpolateSettings,
) -> list[latents.Point | latents.FilePoint]:
    """Reads the way; a loop ends where it began."""
    points = latents.parse_points(
        settings.indices, flag="indices", seed=settings.seed
    )
    if len(points) < 2:
        raise errors.UserError(
            f"--indices={settings.indices} names one sample: give two at "
            "least, separated by commas"
        )
    if settings.loop:
        points.append(points[0])
    images = (len(points) - 1) * settings.frames
    if images > _MOST_IMAGES:
        raise errors.UserError(
            f"--indices and --frames={settings.frames} ask for {images:,} "
            f"images: at most {_MOST_IMAGES:,} are made; give fewer of either"
        )
    return points


def _check_outs(settings: InterpolateSettings) -> list[pathlib.Path]:
    """Finds out early whether the pictures can be written."""
    given_out = settings.out
    folder = os.path.expanduser(given_out)
    if given_out.endswith(os.sep) or os.path.isdir(folder):
        raise errors.UserError(
            f"--out={given_out} is a folder: give name.png for the strip, "
            "name.gif for the animation, or a name without either for both, "
            f"such as {os.path.join(folder, InterpolateSettings.out)}"
        )
    outs = animation_flags.outs(given_out, settings.format, still=_STILL)
    for path in outs:
        files.require_writable(path, f"--out={given_out}")
    return outs
