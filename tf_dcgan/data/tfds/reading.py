"""Opens prepared sets of TensorFlow Datasets (TFDS) and reads their images.

Importing this module imports TFDS; `sets` does so only when it must.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
import contextlib
import difflib
import io
import logging
import os
import pathlib
import re

import numpy as np
import PIL.Image
import tensorflow as tf
import tensorflow_datasets as tfds

from tf_dcgan.common import errors
from tf_dcgan.data import sources
from tf_dcgan.data.named import known_sets
from tf_dcgan.data.preparing import shapes

_CHUNK_IMAGES = 1024  # Images per chunk at most.
_LONGEST_MESSAGE = 500  # Characters of an exception's message passed on.


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps TFDS from logging messages that no user can act upon."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def new_builder(name: str, root: pathlib.Path):
    """Makes TFDS's builder of a set, from its code or its prepared files."""
    with quiet():
        base, _, config = name.partition("/")
        available = tfds.list_builders(with_community_datasets=False)
        if base not in available:
            if os.path.isdir(name):
                raise errors.UserError(
                    f"unknown dataset {name!r}: write the folder of that name "
                    f"as ./{name}"
                )
            if ":" in name:
                raise errors.UserError(
                    f"unknown dataset {name!r}: a part of a set, such as "
                    "name:class, can be given as --dataset_a and --dataset_b "
                    "(--recipe=cyclegan) and to evaluate.py alone. Give "
                    f"--dataset={name.partition(':')[0]}, or a folder of the "
                    "images"
                )
            allowed = {*known_sets.SETS, *known_sets.DEFAULT_CROPS}
            allowed.update(
                difflib.get_close_matches(base, available, cutoff=errors.NEAR)
            )
            raise errors.UserError(
                f"unknown dataset {name!r}: "
                + errors.suggestion(name, allowed)
                + ", any other image set of TFDS, or a folder of images "
                "written as a path, such as ./photos"
            )
        configs = list(tfds.builder_cls(base).builder_configs)
        if config and config not in configs:
            if not configs:
                raise errors.UserError(
                    f"{base} has no configurations: {name!r} is not a set. "
                    f"Give {base} alone"
                )
            raise errors.UserError(
                f"{base} has no configuration {config!r}: "
                + errors.suggestion(config, configs)
            )
        try:
            return tfds.builder(name, data_dir=os.fspath(root))
        except Exception as error:
            raise errors.UserError(
                f"TFDS cannot set up {name}: {first_line(error)}. Choose "
                "another set"
            ) from error


def open_folder(folder: pathlib.Path):
    """Opens a prepared set from its files, without TFDS's code of the set."""
    with quiet():
        try:
            return tfds.builder_from_directory(os.fspath(folder))
        # Each kind of damage raises another exception.
        except Exception as error:
            raise errors.UserError(
                f"{folder} is not a whole prepared TFDS set: "
                f"{first_line(error)}. Copy it again or prepare it anew"
            ) from error


def image_shape(name: str, builder) -> tuple[int | None, int | None, int]:
    """The shape of a set's images: (height, width, channels).

    Args:
        name: the set's name, for the error.
        builder: TFDS's builder of the set.

    Returns:
        Height and width are None if they vary.

    Raises:
        errors.UserError: the set has no usable images.
    """
    features = builder.info.features
    image = features["image"] if "image" in (features or ()) else None
    if not isinstance(image, tfds.features.Image):
        raise errors.UserError(
            f"{name} has no feature `image` with images; its features are "
            f"{', '.join(sorted(features or ()))}. Choose another set"
        )
    if image.np_dtype != np.uint8 or image.shape[2] is None:
        raise errors.UserError(
            f"the images of {name} are {np.dtype(image.np_dtype).name} of "
            f"shape {image.shape}; only uint8 with a fixed number of channels "
            "can be used. Choose another set"
        )
    return tuple(image.shape)


