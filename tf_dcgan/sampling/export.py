"""Writes generators as files that others can use without this package."""

from __future__ import annotations

from collections.abc import Sequence
import os
import pathlib

import keras
import tensorflow as tf

from tf_dcgan.common import files, images, randomness
from tf_dcgan.config import schema
from tf_dcgan.models import conditional, cyclegan


def export(
    folder: pathlib.Path,
    generator: keras.Model,
    *,
    content_box: tuple[int, int, int, int],
    num_classes: int = 0,
) -> None:
    """Writes `saved_model/` and `generator.keras`, each atomically.

    The SavedModel needs nothing but TensorFlow and has two endpoints, for any
    number of images:

    - `serve(latents)`: [n, latent_dim] float32 to images
      [n, height, width, channels] float32 in [-1, 1], of the network's size.
    - `generate(count, seed)`: two int32 scalars to images
      [count, height, width, channels] uint8 with the padding cropped off.
      They are the images that `python -m tf_dcgan sample` makes of the seed.

    With a conditional generator, `serve(latents, labels)` also takes labels
    [n] int32, and `generate(count, seed, label)` also takes the class of all
    images, or -1 for the classes in turn. Both raise InvalidArgumentError for
    a label that is no class.

    Args:
        folder: the run's directory.
        generator: latents to images, in float32.
        content_box: (top, left, height, width) of what is not padding.
        num_classes: how many classes a conditional generator has; 0 for an
            unconditional one.

    Raises:
        OSError: the disk is full; older exports are untouched.
    """
    endpoints = (
        _conditional_endpoints(generator, content_box, num_classes)
        if num_classes
        else _endpoints(generator, content_box)
    )
    _write_saved_model(folder, [generator], endpoints)
    with files.atomic_file(folder / "generator.keras") as unfinished:
        generator.save(unfinished)


def export_translation(
    folder: pathlib.Path,
    config: schema.Config,
    generators: Sequence[keras.Model],
    *,
    image_shape: tuple[int, int, int],
) -> None:
    """Writes `saved_model/` and one `.keras` file for each direction.

    The SavedModel needs nothing but TensorFlow and has two endpoints,
    `a_to_b(images)` and `b_to_a(images)`: [n, height, width, channels]
    float32 in [-1, 1] to images of the same shape, dtype and range. They take
    any number of images, and any height and width that are multiples of 4 and
    at least 8; they raise InvalidArgumentError for other sizes.

    Args:
        folder: the run's directory.
        config: the run's settings, from which the networks follow.
        generators: A to B and B to A, in float32.
        image_shape: (height, width, channels) that they were trained at.

    Raises:
        OSError: the disk is full; older exports are untouched.
    """
    flexible_generators = dict(
        zip(
            cyclegan.DIRECTIONS,
            cyclegan.for_any_size(config, generators, image_shape),
            strict=True,
        )
    )
    images_of_any_size = tf.TensorSpec(
        [None, None, None, image_shape[2]], tf.float32, name="images"
    )
    endpoints = [
        (_translation_endpoint(name, generator), [images_of_any_size])
        for name, generator in flexible_generators.items()
    ]
    _write_saved_model(folder, flexible_generators.values(), endpoints)
    for name, generator in flexible_generators.items():
        path = folder / f"generator_{name}.keras"
        with files.atomic_file(path) as unfinished:
            generator.save(unfinished)


def _write_saved_model(folder, models, endpoints) -> None:
    """Writes `saved_model/` with functions and their signatures."""
    archive = keras.export.ExportArchive()
    for model in models:
        archive.track(model)
    for function, signature in endpoints:
        archive.add_endpoint(function.__name__, function, signature)
    saved_model = folder / "saved_model"
    with (
        files.disk_errors(saved_model),
        files.atomic_directory(saved_model) as unfinished,
    ):
        archive.write_out(os.fspath(unfinished), verbose=False)


def _translation_endpoint(name, generator):
    """Returns a function with this name."""

    def translate(images_of_any_size):
        sides = tf.shape(images_of_any_size)[1:3]
        words = "height and width are multiples of 4 and at least 8"
        checks = [
            tf.debugging.assert_equal(sides % 4, 0, words),
            tf.debugging.assert_greater_equal(sides, 8, words),
        ]
        with tf.control_dependencies(checks):
            checked = tf.identity(images_of_any_size)
        return generator(checked, training=False)

    translate.__name__ = name
    return translate


_COUNT_AND_SEED = [
    tf.TensorSpec([], tf.int32, name="count"),
    tf.TensorSpec([], tf.int32, name="seed"),
]


def _endpoints(generator, content_box):
    """Returns the functions `serve` and `generate` with their signatures."""
    latent_dim = generator.input_shape[-1]

    def serve(latents):
        return generator(latents, training=False)

    def generate(count, seed):
        latents = randomness.sample_latents(
            seed, tf.range(count), latent_dim=latent_dim
        )
        return images.to_uint8(images.crop(serve(latents), content_box))

    latents = tf.TensorSpec([None, latent_dim], tf.float32, name="latents")
    return (serve, [latents]), (generate, _COUNT_AND_SEED)


def _conditional_endpoints(generator, content_box, num_classes):
    """Returns `serve` and `generate` that take labels, and their signatures."""
    latent_dim = generator.input_shape[0][-1]

    def check(labels, lowest, words):
        low = tf.debugging.assert_greater_equal(labels, lowest, words)
        high = tf.debugging.assert_less(labels, num_classes, words)
        return tf.control_dependencies([low, high])

    def serve(latents, labels):
        with check(labels, 0, f"labels are 0 to {num_classes - 1}"):
            inputs = conditional.inputs(latents, tf.identity(labels))
        return generator(inputs, training=False)

    def generate(count, seed, label):
        words = f"a label is 0 to {num_classes - 1}, or -1 for all in turn"
        with check(label, -1, words):
            indices = tf.range(count)
        latents = randomness.sample_latents(
            seed, indices, latent_dim=latent_dim
        )
        labels = tf.where(label < 0, indices % num_classes, label)
        generated = serve(latents, labels)
        return images.to_uint8(images.crop(generated, content_box))

    serve_signature = [
        tf.TensorSpec([None, latent_dim], tf.float32, name="latents"),
        tf.TensorSpec([None], tf.int32, name="labels"),
    ]
    label = tf.TensorSpec([], tf.int32, name="label")
    return (serve, serve_signature), (generate, [*_COUNT_AND_SEED, label])
