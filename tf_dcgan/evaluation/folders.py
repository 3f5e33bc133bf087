"""Folders of images, to be scored as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import pathlib

import numpy as np

from tf_dcgan.data.folders import decoding, survey
from tf_dcgan.evaluation import image_sources

# Images that are handed on together: so many at most, and of so many bytes.
_CHUNK = 256
_CHUNK_BYTES = 2**24


def read(path: pathlib.Path) -> image_sources.ImageSource:
    """Makes a source of all images in a folder and below.

    Every file keeps its own size, and is gray or RGB as `folders.decoding`
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
    found = survey.examine(path)
    shapes = set(found.shapes)
    notes = list(found.notes)
    sizes = {shape[:2] for shape in shapes}
    if len(sizes) > 1:
        notes.append(f"{len(sizes)} different sizes, each resized on its own")
    name = decoding.readable(str(path))
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


def _batches(files: Sequence[pathlib.Path]) -> Iterator[np.ndarray]:
    """Yields images that follow each other and have one shape, in arrays."""
    waiting = []
    for file in files:
        pixels = decoding.read(file)
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
    return labels, tuple(map(decoding.readable, names))
