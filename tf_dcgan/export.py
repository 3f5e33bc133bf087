"""The generator as files that others can use without this package."""

from __future__ import annotations

import os
import pathlib

import keras
import tensorflow as tf

from tf_dcgan import files, images, randomness


def export(
    folder: pathlib.Path,
    generator: keras.Model,
    *,
    content_box: tuple[int, int, int, int],
) -> None:
    """Writes `saved_model/` and `generator.keras`, each atomically.

    The SavedModel needs nothing but TensorFlow and has two endpoints, for any
    number of images:

    - `serve(latents)`: [n, latent_dim] float32 to images
      [n, height, width, channels] float32 in [-1, 1], of the network's size.
    - `generate(count, seed)`: two int32 scalars to images
      [count, height, width, channels] uint8 with the padding cropped off,
      the ones that `python -m tf_dcgan.sample` makes of that seed.

    Args:
        folder: the run's directory.
        generator: latents to images, in float32.
        content_box: (top, left, height, width) of what is not padding.

    Raises:
        OSError: the disk is full; older exports are untouched.
    """
    latent_dim = generator.input_shape[-1]

    def serve(latents):
        return generator(latents, training=False)

    def generate(count, seed):
        latents = randomness.sample_latents(
            seed, tf.range(count), latent_dim=latent_dim
        )
        return images.to_uint8(images.crop(serve(latents), content_box))

    archive = keras.export.ExportArchive()
    archive.track(generator)
    archive.add_endpoint(
        "serve",
        serve,
        [tf.TensorSpec([None, latent_dim], tf.float32, name="latents")],
    )
    archive.add_endpoint(
        "generate",
        generate,
        [
            tf.TensorSpec([], tf.int32, name="count"),
            tf.TensorSpec([], tf.int32, name="seed"),
        ],
    )
    saved_model = folder / "saved_model"
    with (
        files.disk_errors(saved_model),
        files.atomic_directory(saved_model) as unfinished,
    ):
        archive.write_out(os.fspath(unfinished), verbose=False)
    with files.atomic_file(folder / "generator.keras") as unfinished:
        generator.save(unfinished)
