"""Exact nearest neighbours in tiles: memory for two tiles, never n × m.

Tiles of squared distances come from matrix products, ‖x‖² + ‖y‖² - 2 x·y,
which rounding moves by up to `margin`; whatever that could decide is computed
again from the differences. So results equal direct float64 distances, also
where images are equal or lie exactly on a radius.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses

import numpy as np

from tf_dcgan.common import terminal

_TILE = 2048
# Numbers in the differences that are held at a time.
_CHUNK = 2**22


@dataclasses.dataclass(frozen=True)
class Tile:
    """Squared distances of some rows to some columns.

    Attributes:
        rows: which of the first set's vectors.
        columns: which of the second set's.
        squared: [rows, columns] float64, from a matrix product.
        margin: [rows, 1] float64, a bound of its rounding.
    """

    rows: slice
    columns: slice
    squared: np.ndarray
    margin: np.ndarray


def tiles(
    first: np.ndarray, second: np.ndarray, *, progress: str = ""
) -> Iterator[Tile]:
    """Computes all squared distances, tile by tile, row by row of tiles.

    Args:
        first: [n, dimension] of any number type.
        second: [m, dimension] of any number type.
        progress: begins what is shown of the progress if it lasts; nothing
            is shown without.

    Yields:
        The tiles; all columns of a range of rows come before the next rows.
    """
    # Around a common centre the products lose fewer digits.
    centre = second.mean(axis=0, dtype=np.float64)
    total = -(-len(first) // _TILE) * -(-len(second) // _TILE)
    counted = terminal.Progress(
        progress, total, "tiles", delay=terminal.LASTING
    )
    with counted:
        for tile in _tiles(first, second, centre):
            yield tile
            counted.update()


def _tiles(
    first: np.ndarray, second: np.ndarray, centre: np.ndarray
) -> Iterator[Tile]:
    dimension = first.shape[1]
    for row in range(0, len(first), _TILE):
        rows = slice(row, min(row + _TILE, len(first)))
        left = first[rows] - centre
        left_norms = np.einsum("ij,ij->i", left, left)[:, None]
        for column in range(0, len(second), _TILE):
            columns = slice(column, min(column + _TILE, len(second)))
            right = second[columns] - centre
            right_norms = np.einsum("ij,ij->i", right, right)
            squared = left @ right.T
            squared *= -2.0
            squared += left_norms
            squared += right_norms
            margin = left_norms + right_norms.max()
            margin *= 4 * (dimension + 4) * np.finfo(float).eps
            yield Tile(rows, columns, squared, margin)


def squared_distances(
    first: np.ndarray,
    second: np.ndarray,
    first_indices: np.ndarray,
    second_indices: np.ndarray,
) -> np.ndarray:
    """Computes squared distances of pairs from their differences.

    Args:
        first: [n, dimension] of any number type.
        second: [m, dimension] of any number type.
        first_indices: [pairs] integer.
        second_indices: [pairs] integer.

    Returns:
        [pairs] float64; the order of the two sets changes no bit.
    """
    step = max(1, _CHUNK // first.shape[1])
    results = np.empty(len(first_indices))
    for start in range(0, len(results), step):
        part = slice(start, start + step)
        difference = first[first_indices[part]].astype(np.float64)
        difference -= second[second_indices[part]]
        results[part] = np.einsum("ij,ij->i", difference, difference)
    return results


def nearest(
    first: np.ndarray,
    second: np.ndarray,
    *,
    num_neighbours: int,
    same: bool = False,
    progress: str = "",
) -> tuple[np.ndarray, np.ndarray]:
    """Finds each vector's nearest neighbours, in another set or in its own.

    Args:
        first: [n, dimension] of any number type.
        second: [m, dimension] of any number type.
        num_neighbours: k, at most m, or m - 1 within the same set.
        same: whether the two are one set, whose vectors are not their own
            neighbours.
        progress: as `tiles` takes it.

    Returns:
        Squared distances, [n, k] float64, ascending, and the neighbours'
        indices, [n, k] int64.
    """
    # Some more than k, so that rounding cannot push one of them out.
    kept = min(num_neighbours + 4, len(second))
    exact, indices = [], []
    best = which = None
    for tile in tiles(first, second, progress=progress):
        if tile.columns.start == 0:
            height = tile.rows.stop - tile.rows.start
            best = np.full((height, 0), np.inf)
            which = np.zeros((height, 0), np.int64)
        squared = tile.squared
        if same:
            both = np.arange(
                max(tile.rows.start, tile.columns.start),
                min(tile.rows.stop, tile.columns.stop),
            )
            squared[both - tile.rows.start, both - tile.columns.start] = np.inf
        some = min(kept, squared.shape[1])
        near = np.argpartition(squared, some - 1, axis=1)[:, :some]
        best = np.hstack([best, np.take_along_axis(squared, near, axis=1)])
        which = np.hstack([which, near + tile.columns.start])
        order = np.argsort(best, axis=1, kind="stable")[:, :kept]
        best = np.take_along_axis(best, order, axis=1)
        which = np.take_along_axis(which, order, axis=1)
        if tile.columns.stop == len(second):
            rows = np.arange(tile.rows.start, tile.rows.stop)
            exact.append(_direct(first, second, rows, which, same))
            indices.append(which)
    distances, indices = np.concatenate(exact), np.concatenate(indices)
    # Among equally near vectors, the first in the set comes first.
    order = np.lexsort((indices, distances), axis=1)[:, :num_neighbours]
    return (
        np.take_along_axis(distances, order, axis=1),
        np.take_along_axis(indices, order, axis=1),
    )


def _direct(first, second, rows, which, same):
    pairs = np.repeat(rows, which.shape[1])
    squared = squared_distances(first, second, pairs, which.ravel())
    if same:
        squared[pairs == which.ravel()] = np.inf
    return squared.reshape(which.shape)
