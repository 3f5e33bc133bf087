"""Translates images with a run's generators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import devices, images
from tf_dcgan.config import schema, sizes, value_ranges
from tf_dcgan.data import names, reading
from tf_dcgan.models import cyclegan
from tf_dcgan.runs import runs
from tf_dcgan.sampling import given_images

_PIXELS_AT_ONCE = 2**19


class Translator:
    """Passes images through a generator in inference mode."""

    def __init__(self, generator: keras.Model):
        """Prepares a graph, which is traced once for each size of images.

        Args:
            generator: images to images; later changes of its weights count.
        """

        @tf.function(reduce_retracing=True, autograph=False)
        def translate(uint8_images):
            translated = generator(
                images.to_float(uint8_images), training=False
            )
            return images.to_uint8(translated)

        self._translate = translate

    def __call__(self, uint8_images: np.ndarray) -> np.ndarray:
        """Translates images of a size that the generator takes.

        Args:
            uint8_images: [n, height, width, channels] uint8.

        Returns:
            [n, height, width, channels] uint8.
        """
        _, height, width, _ = uint8_images.shape
        at_once = max(1, _PIXELS_AT_ONCE // (height * width))
        return np.concatenate(
            [
                self._translate(uint8_images[first : first + at_once]).numpy()
                for first in range(0, len(uint8_images), at_once)
            ]
        )


def of_run(
    run: runs.Run,
    pair: Sequence[keras.Model],
    *,
    direction: str,
    size: str,
) -> tuple[Translator, Callable[[np.ndarray], np.ndarray]]:
    """Makes what translates images of any size with a run's generators.

    Args:
        run: a translation.
        pair: its generators, from A to B and from B to A.
        direction: `a_to_b` or `b_to_a`.
        size: `network` or `original`, the size of the translations.

    Returns:
        (translator, fit): the function `fit` brings an image, [height, width,
        channels] uint8, to a size that the translator takes.
    """
    config = run.config
    fit = given_images.at_network_size(
        run.data.image_shape[:2],
        read_as(run, direction),
        whole_size=sizes.parse("load_size", config.load_size)
        if config.load_size
        else None,
        at_own_scale=config.crop_size is not None and config.load_size is None,
    )
    if size == "original":
        pair = cyclegan.for_any_size(config, pair, run.data.image_shape)
        fit = at_own_size
    return Translator(pair[cyclegan.DIRECTIONS.index(direction)]), fit


def read_as(run: runs.Run, direction: str) -> reading.Reading:
    """Says how the images of the set were read that are translated."""
    config = run.config
    name = config.dataset
    if name is None:
        is_a = direction == "a_to_b"
        text = str(config.dataset_a if is_a else config.dataset_b)
        name, _ = names.cut(text, given=text)
    return reading.of_set(config, name)


def value_range(run: runs.Run, direction: str) -> value_ranges.Range | None:
    """Returns the values of black and white in the set that is translated."""
    return run.datasets[direction == "b_to_a"].value_range


def limits(config: schema.Config, size: str) -> tuple[int, float]:
    """Returns the smallest side in pixels, and the most pixels, of an image.

    Args:
        config: of a translation.
        size: `network`, to which any image can be brought, or `original`.
    """
    if size == "network":
        return 1, math.inf
    memory = devices.memory_bytes() or math.inf
    return cyclegan.SMALLEST_SIDE, memory / cyclegan.bytes_per_pixel(config)


def at_own_size(pixels: np.ndarray) -> np.ndarray:
    """Cuts out the middle, so that both sides are multiples of 4.

    Args:
        pixels: [height, width, channels] uint8.
    """
    height, width = (
        side // cyclegan.SIDE_MULTIPLE * cyclegan.SIDE_MULTIPLE
        for side in pixels.shape[:2]
    )
    top = (pixels.shape[0] - height) // 2
    left = (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def scored_images(config: schema.Config, num_images: int) -> int:
    """Returns how many images of a set are translated for a score.

    Args:
        config: its `evaluate_samples` is the most.
        num_images: how many images of the set there are to translate.
    """
    return min(config.evaluate_samples, num_images)
