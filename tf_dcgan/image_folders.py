"""Folders of images, to be scored as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import hashlib
import os
import pathlib

import numpy as np

from tf_dcgan import errors, image_sources
from tf_dcgan.data import image_files

# Images that are handed on together: so many at most, and of so many bytes.
_CHUNK = 256
_CHUNK_BYTES = 2**24


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


def read(path: pathlib.Path) -> image_sources.ImageSource:
    """Makes a source of all images in a folder and below.

    Every file keeps its own size, and is gray or RGB as `data.image_files`
    says.
    If all images lie in folders within this one, those are their classes.

    Args:
        path: an existing folder.

    Returns:
        The images in the order of their paths.

    Raises:
        errors.UserError: it has no images, too many damaged ones, or more
            files that are no images than images.
    """
    found = examine(path)
    shapes = set(found.shapes)
    notes = list(found.notes)
    sizes = {shape[:2] for shape in shapes}
    if len(sizes) > 1:
        notes.append(f"{len(sizes)} different sizes, each resized on its own")
    name = image_files.readable(str(path))
    labels, class_names = _classes(path, found.files)
    return image_sources.ImageSource(
        name,
        found.fingerprint,
        len(found.files),
        lambda: _batches(found.files),
        labels,
        class_names,
        notes=tuple(f"{name}: {note}" for note in notes),
        shape=shapes.pop() if len(shapes) == 1 else None,
    )


def examine(path: pathlib.Path) -> Found:
    """Finds the images in a folder and below, and decodes every file once.

    Args:
        path: an existing folder.

    Raises:
        errors.UserError: as `read` raises it.
    """
    name = image_files.readable(str(path))
    images = [pathlib.Path(file) for file in image_files.find(path)]
    others = [
        pathlib.Path(file)
        for file in image_files.below(path)
        if os.path.splitext(file)[1].lower() not in image_files.SUFFIXES
    ]
    if len(others) > len(images):
        raise errors.UserError(
            f"{name} has {len(others)} files that are no images and only "
            f"{len(images)} images: {_listed(path, others)}. Give a folder of "
            "images"
        )
    digest = hashlib.sha256()
    damaged = image_files.Damaged(str(path), len(images))
    whole, shapes = [], []
    for file in images:
        try:
            shapes.append(image_files.read(file).shape)
        except image_files.DamagedImageError as error:
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
        image_files.readable(os.path.relpath(file, path))
        for file in files[: image_files.NAMED]
    ]
    return ", ".join(names) + (", …" if len(files) > len(names) else "")


def _batches(files: Sequence[pathlib.Path]) -> Iterator[np.ndarray]:
    """Yields images that follow each other and have one shape, in arrays."""
    waiting = []
    for file in files:
        pixels = image_files.read(file)
        most = min(_CHUNK, max(1, _CHUNK_BYTES // pixels.nbytes))
        if waiting and (
            len(waiting) >= most or pixels.shape != waiting[0].shape
        ):
            yield np.stack(waiting)
            waiting = []
        waiting.append(pixels)
    if waiting:
        yield np.stack(waiting)


def _classes(path: pathlib.Path, files: Sequence[pathlib.Path]):
    """Returns labels and names, or nothing if images lie in no folders."""
    parts = [file.relative_to(path).parts for file in files]
    if not all(len(part) > 1 for part in parts):
        return None, ()
    folders = [part[0] for part in parts]
    names = sorted(set(folders))
    labels = np.array([names.index(folder) for folder in folders], np.int64)
    return labels, tuple(map(image_files.readable, names))
