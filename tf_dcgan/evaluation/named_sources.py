"""What `--real=`, `--fake=` and `--train=` name, and arrays in their place."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import array_files, loading, names
from tf_dcgan.data.folders import (
    decoding,
    labels_files,
    listings,
    trees,
)
from tf_dcgan.data.named import known_sets
from tf_dcgan.evaluation import image_sources, statistics


def open_source(
    text: str,
    *,
    flag: str,
    data_dir: str | None = None,
    cache_dir: str | None = None,
    value_range: value_ranges.Range | None = None,
    labels: str | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> image_sources.ImageSource | statistics.Statistics:
    """Opens the images or statistics that a flag names.

    Args:
        text: a folder of images or an archive of one, an .npz or .npy of
            images, a statistics .npz, or a data set as `name`, `name:split`,
            `name:class` or `name:split:class`. An .npz may have splits, which
            are named as a data set's splits are.
        flag: the flag's name, for messages.
        data_dir: where data sets are prepared.
        cache_dir: where prepared arrays are kept.
        value_range: (low, high), the values that become black and white in
            images of more than 8 bits in a folder or an array; None for their
            own lowest and highest.
        labels: the path of a file with the classes of a folder's images, or
            None.
        arrays: arrays in memory, by the names that they would have in an
            .npz, which `text` then describes; else None.

    Returns:
        The images, or statistics.

    Raises:
        errors.UserError: nothing has this name, or it cannot be read; or
            there are labels for something else than a folder.
    """
    name, colon, split = text.partition(":")
    folders = {"data_dir": data_dir, "cache_dir": cache_dir}
    path = pathlib.Path(text).expanduser()
    is_known = name in {*known_sets.SETS, *known_sets.DEFAULT_CROPS}
    if arrays is not None:
        if labels is not None:
            raise labels_files.misplaced(labels, text, is_array=True)
        arrays_by_name = array_files.in_memory(arrays)
        return _of_arrays(arrays_by_name, text, None, value_range, cache_dir)
    if not is_known and trees.is_folder(path, cache_dir=cache_dir):
        return image_sources.from_folder(
            path, value_range=value_range, labels=labels, cache_dir=cache_dir
        )
    if labels is not None:
        raise labels_files.misplaced(
            labels, f"--{flag}={text}", is_array=array_files.is_file(path)
        )
    if is_known:
        return _named_set(text, flag=flag, **folders)
    if array_files.is_file(path):
        return _array_file(path, None, value_range, cache_dir)
    if path.exists():
        raise errors.UserError(
            f"--{flag}={text} is a file of no kind that can be read: give a "
            "folder of images, also as .zip or .tar, an .npz or .npy of "
            "images, an .npz with mu and sigma, or a data set such as "
            "mnist:test"
        )
    if colon and array_files.is_file(name):
        path = pathlib.Path(name).expanduser()
        return _array_file(path, split, value_range, cache_dir)
    if name and colon and trees.is_folder(pathlib.Path(name).expanduser()):
        raise errors.UserError(
            f"--{flag}={text} narrows a folder, and only data sets can be "
            f"narrowed so: give {os.path.join(name, split)}, a folder in it"
        )
    if os.sep in name:
        raise errors.UserError(f"--{flag}={text} does not exist")
    return _named_set(text, flag=flag, **folders)


def open_images(
    text: str,
    *,
    flag: str,
    data_dir: str | None = None,
    cache_dir: str | None = None,
    value_range: value_ranges.Range | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
) -> image_sources.ImageSource:
    """Opens the images that a flag names.

    Args:
        text: as `open_source` takes it.
        flag: the flag's name, for messages.
        data_dir: where data sets are prepared.
        cache_dir: where prepared arrays are kept.
        value_range: (low, high), the values that become black and white in
            images of more than 8 bits in a folder or an array; None for their
            own lowest and highest.
        arrays: as `open_source` takes them.

    Raises:
        errors.UserError: nothing has this name, it cannot be read, or it
            holds statistics.
    """
    source = open_source(
        text,
        flag=flag,
        data_dir=data_dir,
        cache_dir=cache_dir,
        value_range=value_range,
        arrays=arrays,
    )
    if isinstance(source, statistics.Statistics):
        raise errors.UserError(
            f"--{flag}={text} holds statistics, and images are needed: give "
            "images; statistics can only be --real beside --fake"
        )
    return source


def _array_file(
    path: pathlib.Path,
    split: str | None,
    value_range: value_ranges.Range | None,
    cache_dir: str | None,
) -> image_sources.ImageSource | statistics.Statistics:
    """Opens images, or statistics, in an .npy or .npz."""
    arrays = array_files.read_arrays(str(path))
    return _of_arrays(arrays, str(path), split, value_range, cache_dir)


def _of_arrays(
    arrays: Mapping[str, array_files.Array],
    path: str,
    split: str | None,
    value_range: value_ranges.Range | None,
    cache_dir: str | None,
) -> image_sources.ImageSource | statistics.Statistics:
    """Opens images, or statistics, of a file or in memory."""
    name = decoding.readable(path)
    if {"mu", "sigma"} <= set(arrays):
        return statistics.from_arrays(
            {key: array.whole() for key, array in arrays.items()}, name
        )
    splits = array_files.splits_among(arrays, path)
    chosen = listings.canonical(split or "train")
    if chosen not in splits or (split is None and len(splits) > 1):
        raise errors.UserError(
            f"{name} has the splits {', '.join(splits)}: give one of them, "
            f"such as {name}:{next(iter(splits))}"
        )
    if split is not None:
        name += f":{chosen}"
    scale = array_files.scale(
        path, splits, given=value_range, cache_dir=cache_dir
    )
    return image_sources.from_array_file(
        splits[chosen], name, value_range=scale
    )


def _named_set(
    text: str, *, flag: str, data_dir: str | None, cache_dir: str | None
) -> image_sources.ImageSource:
    """Opens a data set, or a part of one."""
    name, narrowed = names.cut(text, given=f"--{flag}={text}")
    split, class_name = "test", None
    if len(narrowed) == 2:
        split, class_name = narrowed
    elif len(narrowed) == 1:
        if narrowed[0] in ("train", "test", "validation"):
            split = narrowed[0]
        elif name in known_sets.SETS:
            class_name = narrowed[0]
        else:
            split = narrowed[0]
    with errors.about(f"--{flag}={text}"):
        height, width, _ = loading.find(
            name, data_dir, cache_dir=cache_dir
        ).shape
        if height is None or width is None:
            raise errors.UserError(
                f"{name} has images of different sizes: export them to a "
                "folder and give that"
            )
        dataset = loading.load(
            name,
            split,
            image_size=(height, width),
            flag=flag,
            data_dir=data_dir,
            cache_dir=cache_dir,
        )
        return image_sources.from_dataset(dataset, class_name=class_name)
