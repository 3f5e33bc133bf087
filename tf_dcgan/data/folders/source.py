"""A folder of images as a data set.

A set is gray if all its images are gray, and RGB otherwise. See `listings` for
its splits and classes, and `decoding` for how each file is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import functools
from typing import Any

import numpy as np

from tf_dcgan.common import errors, parallel
from tf_dcgan.config import value_ranges
from tf_dcgan.data import image_sets, reading, sources
from tf_dcgan.data.folders import decoding, facts, listings
from tf_dcgan.data.preparing import shapes, value_range

# Part of the caches' keys: raise it whenever a folder would be read otherwise.
_VERSION = 1
# Images of one size are resized together, at most 16 at a time, which is four
# times as fast as one by one.
_CHUNK_IMAGES = 16
_IMAGES_AT_ONCE = 64  # That a thread decodes.


class Folder(image_sets.ImageSet):
    """A folder of images, or an archive of one; listed at most once."""

    def __init__(
        self, folder: str, read_as: reading.Reading, cache_dir: str | None
    ):
        """Looks at nothing yet.

        Args:
            folder: the absolute path.
            read_as: how the images are read.
            cache_dir: the cache that keeps what the images have in common;
                None for the user's cache.
        """
        super().__init__(folder, read_as)
        self._cache_dir = cache_dir

    @functools.cached_property
    def _listing(self) -> listings.Listing:
        return listings.find(
            self.name, labels=self.read_as.labels, cache_dir=self._cache_dir
        )

    @functools.cached_property
    def _facts(self) -> facts.Facts:
        """What the headers tell, which are read once and kept in the cache."""
        return facts.of_files(
            self._listing.files,
            self._listing.folder,
            digest=self._listing.digest,
            read_as=self.read_as,
            cache_dir=self._cache_dir,
        )

    @property
    def original_shape(self) -> tuple[int | None, int | None, int]:
        """See `image_sets.ImageSet`.

        Raises:
            errors.UserError: there is no such folder, it has no images, too
                many are damaged, or the cache cannot be written to.
        """
        return self._facts.shape

    @property
    def original_sizes(self) -> shapes.Counts:
        """See `image_sets.ImageSet`."""
        return {
            (height, width): count for height, width, count in self._facts.sizes
        }

    @property
    def class_names(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        return self._listing.class_names

    @property
    def why_unlabelled(self) -> str:
        """See `image_sets.ImageSet`."""
        return self._listing.why_unlabelled

    @property
    def splits(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        return tuple(self._listing.splits)

    def _value_range(self) -> value_ranges.Range | None:
        """The images of more than 8 bits are read once, and it is kept."""
        return facts.scale(
            self._facts,
            self._listing.files,
            self._listing.folder,
            digest=self._listing.digest,
            read_as=self.read_as,
            cache_dir=self._cache_dir,
        )

    def source(self, split: str, *, flag: str | None) -> sources.Source:
        """See `image_sets.ImageSet`.

        The source's fingerprint has the names, sizes and times of all files
        of all splits.
        """
        del flag  # No other set is advised.
        listing, common = self._listing, self._facts
        split = listings.canonical(split)
        if split not in listing.splits:
            raise _no_split(listing, split)
        read_as = dataclasses.replace(
            self.read_as, value_range=self.value_range
        )
        fingerprint = [_VERSION, listing.digest]
        if common.background != "white":
            fingerprint.append(common.background)
        return sources.Source(
            fingerprint=fingerprint,
            read=lambda: _read(listing, split, common, read_as),
            notes=(
                *listing.notes,
                *common.notes(listing.files, listing.folder, read_as),
            ),
        )


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
    notes: list[str] = []
    inside = set(listing.splits[split].files)
    images = [
        image
        for image in common.images(listing.files, read_as)
        if image[0] in inside
    ]
    depth = ""
    if read_as.value_range is not None:
        depth = facts.in_words(common, read_as.value_range)
    images_of_split = _Images(
        listing,
        listing.splits[split],
        images,
        shape=common.shape,
        how=decoding.How(
            common.shape[2], read_as.value_range, common.background
        ),
        notes=notes,
    )
    return sources.Content(
        num_images=len(images),
        shape=common.shape,
        class_names=listing.class_names,
        chunks=images_of_split.chunks(),
        notes=notes,
        depth=depth,
        position=images_of_split,
    )


@dataclasses.dataclass(frozen=True)
class _Decoded:
    """An image of a file.

    Attributes:
        path: of the file.
        pixels: [height, width, channels] uint8, or what is wrong with it.
        num_outside: how many of its values the scale has cut off.
        printed: what C libraries would have printed about the whole file, if
            this is its first image and nothing is wrong with any.
    """

    path: str
    pixels: np.ndarray | decoding.DamagedImageError
    num_outside: int
    printed: tuple[str, ...] = ()


class _Images:
    """The images of a split, decoded on all cores; a `sources.Position`."""

    def __init__(
        self,
        listing: listings.Listing,
        split: listings.Split,
        images: Sequence[tuple[str, int]],
        *,
        shape: tuple[int | None, int | None, int],
        how: decoding.How,
        notes: list[str],
    ):
        """Reads nothing yet.

        Args:
            listing: of the whole folder.
            split: of the listing.
            images: (file, frame) of each image of the split.
            shape: (height, width, channels) of the images.
            how: the images are decoded.
            notes: gets lines about files that are left out.
        """
        self._split, self._images = split, images
        self._shape, self._how, self._notes = shape, how, notes
        self._label_of: dict[str | None, int] = {
            name: label for label, name in enumerate(listing.classes)
        }
        self._damaged = decoding.Damaged(listing.folder, len(images))
        self._printed = decoding.Printed(listing.folder)
        self._cut_off = value_range.CutOff(how.scale)
        self._num_read = 0

    def state(self) -> dict[str, Any]:
        """See `sources.Position`."""
        return {
            "num_read": self._num_read,
            "damaged": self._damaged.state(),
            "printed": self._printed.state(),
            "cut_off": self._cut_off.state(),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """See `sources.Position`."""
        self._num_read = state["num_read"]
        self._damaged.resume(state["damaged"])
        self._printed.resume(state["printed"])
        # A preparation of an older version has counted nothing.
        self._cut_off.resume(state.get("cut_off", [0, 0, 0, 0]))

    def chunks(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yields images and labels as `sources.Content.chunks` says.

        Adds to the notes which files were left out.
        """
        length = sources.chunk_length(self._shape, at_most=_CHUNK_IMAGES)
        images, labels = [], []
        for image in self._decoded():
            path, pixels = image.path, image.pixels
            self._num_read += 1
            self._printed.add(path, image.printed)
            if isinstance(pixels, decoding.DamagedImageError):
                self._damaged.add(path, pixels)
                continue
            self._cut_off.add([image.num_outside], pixels.size)
            images.append(pixels)
            if self._label_of:
                label = self._label_of[listings.class_of(path, self._split)]
                labels.append(label)
            if len(images) == length:
                yield np.stack(images), np.array(labels) if labels else None
                images, labels = [], []
        if images:
            yield np.stack(images), np.array(labels) if labels else None
        self._notes += filter(
            None,
            (
                self._damaged.note(),
                self._printed.note(),
                self._cut_off.note(),
            ),
        )

    def _decoded(self) -> Iterator[_Decoded]:
        """Yields each image from the position on."""
        files = decoding.by_file(self._images[self._num_read :])
        # A thread that decodes many small files waits less for others.
        length = sources.chunk_length(self._shape, at_most=_IMAGES_AT_ONCE)
        for results in parallel.ordered(
            self._read,
            decoding.batched(files, length),
        ):
            yield from results

    def _read(self, files: Sequence[tuple[str, list[int]]]) -> list[_Decoded]:
        """Decodes the images of some files; called by several threads."""
        with decoding.quiet:
            return [
                image
                for path, frames in files
                for image in self._read_file(path, frames)
            ]

    def _read_file(self, path: str, frames: Sequence[int]) -> list[_Decoded]:
        lines: list[str] = []
        outside: list[int] = []
        images = decoding.read_frames(
            path, frames, self._how, printed=lines, outside=outside
        )
        is_whole = all(isinstance(one, np.ndarray) for one in images)
        counts = iter(outside)
        results = []
        for pixels in images:
            cut_off = 0
            if isinstance(pixels, np.ndarray):
                cut_off = next(counts, 0)
                if None not in self._shape and pixels.shape != self._shape:
                    is_whole = False
                    pixels = decoding.DamagedImageError(
                        f"it is not of the size {self._shape[0]}x"
                        f"{self._shape[1]} that its header tells"
                    )
            results.append(_Decoded(path, pixels, cut_off))
        if is_whole:
            results[0] = dataclasses.replace(results[0], printed=tuple(lines))
        return results
