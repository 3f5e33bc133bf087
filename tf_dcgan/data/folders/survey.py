"""What a folder of images holds: every file decoded once."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import os
import pathlib

from tf_dcgan.common import errors
from tf_dcgan.data.folders import decoding, trees


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the image files of a folder hold.

    Attributes:
        files: the images that are whole, in the order of their paths.
        shapes: the shape of each image, (height, width, 1 or 3).
        notes: which files were left out, one line for each reason.
        fingerprint: SHA-256 (hexadecimal) of the images' contents.
    """

    files: tuple[pathlib.Path, ...]
    shapes: tuple[tuple[int, int, int], ...]
    notes: tuple[str, ...]
    fingerprint: str


def examine(path: pathlib.Path) -> Survey:
    """Finds the images in a folder and below, and decodes each once.

    Args:
        path: an existing folder.

    Raises:
        errors.UserError: the folder cannot be read, has no images or more
            other files than images, or too many images are damaged.
    """
    name = decoding.readable(str(path))
    tree = trees.read(path)
    images = [pathlib.Path(p) for p in tree.images()]
    others = [pathlib.Path(p) for p in tree.files if not decoding.is_image(p)]
    if len(others) > len(images):
        raise errors.UserError(
            f"{name} has {len(others)} files that are no images and only "
            f"{len(images)} images: {_listed(path, others)}. Give a folder of "
            "images"
        )
    digest = hashlib.sha256()
    damaged = decoding.Damaged(str(path), len(images))
    whole, shapes = [], []
    for file in images:
        try:
            shapes.append(decoding.read(file).shape)
        except decoding.DamagedImageError as error:
            damaged.add(str(file), error)
            continue
        whole.append(file)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    note = damaged.note()
    notes = [*tree.notes, *([note] if note else [])]
    if others:
        plural = "file" if len(others) == 1 else "files"
        notes.append(
            f"{len(others)} other {plural} skipped: {_listed(path, others)}"
        )
    return Survey(tuple(whole), tuple(shapes), tuple(notes), digest.hexdigest())


def _listed(path: pathlib.Path, files: Sequence[pathlib.Path]) -> str:
    names = [
        decoding.readable(os.path.relpath(file, path))
        for file in files[: decoding.NAMED]
    ]
    return ", ".join(names) + (", …" if len(files) > len(names) else "")
