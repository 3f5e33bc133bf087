"""Images in NumPy's files: .npy, and .npz with labels beside them.

Images are [n, height, width] gray, or [n, height, width, 1 or 3], uint8 or any
other numbers; these are brought to 8 bits by one range for the whole file. An
.npz may have `labels`, [n] of whole numbers or of names, and `class_names`. It
may have splits, told by their names, as in `x_train` and `y_train`, or
`val_images` and `val_labels`. Nothing is unpickled. Images are never in memory
as a whole: an .npy is memory-mapped, and an .npz is read from its beginning,
chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import re
import tokenize
from typing import IO
import zipfile
import zlib

import numpy as np
import PIL.Image

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import value_ranges
from tf_dcgan.data import cache, image_sets, reading, sources
from tf_dcgan.data.folders import decoding, listings
from tf_dcgan.data.preparing import value_range

# Part of the caches' keys: raise it whenever a file would be read otherwise.
_VERSION = 1
_CHUNK_IMAGES = 1024
_MOST_CLASSES = 100_000
_LABEL_WORDS = frozenset(("labels", "label", "y"))
_ALLOWED = "[n, height, width], or [n, height, width, 1 or 3]"
_ENCRYPTED = 0x1  # The bit of a .zip member's flags.
# Whatever NumPy, and what it calls, raise about a damaged file.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    SyntaxError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Array:
    """An array in a file, which has not been read yet.

    Attributes:
        shape: of all of it.
        dtype: of its numbers.
        rows: makes a new iterator over the whole array in pieces of at most
            so many rows.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    rows: Callable[[int], Iterator[np.ndarray]]

    def whole(self) -> np.ndarray:
        """Reads all of it, which should be small."""
        pieces = list(self.rows(max((1, *self.shape[:1]))))
        return pieces[0] if pieces else np.empty(self.shape, self.dtype)


@dataclasses.dataclass(frozen=True)
class Split:
    """The images of one split.

    Attributes:
        values: makes a new iterator over [n, height, width, 1 or 3], at most
            so many images a time.
        dtype: of the values.
        shape: (height, width, channels).
        count: how many images there are.
        labels: [n] int64 in [0, number of classes), or None.
        class_names: the name of each label that the file tells; empty if the
            labels are just numbers, or if there are none.
    """

    values: Callable[[int], Iterator[np.ndarray]]
    dtype: np.dtype
    shape: tuple[int, int, int]
    count: int
    labels: np.ndarray | None
    class_names: tuple[str, ...]

    @property
    def is_deep(self) -> bool:
        """Whether the images need a range of values."""
        return self.dtype != np.uint8

    def images(
        self, at_most: int, scale: value_ranges.Range | None
    ) -> Iterator[np.ndarray]:
        """Reads the images, [n, height, width, 1 or 3] uint8.

        Args:
            at_most: images a time.
            scale: as `scale` returns it.

        Raises:
            errors.UserError: the file is damaged.
        """
        for values in self.values(at_most):
            yield (
                values if scale is None else value_range.to_uint8(values, scale)
            )

    @property
    def all_class_names(self) -> tuple[str, ...]:
        """The name of each label: its number where the file tells none."""
        if self.class_names or self.labels is None:
            return self.class_names
        return tuple(map(str, range(int(self.labels.max()) + 1)))


class Reader:
    """Reads single images of a split; quick for one after the other."""

    def __init__(self, split: Split, scale: value_ranges.Range | None):
        """Reads nothing yet.

        Args:
            split: the images.
            scale: as the function of this name returns it.
        """
        self._split = split
        self._scale = scale
        self._first, self._chunk = 0, np.empty((0, *split.shape), np.uint8)
        self._chunks: Iterator[np.ndarray] | None = None

    def __getitem__(self, index: int) -> np.ndarray:
        """Returns an image, [height, width, channels] uint8.

        Args:
            index: of the image, from 0.

        Raises:
            errors.UserError: the file is damaged.
        """
        if self._chunks is None or index < self._first:
            length = _chunk_images(self._split)
            self._chunks = self._split.images(length, self._scale)
            self._first, self._chunk = 0, self._chunk[:0]
        while index >= self._first + len(self._chunk):
            self._first += len(self._chunk)
            self._chunk = next(self._chunks)
        return self._chunk[index - self._first]


