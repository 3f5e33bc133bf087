"""Images that are there more than once, exactly or nearly.

Exact copies have equal pixels, whatever their files. Near copies have the same
perceptual hash but for small differences: the luminance of 8x9 places, with
brightness and contrast made equal. A tree over twelve means of it finds the few
candidates among hundreds of thousands of images.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.inspection import records

# The root mean square by which hashes of near copies may differ, as a share of
# the image's own standard deviation; or levels of 255, if that is more, since
# flat images are mostly noise of their compression, up to a largest share.
_SHARE = 0.05
_LEVELS = 1.0
_LARGEST_SHARE = 0.1
# The same for the twelve means, which change less.
_SHARE_OF_MEANS = 0.03
# How much brightness (levels of 255) and contrast (a factor) may differ.
_BRIGHTNESS = 40
_CONTRAST = 1.5
_COLOUR = 12  # Root mean square in levels of 255, of the colours of 12 parts.
_NUM_MEANS = 12
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601.
# Candidates of each image: more than enough, since all copies of one image
# need not be candidates of each other.
_NEIGHBOURS = 16
_AT_ONCE = 8192  # To bound the memory.


@dataclasses.dataclass(frozen=True)
class Groups:
    """Groups of images that are copies of each other.

    Attributes:
        members: the indices of each group's images, the first image first;
            the largest groups first.
    """

    members: tuple[np.ndarray, ...]

    @property
    def num_extra(self) -> int:
        """The images beyond the first of each group."""
        return sum(len(group) - 1 for group in self.members)


def exact(digests: np.ndarray, indices: np.ndarray) -> Groups:
    """Groups images with equal pixels.

    Args:
        digests: [n] V16, of all images.
        indices: [k] of the images to group.
    """
    _, group_of, counts = np.unique(
        digests[indices].view(">u8").reshape(-1, 2),
        axis=0,
        return_inverse=True,
        return_counts=True,
    )
    return Groups(_members(group_of.ravel(), indices, counts))


def near(averages: np.ndarray, indices: np.ndarray) -> Groups:
    """Groups images that look the same.

    Args:
        averages: [n, 216] uint8, of all images.
        indices: [k] of the images to group; of exact copies one alone.

    Returns:
        The groups. An image may be joined to another by one between them.
    """
    if len(indices) < 2:
        return Groups(())
    from scipy import sparse, spatial
    from scipy.sparse import csgraph

    hashes = _Hashes(averages[indices])
    tree = spatial.KDTree(hashes.means)
    _, neighbours = tree.query(
        hashes.means,
        k=min(_NEIGHBOURS, len(indices)),
        distance_upper_bound=_SHARE_OF_MEANS * _NUM_MEANS**0.5,
        workers=-1,
    )
    left, column = np.nonzero(neighbours < len(indices))
    right = neighbours[left, column]
    is_pair = left != right
    left, right = hashes.alike(left[is_pair], right[is_pair])
    graph = sparse.coo_matrix(
        (np.ones(len(left), bool), (left, right)),
        shape=(len(indices), len(indices)),
    )
    count, group_of = csgraph.connected_components(graph, directed=False)
    counts = np.bincount(group_of, minlength=count)
    return Groups(_members(group_of, indices, counts))


class _Hashes:
    """The perceptual hashes of images.

    Attributes:
        values: [n, 72] float32 of mean 0 and standard deviation 1.
        means: [n, 12] float32, means over parts of them.
    """

    def __init__(self, averages: np.ndarray):
        count = len(averages)
        rows, columns, _ = records.AVERAGES_SHAPE
        self.values = np.empty((count, rows * columns), np.float32)
        self.means = np.empty((count, _NUM_MEANS), np.float32)
        self._brightness = np.empty(count, np.float32)
        self._contrast = np.empty(count, np.float32)
        self._colours = np.empty((count, _NUM_MEANS * 3), np.float32)
        for start in range(0, count, _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            colours = averages[part].reshape(-1, *records.AVERAGES_SHAPE)
            luminance = colours @ _LUMINANCE  # [k, 8, 9]
            values = luminance.reshape(-1, rows * columns)
            self._brightness[part] = values.mean(axis=1)
            self._contrast[part] = values.std(axis=1) + 1e-6
            values = values - self._brightness[part, np.newaxis]
            values /= self._contrast[part, np.newaxis]
            self.values[part] = values
            self.means[part] = _parts(values.reshape(-1, rows, columns, 1))
            self._colours[part] = _parts(colours - luminance[..., np.newaxis])

    def alike(
        self, left: np.ndarray, right: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Keeps the pairs of images that look the same.

        Args:
            left: [pairs] places of images.
            right: [pairs] the places of their partners.
        """
        lower = np.minimum(self._contrast[left], self._contrast[right])
        higher = np.maximum(self._contrast[left], self._contrast[right])
        allowed = np.clip(_LEVELS / lower, _SHARE, _LARGEST_SHARE)
        kept = (
            (_distances(self.values, left, right) <= allowed)
            & (_distances(self._colours, left, right) <= _COLOUR)
            & (higher <= _CONTRAST * lower)
            & (
                np.abs(self._brightness[left] - self._brightness[right])
                <= _BRIGHTNESS
            )
        )
        return left[kept], right[kept]


def _parts(values: np.ndarray) -> np.ndarray:
    """Means of [k, 8, 9, channels] over 2x3 places, [k, 12 * channels]."""
    count, rows, columns, channels = values.shape
    parts = values.reshape(count, rows // 2, 2, columns // 3, 3, channels)
    return parts.mean(axis=(2, 4)).reshape(count, -1)


def _distances(
    values: np.ndarray, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    """[pairs] root mean squares of the differences of rows of values."""
    result = np.empty(len(left), np.float32)
    for start in range(0, len(left), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        change = values[left[part]] - values[right[part]]
        result[part] = np.sqrt(np.mean(change**2, axis=1))
    return result


def _members(
    group_of: np.ndarray, indices: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Lists the members of each group of two or more, the largest first."""
    is_grouped = counts[group_of] > 1
    order = np.argsort(group_of[is_grouped], kind="stable")
    members = indices[is_grouped][order]
    groups = group_of[is_grouped][order]
    cuts = np.flatnonzero(np.diff(groups)) + 1
    parts = np.split(members, cuts) if len(members) else []
    return tuple(sorted(parts, key=lambda part: (-len(part), part[0])))
