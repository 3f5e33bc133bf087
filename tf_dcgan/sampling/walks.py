"""Walks from point to point of the latent space, as images and as files."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

import numpy as np

from tf_dcgan.common import animations, images
from tf_dcgan.sampling import latent_pictures, latents, samplers

_SECONDS_PER_FRAME = 0.1


@dataclasses.dataclass(frozen=True)
class Walk:
    """A way, and what it is called in pictures.

    Attributes:
        points: at least two; a loop ends with the point that it begins with.
        seed: of the numbers of samples, which names the points.
        frames: images from one point to the next, both counted.
        method: a key of `latents.METHODS`.
        loop: whether the last point is the first one.
        class_name: the class of all images of a conditional run, else None.
    """

    points: Sequence[latents.Point | latents.FilePoint]
    seed: int
    frames: int
    method: str
    loop: bool
    class_name: str | None = None

    @property
    def way(self) -> str:
        """How the way goes, in words."""
        way = f"{self.method}, seed {self.seed}"
        if self.class_name is not None:
            way += f", class {self.class_name}"
        return way

    def names(self, *, short: bool = False) -> list[str]:
        """Names the points; see `latents.show_point`."""
        return [
            latents.show_point(point, seed=self.seed, short=short)
            for point in self.points
        ]


def make(walk: Walk, sampler: samplers.Sampler) -> np.ndarray:
    """Makes the images of a walk.

    Args:
        walk: the way.
        sampler: of the run's generator.

    Returns:
        [points - 1, frames, height, width, channels] uint8.
    """
    vectors = latents.walk(
        sampler.latents(walk.points), frames=walk.frames, method=walk.method
    )
    outputs = sampler.from_latents(vectors.reshape(-1, vectors.shape[-1]))
    return outputs.reshape(*vectors.shape[:2], *outputs.shape[1:])


def write(out: pathlib.Path, walk: Walk, walked_images: np.ndarray) -> None:
    """Writes a walk as a strip or as an animation, by the suffix.

    Args:
        out: as `animations.write` takes it for the animation; with any other
            ending it becomes the strip, a PNG.
        walk: the way.
        walked_images: as `make` returns them.

    Raises:
        errors.UserError: there is no encoder for the animation.
        OSError: the file cannot be written.
    """
    if out.suffix.lower().removeprefix(".") not in animations.FORMATS:
        images.write_png(out, strip(walk, walked_images))
        return
    animations.write(
        out,
        latent_pictures.animation(walked_images, loop=walk.loop),
        seconds_per_frame=_SECONDS_PER_FRAME,
        hold_last_seconds=_SECONDS_PER_FRAME if walk.loop else 1.0,
    )


def strip(walk: Walk, walked_images: np.ndarray) -> np.ndarray:
    """Lays a walk out; see `latent_pictures.strip`.

    Args:
        walk: the way.
        walked_images: as `make` returns them.

    Returns:
        [height, width, channels] uint8.
    """
    names = walk.names(short=True)
    titles = [
        f"#{start} to #{end}"
        for start, end in zip(names[:-1], names[1:], strict=True)
    ]
    return latent_pictures.strip(
        walked_images, titles, caption=f"from sample to sample, {walk.way}"
    )
