"""How long a recipe trains on its own data set, and on a smaller one."""

from __future__ import annotations

from tf_dcgan.common import words
from tf_dcgan.config import overrides, recipes, schema

# Less than this share of a recipe's steps, on so small a set, is no training.
_FEW = 1 / 4


def note(config: schema.Config, num_images: int) -> str | None:
    """Says that the epochs of a small set are few steps, if they are.

    Args:
        config: a new run's settings.
        num_images: of the training set; of the larger of two.

    Returns:
        One line with the number of steps to give, or None.

    Raises:
        errors.UserError: there are fewer images than in one batch.
    """
    recipe = recipes.RECIPES[config.recipe]
    usual = overrides.from_flags({"recipe": config.recipe})
    own_steps = usual.total_steps(usual.steps_per_epoch(recipe.own_images))
    steps = config.total_steps(config.steps_per_epoch(num_images))
    if (
        config.steps is not None
        or num_images >= _FEW * recipe.own_images
        or steps >= _FEW * own_steps
    ):
        return None
    epochs = words.counted(config.epochs, "epoch")
    images = words.counted(num_images, "image")
    own_epochs = words.counted(usual.epochs, "epoch")
    return (
        f"note: {epochs} of {images} are only {words.counted(steps, 'step')}; "
        f"recipe {config.recipe} means {own_steps:,}, {own_epochs} of "
        f"{usual.dataset}: give --steps={own_steps} for as many"
    )
