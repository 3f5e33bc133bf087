"""The image files of a folder: its splits and its classes.

All images in it and below belong to the split `train`. If it has a sub-folder
`train` and another split's beside it, these are the splits, and what lies
beside them is left out. In a split, the sub-folders are the classes, if every
image lies in one and there are at least two.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import functools
import hashlib
import os

from tf_dcgan.common import errors
from tf_dcgan.data.folders import decoding

_SPLITS = ("train", "test", "validation", "val")


@dataclasses.dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes:
        folder: its path.
        splits: name → (the split's own folder, its files).
        sub_folders: those of a split that images lie in, sorted.
        stray: images that lie in none, where others do.
        digest: of the names, sizes and times of all files.
        notes: what its user should know.
    """

    folder: str
    splits: dict[str, tuple[str, list[str]]]
    sub_folders: tuple[str, ...]
    stray: tuple[str, ...]
    digest: str
    notes: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The sub-folder of each class; empty if there are none."""
        is_labelled = len(self.sub_folders) > 1 and not self.stray
        return self.sub_folders if is_labelled else ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes' names as text."""
        return tuple(map(decoding.readable, self.classes))

    @property
    def why_unlabelled(self) -> str:
        """Why there are no classes; nothing if there are."""
        if self.classes:
            return ""
        if self.stray:
            return _why_stray(self.stray)
        if not self.sub_folders:
            return "no image lies in a sub-folder"
        [only] = self.sub_folders
        reason = f"all images lie in one sub-folder, {only}"
        inner = os.path.join(self.folder, only)
        if os.path.isdir(inner) and find(inner).classes:
            reason += f" (--dataset={inner} has labels)"
        return decoding.readable(reason)

    @functools.cached_property
    def files(self) -> list[str]:
        """Those of all splits."""
        return [path for _, paths in self.splits.values() for path in paths]


def find(folder: str) -> Listing:
    """Finds the image files of a folder.

    Args:
        folder: its absolute path.

    Raises:
        errors.UserError: there is no such folder, or it has no images.
    """
    if not os.path.isdir(folder):
        state = (
            "is not a folder" if os.path.exists(folder) else "does not exist"
        )
        raise errors.UserError(
            f"--dataset={folder} {state}: give a folder of images, or the "
            "name of a data set"
        )
    present = [
        name for name in _SPLITS if os.path.isdir(os.path.join(folder, name))
    ]
    if "train" not in present or len(present) == 1:
        splits = {"train": (folder, decoding.find(folder))}
    else:
        splits = {}
        for name in present:
            below = os.path.join(folder, name)
            splits[name] = (below, decoding.find(below))
    sub_folders, stray = _sub_folders(splits)
    notes = (f"no labels, since {_why_stray(stray)}",) if stray else ()
    used = sum(len(paths) for _, paths in splits.values())
    beside = len(decoding.find(folder)) - used if len(splits) > 1 else 0
    if beside > 0:
        notes = (
            *notes,
            f"left out: {beside:,} image{'s' * (beside > 1)} beside "
            f"{', '.join(present)}",
        )
    digest = hashlib.sha256()
    for _, paths in splits.values():
        for path in paths:
            digest.update(_identity(path, folder))
    return Listing(
        folder, splits, sub_folders, stray, digest.hexdigest(), notes
    )


def _identity(path: str, folder: str) -> bytes:
    """Name, size and time of a file; different if it was replaced."""
    try:
        status = os.stat(path)
        numbers = (status.st_size, status.st_mtime_ns)
    except OSError:  # A broken link, which will be told as damaged.
        numbers = (-1, -1)
    return os.fsencode(f"{path[len(folder) :]}\0{numbers}\n")


def _sub_folders(
    splits: dict[str, tuple[str, list[str]]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Finds `Listing.sub_folders` and `Listing.stray`."""
    stray, names = [], set()
    for below, paths in splits.values():
        for path in paths:
            name = class_of(path, below)
            if name is None:
                stray.append(path)
            else:
                names.add(name)
    return tuple(sorted(names)), tuple(stray if names else ())


def _why_stray(stray: Sequence[str]) -> str:
    first = decoding.readable(os.path.basename(stray[0]))
    which = f"1 does not: {first}"
    if len(stray) > 1:
        which = f"{len(stray):,} do not, such as {first}"
    return f"not all images lie in sub-folders ({which})"


def class_of(path: str, below: str) -> str | None:
    """The sub-folder of a split that an image lies in, or None.

    Args:
        path: the image's.
        below: the split's own folder.
    """
    name, separator, _ = path[len(below) :].lstrip(os.sep).partition(os.sep)
    return name if separator else None
