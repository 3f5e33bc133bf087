"""Latent vectors in files: `invert` writes them, other commands take them."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib

import numpy as np

from tf_dcgan.common import errors, files
from tf_dcgan.data import array_files

SUFFIX = ".npz"
# The one array that every such file has.
LATENTS = "latents"
# More are no latents of images that somebody inverted.
_MOST_NUMBERS = 2**26


def write(
    path: pathlib.Path, latents: np.ndarray, more: Mapping[str, np.ndarray]
) -> None:
    """Writes latent vectors and what is known of them; whole or absent.

    Args:
        path: the file, whose name ends in .npz.
        latents: [n, latent_dim] float32.
        more: further arrays by name, none of them of objects.

    Raises:
        OSError: the file cannot be written.
    """
    with files.atomic_file(path) as unfinished:
        np.savez(unfinished, **{LATENTS: latents, **more})


def read(path: str) -> np.ndarray:
    """Reads latent vectors.

    Args:
        path: of an .npz with an array `latents`, [n, latent_dim] of numbers.
            A `~` at its beginning is the user's home.

    Returns:
        [n, latent_dim] float32, n at least 1.

    Raises:
        errors.UserError: the file cannot be read or holds no latents.
    """
    arrays = array_files.read_arrays(os.path.expanduser(path))
    advice = "give a file that invert wrote"
    if LATENTS not in arrays:
        raise errors.UserError(f"{path} has no array `{LATENTS}`: {advice}")
    array = arrays[LATENTS]
    is_number = np.issubdtype(array.dtype, np.floating) or np.issubdtype(
        array.dtype, np.integer
    )
    if (
        not is_number
        or len(array.shape) != 2
        or not 0 < array.shape[0] * array.shape[1] <= _MOST_NUMBERS
    ):
        raise errors.UserError(
            f"{path} has {array.dtype} {list(array.shape)} as `{LATENTS}`, and "
            f"[n, latent_dim] of numbers are needed: {advice}"
        )
    latents = array.whole().astype(np.float32)
    if not np.isfinite(latents).all():
        raise errors.UserError(
            f"{path} has latents that are NaN or infinite: {advice}"
        )
    return latents
