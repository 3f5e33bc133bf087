"""What every source of images offers to the preparation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import dataclasses
import pathlib
from typing import Any, Protocol

import numpy as np

_CHUNK_BYTES = 2**24


class Position(Protocol):
    """Where the chunks of a source stand."""

    def state(self) -> dict[str, Any]:
        """Describes for JSON what has been read when a chunk is yielded."""

    def resume(self, state: dict[str, Any]) -> None:
        """Makes the chunks begin after what a state describes.

        Args:
            state: of the same source, as it came back from JSON.
        """


@dataclasses.dataclass(frozen=True)
class Content:
    """A split's images, to be read once and in order.

    Attributes:
        num_images: how many images the chunks hold together; they hold fewer
            only if damaged files are left out.
        shape: (height, width, channels); height and width are None if they
            vary from image to image.
        class_names: the name of each label; empty if there are no labels.
        chunks: yields (images, labels): [k, height, width, channels] uint8,
            one image at a time if sizes vary, and [k] int64 or None.
        notes: what the set's user should know, one line each; complete once
            all chunks have been read.
        depth: how values of more than 8 bits became 8 bits, in words; empty
            for images of 8 bits.
        position: where the chunks stand, of a source that can go on from
            there; else None.
    """

    num_images: int
    shape: tuple[int | None, int | None, int]
    class_names: tuple[str, ...]
    chunks: Iterator[tuple[np.ndarray, np.ndarray | None]]
    notes: list[str] = dataclasses.field(default_factory=list)
    depth: str = ""
    position: Position | None = None


@dataclasses.dataclass(frozen=True)
class Source:
    """A split that has been found and not yet read.

    Attributes:
        fingerprint: a list that JSON can write, cheap to compute; it differs
            whenever the images may differ.
        read: opens the split. Raises errors.UserError if the files are
            damaged, which may also happen while the chunks are read.
        notes: what the set's user should know, one line each, and what may
            change while the images stay, so that a cache would tell old news.
    """

    fingerprint: list
    read: Callable[[], Content]
    notes: tuple[str, ...] = ()


def files_fingerprint(
    paths: Iterable[pathlib.Path], folder: pathlib.Path
) -> list:
    """Name, size and time of each file, which change if a file is replaced.

    Args:
        paths: the files.
        folder: the folder that all files lie below; moving it changes
            nothing.

    Returns:
        [relative path, bytes, nanoseconds since 1970] of each file, sorted.
    """
    rows = []
    for path in paths:
        status = path.stat()
        relative = path.relative_to(folder).as_posix()
        rows.append([relative, status.st_size, status.st_mtime_ns])
    return sorted(rows)


def chunk_length(
    shape: tuple[int | None, int | None, int], *, at_most: int
) -> int:
    """How many images a chunk holds, so that it stays small in memory.

    Args:
        shape: (height, width, channels); height and width are None if they
            vary.
        at_most: images per chunk, however small they are.

    Returns:
        Images per chunk, at least 1; exactly 1 if sizes vary.
    """
    height, width, channels = shape
    if height is None or width is None:
        return 1
    return min(at_most, max(1, _CHUNK_BYTES // (height * width * channels)))


def words(shape: tuple[int | None, int | None, int]) -> str:
    """Writes a shape as `28x28x1`, or as `varying sizes, 3 channels`."""
    height, width, channels = shape
    if height is None or width is None:
        return f"varying sizes, {channels} channel{'s' * (channels != 1)}"
    return f"{height}x{width}x{channels}"
