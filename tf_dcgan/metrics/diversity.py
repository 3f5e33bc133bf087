"""How much images differ from each other, as a share of how real ones do."""

from __future__ import annotations

import numpy as np

REAL_IMAGES = 256
REAL_IMAGES_OF_CLASSES = 2048  # About twenty of each of a hundred classes.
_PIXELS_AT_ONCE = 2**14  # Of each image: float64 takes eight times its bytes.


def mean_distance(uint8_images: np.ndarray) -> float | None:
    """Averages the distances between all pairs of images.

    The distance of two images is the root mean square of the differences of
    their pixels and channels. It is computed from the matrix of inner
    products, which float64 holds without rounding: no order of summation
    changes a bit.

    Args:
        uint8_images: [count, height, width, channels] uint8.

    Returns:
        In the units of images in [-1, 1], so at least 0 and at most 2; None
        for less than two images.
    """
    count = len(uint8_images)
    if count < 2:
        return None
    pixels = np.reshape(uint8_images, [count, -1])
    products = np.zeros([count, count])
    for first in range(0, pixels.shape[1], _PIXELS_AT_ONCE):
        part = pixels[:, first : first + _PIXELS_AT_ONCE].astype(np.float64)
        products += part @ part.T
    squares = np.diagonal(products)
    distances = np.sqrt(squares[:, None] + squares - 2 * products)
    total = float(distances.sum()) / (127.5 * pixels.shape[1] ** 0.5)
    return total / (count * (count - 1))


class Diversity:
    """Compares distances between generated images and between real images.

    Images with labels are compared within each class: a conditional
    generator whose latents do nothing still makes as many images as classes.
    """

    def __init__(
        self, real_images: np.ndarray, labels: np.ndarray | None = None
    ):
        """Measures the real images.

        Args:
            real_images: [count, height, width, channels] uint8, some of the
                training set without padding; `REAL_IMAGES` are enough, with
                labels `REAL_IMAGES_OF_CLASSES`.
            labels: [count] integers, or None.
        """
        self._real = _mean_distances(real_images, labels)

    def __call__(
        self, uint8_images: np.ndarray, labels: np.ndarray | None = None
    ) -> float | None:
        """Divides the images' mean distance by the real images' mean distance.

        0 if all images are equal, about 1 if they differ as much as the real
        images; noise may exceed 1. With labels, both means are taken over the
        classes that generated and real images have.

        Args:
            uint8_images: [count, height, width, channels] uint8.
            labels: [count] integers if the real images have them, else None.

        Returns:
            At least 0; None for a single image, and where there is one real
            image or all real images are equal (with labels: in every class).
        """
        distances = _mean_distances(uint8_images, labels)
        shared = [label for label in distances if self._real.get(label)]
        if not shared:
            return None
        real = sum(self._real[label] for label in shared)
        return sum(distances[label] for label in shared) / real


def _mean_distances(
    uint8_images: np.ndarray, labels: np.ndarray | None
) -> dict[int, float]:
    """Measures the images of each label that has at least two images."""
    if labels is None:
        labels = np.zeros(len(uint8_images), int)
    distances = {
        int(label): mean_distance(uint8_images[labels == label])
        for label in np.unique(labels)
    }
    return {
        label: distance
        for label, distance in distances.items()
        if distance is not None
    }
