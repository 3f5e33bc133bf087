"""The named systems, each the handful of settings in which it differs."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from typing import Any

from tf_dcgan.config import kinds


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One system of the literature.

    Attributes:
        summary: what it is, in one line for `--help`.
        network: key into `tf_dcgan.models.families.NETWORKS`.
        differences: the fields of `schema.Config` that differ from that
            class's defaults.
        kind: whether it makes images of noise or of images.
    """

    summary: str
    network: str
    differences: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    kind: kinds.Kind = kinds.GENERATION


# The schedule of all but AIRI's: D once on both batches, then G once.
_ONE_UPDATE_EACH = {
    "real_label": 1.0,
    "discriminator_updates": "joint",
    "generator_updates": 1,
}

# One network, of which two recipes differ in the loss alone.
_OF_28 = {
    **_ONE_UPDATE_EACH,
    "latent_dim": 64,
    "batch_size": 128,
    "generator_latents": "new",
    "discriminator_loss": "mean",
}

RECIPES = {
    "dcgan": Recipe(
        "AIRI's DCGAN: 4x4x1024, then 5x5 kernels; from 32x32",
        network="dcgan",
    ),
    "dcgan_small": Recipe(
        "its sibling, twenty times cheaper; from 16x16",
        network="dcgan_small",
        differences={"epochs": 20},
    ),
    "vanilla_gan": Recipe(
        "dense layers alone (Goodfellow et al. 2014); any size",
        network="vanilla_gan",
        differences=_ONE_UPDATE_EACH,
    ),
    "dcgan_upsampling": Recipe(
        "DCGAN with resize and 3x3 convolution; from 16x16",
        network="dcgan_upsampling",
        differences=_ONE_UPDATE_EACH,
    ),
    "dcgan_cifar10": Recipe(
        "DCGAN with 4x4 kernels, no dense layer; from 32x32",
        network="dcgan_cifar10",
        differences={**_ONE_UPDATE_EACH, "dataset": "cifar10", "epochs": 20},
    ),
    "dcgan_celeba": Recipe(
        "Radford et al. 2016 at half the width; from 32x32",
        network="dcgan_celeba",
        differences={
            **_ONE_UPDATE_EACH,
            "dataset": "celeb_a",
            "image_size": "64x64",
            "horizontal_flip": True,
            "batch_size": 128,
            "epochs": 100,
        },
    ),
    "dcgan_28": Recipe(
        "small DCGAN without padding; 28x28 only",
        network="dcgan_28",
        differences=_OF_28,
    ),
    "lsgan_28": Recipe(
        "the same with the squared errors of Mao et al. 2017",
        network="dcgan_28",
        differences={**_OF_28, "loss": "least_squares"},
    ),
    "cyclegan": Recipe(
        "unpaired translation (Zhu et al. 2017); from 24x24",
        network="cyclegan",
        differences={
            "dataset": "cycle_gan/horse2zebra",
            "loss": "least_squares",
            "real_label": 1.0,
            "batch_size": 1,
            "epochs": 200,
            "learning_rate_decay": "second_half",
            "random_crop": True,
            "horizontal_flip": True,
            "ema_decay": 0.0,
        },
        kind=kinds.TRANSLATION,
    ),
}

# What a loss changes in any recipe: G once for each update of D, whose
# penalty has the weight of its source only beside a sum.
OF_LOSSES = {
    "wasserstein_gp": {"generator_updates": 1, "discriminator_loss": "sum"},
}

# Those whose networks have convolutions to add to with `--extra_layers`.
WITH_EXTRA_LAYERS = ("dcgan", "dcgan_small")

# Those whose D sees maps, to which a label can add its own.
WITH_LABELS = tuple(
    name
    for name, recipe in RECIPES.items()
    if name != "vanilla_gan" and recipe.kind is kinds.GENERATION
)

# Those whose dropout is Keras's own, which XLA draws otherwise.
WITH_DROPOUT = ("vanilla_gan", "dcgan_upsampling")

# Settings that say something to recipes of one kind alone.
OF_GENERATION = (
    "latent_dim",
    "extra_layers",
    "conditional",
    "discriminator_updates",
    "discriminator_loss",
    "generator_updates",
    "generator_latents",
    "r1_gamma",
    "spectral_norm",
    "evaluate_split",
)
OF_TRANSLATION = (
    "dataset_a",
    "dataset_b",
    "random_crop",
    "residual_blocks",
    "lambda_cycle",
    "lambda_identity",
)
LOSSES_OF_TRANSLATION = ("least_squares", "non_saturating")
