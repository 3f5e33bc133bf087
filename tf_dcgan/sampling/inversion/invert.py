"""Inverts images with a run's generator, and measures how well that went."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np

from tf_dcgan.runs import runs
from tf_dcgan.sampling.inversion import distances, search


@dataclasses.dataclass(frozen=True)
class Distances:
    """The distances of n images to other images.

    Attributes:
        pixels: [n] float64, as `distances.pixels` measures them.
        features: [n] float64, as `distances.Features` measures them; NaN
            without features.
    """

    pixels: np.ndarray
    features: np.ndarray


@dataclasses.dataclass(frozen=True)
class Inversion:
    """Images, the nearest that a generator makes, and how near these are.

    Attributes:
        originals: [n, height, width, channels] uint8.
        found: the latents and their images.
        nearest: to the images that the latents make.
        random: the median distances to the images of random latents.
        training_images: [n, height, width, channels] uint8, for each image
            the training image that is nearest in pixels; None if they were
            not looked for.
        training_numbers: [n] int64, their places in the training split, or
            None.
        training: the distances to these training images, or None.
    """

    originals: np.ndarray
    found: search.Found
    nearest: Distances
    random: Distances
    training_images: np.ndarray | None = None
    training_numbers: np.ndarray | None = None
    training: Distances | None = None

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the distances by name, for a file."""
        by_name = {"nearest": self.nearest, "random": self.random}
        arrays = {}
        if self.training is not None:
            by_name["training"] = self.training
            arrays["training_numbers"] = self.training_numbers
        for name, both in by_name.items():
            arrays[f"{name}_pixel_distances"] = both.pixels
            if not np.isnan(both.features).all():
                arrays[f"{name}_feature_distances"] = both.features
        return arrays


def invert(
    run: runs.Run,
    generator: keras.Model,
    originals: np.ndarray,
    *,
    features: distances.Features | None,
    settings: search.Settings,
    seed: int,
    label: int | None,
) -> Inversion:
    """Finds the latents whose images are nearest to given images.

    Args:
        run: whose generator it is.
        generator: latents to images.
        originals: [n, height, width, channels] uint8, n at least 1, of the
            size of what is not padding in the run's images.
        features: in which images are compared besides pixels; None for
            pixels alone.
        settings: how the search goes.
        seed: of the starts.
        label: the class to make; None for the best class of each image, or
            where the run is not conditional.

    Returns:
        The nearest images with their distances.
    """
    find = search.Search(
        generator,
        features,
        settings,
        frame=frame_of(run),
        num_classes=run.num_classes,
    )
    found = find(originals, seed=seed, label=label)
    return Inversion(
        originals,
        found,
        _measured(run, originals, found.images, found.labels, features),
        Distances(found.random_pixels, found.random_features),
    )


def with_training_images(
    inversion: Inversion,
    run: runs.Run,
    *,
    features: distances.Features | None,
    data_dir: str | None,
    cache_dir: str | None,
) -> Inversion:
    """Adds the training images that are nearest to the originals.

    Args:
        inversion: without them.
        run: whose training images are searched.
        features: as for `invert`.
        data_dir: where data sets are prepared; None for the run's folder.
        cache_dir: where prepared arrays are kept; None for the run's folder.

    Raises:
        errors.UserError: the training images cannot be had.
    """
    train, numbers = distances.nearest_training(
        inversion.originals, run, data_dir=data_dir, cache_dir=cache_dir
    )
    labels = inversion.found.labels
    return dataclasses.replace(
        inversion,
        training_images=train,
        training_numbers=numbers,
        training=_measured(run, inversion.originals, train, labels, features),
    )


def frame_of(run: runs.Run) -> distances.Frame:
    """Returns which part of a run's images counts."""
    return distances.Frame(run.data.image_shape[:2], run.data.content_box)


def _measured(
    run: runs.Run,
    originals: np.ndarray,
    others: np.ndarray,
    labels: np.ndarray,
    features: distances.Features | None,
) -> Distances:
    in_features = np.full(len(originals), np.nan)
    if features is not None:
        frame = frame_of(run)
        in_features = features.distances(
            frame.floats(originals), frame.floats(others), labels
        )
    return Distances(distances.pixels(originals, others), in_features)
