"""The named systems, each the handful of settings in which it differs."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One system of the literature.

    Attributes:
        summary: what it is, in one line for `--help`.
        network: key into `tf_dcgan.models.NETWORKS`.
        differences: the fields of `tf_dcgan.config.Config` that differ from
            that class's defaults.
    """

    summary: str
    network: str
    differences: Mapping[str, Any] = dataclasses.field(default_factory=dict)


RECIPES = {
    "dcgan": Recipe(
        "DCGAN as in AIRI's MNIST tutorial: 4x4x1024, then 5x5 "
        "transposed convolutions; 32x32 or 64x64",
        network="dcgan",
    ),
    "dcgan_small": Recipe(
        "its 28x28 sibling for a laptop, about twenty times cheaper",
        network="dcgan_small",
        differences={"epochs": 20},
    ),
}
