"""What must be known of all images of a folder before one is prepared.

The headers of all files tell the common shape, the depth and the number of
frames. Of images of more than 8 bits all pixels are read once, for the scale
that all share.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
import dataclasses
import functools
import itertools
import os
import pathlib

import numpy as np

from tf_dcgan.common import errors, parallel, terminal
from tf_dcgan.config import value_ranges
from tf_dcgan.data import cache, reading
from tf_dcgan.data.folders import decoding
from tf_dcgan.data.preparing import value_range

# Part of the names of what is kept: raise it whenever files would be
# understood otherwise.
_VERSION = 2
# So many images with transparent pixels tell what lies below all of them.
_ALPHA_SAMPLE = 64
_FILES_AT_ONCE = 64  # That a thread reads in one go.


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the image files of a folder have in common.

    Attributes:
        shape: (height, width, channels) of the images that are taken; height
            and width are None where they vary.
        sizes: (height, width, number of images) of each size.
        depths: of the images, as `decoding.Header.depth`, sorted.
        frames: of each file with several images its place among the files and
            the number of its images.
        num_transparent: how many images may have transparent pixels.
        background: the colour that transparent pixels are laid over.
        hidden_on_white: of how many images looked at, and of how many, a
            white background hides everything.
    """

    shape: tuple[int | None, int | None, int]
    sizes: tuple[tuple[int, int, int], ...] = ()
    depths: tuple[str, ...] = (decoding.EIGHT_BITS,)
    frames: tuple[tuple[int, int], ...] = ()
    num_transparent: int = 0
    background: str = "white"
    hidden_on_white: tuple[int, int] = (0, 0)

    @property
    def is_deep(self) -> bool:
        """Whether the images need a scale."""
        return self.depths != (decoding.EIGHT_BITS,)

    def images(
        self, paths: Sequence[str], read_as: reading.Reading
    ) -> list[tuple[str, int]]:
        """Lists the images that are taken of the files.

        Args:
            paths: the files, as `of_files` took them.
            read_as: which frames are taken.

        Returns:
            (file, frame) for each image, in order.
        """
        if read_as.frames == "first" or not self.frames:
            return [(path, 0) for path in paths]
        counts = dict(self.frames)
        return [
            (path, frame)
            for place, path in enumerate(paths)
            for frame in range(counts.get(place, 1))
        ]

    def notes(
        self,
        paths: Sequence[str],
        folder: str,
        read_as: reading.Reading,
        *,
        flag: bool = True,
    ) -> list[str]:
        """Says what the user should know of all files, one line each.

        Args:
            paths: the files, as `of_files` took them.
            folder: names the files.
            read_as: which frames are taken.
            flag: whether the command has the flag `--frames`.
        """
        notes = []
        if self.frames and read_as.frames == "first":
            place, count = self.frames[0]
            name = decoding.readable(os.path.relpath(paths[place], folder))
            if len(self.frames) == 1:
                which = f"{name} has {count:,} pages or frames"
            else:
                which = (
                    f"{len(self.frames):,} files have several pages or frames "
                    f"({name} has {count:,})"
                )
            notes.append(
                f"{which}; the first is taken"
                + ", --frames=all takes all" * flag
            )
        if self.background != "white":
            hidden, looked_at = self.hidden_on_white
            notes.append(
                f"transparent pixels are laid over {self.background}, since "
                f"white hides all of {hidden:,} of {looked_at:,} images looked "
                "at"
            )
        return notes


