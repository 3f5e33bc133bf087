"""The flag `--input` of commands that take a user's images."""

from __future__ import annotations

import os
import pathlib

from tf_dcgan.common import errors
from tf_dcgan.config import fields
from tf_dcgan.data.folders import trees


def field(group: str):
    """Makes the field `input`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        None,
        "an image, a folder of images (and folders), also as .zip or .tar "
        "(.tar.gz), or an .npy or .npz of images",
        group=group,
    )


def find(given: str | None) -> pathlib.Path:
    """Finds what `--input` names; loads no TensorFlow.

    Args:
        given: the flag's value.

    Returns:
        The path, with the user's home in the place of `~`.

    Raises:
        errors.UserError: nothing is given, or nothing is there.
    """
    advice = "give an image, or a folder of images"
    if not given:
        raise errors.UserError(f"--input= is empty: {advice}")
    source = pathlib.Path(os.path.expanduser(given))
    if not os.path.exists(source) and not trees.is_folder(source):
        raise errors.UserError(f"--input={source} does not exist: {advice}")
    return source
