"""The image files of a folder: its splits and its classes.

All images in it and below belong to the split `train`. If it has a sub-folder
`train` and another split's beside it, by any of their usual names, these are
the splits, and what lies beside them is left out. In a split, the sub-folders
are the classes, if every image lies in one and there are at least two.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import functools
import hashlib
import os
import re

from tf_dcgan.common import errors, terminal
from tf_dcgan.data.folders import decoding, trees

# The name of each split, and what folders of it are called, in small letters.
_SPLITS = {
    "train": ("train", "training"),
    "test": ("test", "testing"),
    "validation": ("validation", "valid", "val"),
}
_SPLIT_OF = {word: name for name, words in _SPLITS.items() for word in words}
# Whoever has a folder of such a name may mean a split: train2017, testB.
_LIKE_A_SPLIT = re.compile(
    rf"(?i:(?:{'|'.join(_SPLIT_OF)}|dev|eval)[ _.-]*(?:set|data|images)?)"
    "(?![a-z])"
)


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
            reason += f" ({terminal.flag('dataset', inner)} has labels)"
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
        errors.UserError: there is no such folder, it or its split `train` has
            no images, or two folders are the same split.
    """
    if not os.path.isdir(folder):
        state = (
            "is not a folder" if os.path.exists(folder) else "does not exist"
        )
        raise errors.UserError(
            f"{folder} {state}: give a folder of images, or the name of a "
            "data set"
        )
    tree = trees.read(folder)
    splits, notes = _splits(tree)
    sub_folders, stray = _sub_folders(splits)
    if stray:
        notes.append(f"no labels, since {_why_stray(stray)}")
    num_images = sum(map(decoding.is_image, tree.files))
    beside = num_images - sum(len(split.files) for split in splits.values())
    if beside:
        used = ", ".join(
            os.path.basename(split.folder) for split in splits.values()
        )
        notes.append(
            f"left out: {beside:,} image{'s' * (beside > 1)} beside "
            f"{decoding.readable(used)}"
        )
    digest = hashlib.sha256()
    for split in splits.values():
        for path in split.files:
            digest.update(_identity(path, folder))
    listing = Listing(
        folder,
        splits,
        sub_folders,
        stray,
        digest.hexdigest(),
        (*tree.notes, *notes),
    )
    return dataclasses.replace(
        listing, notes=(*listing.notes, *_notes_on_classes(listing))
    )


def has_images(folder: str) -> bool:
    """Says whether there is such a folder, with an image in it or below.

    Args:
        folder: the folder's absolute path.

    Raises:
        errors.UserError: the folder cannot be read.
    """
    return os.path.isdir(folder) and any(
        map(decoding.is_image, trees.read(folder).files)
    )


def canonical(split: str) -> str:
    """Returns a split's own name for any of its usual names.

    Args:
        split: such as `val` or `Training`; another word stays as it is.
    """
    return _SPLIT_OF.get(split.lower(), split)


def _splits(tree: trees.Tree) -> tuple[dict[str, Split], list[str]]:
    """Finds the splits of a folder.

    Returns:
        The splits by name, and notes about splits that are left out.

    Raises:
        errors.UserError: there are no images to train on, or two folders are
            the same split.
    """
    folders: dict[str, list[Split]] = {name: [] for name in _SPLITS}
    empty: dict[str, list[str]] = {name: [] for name in _SPLITS}
    for folder in sorted(tree.folders):
        name = _SPLIT_OF.get(folder.lower())
        if name is None:
            continue
        path = os.path.join(tree.top, folder)
        inside = os.path.join(path, "")
        files = [file for file in tree.files if file.startswith(inside)]
        if any(map(decoding.is_image, files)):
            split = Split(path, decoding.images_among(files, path))
            folders[name].append(split)
        else:
            empty[name].append(folder)
    present = [name for name in _SPLITS if folders[name] or empty[name]]
    if (
        "train" not in present
        or len(present) == 1
        and not (len(folders["train"]) > 1)
    ):
        return {"train": Split(tree.top, tree.images())}, []
    for name in present:
        if len(folders[name]) > 1:
            names = [os.path.basename(split.folder) for split in folders[name]]
            raise errors.UserError(
                f"{tree.top} has {len(names)} folders of the split {name}: "
                f"{decoding.readable(', '.join(names))}: give all but one of "
                "them another name, or put their images together"
            )
    if not folders["train"]:
        train = os.path.join(tree.top, empty["train"][0])
        raise errors.UserError(
            f"{train} has no images to train on: put them there, or give "
            "another folder"
        )
    notes = [
        f"no split {name}, since the folder {empty[name][0]} has no images"
        for name in present
        if not folders[name]
    ]
    return {name: folders[name][0] for name in present if folders[name]}, notes


def _notes_on_classes(listing: Listing) -> list[str]:
    """Says what classes there are that the user may not have meant."""
    notes = []
    like_splits = [
        name for name in listing.classes if _LIKE_A_SPLIT.match(name)
    ]
    if like_splits:
        is_one = len(like_splits) == 1
        verb, as_what = ("is", "a class") if is_one else ("are", "classes")
        notes.append(
            f"{_few(like_splits)} {verb} taken as {as_what}: splits are the "
            "folders train, validation and test beside one another"
        )
    for name, inner in _inner_folders(listing).items():
        if name in listing.classes:
            notes.append(
                f"the folders in {name} ({_few(inner)}) are one class, all "
                "together"
            )
        elif {"train"} < {canonical(folder) for folder in inner}:
            notes.append(
                f"the folders in {name} ({_few(inner)}) are no splits: give "
                f"{os.path.join(listing.folder, name)} for that"
            )
    return [decoding.readable(note) for note in notes]


def _few(names: Sequence[str]) -> str:
    """Names the first few of many."""
    more = ", …" * (len(names) > decoding.NAMED)
    return ", ".join(names[: decoding.NAMED]) + more


def _inner_folders(listing: Listing) -> dict[str, list[str]]:
    """Lists the folders in each sub-folder that has no images beside them.

    Sub-folders that have fewer than two folders are left out.
    """
    inner: dict[str, set[str]] = {}
    for split in listing.splits.values() if not listing.stray else ():
        for path in split.files:
            first, *rest = _relative(path, split).split(os.sep)
            # An image right in the sub-folder has the empty name.
            inner.setdefault(first, set()).add(rest[0] if rest[1:] else "")
    return {
        name: sorted(folders)
        for name, folders in sorted(inner.items())
        if len(folders) > 1 and "" not in folders
    }


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
    name, separator, _ = _relative(path, split).partition(os.sep)
    return name if separator else None


def _relative(path: str, split: Split) -> str:
    return path[len(split.folder) :].lstrip(os.sep)
