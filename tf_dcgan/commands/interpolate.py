"""Walks in latent space: `python -m tf_dcgan interpolate --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields, kinds
from tf_dcgan.sampling import labels, latents

_GROUP = "Walk"
_MOST_IMAGES = 10_000
_SECONDS_PER_FRAME = 0.1
SUMMARY = """\
Walks from one sample of a run to the next in latent space.

Writes a strip with a row for each leg of the way, or more rows for many frames
(PNG), and the whole way as an animation (GIF)."""


@dataclasses.dataclass(frozen=True)
class InterpolateSettings(run_flags.LatentSettings):
    """The flags of this command."""

    indices: str = fields.setting(
        "0,1,2,3,4,5",
        "the samples to visit, by number; 7:17 is sample 17 of seed 7",
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
        "name.png for the strip, name.gif for the animation, a name without "
        "either for both",
        group=_GROUP,
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
        InterpolateSettings,
        summary=SUMMARY,
        command=terminal.command("interpolate"),
    ).settings
    points = _points(settings)
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    label = labels.find(run, settings.label, is_needed=True)
    outs = _check_outs(settings.out)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling import samplers

    sampler = samplers.of_run(run, generator, label=label)
    walks = latents.walk(
        sampler.latents(points), frames=settings.frames, method=settings.method
    )
    walked_images = sampler.from_latents(walks.reshape(-1, walks.shape[-1]))
    # [walks, frames, height, width, channels]
    walked_images = walked_images.reshape(
        *walks.shape[:2], *walked_images.shape[1:]
    )
    names = [latents.show_point(point, seed=settings.seed) for point in points]
    way = f"{settings.method}, seed {settings.seed}"
    if label is not None:
        way += f", class {run.data.class_names[label]}"
    for out in outs:
        _write(out, walked_images, names, loop=settings.loop, way=way)
    terminal.show(
        f"{', '.join(map(str, outs))}: samples {' to '.join(names)}, "
        f"{settings.frames} images each, {way}, {origin}"
    )


def _write(
    out: pathlib.Path, walked_images, names, *, loop: bool, way: str
) -> None:
    """Writes the walks as an animation or as a strip, by the suffix."""
    from tf_dcgan.common import images
    from tf_dcgan.sampling import latent_pictures

    if out.suffix.lower() == ".gif":
        images.write_gif(
            out,
            latent_pictures.animation(walked_images, loop=loop),
            seconds_per_frame=_SECONDS_PER_FRAME,
            hold_last_seconds=_SECONDS_PER_FRAME if loop else 1.0,
        )
    else:
        titles = [
            f"#{start} to #{end}"
            for start, end in zip(names[:-1], names[1:], strict=True)
        ]
        images.write_png(
            out,
            latent_pictures.strip(
                walked_images,
                titles,
                caption=f"from sample to sample, {way}",
            ),
        )


def _points(settings: InterpolateSettings) -> list[latents.Point]:
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


def _check_outs(given_out: str) -> list[pathlib.Path]:
    """Finds out early whether the pictures can be written."""
    advice = (
        "give name.png for the strip, name.gif for the animation, or a name "
        "without either for both"
    )
    out = run_flags.picture_path(
        given_out, advice=advice, endings=(".png", ".gif")
    )
    if given_out.endswith(os.sep) or os.path.isdir(out):
        raise errors.UserError(
            f"--out={given_out} is a folder: {advice}, such as {out / 'walk'}"
        )
    outs = [out]
    if out.suffix.lower() not in (".png", ".gif"):
        outs = [out.with_name(out.name + end) for end in (".png", ".gif")]
    for path in outs:
        files.require_writable(path, f"--out={given_out}")
    return outs
