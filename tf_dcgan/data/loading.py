"""Image sets by name, as memory-mapped uint8 arrays.

`load` is the way in: it finds the set, prepares it once into the cache and
opens what is there. To add a kind of set, write an `image_sets.ImageSet` and
add it to `find`.
"""

from __future__ import annotations

import dataclasses
import os

from absl import logging
import numpy as np

from tf_dcgan.common import errors, files
from tf_dcgan.config import value_ranges
from tf_dcgan.data import (
    array_files,
    cache,
    image_sets,
    names,
    reading,
    sources,
)
from tf_dcgan.data.folders import labels_files, listings
from tf_dcgan.data.folders import source as image_folders
from tf_dcgan.data.named import glyphs, known_sets, mnist_files
from tf_dcgan.data.preparing import parts, preparation
from tf_dcgan.data.tfds import sets


@dataclasses.dataclass(frozen=True)
class ImageArray:
    """One split of an image set, prepared for one image size.

    Attributes:
        images: [num_images, height, width, channels] uint8 in [0, 255], a
            read-only memory map.
        labels: [num_images] int64 in [0, len(class_names)), or None if the
            set has no labels; read-only.
        class_names: the name of each label; empty if there are none.
        name: the set's name, or the absolute path of a folder of images.
        split: the split's name.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding.
        preparation: what was done to the original images, in words.
        fingerprint: SHA-256 (hexadecimal) of the images' and labels' bytes.
        notes: what the set's user should know, one line each.
        value_range: (low, high), the values that became 0 and 255, of images
            that had more than 8 bits; else None.
    """

    images: np.ndarray
    labels: np.ndarray | None
    class_names: tuple[str, ...]
    name: str
    split: str
    content_box: tuple[int, int, int, int]
    preparation: str
    fingerprint: str
    notes: tuple[str, ...] = ()
    value_range: value_ranges.Range | None = None


