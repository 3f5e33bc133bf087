"""What a folder of images holds: every file decoded once."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import os
import pathlib

from tf_dcgan.common import errors
from tf_dcgan.data.folders import decoding


@dataclasses.dataclass(frozen=True)
class Found:
    """The images of a folder.

    Attributes:
        files: those that are whole, in the order of their paths.
        shapes: of each, (height, width, 1 or 3).
        notes: what was left out, one line each.
        fingerprint: changes with the files' contents.
    """

    files: tuple[pathlib.Path, ...]
    shapes: tuple[tuple[int, int, int], ...]
    notes: tuple[str, ...]
    fingerprint: str


def examine(path: pathlib.Path) -> Found:
    """Finds the images in a folder and below, and decodes every file once.

    Args:
        path: an existing folder.

    Raises:
        errors.UserError: as `read` raises it.
    """
    name = decoding.readable(str(path))
    images = [pathlib.Path(file) for file in decoding.find(path)]
    others = [
        pathlib.Path(file)
        for file in decoding.below(path)
        if os.path.splitext(file)[1].lower() not in decoding.SUFFIXES
    ]
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
    notes = [note] if note else []
    if others:
        plural = "file" if len(others) == 1 else "files"
        notes.append(
            f"{len(others)} other {plural} skipped: {_listed(path, others)}"
        )
    return Found(tuple(whole), tuple(shapes), tuple(notes), digest.hexdigest())


def _listed(path: pathlib.Path, files: Sequence[pathlib.Path]) -> str:
    names = [
        decoding.readable(os.path.relpath(file, path))
        for file in files[: decoding.NAMED]
    ]
    return ", ".join(names) + (", …" if len(files) > len(names) else "")
