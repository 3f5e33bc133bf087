"""What is at a path or behind a set's name: its images, and how to reach them.

This is the one place that knows kinds of sources. To add a kind, write a class
with what `ImageCollection`
has and a branch in `find`.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Collection, Iterator, Mapping
import contextlib
import dataclasses
import itertools
import os
from typing import Any, Protocol

import numpy as np

from tf_dcgan.common import errors, terminal
from tf_dcgan.data import array_files, loading
from tf_dcgan.data.folders import archives, decoding, listings, trees
from tf_dcgan.data.named import known_sets
from tf_dcgan.inspection import processes, records

_CHUNK_IMAGES = 256
_CHUNK_FILES = 64
# Below both, starting processes takes longer than the work.
_FEW_IMAGES = 2_000
_FEW_CHUNKS = 4
_FEW_BYTES = 40 * 2**20
# Files without an image's suffix whose first bytes are looked at.
_MOST_LOOKED_AT = 10_000


@dataclasses.dataclass(frozen=True)
class Rows:
    """The rows of some images that follow each other.

    Attributes:
        rows: [k] of `records.ROW`.
        labels: [k] int64, -1 where an image has no class.
        reasons: why an image cannot be used, by its place among the rows.
    """

    rows: np.ndarray
    labels: np.ndarray
    reasons: dict[int, str]


class ImageCollection(Protocol):
    """Images that can be surveyed.

    Attributes:
        path: the folder or file, or a set's name, as it can be shown.
        dataset: what `--dataset` takes for it.
        kind: what it is, in a word or two.
        splits: the number of images of each split, in their order.
        class_names: the name of each label; empty if there are none.
        others: number of files that are no images, by suffix.
        notes: what the user should know, one line each.
        named: names of files that deserve a word, by the reason.
    """

    path: str
    dataset: str
    kind: str
    splits: dict[str, int]
    class_names: tuple[str, ...]
    others: dict[str, int]
    notes: tuple[str, ...]
    named: dict[str, list[str]]

    def rows(self) -> Iterator[Rows]:
        """Yields the rows of all images, in the order of the splits."""

    def name(self, index: int) -> str:
        """Names an image: its path below the folder, or its number."""

    def pictures(
        self, indices: Collection[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Reads some images again.

        Yields:
            Each index, in any order, with [height, width, 1 or 3] or [height,
            width] of any real dtype. What cannot be read any more is left out.
        """


def find(
    word: str,
    *,
    data_dir: str | None = None,
    labels: str | None = None,
    cache_dir: str | None = None,
) -> ImageCollection:
    """Finds what the user wants inspected.

    Args:
        word: a path, or the name of a set as `--dataset` takes it. A word
            that is both is the path, but for the well-known sets.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        labels: a file with the classes of a folder's images, or None.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: there is no such thing, or it has no images.
    """
    path = os.path.abspath(os.path.expanduser(word))
    is_array = is_path(word) and array_files.is_file(path)
    if labels is not None and (is_array or not is_path(word)):
        raise errors.UserError(
            f"--labels={labels} is for folders of images, and "
            f"{decoding.readable(word)} has its own labels: leave it out"
        )
    if not is_path(word):
        return _NamedSet(word, data_dir)
    if is_array:
        return _Array(path)
    return _Folder(path, labels, cache_dir)


def is_path(word: str) -> bool:
    """Says whether a word is a path, and no data set's name.

    Args:
        word: as the user gave it. What could be either is a path if something
            is there, unless it is the name of a well-known set.
    """
    if word in known_sets.SETS or word in known_sets.DEFAULT_CROPS:
        return False
    path = os.path.expanduser(word)
    return (
        os.path.isabs(path)
        or word.startswith((".", "~"))
        or os.path.lexists(path)
    )


