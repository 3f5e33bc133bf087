"""Folders of images, to be scored as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import hashlib
import os
import pathlib

from absl import logging
import numpy as np

from tf_dcgan import errors, image_sources
from tf_dcgan.data import image_files

_CHUNK = 256
_NAMED = 5
# Beyond this share of damaged files a folder is not what its user thinks.
_DAMAGED_SHARE = 0.1


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
    images = [pathlib.Path(file) for file in image_files.find(path)]
    others = [
        pathlib.Path(file)
        for file in image_files.below(path)
        if os.path.splitext(file)[1].lower() not in image_files.SUFFIXES
    ]
    if len(others) > len(images):
        raise errors.UserError(
            f"{path} has {len(others)} files that are no images and only "
            f"{len(images)} images: {_listed(others)}. Give a folder of images"
        )
    whole, damaged, sizes, fingerprint = _examine(images)
    if len(damaged) > _DAMAGED_SHARE * len(images):
        raise errors.UserError(
            f"{path}: {len(damaged)} of {len(images)} images cannot be read: "
            f"{_listed(damaged)}. Mend or remove them"
        )
    notes = []
    if damaged:
        notes.append(f"{_files_of(damaged, 'damaged')}: {_listed(damaged)}")
    if others:
        notes.append(f"{_files_of(others, 'other')}: {_listed(others)}")
    if len(sizes) > 1:
        notes.append(f"{len(sizes)} different sizes, each resized on its own")
    labels, class_names = _classes(path, whole)
    return image_sources.ImageSource(
        str(path),
        fingerprint,
        len(whole),
        lambda: _batches(whole),
        labels,
        class_names,
        notes=tuple(f"{path}: {note}" for note in notes),
    )


def _files_of(files: Sequence[pathlib.Path], kind: str) -> str:
    plural = "file" if len(files) == 1 else "files"
    return f"{len(files)} {kind} {plural} skipped"


def _listed(files: Sequence[pathlib.Path]) -> str:
    names = ", ".join(file.name for file in files[:_NAMED])
    return names + (", …" if len(files) > _NAMED else "")


def _examine(files: Sequence[pathlib.Path]):
    """Decodes every file once.

    Returns:
        The whole ones, the damaged ones, all sizes, and a digest.
    """
    digest = hashlib.sha256()
    whole, damaged, sizes = [], [], set()
    for file in files:
        try:
            sizes.add(image_files.read(file).shape[:2])
        except image_files.DamagedImageError as error:
            damaged.append(file)
            logging.info("%s is skipped: %s", file, error)
            continue
        whole.append(file)
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return whole, damaged, sizes, digest.hexdigest()


def _batches(files: Sequence[pathlib.Path]) -> Iterator[np.ndarray]:
    """Yields images that follow each other and have one shape, in arrays."""
    waiting = []
    for file in files:
        pixels = image_files.read(file)
        if waiting and (
            len(waiting) == _CHUNK or pixels.shape != waiting[0].shape
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
    return labels, tuple(names)
