"""The named systems, each the handful of settings in which it differs.

One `Recipe` holds all that is known of a system without its networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
from typing import Any

from tf_dcgan.config import kinds


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One system of the literature.

    Attributes:
        summary: what it is, in one line for `--help`.
        network: key into `tf_dcgan.models.families.NETWORKS`.
        differences: the fields of `schema.Config` whose values differ from
            the defaults of `schema.Config`.
        own_images: training images of its own data set, which `differences`
            or else the default names; of the larger of two sets.
        kind: whether it makes images from noise or from other images.
        conditionings: the ways in which `--conditional` can tell it classes.
            Concatenation needs a D that sees maps, to which a label can add
            its own.
        takes_extra_layers: whether its networks have convolutions to which
            `--extra_layers` can add more.
        normalizes_discriminator: whether D has batch normalisation, which
            `--nodiscriminator_batch_norm` can leave out.
        has_dropout: whether its networks have Keras's dropout, for which XLA
            draws other random numbers.
    """

    summary: str
    network: str
    differences: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    own_images: int = 60_000
    kind: kinds.Kind = kinds.GENERATION
    conditionings: tuple[str, ...] = ("concatenation", "projection")
    takes_extra_layers: bool = False
    normalizes_discriminator: bool = True
    has_dropout: bool = False


# All recipes but AIRI's update D once on both batches, then G once.
_ONE_UPDATE_EACH = {
    "real_label": 1.0,
    "discriminator_updates": "joint",
    "generator_updates": 1,
}

# Two recipes have one network for 28x28 pixels and differ in the loss alone.
_SETTINGS_AT_28_PIXELS = {
    **_ONE_UPDATE_EACH,
    "latent_dim": 64,
    "batch_size": 128,
    "generator_latents": "new",
    "discriminator_loss": "mean",
    "batch_norm_scale": "normal",
    "initial_bias": "uniform",
}

# Two recipes have the networks of dcgan_cifar10, and what of all settings made
# the best samples in minutes, and what did not collapse in hours:
# docs/search.md has the search.
_SEARCHED = {
    **_ONE_UPDATE_EACH,
    "dataset": "cifar10",
    "horizontal_flip": True,
    "learning_rate_decay": "linear",
}

RECIPES = {
    "dcgan": Recipe(
        "AIRI's DCGAN: 4x4x1024, then 5x5 kernels; from 32x32",
        network="dcgan",
        takes_extra_layers=True,
    ),
    "dcgan_small": Recipe(
        "AIRI's DCGAN at a twentieth of the cost; from 16x16",
        network="dcgan_small",
        differences={"epochs": 20},
        takes_extra_layers=True,
    ),
    "vanilla_gan": Recipe(
        "dense layers alone (Goodfellow et al. 2014); any size",
        network="vanilla_gan",
        differences=_ONE_UPDATE_EACH,
        conditionings=("projection",),
        normalizes_discriminator=False,
        has_dropout=True,
    ),
    "dcgan_upsampling": Recipe(
        "DCGAN with resize and 3x3 convolution; from 16x16",
        network="dcgan_upsampling",
        differences=_ONE_UPDATE_EACH,
        has_dropout=True,
    ),
    "dcgan_cifar10": Recipe(
        "DCGAN with 4x4 kernels, no dense layer; from 32x32",
        network="dcgan_cifar10",
        differences={**_ONE_UPDATE_EACH, "dataset": "cifar10", "epochs": 20},
        own_images=50_000,
    ),
    "dcgan_quick": Recipe(
        "dcgan_cifar10's networks, good in twenty minutes",
        network="dcgan_cifar10",
        differences={
            **_SEARCHED,
            "batch_size": 8,
            "generator_learning_rate": 4e-4,
            "epochs": 6,
        },
        own_images=50_000,
    ),
    "dcgan_steady": Recipe(
        "dcgan_cifar10's networks, for hours and few images",
        network="dcgan_cifar10",
        differences={**_SEARCHED, "batch_size": 16, "epochs": 40},
        own_images=50_000,
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
        own_images=162_770,
    ),
    "dcgan_28": Recipe(
        "small DCGAN without padding; 28x28 only",
        network="dcgan_28",
        differences=_SETTINGS_AT_28_PIXELS,
    ),
    "lsgan_28": Recipe(
        "dcgan_28 with the squared errors of Mao et al. 2017",
        network="dcgan_28",
        differences={**_SETTINGS_AT_28_PIXELS, "loss": "least_squares"},
    ),
    "sndcgan": Recipe(
        "Miyato et al. 2018, spectral norm in D; from 32x32",
        network="sndcgan",
        # 100,000 updates of G, as its authors train.
        differences={
            **_ONE_UPDATE_EACH,
            "dataset": "cifar10",
            "loss": "hinge",
            "spectral_norm": True,
            "latent_dim": 128,
            "generator_latents": "new",
            "epochs": 128,
        },
        own_images=50_000,
        normalizes_discriminator=False,
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
        own_images=1_334,
        kind=kinds.TRANSLATION,
        conditionings=(),
        normalizes_discriminator=False,
    ),
}


def names(is_one: Callable[[Recipe], bool]) -> list[str]:
    """Names the recipes for which a condition holds, in order."""
    return [name for name, recipe in RECIPES.items() if is_one(recipe)]
