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
class Split:
    """One split of a folder.

    Attributes:
        folder: the split's own folder.
        files: the paths of its images.
    """

    folder: str
    files: list[str]


@dataclasses.dataclass(frozen=True)
class Listing:
    """The image files of a folder.

    Attributes:
        folder: the folder's path.
        splits: name → split.
        sub_folders: the names of the sub-folders of a split that images lie
            in, sorted.
        stray: the images that lie in no sub-folder, if other images do.
        digest: SHA-256 (hexadecimal) of the names, sizes and times of all
            images.
        notes: what the user should know, one line each.
    """

    folder: str
    splits: dict[str, Split]
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
        """The name of each class, as text that can be printed."""
        return tuple(map(decoding.readable, self.classes))

    @property
    def why_unlabelled(self) -> str:
        """Says why there are no classes; empty if there are classes."""
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
        """The images of all splits."""
        return [path for split in self.splits.values() for path in split.files]


def find(folder: str) -> Listing:
    """Lists the image files of a folder by split.

    Args:
        folder: the folder's absolute path.

    Raises:
        errors.UserError: there is no such folder, or a split has no images.
    """
    if not os.path.isdir(folder):
        state = (
            "is not a folder" if os.path.exists(folder) else "does not exist"
        )
        raise errors.UserError(
            f"{folder} {state}: give a folder of images, or the name of a "
            "data set"
        )
    present = [
        name for name in _SPLITS if os.path.isdir(os.path.join(folder, name))
    ]
    has_splits = "train" in present and len(present) > 1
    paths = decoding.files_below(folder)
    splits = {}
    for name in present if has_splits else ["train"]:
        split_folder = os.path.join(folder, name) if has_splits else folder
        inside = os.path.join(split_folder, "")
        splits[name] = Split(
            split_folder,
            decoding.images_among(
                [path for path in paths if path.startswith(inside)],
                split_folder,
            ),
        )
    sub_folders, stray = _sub_folders(splits)
    notes = (f"no labels, since {_why_stray(stray)}",) if stray else ()
    num_images = sum(map(decoding.is_image, paths))
    beside = num_images - sum(len(split.files) for split in splits.values())
    if beside:
        notes = (
            *notes,
            f"left out: {beside:,} image{'s' * (beside > 1)} beside "
            f"{', '.join(present)}",
        )
    others = decoding.others_note(paths)
    if others:
        notes = (*notes, others)
    digest = hashlib.sha256()
    for split in splits.values():
        for path in split.files:
            digest.update(_identity(path, folder))
    return Listing(
        folder, splits, sub_folders, stray, digest.hexdigest(), notes
    )


def _identity(path: str, folder: str) -> bytes:
    """Name, size and time of a file, which change if it is replaced."""
    try:
        status = os.stat(path)
        numbers = (status.st_size, status.st_mtime_ns)
    except OSError:  # A broken link, which reading reports as damaged.
        numbers = (-1, -1)
    return os.fsencode(f"{path[len(folder) :]}\0{numbers}\n")


def _sub_folders(
    splits: dict[str, Split],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Finds `Listing.sub_folders` and `Listing.stray`."""
    stray, names = [], set()
    for split in splits.values():
        for path in split.files:
            name = class_of(path, split)
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


def class_of(path: str, split: Split) -> str | None:
    """The sub-folder of a split that an image lies in, or None.

    Args:
        path: one of the split's files.
        split: the split.
    """
    name, separator, _ = (
        path[len(split.folder) :].lstrip(os.sep).partition(os.sep)
    )
    return name if separator else None
