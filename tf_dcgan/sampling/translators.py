"""Translates images with a run's generators."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images
from tf_dcgan.config import schema

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


def scored_images(config: schema.Config, num_images: int) -> int:
    """Returns how many images of a set are translated for a score.

    Args:
        config: its `evaluate_samples` is the most.
        num_images: how many images of the set there are to translate.
    """
    return min(config.evaluate_samples, num_images)