def is_file(path: os.PathLike | str) -> bool:
    """Says whether a path is not a folder and has the name of such a file."""
    lower = os.fspath(path).lower()
    return lower.endswith(files.ARRAYS) and not os.path.isdir(path)


def read_arrays(path: str) -> dict[str, Array]:
    """Finds the arrays in a file by name; reads none of them.

    Args:
        path: of an .npy, whose only array is named `images`, or of an .npz.

    Raises:
        errors.UserError: the file does not exist or cannot be read; reading
            an array may raise it, too.
    """
    with _told(path):
        if not path.lower().endswith(".npz"):
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            if not isinstance(array, np.ndarray):
                raise ValueError("it is an .npz")
            return {"images": Array(array.shape, array.dtype, _slices(array))}
        with zipfile.ZipFile(path) as archive:
            infos = [
                info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            ]
            if any(info.flag_bits & _ENCRYPTED for info in infos):
                raise ValueError("it is encrypted")
            return {
                info.filename.removesuffix(".npy"): _member(
                    path, archive, info.filename
                )
                for info in infos
            }


def in_memory(arrays: Mapping[str, np.ndarray]) -> dict[str, Array]:
    """Takes arrays in memory for the arrays of a file.

    Args:
        arrays: by the names that they would have in an .npz.
    """
    return {
        name: Array(array.shape, array.dtype, _slices(array))
        for name, array in arrays.items()
    }


def read_splits(path: str) -> dict[str, Split]:
    """Finds the images in a file by split, and reads their labels.

    Args:
        path: of an .npy or .npz.

    Returns:
        The split `train` alone, unless the names of the arrays tell others.

    Raises:
        errors.UserError: the file cannot be read, has no images, or has
            labels that do not fit the images.
    """
    return splits_among(read_arrays(path), path)


def splits_among(arrays: Mapping[str, Array], path: str) -> dict[str, Split]:
    """As `read_splits`, of arrays that have been found.

    Args:
        arrays: by name.
        path: of the file, or the name of arrays in memory, for messages.
    """
    candidates = [
        name
        for name, array in arrays.items()
        if len(array.shape) in (3, 4) and not _words(name) & _LABEL_WORDS
    ]
    sure = [
        name
        for name in candidates
        if arrays[name].dtype == np.uint8 and len(arrays[name].shape) == 4
    ]
    if len(sure) == 1:
        candidates = sure
    by_split: dict[str, list[str]] = {}
    for name in candidates:
        split = "train" if len(candidates) == 1 else _split_of(name)
        by_split.setdefault(split, []).append(name)
    several = [names for names in by_split.values() if len(names) > 1]
    if not candidates or several or "train" not in by_split:
        held = ", ".join(
            f"{decoding.readable(name)} {array.dtype} {list(array.shape)}"
            for name, array in arrays.items()
        )
        raise errors.UserError(
            f"{path} should hold one array of images, {_ALLOWED}, or one for "
            "each split, named such as x_train and x_test; it holds "
            f"{held or 'nothing'}"
        )
    return {
        split: _split(arrays, name, path, is_only=len(by_split) == 1)
        for split, (name,) in sorted(
            by_split.items(), key=lambda item: item[0] != "train"
        )
    }


def scale(
    path: str,
    splits: Mapping[str, Split],
    *,
    given: value_ranges.Range | None = None,
    cache_dir: str | None = None,
) -> value_ranges.Range | None:
    """The values that become black and white in all images of a file.

    Args:
        path: of the file, or the name of arrays in memory.
        splits: what it holds.
        given: the range that the user chose, if any, which is the scale.
        cache_dir: the cache that keeps what was found in a file; None for the
            user's.

    Returns:
        (low, high), or None for uint8.

    Raises:
        errors.UserError: values are NaN or infinite, all have one value, or
            the splits have different types.
    """
    dtypes = {split.dtype.name for split in splits.values()}
    if dtypes == {"uint8"}:
        return None
    if len(dtypes) > 1:
        raise errors.UserError(
            f"{path} has splits of different types ({', '.join(dtypes)}): "
            "give all of them one type"
        )
    extent = _extent(path, splits, cache_dir)
    if given is not None:
        return given
    if extent[0] == extent[1]:
        raise errors.UserError(
            f"all pixels of all images of {path} have the same value: give "
            "other images"
        )
    return extent


