"""The shapes and classes of the usual sets, known without importing TFDS.

Importing TFDS takes seconds. The class names are the same as in TFDS, and are
also needed for a prepared folder that was copied without its
`label.labels.txt`: it has only numbers for them.
"""

from __future__ import annotations

import dataclasses

from tf_dcgan.common import errors


@dataclasses.dataclass(frozen=True)
class KnownSet:
    """A set's image shape (height, width, channels) and its class names."""

    shape: tuple[int, int, int]
    class_names: tuple[str, ...]


_DIGITS = tuple("0123456789")

SETS = {
    "glyphs": KnownSet((28, 28, 1), _DIGITS),
    "mnist": KnownSet((28, 28, 1), _DIGITS),
    "fashion_mnist": KnownSet(
        (28, 28, 1),
        (
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    "kmnist": KnownSet(
        (28, 28, 1),
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    "cifar10": KnownSet(
        (32, 32, 3),
        (
            "airplane",
            "automobile",
            "bird",
            "cat",
            "deer",
            "dog",
            "frog",
            "horse",
            "ship",
            "truck",
        ),
    ),
}

SPLITS = ("train", "test")

# `--crop` if the user gives none. Around CelebA's faces is background.
DEFAULT_CROPS = {"celeb_a": "178x178"}


def check_split(name: str, split: str) -> None:
    """Refuses a split that a known set does not have.

    Raises:
        errors.UserError: the split is neither `train` nor `test`.
    """
    if split not in SPLITS:
        raise errors.UserError(
            f"{name} has no split {split!r}: "
            + errors.suggestion(split, SPLITS)
        )
