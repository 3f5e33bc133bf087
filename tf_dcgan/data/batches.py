"""The images of each step's batch, as a function of (seed, step).

The order of the data is a function and not a state, so a run can go on at any
step.
"""

from __future__ import annotations

import concurrent.futures

import numpy as np

from tf_dcgan.common import errors, words

# Makes these random numbers differ from all others under the same seed.
_PURPOSE = 0xDA7A

# With 4 rounds, as in tf.random.experimental.index_shuffle, the orders of two
# consecutive epochs of 60,000 images correlate at ten standard deviations and
# more. With 16 rounds they correlate no more than any two permutations.
_ROUNDS = 16


def batch_indices(
    first_step: int,
    num_steps: int,
    *,
    batch_size: int,
    num_images: int,
    seed: int,
    stream: int = 0,
) -> np.ndarray:
    """The images of each of several consecutive steps.

    Step s belongs to epoch s // (num_images // batch_size). An epoch is a
    permutation of the images, whose last incomplete batch is dropped. Every
    entry is computed from its own step alone, so the result does not depend on
    how the steps of a run are divided among the calls.

    Args:
        first_step: at least 0.
        num_steps: at least 0.
        batch_size: images per step.
        num_images: size of the set.
        seed: at least 0.
        stream: the number of the order, of several under one seed.

    Returns:
        [num_steps, batch_size] int64 in [0, num_images).

    Raises:
        errors.UserError: a batch has more images than the set.
    """
    import tensorflow as tf

    if batch_size > num_images:
        raise errors.UserError(
            f"--batch_size={batch_size} is more than the "
            f"{words.counted(num_images, 'image')} of the set: allowed is "
            f"{words.at_least_1(num_images)}"
        )
    steps_per_epoch = num_images // batch_size
    indices = np.empty((num_steps, batch_size), np.int64)
    start = first_step
    while start < first_step + num_steps:
        epoch = start // steps_per_epoch
        stop = min((epoch + 1) * steps_per_epoch, first_step + num_steps)
        positions = np.arange(start * batch_size, stop * batch_size)
        positions -= epoch * steps_per_epoch * batch_size
        # Small numbers are weak keys: (0, 0xDA7A, 0) as the key itself leaves
        # the first six of 18 images in their places.
        entropy = [seed, _PURPOSE, epoch] + [stream] * (stream > 0)
        key = np.random.SeedSequence(entropy).generate_state(3)
        with tf.device("CPU:0"):
            shuffled = tf.raw_ops.RandomIndexShuffle(
                index=tf.constant(positions, tf.int64),
                seed=tf.constant(key, tf.uint32),
                max_index=tf.constant(num_images - 1, tf.int64),
                rounds=_ROUNDS,
            )
        indices[start - first_step : stop - first_step] = np.reshape(
            shuffled.numpy(), [-1, batch_size]
        )
        start = stop
    return indices


def gather(images: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Reads the images of several steps.

    Args:
        images: [num_images, height, width, channels] uint8, usually a memory
            map.
        indices: [num_steps, batch_size] integers in [0, num_images).

    Returns:
        [num_steps, batch_size, height, width, channels] uint8, contiguous and
        in memory.
    """
    return np.asarray(images)[indices]


class Reader:
    """Reads the next call's batches while the device is busy with this one."""

    def __init__(
        self,
        uint8_images: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        batch_size: int,
        seed: int,
        stream: int = 0,
    ):
        """Prepares to read; reads nothing yet.

        Args:
            uint8_images: [n, height, width, channels] uint8, may be a memory
                map.
            labels: [n] integers to read with them, or None.
            batch_size: images per step, at most n.
            seed: at least 0.
            stream: the number of the order, of several under one seed.
        """
        self._images = uint8_images
        self._labels = labels
        self._batch_size = batch_size
        self._order = {
            "num_images": len(uint8_images),
            "seed": seed,
            "stream": stream,
        }
        self._executor = concurrent.futures.ThreadPoolExecutor(1)
        self._pending: concurrent.futures.Future[tuple[np.ndarray, ...]]
        self.bytes_per_step = uint8_images[0].nbytes * batch_size

    def prefetch(self, step: int, count: int) -> None:
        """Begins to read the batches of `count` steps after `step`."""
        self._pending = self._executor.submit(self._read, step, count)

    def take(self) -> tuple[np.ndarray, ...]:
        """Waits for the batches that `prefetch` began to read.

        Returns:
            (images,) or (images, labels): [count, batch, h, w, c] uint8 and
            [count, batch] int32.
        """
        return self._pending.result()

    def first(self, count: int) -> tuple[np.ndarray, ...]:
        """Reads the first images in the order of the first epoch.

        Args:
            count: how many images, at most as many as the set has.

        Returns:
            (images,) or (images, labels): [count, h, w, c] uint8 and [count]
            int32.
        """
        indices = batch_indices(0, 1, batch_size=count, **self._order)
        return tuple(values[0] for values in self._gather(indices))

    def close(self) -> None:
        """Drops the batches being read and ends the reading thread."""
        self._executor.shutdown(cancel_futures=True)

    def _read(self, step: int, count: int) -> tuple[np.ndarray, ...]:
        indices = batch_indices(
            step, count, batch_size=self._batch_size, **self._order
        )
        return self._gather(indices)

    def _gather(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        images = gather(self._images, indices)
        if self._labels is None:
            return (images,)
        return images, np.asarray(self._labels)[indices].astype(np.int32)


class PairReader:
    """Reads two sets at the same time, each in an order of its own."""

    def __init__(self, first: Reader, second: Reader):
        """Prepares to read; reads nothing yet.

        Args:
            first: reads one set.
            second: reads the other set, with another stream.
        """
        self._readers = (first, second)
        self.bytes_per_step = sum(r.bytes_per_step for r in self._readers)

    def prefetch(self, step: int, count: int) -> None:
        """Begins to read the batches of `count` steps after `step`."""
        for reader in self._readers:
            reader.prefetch(step, count)

    def take(self) -> tuple[np.ndarray, ...]:
        """Waits for the batches of both sets that `prefetch` began to read."""
        return tuple(part for r in self._readers for part in r.take())

    def close(self) -> None:
        """Drops the batches being read and ends the reading threads."""
        for reader in self._readers:
            reader.close()
