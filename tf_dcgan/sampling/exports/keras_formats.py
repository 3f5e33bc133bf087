"""The SavedModel, for TensorFlow alone, and the `.keras` file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import os
import pathlib
import zipfile

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import files, images, randomness
from tf_dcgan.config import schema
from tf_dcgan.models import conditional, cyclegan
from tf_dcgan.sampling.exports import formats, interface

# TensorFlow loads nothing from here: it is for what others add.
_EXTRA_ASSETS = "assets.extra"


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
    write_generation(
        folder / "saved_model",
        generator,
        content_box=content_box,
        num_classes=num_classes,
    )
    _write_keras(folder / "generator.keras", generator)


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
    write_translation(folder / "saved_model", flexible_generators)
    for name, generator in flexible_generators.items():
        _write_keras(folder / f"generator_{name}.keras", generator)


def write_generation(
    path: pathlib.Path,
    generator: keras.Model,
    *,
    content_box: tuple[int, int, int, int],
    num_classes: int,
    description: str = "",
) -> None:
    """Writes the SavedModel of a run that makes images from noise.

    Args:
        path: the folder to write.
        generator: as `export` takes it.
        content_box: as `export` takes it.
        num_classes: as `export` takes it.
        description: JSON to put beside the network; nothing for none.

    Raises:
        OSError: the disk is full; an older SavedModel is untouched.
    """
    endpoints = (
        _conditional_endpoints(generator, content_box, num_classes)
        if num_classes
        else _endpoints(generator, content_box)
    )
    _write_saved_model(path, [generator], endpoints, description)


def write_translation(
    path: pathlib.Path,
    generators: Mapping[str, keras.Model],
    *,
    description: str = "",
) -> None:
    """Writes the SavedModel of a run that translates.

    Args:
        path: the folder to write.
        generators: direction → generator for images of any size.
        description: JSON to put beside the networks; nothing for none.

    Raises:
        OSError: the disk is full; an older SavedModel is untouched.
    """
    endpoints = []
    for name, generator in generators.items():
        channels = generator.input_shape[-1]
        images_of_any_size = tf.TensorSpec(
            [None, None, None, channels], tf.float32, name="images"
        )
        function = _translation_endpoint(name, generator)
        endpoints.append((function, [images_of_any_size]))
    _write_saved_model(path, generators.values(), endpoints, description)


def load_saved_model(
    path: pathlib.Path, network: interface.Network
) -> Callable[..., np.ndarray]:
    """Loads a network of a SavedModel with TensorFlow.

    Args:
        path: the SavedModel's folder.
        network: names the endpoint.

    Returns:
        A function from the network's inputs to its output.
    """
    loaded = tf.saved_model.load(os.fspath(path))

    def predict(*inputs: np.ndarray) -> np.ndarray:
        # The function alone would not keep the weights alive.
        return getattr(loaded, network.endpoint)(*inputs).numpy()

    return predict


def write_keras(
    path: pathlib.Path, network: interface.Network, *, description: str
) -> None:
    """Writes a network as a `.keras` file.

    Args:
        path: the file to write; its name ends in .keras.
        network: its model is written.
        description: JSON to put beside the network.

    Raises:
        OSError: the disk is full.
    """
    _write_keras(path, network.model, description)


def load_keras(
    path: pathlib.Path, network: interface.Network
) -> Callable[..., np.ndarray]:
    """Loads a file that `write_keras` wrote in the same process.

    Args:
        path: the file.
        network: says how many inputs there are.

    Returns:
        A function from the network's inputs to its output.
    """
    model = keras.saving.load_model(path)

    def predict(*inputs: np.ndarray) -> np.ndarray:
        whole = list(inputs) if len(network.inputs) > 1 else inputs[0]
        return model(whole, training=False).numpy()

    return predict


def _write_keras(
    path: pathlib.Path, model: keras.Model, description: str = ""
) -> None:
    with files.atomic_file(path) as unfinished:
        model.save(unfinished)
        if description:
            with zipfile.ZipFile(unfinished, "a") as members:
                members.writestr(formats.METADATA, description)


def _write_saved_model(
    path: pathlib.Path,
    models: Iterable[keras.Model],
    endpoints: Iterable[tuple[Callable, list[tf.TensorSpec]]],
    description: str,
) -> None:
    """Writes a SavedModel of functions with their signatures."""
    archive = keras.export.ExportArchive()
    for model in models:
        archive.track(model)
    for function, signature in endpoints:
        archive.add_endpoint(function.__name__, function, signature)
    with (
        files.disk_errors(path),
        files.atomic_directory(path) as unfinished,
    ):
        archive.write_out(os.fspath(unfinished), verbose=False)
        if description:
            (unfinished / _EXTRA_ASSETS).mkdir()
            (unfinished / _EXTRA_ASSETS / formats.METADATA).write_text(
                description, encoding="utf-8"
            )


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
