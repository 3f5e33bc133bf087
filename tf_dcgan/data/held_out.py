"""The images that a training is scored against."""

from __future__ import annotations

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import loading, reading


def load(
    config: schema.Config, image_size: tuple[int, int]
) -> loading.ImageArray:
    """Opens the split of `--evaluate_split`.

    Args:
        config: the set, how it is read, and the split.
        image_size: (height, width) in pixels that the images are brought to.

    Returns:
        The split's images; the training images, where that is their split.

    Raises:
        errors.UserError: the set has no such split, or it cannot be read.
    """
    try:
        return loading.load(
            str(config.dataset),  # A recipe of noise has one.
            config.evaluate_split,
            image_size=image_size,
            read_as=reading.of_run(config),
            data_dir=config.data_dir,
            cache_dir=config.cache_dir,
        )
    except errors.UserError as error:
        raise errors.UserError(
            "--evaluate_every cannot score on --evaluate_split="
            f"{config.evaluate_split}: {error}; or leave --evaluate_every out"
        ) from error