class _Folder:
    """A folder of image files."""

    kind = "folder"

    def __init__(self, folder: str, labels: str | None, cache_dir: str | None):
        self._listing = listings.find(
            folder, labels=labels, cache_dir=cache_dir
        )
        self._folder = folder
        self.path = decoding.readable(folder)
        self.dataset = folder
        self.splits = {
            name: len(split.files)
            for name, split in self._listing.splits.items()
        }
        self.class_names = self._listing.class_names
        others = [
            path
            for path in trees.read(folder, cache_dir=cache_dir).files
            if not decoding.is_image(path)
        ]
        suffixes = collections.Counter(
            os.path.splitext(path)[1].lower() for path in others
        )
        self.others = {
            decoding.readable(suffix) or "without suffix": count
            for suffix, count in suffixes.most_common()
        }
        self.notes = self._listing.notes
        if not self.class_names:
            reason = self._listing.why_unlabelled
            if not any(reason in note for note in self.notes):
                self.notes = (*self.notes, f"no labels, since {reason}")
        self.named = {
            "images by content, left out for their suffix": [
                self._below(path)
                for path in others[:_MOST_LOOKED_AT]
                if _is_image_by_content(path)
            ],
            "hidden, left out": [self._below(path) for path in _hidden(folder)],
        }

    def rows(self) -> Iterator[Rows]:
        files = self._listing.files
        labels = self._labels()
        is_little = (
            len(files) < _FEW_IMAGES
            and sum(map(records.num_bytes, files)) < _FEW_BYTES
        )
        chunks = (
            files[start : start + _CHUNK_FILES]
            for start in range(0, len(files), _CHUNK_FILES)
        )
        with terminal.Progress(
            _title(self._folder), len(files), "files", delay=1
        ) as counted:
            start = 0
            for rows, reasons in processes.mapped(
                records.of_files, chunks, is_little=is_little
            ):
                stop = start + len(rows)
                yield Rows(rows, labels[start:stop], reasons)
                counted.update(len(rows))
                start = stop

    def name(self, index: int) -> str:
        return self._below(self._listing.files[index])

    def pictures(
        self, indices: Collection[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        for index in indices:
            with contextlib.suppress(decoding.DamagedImageError):
                yield index, records.read(self._listing.files[index])

    def _labels(self) -> np.ndarray:
        label_of: dict[str | None, int] = {
            name: label for label, name in enumerate(self._listing.classes)
        }
        return np.array(
            [
                label_of.get(listings.class_of(file, split), -1)
                for split in self._listing.splits.values()
                for file in split.files
            ],
            np.int64,
        )

    def _below(self, path: str) -> str:
        return decoding.readable(os.path.relpath(path, self._folder))


class _Array:
    """An .npy or .npz file of images."""

    kind = "array"
    others: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    named: dict[str, list[str]] = {}

    def __init__(self, path: str):
        self.path = decoding.readable(path)
        self.dataset = path
        self._splits = array_files.read_splits(path)
        self.splits = {
            name: split.count for name, split in self._splits.items()
        }
        self.class_names = self._splits["train"].all_class_names

    def rows(self) -> Iterator[Rows]:
        labels = [
            np.full(split.count, -1) if split.labels is None else split.labels
            for split in self._splits.values()
        ]
        return _rows_of(
            (
                values
                for split in self._splits.values()
                for values in split.values(_CHUNK_IMAGES)
            ),
            np.concatenate(labels),
            self.path,
        )

    def name(self, index: int) -> str:
        split, number = _place(self.splits, index)
        return f"{split} {number:,}"

    def pictures(
        self, indices: Collection[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        return _chosen(
            indices,
            self.splits,
            lambda name: self._splits[name].values(_CHUNK_IMAGES),
        )


class _NamedSet:
    """A set of TFDS, of the MNIST family's files, or the glyphs."""

    kind = "data set"
    others: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    named: dict[str, list[str]] = {}

    def __init__(self, name: str, data_dir: str | None):
        self.path = name
        self.dataset = name
        image_set = loading.find(name, data_dir)
        self._sources = {
            split: image_set.source(split, flag="dataset")
            for split in image_set.splits or ("train",)
        }
        opened = {
            split: source.read() for split, source in self._sources.items()
        }
        self.splits = {
            split: content.num_images for split, content in opened.items()
        }
        self.class_names = next(iter(opened.values())).class_names

    def rows(self) -> Iterator[Rows]:
        labels: list[np.ndarray] = []

        def chunks():
            for source in self._sources.values():
                for images, some_labels in source.read().chunks:
                    if some_labels is None:
                        some_labels = np.full(len(images), -1)
                    labels.extend(some_labels)
                    yield images

        return _rows_of(chunks(), labels, self.path)

    def name(self, index: int) -> str:
        split, number = _place(self.splits, index)
        return f"{split} {number:,}"

    def pictures(
        self, indices: Collection[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        return _chosen(
            indices,
            self.splits,
            lambda name: (
                images for images, _ in self._sources[name].read().chunks
            ),
        )


def _rows_of(
    chunks: Iterator[np.ndarray], labels: Any, path: str
) -> Iterator[Rows]:
    """Yields the rows of images in memory.

    Args:
        chunks: [k, height, width, channels] each.
        labels: an array or a list of the labels of all images, or of the
            images in the chunks read so far.
        path: begins the bar of the progress.
    """
    start = 0
    first = list(itertools.islice(chunks, _FEW_CHUNKS))
    is_little = len(first) < _FEW_CHUNKS
    with terminal.Progress(_title(path), None, "images", delay=1) as counted:
        for rows in processes.mapped(
            records.of_images,
            itertools.chain(first, chunks),
            is_little=is_little,
        ):
            stop = start + len(rows)
            yield Rows(rows, np.asarray(labels[start:stop], np.int64), {})
            counted.update(len(rows))
            start = stop


def _place(splits: Mapping[str, int], index: int) -> tuple[str, int]:
    """Finds the split of an image and its number there."""
    for split, count in splits.items():
        if index < count:
            return split, index
        index -= count
    raise IndexError(index)


def _chosen(
    indices: Collection[int],
    splits: Mapping[str, int],
    chunks: Callable[[str], Iterator[np.ndarray]],
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields some images of splits that can be read from their beginning."""
    numbers: dict[str, dict[int, int]] = collections.defaultdict(dict)
    for index in indices:
        split, number = _place(splits, index)
        numbers[split][number] = index
    for split, own in numbers.items():
        start = 0
        for images in chunks(split):
            for number, pixels in enumerate(images, start):
                if number in own:
                    yield own[number], np.asarray(pixels)
            start += len(images)
            if start > max(own):
                break


def _title(path: str) -> str:
    return terminal.escaped(os.path.basename(os.path.normpath(path)))


def _is_image_by_content(path: str) -> bool:
    try:
        decoding.read_header(path)
        return True
    except decoding.DamagedImageError:
        return False


def _hidden(folder: str) -> Iterator[str]:
    """Yields hidden files and folders, but nothing inside them."""
    for above, folders, names in os.walk(folder):
        hidden = {
            name for name in (*folders, *names) if archives.is_hidden(name)
        }
        folders[:] = [name for name in folders if name not in hidden]
        for name in sorted(hidden):
            yield os.path.join(above, name)
