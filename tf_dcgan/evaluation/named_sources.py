"""What `--real=`, `--fake=` and `--train=` name."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
import tokenize
import zipfile
import zlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import known_sets, loading, names
from tf_dcgan.data.folders import decoding
from tf_dcgan.evaluation import image_sources, statistics

# Whatever NumPy, and what it calls, raise about a damaged file.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    SyntaxError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def open_source(
    text: str,
    *,
    flag: str,
    data_dir: str | None = None,
    cache_dir: str | None = None,
    value_range: value_ranges.Range | None = None,
) -> image_sources.ImageSource | statistics.Statistics:
    """Opens the images or statistics that a flag names.

    Args:
        text: a folder of images, an .npz or .npy of uint8 images, a
            statistics .npz, or a data set as `name`, `name:split`,
            `name:class` or `name:split:class`. An .npz of images may have
            `labels` beside them.
        flag: the flag's name, for messages.
        data_dir: where data sets are prepared.
        cache_dir: where prepared arrays are kept.
        value_range: (low, high), the values that become black and white in a
            folder of images of more than 8 bits; None for their own lowest
            and highest.

    Returns:
        The images, or statistics.

    Raises:
        errors.UserError: nothing has this name, or it cannot be read.
    """
    name, colon, split = text.partition(":")
    folders = {"data_dir": data_dir, "cache_dir": cache_dir}
    if name in {*known_sets.SETS, *known_sets.DEFAULT_CROPS}:
        return _named_set(text, flag=flag, **folders)
    path = pathlib.Path(text).expanduser()
    if path.is_dir():
        return image_sources.from_folder(path, value_range=value_range)
    if path.suffix.lower() in (".npz", ".npy"):
        return _array_file(path)
    if path.exists():
        raise errors.UserError(
            f"--{flag}={text} is a file of no kind that can be read: give a "
            "folder of images, an .npz or .npy of uint8 images, an .npz with "
            "mu and sigma, or a data set such as mnist:test"
        )
    if name and colon and pathlib.Path(name).expanduser().is_dir():
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
) -> image_sources.ImageSource:
    """Opens the images that a flag names.

    Args:
        text: as `open_source` takes it.
        flag: the flag's name, for messages.
        data_dir: where data sets are prepared.
        cache_dir: where prepared arrays are kept.
        value_range: (low, high), the values that become black and white in a
            folder of images of more than 8 bits; None for their own lowest
            and highest.

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
    )
    if isinstance(source, statistics.Statistics):
        raise errors.UserError(
            f"--{flag}={text} holds statistics, and images are needed: give "
            "images; statistics can only be --real beside --fake"
        )
    return source


def _array_file(
    path: pathlib.Path,
) -> image_sources.ImageSource | statistics.Statistics:
    try:
        content = np.load(path, allow_pickle=False, mmap_mode="r")
        if isinstance(content, np.ndarray):
            arrays = {"images": content}
        else:
            with content:
                arrays = {name: content[name] for name in content.files}
    except FileNotFoundError as error:
        raise errors.UserError(f"{path} does not exist") from error
    except _DAMAGE as error:
        # NumPy takes any file without arrays for a pickle.
        is_no_array = "pickle" in str(error)
        reason = "it holds other things than arrays" if is_no_array else error
        raise errors.UserError(
            f"{path} cannot be read ({reason}): write it again with "
            "numpy.save or numpy.savez"
        ) from error
    name = decoding.readable(str(path))
    if {"mu", "sigma"} <= set(arrays):
        return statistics.from_arrays(arrays, name)
    images = [array for array in arrays.values() if _are_images(array)]
    if len(images) != 1:
        shapes = ", ".join(
            f"{name} {array.dtype} {list(array.shape)}"
            for name, array in arrays.items()
        )
        raise errors.UserError(
            f"{path} should hold one array of images, uint8 [n, height, "
            f"width, 1 or 3], or mu and sigma; it holds {shapes or 'nothing'}"
        )
    return image_sources.from_array(
        images[0], name, labels=_labels(arrays, len(images[0]), path)
    )


def _are_images(array: np.ndarray) -> bool:
    return (
        array.ndim == 4
        and array.shape[-1] in (1, 3)
        and array.size > 0
        and array.dtype == np.uint8
    )


def _labels(
    arrays: Mapping[str, np.ndarray], count: int, path: pathlib.Path
) -> np.ndarray | None:
    labels = arrays.get("labels")
    if labels is None:
        return None
    if (
        labels.shape != (count,)
        or labels.dtype.kind not in "iu"
        or labels.min() < 0
    ):
        raise errors.UserError(
            f"{path}: labels should be [{count}] whole numbers from 0, one "
            f"for each image; they are {labels.dtype} {list(labels.shape)}"
        )
    return labels.astype(np.int64)


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
        height, width, _ = loading.native_shape(
            name, data_dir, cache_dir=cache_dir
        )
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
