"""What every source of images offers to the preparation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
import dataclasses
import pathlib

import numpy as np


@dataclasses.dataclass(frozen=True)
class Content:
    """A split's images, to be read once and in order.

    Attributes:
        num_images: how many the chunks hold together; fewer come only where
            damaged files are left out.
        shape: (height, width, channels); height and width are None where they
            vary from image to image.
        class_names: the name of each label; empty if there are no labels.
        chunks: yields (images, labels): [k, height, width, channels] uint8,
            one image at a time where sizes vary, and [k] int64 or None.
        notes: what the set's user should know, one line each; complete when
            the chunks are used up.
    """

    num_images: int
    shape: tuple[int | None, int | None, int]
    class_names: tuple[str, ...]
    chunks: Iterator[tuple[np.ndarray, np.ndarray | None]]
    notes: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Source:
    """A split that has been found and not yet read.

    Attributes:
        fingerprint: JSON-able; cheap to compute, and different whenever the
            images may be.
        read: opens the split. Raises errors.UserError if it is damaged, which
            may also happen while the chunks are read.
    """

    fingerprint: list
    read: Callable[[], Content]


def files_fingerprint(
    paths: Iterable[pathlib.Path], folder: pathlib.Path
) -> list:
    """Name, size and time of each file: different if any was replaced.

    Args:
        paths: the files.
        folder: above them all; where it is does not matter.

    Returns:
        [relative path, bytes, nanoseconds since 1970] of each, sorted.
    """
    rows = []
    for path in paths:
        status = path.stat()
        relative = path.relative_to(folder).as_posix()
        rows.append([relative, status.st_size, status.st_mtime_ns])
    return sorted(rows)


def words(shape: tuple[int | None, int | None, int]) -> str:
    """`28x28x1`, or `varying sizes, 3 channels`."""
    height, width, channels = shape
    if height is None or width is None:
        return f"varying sizes, {channels} channel{'s' * (channels != 1)}"
    return f"{height}x{width}x{channels}"