def class_names(name: str, builder) -> tuple[str, ...]:
    """The classes of a set.

    Args:
        name: the set's name.
        builder: TFDS's builder of the set.

    Returns:
        The name of each label; empty if the set has no feature `label` with
        classes.
    """
    label = dict(builder.info.features or {}).get("label")
    if not isinstance(label, tfds.features.ClassLabel):
        return ()
    if name in known_sets.SETS:
        return known_sets.SETS[name].class_names
    return tuple(label.names)


def read(name: str, split: str, *, folder: pathlib.Path) -> sources.Content:
    """Opens one split of a prepared set.

    Args:
        name: the set's name.
        split: the split's name.
        folder: the folder of the prepared version.

    Returns:
        The split's content, in the order of the files.

    Raises:
        errors.UserError: there is no such split, or the files are damaged,
            which may be noticed only while the chunks are read.
    """
    builder = open_folder(folder)
    shape = image_shape(name, builder)
    splits = builder.info.splits
    if split not in splits:
        raise errors.UserError(
            f"{name} has no split {split!r}: "
            + errors.suggestion(split, splits.keys())
        )
    names = class_names(name, builder)
    return sources.Content(
        num_images=splits[split].num_examples,
        shape=shape,
        class_names=names,
        chunks=_chunks(builder, split, shape=shape, labelled=bool(names)),
    )


def count_sizes(builder, *, at_most: int) -> shapes.Counts:
    """Counts the sizes of images by their headers, without decoding them.

    Args:
        builder: TFDS's builder of a prepared set.
        at_most: how many images to look at, from the first of the training
            split on; where there is none, of the set's first split. TFDS
            stores images in a shuffled order.

    Returns:
        (height, width) in pixels to the number of images of that size.

    Raises:
        errors.UserError: the set's files are damaged.
    """
    splits = list(builder.info.splits)
    split = "train" if "train" in splits else splits[0]
    with _damage(builder, split), tf.device("CPU:0"), quiet():
        dataset = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(
                {"image": True}, decoders={"image": tfds.decode.SkipDecoding()}
            ),
            read_config=tfds.ReadConfig(try_autocache=False),
        )
        counts: collections.Counter[tuple[int, int]] = collections.Counter()
        for example in dataset.take(at_most).as_numpy_iterator():
            with PIL.Image.open(io.BytesIO(example["image"])) as image:
                counts[image.height, image.width] += 1
    return counts


def _chunks(
    builder,
    split: str,
    *,
    shape: tuple[int | None, int | None, int],
    labelled: bool,
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Yields a split's images and labels as `sources.Content.chunks` says."""
    features = {"image": True} | ({"label": True} if labelled else {})
    with _damage(builder, split):
        with tf.device("CPU:0"), quiet():
            dataset = builder.as_dataset(
                split=split,
                shuffle_files=False,
                decoders=tfds.decode.PartialDecoding(features),
                read_config=tfds.ReadConfig(try_autocache=False),
            )
            dataset = dataset.batch(
                sources.chunk_length(shape, at_most=_CHUNK_IMAGES)
            )
            iterator = dataset.prefetch(2).as_numpy_iterator()
        for example in iterator:
            yield example["image"], example.get("label")


@contextlib.contextmanager
def _damage(builder, split: str) -> Iterator[None]:
    """Says which prepared set is damaged when reading it fails."""
    try:
        yield
    except (tf.errors.OpError, ValueError, PIL.UnidentifiedImageError) as error:
        raise errors.UserError(
            f"{builder.data_path} is damaged: the {split} split cannot be read "
            f"to its end ({first_line(error)}). Copy it again or prepare it "
            "anew"
        ) from error


def first_line(error: BaseException) -> str:
    """An exception's type and the first line of its message.

    What TensorFlow adds about its operations is left out.
    """
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]( name:)?", "", str(error)).strip()
    line = text.splitlines()[0].strip() if text else ""
    if len(line) > _LONGEST_MESSAGE:
        line = line[:_LONGEST_MESSAGE].rstrip() + "…"
    return f"{type(error).__name__}: {line.rstrip('.: ')}"
