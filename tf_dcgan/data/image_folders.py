"""A folder of images as a data set.

All images in it and below belong to the split `train`. If it has a sub-folder
`train` and another split's beside it, these are the splits, and what lies
beside them is left out. In a split, the sub-folders are the classes, if every
image lies in one and there are at least two. A set is gray if all its images
are, and RGB otherwise. See `image_files` for how each file is read.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import functools
import hashlib
import json
import math
import os

import numpy as np
import tqdm

from tf_dcgan import errors, files
from tf_dcgan.data import cache, image_files, sources

# Part of the caches' keys: raise it whenever a folder would be read otherwise.
_VERSION = 1
# Images of one size are resized together, so many at most and of so many bytes:
# four times as fast as one by one.
_CHUNK_IMAGES = 16
_CHUNK_BYTES = 2**24

_SPLITS = ("train", "test", "validation", "val")


def source(folder: str, split: str, *, cache_dir: str | None) -> sources.Source:
    """Offers a split of a folder.

    Args:
        folder: its absolute path.
        split: the split's name.
        cache_dir: where what the headers tell is kept; None for the user's
            cache.

    Returns:
        The source. Its fingerprint has the names, sizes and times of all
        files of all splits.

    Raises:
        errors.UserError: there is no such folder or split, or it has no
            images.
    """
    listing = _list(folder)
    if split not in listing.splits:
        raise _no_split(listing, split)
    return sources.Source(
        fingerprint=[_VERSION, listing.digest],
        read=lambda: _read(listing, split, cache_dir),
    )


def native_shape(
    folder: str, *, cache_dir: str | None
) -> tuple[int | None, int | None, int]:
    """The shape of a folder's images, from the headers of the files.

    The headers are read once and what they tell is kept in the cache.

    Args:
        folder: its absolute path.
        cache_dir: None for the user's cache.

    Returns:
        (height, width, channels); height and width are None where they vary.

    Raises:
        errors.UserError: there is no such folder, it has no images, too many
            are damaged, or the cache cannot be written to.
    """
    return _shape(_list(folder), cache_dir)


def class_names(folder: str) -> tuple[str, ...]:
    """The classes of a folder, as far as its sub-folders are such.

    Args:
        folder: its absolute path.

    Raises:
        errors.UserError: there is no such folder, or it has no images.
    """
    return _readable_names(_list(folder))


def splits(folder: str) -> tuple[str, ...]:
    """The splits of a folder.

    Args:
        folder: its absolute path.

    Raises:
        errors.UserError: there is no such folder, or it has no images.
    """
    return tuple(_list(folder).splits)


@dataclasses.dataclass(frozen=True)
class _Listing:
    """The files of a folder.

    Attributes:
        folder: its path.
        splits: name → (the split's own folder, its files).
        class_names: one per class, sorted; empty if there are none.
        digest: of the names, sizes and times of all files.
        notes: what its user should know.
    """

    folder: str
    splits: dict[str, tuple[str, list[str]]]
    class_names: tuple[str, ...]
    digest: str
    notes: tuple[str, ...]

    @functools.cached_property
    def files(self) -> list[str]:
        """Those of all splits."""
        return [path for _, paths in self.splits.values() for path in paths]


def _list(folder: str) -> _Listing:
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
        splits = {"train": (folder, image_files.find(folder))}
    else:
        splits = {}
        for name in present:
            below = os.path.join(folder, name)
            splits[name] = (below, image_files.find(below))
    class_names, notes = _classes(splits)
    used = sum(len(paths) for _, paths in splits.values())
    beside = len(image_files.find(folder)) - used if len(splits) > 1 else 0
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
    return _Listing(folder, splits, class_names, digest.hexdigest(), notes)


def _identity(path: str, folder: str) -> bytes:
    """Name, size and time of a file; different if it was replaced."""
    try:
        status = os.stat(path)
        numbers = (status.st_size, status.st_mtime_ns)
    except OSError:  # A broken link, which will be told as damaged.
        numbers = (-1, -1)
    return os.fsencode(f"{path[len(folder) :]}\0{numbers}\n")


def _classes(
    splits: dict[str, tuple[str, list[str]]],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names the classes of a folder, and what is odd about them."""
    outside, names = 0, set()
    for below, paths in splits.values():
        for path in paths:
            name = _class_of(path, below)
            if name is None:
                outside += 1
            else:
                names.add(name)
    if outside and names:
        return (), (
            f"no labels, since not all images lie in sub-folders ({outside:,} "
            "do not)",
        )
    return (tuple(sorted(names)) if len(names) > 1 else ()), ()


def _class_of(path: str, below: str) -> str | None:
    name, separator, _ = path[len(below) :].lstrip(os.sep).partition(os.sep)
    return name if separator else None


def _no_split(listing: _Listing, split: str) -> errors.UserError:
    if len(listing.splits) > 1:
        allowed = errors.suggestion(split, listing.splits)
        return errors.UserError(
            f"{listing.folder} has no split {split!r}: {allowed}"
        )
    return errors.UserError(
        f"{listing.folder} has no split {split!r}, only train, which is all of "
        "it. Give --split=train, or put images aside: a folder with the "
        "sub-folders train and test has both splits"
    )


def _shape(
    listing: _Listing, cache_dir: str | None
) -> tuple[int | None, int | None, int]:
    """Reads every header, or what was kept of it."""
    kept = cache.file(
        cache_dir, f"headers-{_VERSION}-{listing.digest[:16]}.json"
    )
    try:
        height, width, channels = json.loads(kept.read_text())
        return height, width, channels
    except (OSError, ValueError, TypeError):
        pass  # Not there, or damaged: it is made again.
    damaged = image_files.Damaged(listing.folder, len(listing.files))
    sizes, channels = set(), 1
    title = f"{os.path.basename(listing.folder)} headers"
    # A thousand headers take a fifth of a second: no bar for so few.
    for path in tqdm.tqdm(
        listing.files, desc=title, unit=" files", disable=None, delay=1
    ):
        try:
            header = image_files.read_header(path)
        except image_files.DamagedImageError as error:
            damaged.add(path, error)
            continue
        channels = max(channels, header.channels)
        if len(sizes) < 2:
            sizes.add((header.height, header.width))
    size = sizes.pop() if len(sizes) == 1 else (None, None)
    with files.atomic_file(kept) as unfinished:
        unfinished.write_text(json.dumps([*size, channels]))
    return (*size, channels)


def _read(
    listing: _Listing, split: str, cache_dir: str | None
) -> sources.Content:
    below, paths = listing.splits[split]
    shape = _shape(listing, cache_dir)
    notes = list(listing.notes)
    return sources.Content(
        num_images=len(paths),
        shape=shape,
        class_names=_readable_names(listing),
        chunks=_chunks(listing, below, paths, shape=shape, notes=notes),
        notes=notes,
    )


def _readable_names(listing: _Listing) -> tuple[str, ...]:
    return tuple(image_files.readable(name) for name in listing.class_names)


def _chunks(
    listing: _Listing,
    below: str,
    paths: list[str],
    *,
    shape: tuple[int | None, int | None, int],
    notes: list[str],
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields images and labels as `sources.Content.chunks` says.

    Adds to the notes what was left out.
    """
    at_once = 1
    if None not in shape:
        at_once = min(_CHUNK_IMAGES, max(1, _CHUNK_BYTES // math.prod(shape)))
    numbers = {name: i for i, name in enumerate(listing.class_names)}
    damaged = image_files.Damaged(listing.folder, len(paths))
    images, labels = [], []
    for path in paths:
        try:
            pixels = image_files.read(path, channels=shape[2])
            if None not in shape and pixels.shape != shape:
                raise image_files.DamagedImageError(
                    f"it is not of the size {shape[0]}x{shape[1]} that its "
                    "header tells"
                )
        except image_files.DamagedImageError as error:
            damaged.add(path, error)
            continue
        images.append(pixels)
        if numbers:
            labels.append(numbers[_class_of(path, below)])
        if len(images) == at_once:
            yield np.stack(images), np.array(labels) if labels else None
            images, labels = [], []
    if images:
        yield np.stack(images), np.array(labels) if labels else None
    if damaged.note():
        notes.append(damaged.note())
