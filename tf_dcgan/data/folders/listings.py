"""The image files of a folder: its splits and its classes.

All images in it and below belong to the split `train`. If it has a sub-folder
`train` and another split's beside it, by any of their usual names, these are
the splits, and what lies beside them is left out. In a split, the sub-folders
are the classes, if every image lies in one and there are at least two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
import dataclasses
import functools
import hashlib
import os
import re

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.data.folders import archives, decoding, labels_files, trees

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
        labels: path → class, if a file beside the images tells the classes.
    """

    folder: str
    files: list[str]
    labels: Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Listing:
    """The image files of a folder.

    Attributes:
        folder: the folder's path.
        splits: name → split.
        sub_folders: the names of the sub-folders of a split that images lie
            in, sorted; if a file tells the classes, the classes.
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
        told = any(split.labels is not None for split in self.splits.values())
        is_labelled = told or (len(self.sub_folders) > 1 and not self.stray)
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
        if trees.is_folder(inner) and find(inner).classes:
            reason += f" ({terminal.flag('dataset', inner)} has labels)"
        return decoding.readable(reason)

    @functools.cached_property
    def files(self) -> list[str]:
        """The images of all splits."""
        return [path for split in self.splits.values() for path in split.files]


def find(
    folder: str, *, labels: str | None = None, cache_dir: str | None = None
) -> Listing:
    """Lists the image files of a folder by split.

    Args:
        folder: the absolute path of the folder, or of an archive.
        labels: the path of a file with the images' classes, or None if the
            sub-folders are the classes; see `labels_files`.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: there is no such folder, it or its split `train` has
            no images, two folders are the same split, or the labels cannot be
            read or are of other images.
    """
    if not os.path.exists(folder) and archives.split(folder) is None:
        raise errors.UserError(
            f"{folder} does not exist: give a folder of images, or the name of "
            "a data set"
        )
    if not trees.is_folder(folder, cache_dir=cache_dir):
        raise errors.UserError(
            f"{folder} is not a folder: give a folder of images, or one packed "
            f"as {', '.join(files.ARCHIVES)}"
        )
    tree = trees.read(folder, cache_dir=cache_dir)
    splits, notes = _splits(tree)
    without_row = 0
    if labels is None:
        sub_folders, stray = _sub_folders(splits)
    else:
        splits, label_notes, without_row = _labelled(splits, folder, labels)
        notes += label_notes
        sub_folders, stray = _classes_told(splits), ()
    if stray:
        notes.append(f"no labels, since {_why_stray(stray)}")
    num_images = sum(map(decoding.is_image, tree.files))
    beside = num_images - without_row
    beside -= sum(len(split.files) for split in splits.values())
    if beside:
        used = ", ".join(
            os.path.basename(split.folder) for split in splits.values()
        )
        notes.append(
            f"left out: {beside:,} image{'s' * (beside > 1)} beside "
            f"{decoding.readable(used)}"
        )
    others = decoding.others_note(
        [path for path in tree.files if path != labels]
    )
    if others:
        notes.append(others)
    listing = Listing(
        folder,
        splits,
        sub_folders,
        stray,
        _digest(splits.values(), folder),
        (*tree.notes, *notes),
    )
    if labels is not None:
        return listing
    return dataclasses.replace(
        listing, notes=(*listing.notes, *_notes_on_classes(listing))
    )


def _labelled(
    splits: Mapping[str, Split], folder: str, labels: str
) -> tuple[dict[str, Split], list[str], int]:
    """Keeps the images whose classes a file tells.

    Returns:
        (splits, notes, how many images are left out).

    Raises:
        errors.UserError: as `find`.
    """
    images = [path for split in splits.values() for path in split.files]
    class_of, notes = labels_files.match(
        labels_files.read(labels), images, folder, labels
    )
    kept = {}
    for name, split in splits.items():
        inside = [path for path in split.files if path in class_of]
        if inside:
            kept[name] = Split(
                split.folder, inside, {path: class_of[path] for path in inside}
            )
    if "train" not in kept:
        raise errors.UserError(
            f"--labels={labels} has no row for an image of the split train of "
            f"{folder}: add rows, such as train/1.png,cat"
        )
    return kept, notes, len(images) - len(class_of)


def has_images(folder: str, *, cache_dir: str | None = None) -> bool:
    """Says whether there is such a folder, with an image in it or below.

    Args:
        folder: the folder's absolute path.
        cache_dir: as `find` takes it.

    Raises:
        errors.UserError: the folder cannot be read.
    """
    return trees.is_folder(folder, cache_dir=cache_dir) and any(
        map(decoding.is_image, trees.read(folder, cache_dir=cache_dir).files)
    )


def is_split(word: str) -> bool:
    """Says whether a word is one of the usual names of a split."""
    return word.lower() in _SPLIT_OF


def are_splits(names: Collection[str]) -> bool:
    """Says whether all names are splits', `train` and another one's."""
    splits = {canonical(name) for name in names}
    return {"train"} < splits <= set(_SPLITS)


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


def _classes_told(splits: Mapping[str, Split]) -> tuple[str, ...]:
    """Lists the classes that a file tells of the images."""
    return labels_files.in_order(
        {
            class_name
            for split in splits.values()
            for class_name in (split.labels or {}).values()
        }
    )


def _digest(splits: Iterable[Split], folder: str) -> str:
    """SHA-256 (hexadecimal) that changes with a file or a label."""
    digest = hashlib.sha256()
    for split in splits:
        for path in split.files:
            digest.update(_identity(path, folder))
            if split.labels is not None:
                digest.update(os.fsencode(f"{split.labels[path]}\n"))
    return digest.hexdigest()


def _identity(path: str, folder: str) -> bytes:
    """Name, size and time of a file, which change if it is replaced."""
    return os.fsencode(f"{path[len(folder) :]}\0{trees.identity(path)}\n")


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
    """The class of an image, or the sub-folder of a split that it lies in.

    Args:
        path: one of the split's files.
        split: the split.
    """
    if split.labels is not None:
        return split.labels[path]
    name, separator, _ = _relative(path, split).partition(os.sep)
    return name if separator else None


def _relative(path: str, split: Split) -> str:
    return path[len(split.folder) :].lstrip(os.sep)
