"""Sizes of images as they are written in flags and config.json."""

from __future__ import annotations

import re

from tf_dcgan.common import errors

AUTO = "auto"  # An image size that follows from the images.
LARGEST_SIDE = 4096
# Of images that the classifier for scores can take: its three poolings leave 2
# pixels of 16, and larger images than these take hours on a CPU.
CLASSIFIER_SIDES = (16, 96)

# The smallest and the largest side of each setting, in pixels.
_BOUNDS = {
    "image_size": (4, LARGEST_SIDE),
    "crop_size": (4, LARGEST_SIDE),
    "load_size": (4, 9999),
    "crop": (1, 9999),
}


def parse(setting: str, text: str) -> tuple[int, int]:
    """Reads "32", "48x64" or "48X64".

    Args:
        setting: `image_size`, `crop_size`, `load_size` or `crop`.
        text: one side of a square, or height and width.

    Returns:
        (height, width) in pixels.

    Raises:
        errors.UserError: the text has another form, or a side is out of the
            setting's bounds.
    """
    minimum, maximum = _BOUNDS[setting]
    match = re.fullmatch(r"(\d{1,4})(?:[xX×](\d{1,4}))?", text.strip())
    if match:
        height = int(match[1])
        width = int(match[2] or match[1])
        if all(minimum <= side <= maximum for side in (height, width)):
            return height, width
    raise errors.UserError(
        f"--{setting}={text} is not a size: give one side of {minimum} to "
        f"{maximum} pixels, as in 32, or height x width, as in 48x64"
    )
