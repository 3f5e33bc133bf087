"""From a run's checkpoint to images: loads generators and draws samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import pathlib

import keras
import numpy as np
import tensorflow as tf
import tqdm

from tf_dcgan import (
    checkpoints,
    errors,
    gan,
    images,
    latent_flags,
    randomness,
    runs,
)

_BATCH = 64  # Latents at once where the user has no say in it.


def load_generator(
    run: runs.Run, weights: str = "ema", checkpoint: str = "last"
) -> tuple[keras.Model, int]:
    """Loads the generator of a run's last checkpoint, or of its best.

    Args:
        run: the run.
        weights: "ema" for the averaged weights, "raw" for those of the
            checkpoint's last update.
        checkpoint: "last", or "best" for the best by `--evaluate_every`.

    Returns:
        (generator, step): the model in float32 and the finished steps, which
        `best.origin` puts in words.

    Raises:
        errors.UserError: there is no such checkpoint, or it is damaged.
    """
    is_best = checkpoint == "best"
    path = checkpoints.last(run.best_checkpoint if is_best else run.checkpoints)
    if path is None and is_best:
        raise errors.UserError(
            f"{run.path} has no best checkpoint: train with "
            "--evaluate_every=N, or take --checkpoint=last"
        )
    if path is None:
        raise errors.UserError(
            f"{run.path} has no checkpoint yet: go on with `python train.py "
            f"--run_dir={run.path}` first"
        )
    generator = gan.create_averaged_generator(run.config, run.data.image_shape)
    kind = {"ema": "averaged_generator", "raw": "generator"}[weights]
    step = checkpoints.restore_some(path, gan.named_variables(generator, kind))
    return generator, step


class Sampler:
    """Makes images in inference mode, with the padding cropped off."""

    def __init__(
        self,
        generator: keras.Model,
        content_box: tuple[int, int, int, int],
        *,
        purpose: randomness.Purpose = randomness.Purpose.SAMPLE_LATENTS,
    ):
        """Prepares a graph, which the first call traces.

        Args:
            generator: latents to images; later changes of its weights count.
            content_box: (top, left, height, width) of what is not padding.
            purpose: what the images are for; the same seed gives others.
        """
        self.latent_dim = latent_dim = generator.input_shape[-1]

        def draw(latents):
            made = generator(latents, training=False)
            return images.to_uint8(images.crop(made, content_box))

        @tf.function(
            input_signature=[
                tf.TensorSpec([], tf.int64),
                tf.TensorSpec([None], tf.int64),
            ]
        )
        def make(seed, indices):
            latents = randomness.sample_latents(
                seed, indices, latent_dim=latent_dim, purpose=purpose
            )
            return draw(latents)

        self._make = make
        self._draw = tf.function(
            draw,
            input_signature=[tf.TensorSpec([_BATCH, latent_dim], tf.float32)],
        )

    def __call__(self, seed: int, first: int, count: int) -> np.ndarray:
        """Makes the images `first` to `first + count - 1` of a seed.

        Args:
            seed: at least 0 and below 2^31.
            first: number of the first image, at least 0.
            count: how many.

        Returns:
            [count, height, width, channels] uint8.
        """
        return self._make(
            seed, tf.range(first, first + count, 1, tf.int64)
        ).numpy()

    def latents(self, points: Iterable[latent_flags.Point]) -> np.ndarray:
        """Draws the latents of samples.

        Args:
            points: n samples of any seeds, in any order.

        Returns:
            [n, latent_dim] float32, standard normal.
        """
        return np.concatenate(
            [
                randomness.sample_latents(
                    point.seed, [point.index], latent_dim=self.latent_dim
                )
                for point in points
            ]
        )

    def from_latents(self, latents: np.ndarray) -> np.ndarray:
        """Makes the images of given latent vectors.

        Always as many at once, whatever is asked for: the last bit of a sum
        may depend on the size of a batch.

        Args:
            latents: [n, latent_dim] float32.

        Returns:
            [n, height, width, channels] uint8.
        """
        padded = np.zeros(
            [-(-len(latents) // _BATCH) * _BATCH, self.latent_dim], np.float32
        )
        padded[: len(latents)] = latents
        made = [
            self._draw(padded[first : first + _BATCH]).numpy()
            for first in range(0, len(padded), _BATCH)
        ]
        return np.concatenate(made)[: len(latents)]

    def batches(
        self, seed: int, *, num_images: int, batch_size: int
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Makes the first images of a seed in batches, with a progress bar.

        Yields:
            (first, images): the number of the batch's first image and
            [batch, height, width, channels] uint8; the last may be smaller.
        """
        with tqdm.tqdm(total=num_images, unit="image", disable=None) as bar:
            for first in range(0, num_images, batch_size):
                count = min(batch_size, num_images - first)
                yield first, self(seed, first, count)
                bar.update(count)


def write_samples(
    out: pathlib.Path,
    sampler: Sampler,
    *,
    seed: int,
    num_images: int,
    batch_size: int,
) -> None:
    """Writes one grid, or a folder of single PNGs.

    Args:
        out: a path that ends in .png for one grid; else a folder, in which
            the images are named by seed and number.
        sampler: makes the images.
        seed: at least 0 and below 2^31.
        num_images: how many.
        batch_size: images made at once.
    """
    batches = sampler.batches(
        seed, num_images=num_images, batch_size=batch_size
    )
    if out.suffix.lower() == ".png":
        made = np.concatenate([batch for _, batch in batches])
        images.write_png(out, images.grid(made))
        return
    for first, batch in batches:
        for number, image in enumerate(batch, first):
            images.write_png(out / f"seed{seed}_{number:06d}.png", image)
