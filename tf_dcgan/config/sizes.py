"""Sizes of images as they are written in flags and config.json."""

from __future__ import annotations

import re

from tf_dcgan.common import errors

AUTO = "auto"  # An image size that follows from the images.
LARGEST_SIDE = 4096


def parse_image_size(text: str) -> tuple[int, int]:
    """Reads "32", "48x64" or "48X64".

    Returns:
        (height, width) in pixels.

    Raises:
        errors.UserError: the text has another form, or a side is not within 4
            to 4096 pixels.
    """
    return _parse_size("image_size", text, minimum=4, maximum=LARGEST_SIDE)


def parse_crop(text: str) -> tuple[int, int]:
    """Reads "178" or "178x128".

    Returns:
        (height, width) in pixels.

    Raises:
        errors.UserError: the text has another form, or a side is not within 1
            to 9999 pixels.
    """
    return _parse_size("crop", text, minimum=1, maximum=9999)


def parse_load_size(text: str) -> tuple[int, int]:
    """Reads "286" or "600x800".

    Returns:
        (height, width) in pixels.

    Raises:
        errors.UserError: the text has another form, or a side is not within 4
            to 9999 pixels.
    """
    return _parse_size("load_size", text, minimum=4, maximum=9999)


def parse_crop_size(text: str) -> tuple[int, int]:
    """Reads "256" or "256x512", as `parse_image_size`."""
    return _parse_size("crop_size", text, minimum=4, maximum=LARGEST_SIDE)


def _parse_size(
    flag: str, text: str, *, minimum: int, maximum: int
) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,4})(?:[xX×](\d{1,4}))?", text.strip())
    if match:
        height = int(match[1])
        width = int(match[2] or match[1])
        if all(minimum <= side <= maximum for side in (height, width)):
            return height, width
    raise errors.UserError(
        f"--{flag}={text} is not a size: give one side of {minimum} to "
        f"{maximum} pixels, as in 32, or height x width, as in 48x64"
    )