def find(
    name: str,
    data_dir: str | None = None,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> image_sets.ImageSet:
    """Finds a set. Add a new kind of set here.

    Args:
        name: `glyphs`, the name of a TFDS set, or the absolute path of a
            folder of images or of a file of arrays.
        data_dir: where the set's files are; None for TFDS's own folder.
            `glyphs`, folders and files need none.
        read_as: how the original images are read.
        cache_dir: the cache that keeps what had to be found out about a
            folder or a file; None for the user's cache.

    Returns:
        The set, of which nothing has been prepared, downloaded or listed.

    Raises:
        errors.UserError: `data_dir` cannot be read, or `read_as` has labels
            for a set whose images are no files.
    """
    if data_dir is not None:
        sets.check_data_dir(data_dir)
    _check_labels(name, read_as)
    if name in known_sets.SETS:
        return _KnownSet(name, data_dir, read_as)
    if _is_array(name):
        return array_files.ArrayFile(name, read_as, cache_dir)
    if os.path.isabs(name):
        return image_folders.Folder(name, read_as, cache_dir)
    return sets.TfdsSet(name, data_dir, read_as)


class _KnownSet(image_sets.ImageSet):
    """A set of `known_sets`, from wherever its files are."""

    def __init__(
        self, name: str, data_dir: str | None, read_as: reading.Reading
    ):
        super().__init__(name, read_as)
        self._data_dir = data_dir

    @property
    def original_shape(self) -> tuple[int, int, int]:
        return known_sets.SETS[self.name].shape

    @property
    def class_names(self) -> tuple[str, ...]:
        return known_sets.SETS[self.name].class_names

    @property
    def splits(self) -> tuple[str, ...]:
        return known_sets.SPLITS

    def source(self, split: str, *, flag: str | None) -> sources.Source:
        known_sets.check_split(self.name, split)
        if self.name == "glyphs":
            return glyphs.source(split)
        if self._data_dir is not None and self.name in mnist_files.NAMES:
            folder = sets.check_data_dir(self._data_dir)
            if sets.prepared_folder(self.name, folder) is None:
                source = mnist_files.find(self.name, split, data_dir=folder)
                if source is not None:
                    return source
        return sets.TfdsSet(self.name, self._data_dir, self.read_as).source(
            split, flag=flag
        )


def canonical_split(name: str, split: str) -> str:
    """Returns a split's own name, such as `validation` for a folder's `val`.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        split: a split's name as the user gave it.
    """
    return listings.canonical(split) if os.path.isabs(name) else split


def load(
    name: str,
    split: str = "train",
    *,
    image_size: tuple[int, int],
    read_as: reading.Reading = reading.WHOLE,
    class_name: str | None = None,
    pad: bool = True,
    flag: str | None = "dataset",
    data_dir: str | None = None,
    cache_dir: str | None = None,
) -> ImageArray:
    """Opens one split of a set, preparing it first if the cache lacks it.

    Args:
        name: `glyphs`, the name of a TFDS set, or the absolute path of a
            folder of images.
        split: the split's name.
        image_size: (height, width) in pixels that the images are brought to.
        read_as: how the original images are read.
        class_name: the only class whose images are taken, or None for all.
            Its label stays what it is in the whole set.
        pad: whether images a little too small are padded, not resized.
        flag: the flag that names the set, without dashes; an error that
            advises another set tells the user to give it there. None if no
            other set can be given, such as where a run is scored.
        data_dir: where the set's files are; None for TFDS's own folder.
            `glyphs` and folders of images need none and ignore it.
        cache_dir: where prepared arrays are kept; None for the user's cache.

    Returns:
        The split. Its `preparation` and `content_box` tell how images of
        another size were fitted, and its `preparation` names the class.

    Raises:
        errors.UserError: the set, split or class does not exist or has no
            images, its files are damaged or out of reach, or the cache cannot
            be written to.
        OSError: the disk is full; nothing half-made is left.
    """
    image_set = find(name, data_dir, read_as=read_as, cache_dir=cache_dir)
    source = image_set.source(split, flag=flag)
    read_as = dataclasses.replace(read_as, value_range=image_set.value_range)
    settings = preparation.Settings(
        image_size, read_as.crop, read_as.fit, class_name, pad
    )
    key = {
        "preparation_version": preparation.VERSION,
        "name": name,
        "split": split,
        "image_size": list(image_size),
        "source": source.fingerprint,
        **read_as.key(),
    }
    if class_name is not None:
        key["class_name"] = class_name
    if not pad:
        key["pad"] = False
    # Another rule for these names would lose what users have in their caches.
    title = "-".join(
        files.safe_name(word, fill="-")
        for word in (name, split, class_name, "x".join(map(str, image_size)))
        if word is not None
    )
    entry = cache.Entry(cache_dir, title, key=key)
    prepared = entry.open()
    if prepared is None:
        _prepare(entry, source, settings, title, name, split, flag)
        prepared = entry.open()
        if prepared is None:
            raise OSError(f"{entry.folder} cannot be read after writing it")
    images, labels, info = prepared
    return ImageArray(
        images=images,
        labels=labels,
        class_names=tuple(info["class_names"]),
        name=name,
        split=split,
        content_box=tuple(info["content_box"]),
        preparation=info["preparation"],
        fingerprint=info["fingerprint"],
        # An entry of before 2026-11-29 may have the source's notes, too.
        notes=tuple(dict.fromkeys((*source.notes, *info.get("notes", ())))),
        value_range=read_as.value_range,
    )


def _prepare(
    entry: cache.Entry,
    source: sources.Source,
    settings: preparation.Settings,
    title: str,
    name: str,
    split: str,
    flag: str | None,
) -> None:
    """Makes an entry of the cache; raises what `load` raises."""
    logging.info("Preparing %s", entry.folder)
    with (
        entry.replaced() as folder,
        parts.kept(entry.folder.parent, entry.folder.name) as kept,
    ):
        content = source.read()
        _check_shape(name, content.shape, flag=flag)
        if settings.class_name is not None:
            names.check_class(
                settings.class_name, content.class_names, name=name
            )
        num_images = preparation.write(
            folder, content, settings, title=title, kept=kept
        )
        if not num_images:
            of_class = ""
            if settings.class_name is not None:
                of_class = f" of class {settings.class_name!r}"
            raise errors.UserError(
                f"{name} has no images{of_class} in its split {split}: "
                "choose another part of it" + _or_another(flag)
            )


def _is_array(name: str) -> bool:
    return os.path.isabs(name) and array_files.is_file(name)


def _check_shape(
    name: str, shape: tuple[int | None, int | None, int], *, flag: str | None
) -> None:
    """Refuses images that a known set does not have, and odd channels."""
    if name in known_sets.SETS and shape != known_sets.SETS[name].shape:
        raise errors.UserError(
            f"{name} has images of {sources.words(known_sets.SETS[name].shape)}"
            f", but these files hold {sources.words(shape)}: they are another "
            "set's. Give --data_dir the folder with the right files"
        )
    if shape[2] not in (1, 3):
        raise errors.UserError(
            f"{name} has images of {shape[2]} channels; only 1 (grey) and 3 "
            f"(RGB) can be used. Choose such images{_or_another(flag)}"
        )


def _check_labels(name: str, read_as: reading.Reading) -> None:
    """Refuses a file of labels where files have no names."""
    if read_as.labels is None or (os.path.isabs(name) and not _is_array(name)):
        return
    raise labels_files.misplaced(read_as.labels, name, is_array=_is_array(name))


def _or_another(flag: str | None) -> str:
    return "" if flag is None else f", or another --{flag}"
