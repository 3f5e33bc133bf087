"""A folder of images as a data set.

A set is gray if all its images are gray, and RGB otherwise. See `listings` for
its splits and classes, and `decoding` for how each file is read.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
import json
import os

import numpy as np

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.data import cache, shapes, sources
from tf_dcgan.data.folders import decoding, listings

# Part of the caches' keys: raise it whenever a folder would be read otherwise.
_VERSION = 1
# Images of one size are resized together, at most 16 at a time, which is four
# times as fast as one by one.
_CHUNK_IMAGES = 16


def source(folder: str, split: str, *, cache_dir: str | None) -> sources.Source:
    """Offers a split of a folder.

    Args:
        folder: the folder's absolute path.
        split: the split's name.
        cache_dir: the cache that keeps the images' common shape; None for the
            user's cache.

    Returns:
        The source. Its fingerprint has the names, sizes and times of all
        files of all splits.

    Raises:
        errors.UserError: there is no such folder or split, or it has no
            images.
    """
    listing = listings.find(folder)
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

    The headers are read once, and their common shape is kept in the cache.

    Args:
        folder: the folder's absolute path.
        cache_dir: the cache; None for the user's cache.

    Returns:
        (height, width, channels); height and width are None where they vary.

    Raises:
        errors.UserError: there is no such folder, it has no images, too many
            are damaged, or the cache cannot be written to.
    """
    return _shape(listings.find(folder), cache_dir)


def size_counts(folder: str, *, cache_dir: str | None) -> shapes.Counts:
    """Counts the sizes of a folder's images, from the headers of the files.

    Args:
        folder: as for `native_shape`.
        cache_dir: the cache; None for the user's cache.

    Returns:
        The sizes of the images of all splits.

    Raises:
        errors.UserError: as for `native_shape`.
    """
    return _headers(listings.find(folder), cache_dir)[1]


def _no_split(listing: listings.Listing, split: str) -> errors.UserError:
    if len(listing.splits) > 1:
        allowed = errors.suggestion(split, listing.splits)
        return errors.UserError(
            f"{listing.folder} has no split {split!r}: {allowed}"
        )
    return errors.UserError(
        f"{listing.folder} has no split {split!r}, only train, which is all of "
        "it: take the split train, or put images aside: a folder with the "
        "sub-folders train and test has both splits"
    )


def _shape(
    listing: listings.Listing, cache_dir: str | None
) -> tuple[int | None, int | None, int]:
    return _headers(listing, cache_dir)[0]


def _headers(
    listing: listings.Listing, cache_dir: str | None
) -> tuple[tuple[int | None, int | None, int], shapes.Counts]:
    """Reads the header of every image, or what the cache kept of them.

    Returns:
        The common shape, with None where sides vary, and the sizes.
    """
    kept = cache.file(
        cache_dir, f"headers-{_VERSION}-{listing.digest[:16]}.json"
    )
    try:
        height, width, channels, rows = json.loads(kept.read_text())
        counts = {(row[0], row[1]): row[2] for row in rows}
        return (height, width, channels), counts
    except (OSError, ValueError, TypeError, IndexError, KeyError):
        pass  # Absent, older or damaged: it is written again.
    damaged = decoding.Damaged(listing.folder, len(listing.files))
    counted_sizes: collections.Counter[tuple[int, int]] = collections.Counter()
    channels = 1
    title = f"{os.path.basename(listing.folder)} headers"
    # A thousand headers take a fifth of a second: no bar for so few.
    with terminal.Progress(
        title, len(listing.files), "files", delay=1
    ) as counted:
        for path in listing.files:
            counted.update()
            try:
                header = decoding.read_header(path)
            except decoding.DamagedImageError as error:
                damaged.add(path, error)
                continue
            channels = max(channels, header.channels)
            counted_sizes[header.height, header.width] += 1
    damaged.check()
    size = next(iter(counted_sizes)) if len(counted_sizes) == 1 else (None,) * 2
    rows = [(*each, count) for each, count in sorted(counted_sizes.items())]
    with files.atomic_file(kept) as unfinished:
        unfinished.write_text(json.dumps([*size, channels, rows]))
    return (*size, channels), counted_sizes


def _read(
    listing: listings.Listing, split: str, cache_dir: str | None
) -> sources.Content:
    shape = _shape(listing, cache_dir)
    notes = list(listing.notes)
    return sources.Content(
        num_images=len(listing.splits[split].files),
        shape=shape,
        class_names=listing.class_names,
        chunks=_chunks(
            listing, listing.splits[split], shape=shape, notes=notes
        ),
        notes=notes,
    )


def _chunks(
    listing: listings.Listing,
    split: listings.Split,
    *,
    shape: tuple[int | None, int | None, int],
    notes: list[str],
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields images and labels as `sources.Content.chunks` says.

    Adds to the notes which files were left out.
    """
    chunk_length = sources.chunk_length(shape, at_most=_CHUNK_IMAGES)
    label_of: dict[str | None, int] = {
        name: label for label, name in enumerate(listing.classes)
    }
    damaged = decoding.Damaged(listing.folder, len(split.files))
    images, labels = [], []
    for path in split.files:
        try:
            pixels = decoding.read(path, channels=shape[2])
            if None not in shape and pixels.shape != shape:
                raise decoding.DamagedImageError(
                    f"it is not of the size {shape[0]}x{shape[1]} that its "
                    "header tells"
                )
        except decoding.DamagedImageError as error:
            damaged.add(path, error)
            continue
        images.append(pixels)
        if label_of:
            labels.append(label_of[listings.class_of(path, split)])
        if len(images) == chunk_length:
            yield np.stack(images), np.array(labels) if labels else None
            images, labels = [], []
    if images:
        yield np.stack(images), np.array(labels) if labels else None
    note = damaged.note()
    if note:
        notes.append(note)
