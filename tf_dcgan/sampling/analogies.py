"""A - B + C with the mean latents of concepts, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from tf_dcgan.common import randomness
from tf_dcgan.sampling import latent_pictures, latents, samplers

_NEIGHBOURS = 8


@dataclasses.dataclass(frozen=True)
class Concept:
    """What A, B or C stands for.

    Attributes:
        name: "A", "B" or "C".
        points: at least one.
        class_name: the class that they were chosen for; empty without one.
    """

    name: str
    points: Sequence[latents.Point | latents.FilePoint]
    class_name: str = ""


def picture(
    concepts: Sequence[Concept],
    sampler: samplers.Sampler,
    *,
    seed: int,
    noise: float,
    rescale: bool,
    label: str | None,
) -> np.ndarray:
    """Computes A - B + C and draws it.

    Args:
        concepts: A, B and C.
        sampler: of the run's generator.
        seed: names the points, and determines the noise.
        noise: the others around the result differ from it by uniform noise of
            at most this.
        rescale: whether the result and the means are brought to the length
            typical of latents.
        label: the class of all images of a conditional run, as the caption
            names it; None without one.

    Returns:
        [height, width, channels] uint8.
    """
    adjusted = latents.rescaled if rescale else lambda vector: vector
    samples = [sampler.latents(concept.points) for concept in concepts]
    means = [latents.mean(vectors) for vectors in samples]
    offsets = randomness.neighbour_offsets(
        seed,
        count=_NEIGHBOURS,
        latent_dim=sampler.latent_dim,
        scale=noise,
    ).numpy()
    neighbours = latents.neighbourhood(
        adjusted(latents.analogy(*means)), offsets
    )
    columns = []
    for concept, vectors, mean in zip(concepts, samples, means, strict=True):
        column_images = sampler.from_latents([*vectors, adjusted(mean)])
        title = f"{len(vectors)} sample" + "s" * (len(vectors) > 1)
        if concept.class_name:
            title += f" of class {concept.class_name}"
        columns.append(
            latent_pictures.Column(
                concept.name,
                title,
                latents.show_points(concept.points, seed=seed, short=True),
                column_images[:-1],
                column_images[-1],
            )
        )
    caption = f"seed {seed}"
    if label is not None:
        caption += f", label {label}"
    if rescale:
        caption += ", rescaled"
    return latent_pictures.arithmetic(
        columns,
        sampler.from_latents(neighbours),
        note=f"in the frame; the others add noise ±{noise:g}",
        caption=f"A - B + C with the mean latents of samples, {caption}",
    )
