"""Draws images from a run's generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images, randomness, terminal
from tf_dcgan.models import conditional
from tf_dcgan.runs import runs
from tf_dcgan.sampling import latents as latent_vectors

_BATCH = 64  # Latents at once where the user has no say in it.
GRID_IMAGES = 64
# Of a grid with a row for each class: more would not fit on a screen.
_GRID_COLUMNS = 8
_GRID_ROWS = 20


def of_run(
    run: runs.Run,
    generator: keras.Model,
    *,
    label: int | None = None,
    purpose: randomness.Purpose = randomness.Purpose.SAMPLE_LATENTS,
    as_float: bool = False,
) -> Sampler:
    """Returns a sampler of a run's generator.

    Args:
        run: its classes and content box are used.
        generator: the run's generator; later changes of its weights count.
        label: the class of all images, or None for the classes in turn.
        purpose: what the images are for; each purpose has its own images.
        as_float: whether images are float32 in [-1, 1] and not uint8.
    """
    return Sampler(
        generator,
        run.data.content_box,
        num_classes=run.num_classes,
        label=label,
        purpose=purpose,
        as_float=as_float,
    )


class Sampler:
    """Makes images in inference mode, with the padding cropped off.

    A conditional generator makes the classes in turn: image i of a seed is of
    class i modulo the number of classes, whatever its latent vector.
    """

    def __init__(
        self,
        generator: keras.Model,
        content_box: tuple[int, int, int, int],
        *,
        num_classes: int = 0,
        label: int | None = None,
        purpose: randomness.Purpose = randomness.Purpose.SAMPLE_LATENTS,
        as_float: bool = False,
    ):
        """Prepares a graph, which the first call traces.

        Args:
            generator: latents to images; later changes of its weights count.
            content_box: (top, left, height, width) of what is not padding.
            num_classes: how many classes a conditional generator has; 0 for
                an unconditional one.
            label: the class of all images, or None for the classes in turn.
            purpose: what the images are for; each purpose has its own images.
            as_float: whether images are float32 in [-1, 1], as the generator
                makes them, and not uint8 as they are shown.
        """
        self._num_classes, self._label = num_classes, label
        self._rows = min(num_classes, _GRID_ROWS)
        self.latent_dim = latent_dim = generator.inputs[0].shape[-1]

        def draw(latents, labels):
            inputs = conditional.inputs(
                latents, labels if num_classes else None
            )
            generated = generator(inputs, training=False)
            shown = images.crop(generated, content_box)
            return shown if as_float else images.to_uint8(shown)

        @tf.function(
            input_signature=[
                tf.TensorSpec([], tf.int64),
                tf.TensorSpec([None], tf.int64),
                tf.TensorSpec([None], tf.int32),
            ],
            autograph=False,
        )
        def make(seed, indices, labels):
            latents = randomness.sample_latents(
                seed, indices, latent_dim=latent_dim, purpose=purpose
            )
            return draw(latents, labels)

        self._make = make
        self._draw = tf.function(
            draw,
            input_signature=[
                tf.TensorSpec([_BATCH, latent_dim], tf.float32),
                tf.TensorSpec([_BATCH], tf.int32),
            ],
            autograph=False,
        )

    def __call__(self, seed: int, first: int, count: int) -> np.ndarray:
        """Makes the images `first` to `first + count - 1` of a seed.

        Args:
            seed: at least 0 and below 2^31.
            first: number of the first image, at least 0.
            count: the number of images.

        Returns:
            [count, height, width, channels] uint8.
        """
        indices = np.arange(first, first + count)
        return self._make(seed, indices, self._labels(indices)).numpy()

    def labels(self, count: int) -> np.ndarray | None:
        """Returns the classes of the first images of any seed.

        Args:
            count: the number of images.

        Returns:
            [count] int64, or None where the generator is not conditional.
        """
        if not self._num_classes:
            return None
        return self._labels(np.arange(count)).astype(np.int64)

    def columns(self, num_images: int | None = None) -> int | None:
        """Returns how many images are in a row of `grid`.

        Args:
            num_images: as for `grid`.

        Returns:
            The number, or None where the rows mean nothing.
        """
        if not self._num_classes or self._label is not None:
            return None
        if num_images is None:
            return _GRID_COLUMNS
        return -(-num_images // self._rows)

    def grid(
        self,
        seed: int,
        num_images: int | None = None,
        *,
        batch_size: int = _BATCH,
        progress: bool = False,
    ) -> np.ndarray:
        """Makes the images of a grid, row by row.

        Where the classes come in turn, each class has a row (of more than 20
        classes the first 20), and the images of a column share their latent
        vector. Otherwise the grid has the first images of the seed.

        Args:
            seed: at least 0 and below 2^31.
            num_images: the number of images, rounded up so that all rows are
                full. None for 64, or for 8 in each class's row.
            batch_size: the number of images in one pass of the generator.
            progress: whether a terminal shows a bar.

        Returns:
            [num_images, height, width, channels] uint8.
        """
        columns = self.columns(num_images)
        if columns is None:
            indices = np.arange(num_images or GRID_IMAGES)
            labels = self._labels(indices)
        else:
            rows = np.arange(self._rows, dtype=np.int32)
            indices = np.tile(np.arange(columns), len(rows))
            labels = np.repeat(rows, columns)
        parts = []
        title = "samples" if progress else ""
        with terminal.Progress(title, len(indices), "images") as counted:
            for first in range(0, len(indices), batch_size):
                part = slice(first, first + batch_size)
                parts.append(
                    self._make(seed, indices[part], labels[part]).numpy()
                )
                counted.update(len(parts[-1]))
        return np.concatenate(parts)

    def _labels(self, indices: np.ndarray) -> np.ndarray:
        """Returns the classes of images; 0 where there are no classes."""
        if self._label is not None:
            return np.full(len(indices), self._label, np.int32)
        return (indices % max(1, self._num_classes)).astype(np.int32)

    def latents(
        self,
        points: Iterable[latent_vectors.Point | latent_vectors.FilePoint],
    ) -> np.ndarray:
        """Returns the latent vectors of points.

        Args:
            points: n samples of any seeds and vectors of files, in any order.

        Returns:
            [n, latent_dim] float32; the vectors of samples are standard
            normal.
        """
        return np.stack(
            [
                point.vector
                if isinstance(point, latent_vectors.FilePoint)
                else randomness.sample_latents(
                    point.seed, [point.index], latent_dim=self.latent_dim
                )[0].numpy()
                for point in points
            ]
        )

    def from_latents(self, latents: np.ndarray) -> np.ndarray:
        """Makes the images of some latent vectors.

        All batches have the same size, whatever the number of vectors: the
        last bit of a sum may depend on the size of a batch.

        Args:
            latents: [n, latent_dim] float32.

        Returns:
            [n, height, width, channels] uint8. A conditional generator makes
            all images of the sampler's one class.

        Raises:
            ValueError: the generator is conditional, and the sampler has no
                one class.
        """
        if self._num_classes and self._label is None:
            raise ValueError("Given latents have no number, hence no class.")
        labels = np.full(_BATCH, self._label or 0, np.int32)
        padded = np.zeros(
            [-(-len(latents) // _BATCH) * _BATCH, self.latent_dim], np.float32
        )
        padded[: len(latents)] = latents
        parts = [
            self._draw(padded[first : first + _BATCH], labels).numpy()
            for first in range(0, len(padded), _BATCH)
        ]
        return np.concatenate(parts)[: len(latents)]

    def batches(
        self, seed: int, *, num_images: int, batch_size: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Makes the first images of a seed in batches, with a progress bar.

        Yields:
            (first, images): the number of the batch's first image and
            [batch, height, width, channels] uint8; the last may be smaller.
        """
        with terminal.Progress("samples", num_images, "images") as counted:
            for first in range(0, num_images, batch_size):
                count = min(batch_size, num_images - first)
                yield first, self(seed, first, count)
                counted.update(count)
