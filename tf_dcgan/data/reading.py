"""How the files of an image set are read, before they get their size."""

from __future__ import annotations

import dataclasses
from typing import Any

from tf_dcgan.config import schema, sizes, value_ranges
from tf_dcgan.data.named import known_sets


@dataclasses.dataclass(frozen=True)
class Reading:
    """How the images of a set are read.

    Attributes:
        crop: (height, width) in pixels of the central part of the original
            images that is taken, or None for the whole images.
        fit: how they get another shape, one of `schema.FITS`; None for the
            default of `preparation.choose_fit`.
        value_range: (low, high), the values that become black and white, or
            None for the lowest and highest value of a set. 8-bit images have
            none.
        frames: "first" or "all" images of a file that has several.
        labels: the path of a file with the images' classes, or None; see
            `folders.labels_files`.
    """

    crop: tuple[int, int] | None = None
    fit: str | None = None
    value_range: value_ranges.Range | None = None
    frames: str = "first"
    labels: str | None = None

    def key(self) -> dict[str, Any]:
        """The settings that are not the default, for the key of a cache.

        The labels' file is none of them: a set's fingerprint has the labels,
        wherever the file lies.
        """
        return {
            field.name: value
            for field in dataclasses.fields(self)
            if (value := getattr(self, field.name)) != field.default
            and field.name != "labels"
        }


WHOLE = Reading()


def of_run(config: schema.Config) -> Reading:
    """Says how the images of a resolved run are read.

    Args:
        config: the run's settings.
    """
    return Reading(
        crop=config.central_crop,
        fit=config.fit,
        value_range=config.ranges_of_values[0],
        frames=config.frames,
        labels=config.labels,
    )


def of_set(config: schema.Config, name: str, number: int = 0) -> Reading:
    """Says how one of several sets of a run is read.

    Args:
        config: the run's settings; its `crop` wins over the set's usual crop.
        name: the set's name.
        number: 0 for the only set and for A, 1 for B.
    """
    crop = config.crop or known_sets.DEFAULT_CROPS.get(name)
    return Reading(
        crop=None if crop is None else sizes.parse("crop", crop),
        fit=config.fit,
        value_range=config.ranges_of_values[number],
        frames=config.frames,
    )