def _extent(
    path: str, splits: Mapping[str, Split], cache_dir: str | None
) -> value_ranges.Range:
    """The lowest and highest value, of a file found once; all are finite."""
    if not os.path.exists(path):
        return _extent_of(path, splits)
    digest = hashlib.sha256(repr((path, *_identity(path))).encode())
    cache_file = cache.file(
        cache_dir, f"values-of-array-{_VERSION}-{digest.hexdigest()[:16]}.json"
    )
    try:
        low, high = json.loads(cache_file.read_text())
        return float(low), float(high)
    except (OSError, ValueError, TypeError):
        pass  # Absent or damaged: it is written again.
    extent = _extent_of(path, splits)
    with files.atomic_file(cache_file) as unfinished:
        unfinished.write_text(json.dumps(extent))
    return extent


def _extent_of(path: str, splits: Mapping[str, Split]) -> value_ranges.Range:
    extents = [
        _extent_of_split(path, name, split) for name, split in splits.items()
    ]
    return min(low for low, _ in extents), max(high for _, high in extents)


def _extent_of_split(path: str, name: str, split: Split) -> value_ranges.Range:
    """The lowest and highest value of a split; all must be finite."""
    extent, strange, first = None, [], 0
    title = f"{os.path.basename(path)} values"
    with terminal.Progress(
        title, split.count, "images", delay=terminal.LASTING
    ) as counted:
        for values in split.values(_chunk_images(split)):
            finite = np.isfinite(values).all(axis=(1, 2, 3))
            strange += (first + np.flatnonzero(~finite)).tolist()
            if finite.any():
                extent = value_range.union(
                    extent, value_range.extent(values[finite])
                )
            first += len(values)
            counted.update(len(values))
    if strange or extent is None:
        few = ", ".join(map(str, strange[: decoding.NAMED]))
        more = ", …" * (len(strange) > decoding.NAMED)
        raise errors.UserError(
            f"{path}: {len(strange):,} of {split.count:,} images of {name} "
            f"have values that are NaN or infinite (numbers {few}{more}, from "
            "0): mend or remove them"
        )
    return extent


def _chunk_images(split: Split) -> int:
    return sources.chunk_length(split.shape, at_most=_CHUNK_IMAGES)