def of_files(
    paths: Sequence[str],
    folder: str,
    *,
    digest: str | None = None,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> Facts:
    """Reads the header of every image file, or what is kept of them.

    Args:
        paths: the image files, below the folder.
        folder: names the files in messages.
        digest: changes with the files; None to keep nothing.
        read_as: which frames are taken.
        cache_dir: the cache; None for the user's cache.

    Returns:
        What the files have in common.

    Raises:
        errors.UserError: too many files are damaged, images of 8 bits are
            mixed with others, or the cache cannot be written to.
    """
    every_frame = read_as.frames == "all"
    cache_file = None
    if digest is not None:
        cache_file = _kept(
            "headers", digest, cache_dir, every_frame=every_frame
        )
        content = cache.read_json(cache_file)
        try:
            return _from_json(content)
        except (ValueError, TypeError, KeyError):
            pass  # Absent or damaged: it is written again.
    headers = _Headers(folder, paths)
    title = f"{os.path.basename(folder)} headers"
    # A thousand headers take a fifth of a second: no bar for so few.
    with terminal.Progress(title, len(paths), "files", delay=1) as counted:
        read = functools.partial(_read_headers, every_frame=every_frame)
        results = itertools.chain.from_iterable(
            parallel.ordered(read, decoding.batched(paths, _FILES_AT_ONCE))
        )
        for place, (path, found) in enumerate(zip(paths, results, strict=True)):
            counted.update()
            headers.add(place, path, found)
    facts = headers.facts()
    if cache_file is not None:
        cache.write_json(cache_file, dataclasses.asdict(facts))
    return facts


def scale(
    facts: Facts,
    paths: Sequence[str],
    folder: str,
    *,
    digest: str | None = None,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> value_ranges.Range | None:
    """The values that become black and white in all images of a folder.

    Args:
        facts: of the files.
        paths: the image files, below the folder.
        folder: names the files in messages.
        digest: changes with the files; None to keep nothing.
        read_as: which frames are taken; its range of values, if it has one,
            is the scale.
        cache_dir: the cache; None for the user's cache.

    Returns:
        (low, high), or None for images of 8 bits.

    Raises:
        errors.UserError: all pixels have the same value, or too many files
            are damaged.
    """
    name = decoding.readable(folder)
    if not facts.is_deep:
        return None
    if read_as.value_range is not None:
        return read_as.value_range
    cache_file = None
    if digest is not None:
        cache_file = _kept(
            "values", digest, cache_dir, every_frame=read_as.frames == "all"
        )
        try:
            low, high = cache.read_json(cache_file)
            return float(low), float(high)
        except (ValueError, TypeError):
            pass  # Absent or damaged: it is written again.
    extent = _extent(facts.images(paths, read_as), folder)
    if extent is None or extent[0] == extent[1]:
        value = "" if extent is None else f" {extent[0]:g}"
        raise errors.UserError(
            f"all pixels of all images of {name} have the same value{value}: "
            "give other images"
        )
    if cache_file is not None:
        cache.write_json(cache_file, extent)
    return extent


def in_words(facts: Facts, value_range_of_set: value_ranges.Range) -> str:
    """Says how deep the images are and what becomes of their values."""
    return (
        f"{' and '.join(facts.depths)} values "
        f"{value_ranges.in_words(value_range_of_set)} mapped to black to white"
    )


def _kept(
    what: str, digest: str, cache_dir: str | None, *, every_frame: bool
) -> pathlib.Path:
    frames = "-frames" if every_frame else ""
    return cache.file(
        cache_dir, f"{what}-{_VERSION}-{digest[:16]}{frames}.json"
    )


def _from_json(content) -> Facts:
    height, width, channels = content["shape"]
    return Facts(
        (height, width, channels),
        tuple((row[0], row[1], row[2]) for row in content["sizes"]),
        tuple(content["depths"]),
        tuple((place, count) for place, count in content["frames"]),
        content["num_transparent"],
        content["background"],
        tuple(content["hidden_on_white"]),
    )


def _read_headers(
    paths: Sequence[str], *, every_frame: bool
) -> list[list[decoding.Header] | decoding.DamagedImageError]:
    """Reads the headers of some files; called by several threads."""
    results: list[list[decoding.Header] | decoding.DamagedImageError] = []
    with decoding.quiet:
        for path in paths:
            try:
                headers = decoding.read_headers(path, every_frame=every_frame)
            except decoding.DamagedImageError as error:
                results.append(error)
            else:
                results.append(headers)
    return results


class _Headers:
    """Puts together what the headers of files tell."""

    def __init__(self, folder: str, paths: Sequence[str]):
        self._folder = folder
        self._damaged = decoding.Damaged(folder, len(paths))
        self._sizes: collections.Counter[tuple[int, int]] = (
            collections.Counter()
        )
        self._channels = 1
        self._first_of: dict[str, str] = {}  # Depth → a file.
        self._frames: list[tuple[int, int]] = []
        self._transparent: list[tuple[str, int]] = []

    def add(
        self,
        place: int,
        path: str,
        headers: list[decoding.Header] | decoding.DamagedImageError,
    ) -> None:
        if isinstance(headers, decoding.DamagedImageError):
            self._damaged.add(path, headers)
            return
        if headers[0].frames > 1:
            self._frames.append((place, headers[0].frames))
        for frame, header in enumerate(headers):
            self._channels = max(self._channels, header.channels)
            self._sizes[header.height, header.width] += 1
            if header.depth not in self._first_of:
                self._first_of[header.depth] = path
                self._check_depths()
            if header.has_alpha:
                self._transparent.append((path, frame))

    def facts(self) -> Facts:
        self._damaged.check()
        [size] = self._sizes if len(self._sizes) == 1 else [(None, None)]
        hidden, looked_at = _hidden_on_white(self._transparent)
        return Facts(
            (*size, self._channels),
            tuple((*each, n) for each, n in sorted(self._sizes.items())),
            tuple(sorted(self._first_of)) or (decoding.EIGHT_BITS,),
            tuple(self._frames),
            len(self._transparent),
            "black" if 2 * hidden > looked_at else "white",
            (hidden, looked_at),
        )

    def _check_depths(self) -> None:
        """Refuses images whose values cannot share a scale."""
        whole = {"16-bit", "32-bit"}
        if len(self._first_of) < 2 or set(self._first_of) == whole:
            return
        examples = " and ".join(
            f"{depth} images ("
            f"{decoding.readable(os.path.relpath(path, self._folder))})"
            for depth, path in sorted(self._first_of.items())
        )
        raise errors.UserError(
            f"{decoding.readable(self._folder)} mixes {examples}, whose values "
            "have no common scale: bring all to one depth, or put them in "
            "folders apart"
        )


def _hidden_on_white(images: Sequence[tuple[str, int]]) -> tuple[int, int]:
    """Counts images that are of one colour over white, and not over black.

    Args:
        images: (file, frame) of all images that may have transparent pixels;
            of many, some evenly spread are looked at.

    Returns:
        (hidden, looked_at).
    """
    every = max(1, len(images) // _ALPHA_SAMPLE)
    hidden = looked_at = 0
    for path, frame in images[::every]:
        on_white, on_black = (
            decoding.read_frames(
                path, [frame], decoding.How(background=colour)
            )[0]
            for colour in ("white", "black")
        )
        if not (
            isinstance(on_white, np.ndarray)
            and isinstance(on_black, np.ndarray)
        ):
            continue  # It is named when all images are read.
        looked_at += 1
        hidden += is_of_one_colour(on_white) and not is_of_one_colour(on_black)
    return hidden, looked_at


def is_of_one_colour(pixels: np.ndarray) -> bool:
    """Says whether all pixels of [height, width, channels] are the same."""
    return bool((pixels == pixels[:1, :1]).all())


def _extent(
    images: Sequence[tuple[str, int]], folder: str
) -> value_ranges.Range | None:
    """Reads all images for their lowest and highest value."""
    damaged = decoding.Damaged(folder, len(images))
    total = None
    title = f"{os.path.basename(folder)} values"
    with terminal.Progress(title, len(images), "images", delay=1) as counted:
        for path, extents in parallel.ordered(
            _extents, decoding.by_file(images)
        ):
            for extent in extents:
                counted.update()
                if isinstance(extent, decoding.DamagedImageError):
                    damaged.add(path, extent)
                    continue
                total = value_range.union(total, extent)
    damaged.check()
    return total


def _extents(
    file: tuple[str, list[int]],
) -> tuple[str, list[value_ranges.Range | decoding.DamagedImageError]]:
    """Reads some images of a file; called by several threads."""
    path, frames = file
    return path, [
        values
        if isinstance(values, decoding.DamagedImageError)
        else value_range.extent(values)
        for values in decoding.read_values(path, frames)
    ]
