"""A folder of images as a data set.

A set is gray if all its images are gray, and RGB otherwise. See `listings` for
its splits and classes, and `decoding` for how each file is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import functools

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import reading, shapes, sources
from tf_dcgan.data.folders import decoding, facts, listings

# Part of the caches' keys: raise it whenever a folder would be read otherwise.
_VERSION = 1
# Images of one size are resized together, at most 16 at a time, which is four
# times as fast as one by one.
_CHUNK_IMAGES = 16


def source(
    folder: str,
    split: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None,
) -> sources.Source:
    """Offers a split of a folder.

    Args:
        folder: the folder's absolute path.
        split: the split's name.
        read_as: how the images are read; images of more than 8 bits need a
            range of values, which `scale` finds.
        cache_dir: the cache that keeps what the images have in common; None
            for the user's cache.

    Returns:
        The source. Its fingerprint has the names, sizes and times of all
        files of all splits.

    Raises:
        errors.UserError: there is no such folder or split, it has no images,
            or too many are damaged.
    """
    listing = _listing(folder, read_as, cache_dir)
    split = listings.canonical(split)
    if split not in listing.splits:
        raise _no_split(listing, split)
    common = _facts(listing, read_as, cache_dir)
    fingerprint = [_VERSION, listing.digest]
    if common.background != "white":
        fingerprint.append(common.background)
    return sources.Source(
        fingerprint=fingerprint,
        read=lambda: _read(listing, split, common, read_as),
    )


def native_shape(
    folder: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None,
) -> tuple[int | None, int | None, int]:
    """The shape of a folder's images, from the headers of the files.

    The headers are read once, and their common shape is kept in the cache.

    Args:
        folder: the folder's absolute path.
        read_as: which frames are taken.
        cache_dir: the cache; None for the user's cache.

    Returns:
        (height, width, channels); height and width are None where they vary.

    Raises:
        errors.UserError: there is no such folder, it has no images, too many
            are damaged, or the cache cannot be written to.
    """
    return _facts(
        _listing(folder, read_as, cache_dir), read_as, cache_dir
    ).shape


def scale(
    folder: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None,
) -> value_ranges.Range | None:
    """The scale of a folder's images, of all its splits.

    The images of more than 8 bits are read once for it, and the scale is kept
    in the cache.

    Args:
        folder: the folder's absolute path.
        read_as: which frames are taken; its range of values wins.
        cache_dir: the cache; None for the user's cache.

    Returns:
        (low, high), the values that become black and white; None for images
        of 8 bits.

    Raises:
        errors.UserError: as `facts.scale`.
    """
    listing = _listing(folder, read_as, cache_dir)
    return facts.scale(
        _facts(listing, read_as, cache_dir),
        listing.files,
        listing.folder,
        digest=listing.digest,
        read_as=read_as,
        cache_dir=cache_dir,
    )


def _listing(
    folder: str, read_as: reading.Reading, cache_dir: str | None
) -> listings.Listing:
    return listings.find(folder, labels=read_as.labels, cache_dir=cache_dir)


def _facts(
    listing: listings.Listing, read_as: reading.Reading, cache_dir: str | None
) -> facts.Facts:
    return facts.of_files(
        listing.files,
        listing.folder,
        digest=listing.digest,
        read_as=read_as,
        cache_dir=cache_dir,
    )


def size_counts(
    folder: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None,
) -> shapes.Counts:
    """Counts the sizes of a folder's images, from the headers of the files.

    Args:
        folder: as for `native_shape`.
        read_as: which frames are taken.
        cache_dir: the cache; None for the user's cache.

    Returns:
        The sizes of the images of all splits.

    Raises:
        errors.UserError: as for `native_shape`.
    """
    common = _facts(_listing(folder, read_as, cache_dir), read_as, cache_dir)
    return {(height, width): count for height, width, count in common.sizes}


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


def _read(
    listing: listings.Listing,
    split: str,
    common: facts.Facts,
    read_as: reading.Reading,
) -> sources.Content:
    notes = [
        *listing.notes,
        *common.notes(listing.files, listing.folder, read_as),
    ]
    inside = set(listing.splits[split].files)
    images = [
        image
        for image in common.images(listing.files, read_as)
        if image[0] in inside
    ]
    depth = ""
    if read_as.value_range is not None:
        depth = facts.in_words(common, read_as.value_range)
    return sources.Content(
        num_images=len(images),
        shape=common.shape,
        class_names=listing.class_names,
        chunks=_chunks(
            listing,
            listing.splits[split],
            images,
            common=common,
            read_as=read_as,
            notes=notes,
        ),
        notes=notes,
        depth=depth,
    )


def _chunks(
    listing: listings.Listing,
    split: listings.Split,
    images_to_read: Sequence[tuple[str, int]],
    *,
    common: facts.Facts,
    read_as: reading.Reading,
    notes: list[str],
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields images and labels as `sources.Content.chunks` says.

    Adds to the notes which files were left out.
    """
    shape = common.shape
    chunk_length = sources.chunk_length(shape, at_most=_CHUNK_IMAGES)
    label_of: dict[str | None, int] = {
        name: label for label, name in enumerate(listing.classes)
    }
    damaged = decoding.Damaged(listing.folder, len(images_to_read))
    read = functools.partial(
        decoding.read,
        channels=shape[2],
        scale=read_as.value_range,
        background=common.background,
    )
    images, labels = [], []
    for path, frame in images_to_read:
        try:
            pixels = read(path, frame=frame)
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
