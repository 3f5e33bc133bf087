"""Image sets of noise: a step takes as long on noise as on photographs."""

from __future__ import annotations

import pathlib

import numpy as np

from tf_dcgan.config import kinds, recipes, schema
from tf_dcgan.data.named import known_sets

# Images of a translation are large: fewer are enough.
_COUNTS = {kinds.GENERATION: 2048, kinds.TRANSLATION: 64}
# What the recipes' own sets become before they are trained on.
_SHAPES = {"celeb_a": (64, 64, 3), "cycle_gan/horse2zebra": (256, 256, 3)}


def write(path: pathlib.Path, count: int, shape: tuple[int, int, int]) -> None:
    """Writes [count, *shape] uint8, the same for the same arguments.

    Args:
        path: of the .npy file.
        count: of the images.
        shape: (height, width, channels).
    """
    chance = np.random.default_rng(0)
    np.save(path, chance.integers(0, 256, (count, *shape), np.uint8))


def count_for(recipe: str) -> int:
    """Returns how many images are enough to time a recipe's steps.

    Args:
        recipe: a name of `recipes.RECIPES`.
    """
    return _COUNTS[recipes.RECIPES[recipe].kind]


def shape_for(recipe: str) -> tuple[int, int, int]:
    """Returns (height, width, channels) of the images of a recipe's own set.

    Args:
        recipe: a name of `recipes.RECIPES`.
    """
    name = recipes.RECIPES[recipe].differences.get(
        "dataset", schema.Config.dataset
    )
    return _SHAPES[name] if name in _SHAPES else known_sets.SETS[name].shape


def write_for(recipe: str, folder: pathlib.Path, count: int) -> list[str]:
    """Writes a set like the recipe's own one, or the two sets it needs.

    Args:
        recipe: a name of `recipes.RECIPES`.
        folder: where the files go.
        count: images in each set.

    Returns:
        The flags of `train.py` that train on them, and keep what is prepared
        in the folder too.
    """
    shape = shape_for(recipe)
    flags = ["dataset"]
    if recipes.RECIPES[recipe].kind is kinds.TRANSLATION:
        flags = ["dataset_a", "dataset_b"]
    paths = [folder / f"{flag}.npy" for flag in flags]
    for path in paths:
        write(path, count, shape)
    return [
        *(f"--{flag}={path}" for flag, path in zip(flags, paths, strict=True)),
        f"--cache_dir={folder / 'cache'}",
    ]
