"""Walks in latent space: `python -m tf_dcgan interpolate --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import command_line, latent_flags, out_paths, run_flags
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields
from tf_dcgan.sampling import latents

_GROUP = "Walk"
_MOST_IMAGES = 10_000
_SECONDS_PER_FRAME = 0.1
SUMMARY = """\
Walks from one sample of a run to the next in latent space.

Writes a strip with a row for each leg of the way, or more rows for many frames
(PNG), and the whole way as an animation (GIF)."""


@dataclasses.dataclass(frozen=True)
class InterpolateSettings(latent_flags.LatentSettings):
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
    (given,) = command_line.parse(
        arguments,
        InterpolateSettings,
        summary=SUMMARY,
        command=terminal.command("interpolate"),
    )
    wanted = InterpolateSettings(**given)
    points = _points(wanted)
    run = run_flags.open_generation(wanted.run_dir)
    label = latent_flags.find_label(run, wanted)
    outs = _outs(wanted.out)
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.runs import best_checkpoint
    from tf_dcgan.sampling import generators, latents, samplers

    devices.share_gpus()
    generator, step = generators.load_generator(
        run, wanted.weights, wanted.checkpoint
    )
    sampler = samplers.of_run(run, generator, label=label)
    walks = latents.walk(
        sampler.latents(points), frames=wanted.frames, method=wanted.method
    )
    made = sampler.from_latents(walks.reshape(-1, walks.shape[-1]))
    made = made.reshape(*walks.shape[:2], *made.shape[1:])
    names = [latents.show_point(point, seed=wanted.seed) for point in points]
    way = f"{wanted.method}, seed {wanted.seed}"
    if label is not None:
        way += f", class {run.data.class_names[label]}"
    for out in outs:
        _write(out, made, names, loop=wanted.loop, way=way)
    print(
        f"{', '.join(map(str, outs))}: samples {' to '.join(names)}, "
        f"{wanted.frames} images each, {way}, {wanted.weights} weights of "
        f"{best_checkpoint.origin(run, step, wanted.checkpoint)}"
    )


def _write(out: pathlib.Path, made, names, *, loop: bool, way: str) -> None:
    """Writes the walks as an animation or as a strip, by the suffix."""
    from tf_dcgan.common import images
    from tf_dcgan.sampling import latent_pictures

    if out.suffix.lower() == ".gif":
        images.write_gif(
            out,
            latent_pictures.animation(made, loop=loop),
            seconds_per_frame=_SECONDS_PER_FRAME,
            hold_last_seconds=_SECONDS_PER_FRAME if loop else 1.0,
        )
    else:
        labels = [
            f"#{start} to #{end}"
            for start, end in zip(names[:-1], names[1:], strict=True)
        ]
        images.write_png(
            out,
            latent_pictures.strip(
                made,
                labels,
                caption=f"from sample to sample, {way}",
            ),
        )


def _points(wanted: InterpolateSettings) -> list[latents.Point]:
    """Reads the way; a loop ends where it began."""
    points = latents.parse_points(
        wanted.indices, flag="indices", seed=wanted.seed
    )
    if len(points) < 2:
        raise errors.UserError(
            f"--indices={wanted.indices} names one sample: give two at least, "
            "separated by commas"
        )
    if wanted.loop:
        points.append(points[0])
    images = (len(points) - 1) * wanted.frames
    if images > _MOST_IMAGES:
        raise errors.UserError(
            f"--indices and --frames={wanted.frames} ask for {images:,} "
            f"images: at most {_MOST_IMAGES:,} are made; give fewer of either"
        )
    return points


def _outs(given: str) -> list[pathlib.Path]:
    """Finds out early whether the pictures can be written."""
    advice = (
        "give name.png for the strip, name.gif for the animation, or a name "
        "without either for both"
    )
    if not given:
        raise errors.UserError(f"--out= is empty: {advice}")
    out = pathlib.Path(given).expanduser()
    out_paths.check_suffix(out, advice, written=(".png", ".gif"))
    if given.endswith(os.sep) or os.path.isdir(out):
        raise errors.UserError(
            f"--out={given} is a folder: {advice}, such as {out / 'walk'}"
        )
    outs = [out]
    if out.suffix.lower() not in (".png", ".gif"):
        outs = [out.with_name(out.name + end) for end in (".png", ".gif")]
    out_paths.check_files(*outs)
    return outs