def _identity(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


class ArrayFile(image_sets.ImageSet):
    """An .npy or .npz of images, whose arrays are found once."""

    def __init__(
        self, path: str, read_as: reading.Reading, cache_dir: str | None
    ):
        """Looks at nothing yet.

        Args:
            path: the file's absolute path.
            read_as: how the images are read.
            cache_dir: the cache that keeps the range of the values; None for
                the user's cache.
        """
        super().__init__(path, read_as)
        self._cache_dir = cache_dir

    @functools.cached_property
    def _splits(self) -> dict[str, Split]:
        return read_splits(self.name)

    @property
    def original_shape(self) -> tuple[int, int, int]:
        """See `image_sets.ImageSet`.

        Raises:
            errors.UserError: as `read_splits`, or the splits' images differ.
        """
        shapes = {name: split.shape for name, split in self._splits.items()}
        if len(set(shapes.values())) > 1:
            listed = ", ".join(
                f"{name} {sources.words(shape)}"
                for name, shape in shapes.items()
            )
            raise errors.UserError(
                f"{self.name} has images of different shapes ({listed}): give "
                "all splits one shape"
            )
        return shapes["train"]

    @property
    def class_names(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        return self._splits["train"].all_class_names

    @property
    def why_unlabelled(self) -> str:
        """See `image_sets.ImageSet`."""
        return "" if self.class_names else "it has no `labels`"

    @property
    def splits(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        return tuple(self._splits)

    def _value_range(self) -> value_ranges.Range | None:
        return scale(
            self.name,
            self._splits,
            given=self.read_as.value_range,
            cache_dir=self._cache_dir,
        )

    def source(self, split: str, *, flag: str | None) -> sources.Source:
        """See `image_sets.ImageSet`."""
        del flag  # No other set is advised.
        split = listings.canonical(split)
        if split not in self._splits:
            raise errors.UserError(
                f"{self.name} has no split {split!r}: "
                + errors.suggestion(split, self._splits)
                + "; a split is an array of its own, named such as x_test"
            )
        return sources.Source(
            fingerprint=[_VERSION, *_identity(self.name)],
            read=lambda: _content(self._splits[split], self.value_range),
        )


def _content(split: Split, scale: value_ranges.Range | None) -> sources.Content:
    notes: list[str] = []
    cut_off = value_range.CutOff(scale)

    def chunks():
        first = 0
        for values in split.values(_chunk_images(split)):
            images = values
            if scale is not None:
                images = value_range.to_uint8(values, scale)
                outside = [value_range.count_outside(v, scale) for v in values]
                cut_off.add(outside, values[0].size)
            labels = None
            if split.labels is not None:
                labels = split.labels[first : first + len(images)]
            first += len(images)
            yield images, labels
        notes.extend(filter(None, [cut_off.note()]))

    return sources.Content(
        num_images=split.count,
        shape=split.shape,
        class_names=split.all_class_names,
        chunks=chunks(),
        notes=notes,
        depth="" if scale is None else in_words(split, scale),
    )


def in_words(split: Split, scale: value_ranges.Range) -> str:
    """Says what becomes of the values of deep images."""
    return (
        f"{split.dtype.name} values {value_ranges.in_words(scale)} mapped to "
        "black to white"
    )


def _split(
    arrays: Mapping[str, Array], name: str, path: str, *, is_only: bool
) -> Split:
    array = arrays[name]
    _check_images(array, name, path)
    count, height, width = array.shape[:3]
    channels = array.shape[3] if len(array.shape) == 4 else 1

    def values(at_most: int) -> Iterator[np.ndarray]:
        for rows in array.rows(at_most):
            yield np.asarray(rows).reshape(-1, height, width, channels)

    if is_only and "labels" in arrays:
        of_labels = ["labels"]
    else:
        of_labels = [
            other
            for other in arrays
            if _words(other) & _LABEL_WORDS
            and (is_only or _split_of(other) == _split_of(name))
        ]
    labels, names = None, ()
    if of_labels:
        labels, names = _labels(arrays, of_labels[0], count, path)
    return Split(
        values, array.dtype, (height, width, channels), count, labels, names
    )


def _check_images(array: Array, name: str, path: str) -> None:
    """Refuses an array that cannot be images, and says what to do with it."""
    shape, what = array.shape, f"{path}: {decoding.readable(name)}"
    held = f"{what} is {array.dtype} {list(shape)}"
    if array.dtype.kind not in "iuf":
        raise errors.UserError(
            f"{held}, and images are numbers: give {_ALLOWED}"
        )
    if 0 in shape:
        raise errors.UserError(f"{held}, and has no pixels: give {_ALLOWED}")
    if len(shape) == 3 and shape[2] in (1, 3):
        raise errors.UserError(
            f"{held}, which looks like one image: give images[numpy.newaxis], "
            f"or {_ALLOWED}"
        )
    if len(shape) == 4 and shape[3] not in (1, 3):
        advice = f"give {_ALLOWED}"
        if shape[1] in (1, 3):
            advice = "channels come last: give images.transpose(0, 2, 3, 1)"
        raise errors.UserError(f"{held}: {advice}")
    if shape[1] * shape[2] > (PIL.Image.MAX_IMAGE_PIXELS or np.inf):
        raise errors.UserError(
            f"{held}, more than {PIL.Image.MAX_IMAGE_PIXELS:,} pixels an "
            "image: give smaller ones"
        )


def _labels(
    arrays: Mapping[str, Array], name: str, count: int, path: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Reads labels, and the names of the classes that the file tells.

    Returns:
        ([count] int64, names): the names are empty if labels are numbers, and
        the file has no `class_names`.
    """
    names: tuple[str, ...] = ()
    if "class_names" in arrays:
        names = tuple(map(str, arrays["class_names"].whole().ravel()))
    labels = arrays[name].whole()
    if labels.shape == (count, 1):
        labels = labels[:, 0]
    if labels.shape == (count,) and labels.dtype.kind == "U":
        names = names or tuple(map(str, np.unique(labels)))
        strange = sorted(set(map(str, labels)) - set(names))
        if strange:
            raise errors.UserError(
                f"{path}: {name} has {strange[0]!r}, which is none of the "
                "class_names: add it there"
            )
        number_of = {each: number for number, each in enumerate(names)}
        return np.array([number_of[str(each)] for each in labels]), names
    most = len(names) or _MOST_CLASSES
    if (
        labels.shape != (count,)
        or labels.dtype.kind not in "iu"
        or labels.min() < 0
    ):
        raise errors.UserError(
            f"{path}: {name} should be [{count}] whole numbers from 0, or "
            f"names, one for each image; they are {labels.dtype} "
            f"{list(labels.shape)}"
        )
    if labels.max() >= most:
        raise errors.UserError(
            f"{path}: {name} has the number {labels.max()}, and there are "
            + (
                f"{most} class_names: give a name for each"
                if names
                else f"at most {most:,} classes: number them from 0"
            )
        )
    return labels.astype(np.int64), names


def _words(name: str) -> set[str]:
    return set(re.split(r"[\W_]+", name.lower()))


def _split_of(name: str) -> str:
    """The split that an array's name tells; the name itself if it tells none.

    Args:
        name: such as `x_train` or `val_images`.
    """
    for word in sorted(_words(name)):
        if listings.is_split(word):
            return listings.canonical(word)
    return name


def _slices(array: np.ndarray) -> Callable[[int], Iterator[np.ndarray]]:
    def rows(at_most: int) -> Iterator[np.ndarray]:
        if not array.ndim:
            yield array
        for first in range(0, len(array) if array.ndim else 0, at_most):
            yield array[first : first + at_most]

    return rows


def _member(path: str, archive: zipfile.ZipFile, name: str) -> Array:
    """Reads the header of an array in an .npz."""
    with archive.open(name) as file:
        shape, is_fortran, dtype = _header(file)

    def rows(at_most: int) -> Iterator[np.ndarray]:
        with (
            _told(path),
            zipfile.ZipFile(path) as again,
            again.open(name) as file,
        ):
            if is_fortran or not shape or dtype.hasobject or 0 in shape:
                array = np.lib.format.read_array(file, allow_pickle=False)
                yield from _slices(array)(at_most)
                return
            _header(file)
            row_bytes = dtype.itemsize * int(np.prod(shape[1:], dtype=object))
            for first in range(0, shape[0], at_most):
                count = min(at_most, shape[0] - first)
                content = file.read(count * row_bytes)
                if len(content) < count * row_bytes:
                    raise EOFError(f"{name} ends before its {shape[0]:,} rows")
                yield np.frombuffer(content, dtype).reshape(count, *shape[1:])
            file.read(1)  # At its end the checksum is compared.

    return Array(shape, dtype, rows)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file)
    raise ValueError(f"its version {version} is unknown")


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Says in a line which file cannot be read, and why."""
    try:
        yield
    except FileNotFoundError as error:
        raise errors.UserError(f"{path} does not exist") from error
    except PermissionError as error:
        raise errors.UserError(
            f"{path} cannot be read ({error.strerror}): mend that"
        ) from error
    except _DAMAGE as error:
        text = " ".join(str(error).split()) or type(error).__name__
        # NumPy takes any file without arrays for a pickle.
        if "pickle" in text or "object" in text.lower():
            text = "it holds other things than arrays"
        raise errors.UserError(
            f"{path} cannot be read ({text}): write it again with numpy.save "
            "or numpy.savez"
        ) from error
