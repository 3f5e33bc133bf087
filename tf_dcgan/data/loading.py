"""Image sets by name, as memory-mapped uint8 arrays.

`load` is the way in: it finds the set, prepares it once into the cache and
opens what is there. To add a source, write a module with a function that
returns a `sources.Source`, and add its name to `find_source` and
`native_shape`.
"""

from __future__ import annotations

import dataclasses
import os

from absl import logging
import numpy as np

from tf_dcgan.common import errors, files
from tf_dcgan.config import value_ranges
from tf_dcgan.data import array_files, cache, names, reading, sources
from tf_dcgan.data.folders import listings
from tf_dcgan.data.folders import source as image_folders
from tf_dcgan.data.named import glyphs, known_sets, mnist_files
from tf_dcgan.data.preparing import parts, preparation, shapes
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


def native_shape(
    name: str,
    data_dir: str | None = None,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> tuple[int | None, int | None, int]:
    """The shape of a set's images, found without preparing or downloading it.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        read_as: how the images are read.
        cache_dir: the cache that keeps the shape of a folder's images; None
            for the user's cache.

    Returns:
        (height, width, channels); height and width are None if they vary.

    Raises:
        errors.UserError: there is no such set, it has no images, or the crop
            is larger than its images.
    """
    _check_labels(name, read_as)
    if name in known_sets.SETS:
        shape = known_sets.SETS[name].shape
    elif _is_array(name):
        shape = array_files.native_shape(name)
    elif os.path.isabs(name):
        shape = image_folders.native_shape(
            name, read_as=read_as, cache_dir=cache_dir
        )
    else:
        shape = sets.native_shape(name, data_dir)
    return preparation.cropped_shape(shape, read_as.crop)


def value_range(
    name: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> value_ranges.Range | None:
    """The values of a set's images that become black and white.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        read_as: how the images are read; its own range, if any, is the one.
        cache_dir: the cache that keeps the range of a folder's images; None
            for the user's cache.

    Returns:
        (low, high), the same for all splits; None for images of 8 bits.

    Raises:
        errors.UserError: there is no such folder, or a range is given for
            images of 8 bits.
    """
    scale = None
    if _is_array(name):
        scale = array_files.scale(
            name,
            array_files.read_splits(name),
            given=read_as.value_range,
            cache_dir=cache_dir,
        )
    elif os.path.isabs(name):
        scale = image_folders.scale(name, read_as=read_as, cache_dir=cache_dir)
    if scale is None and read_as.value_range is not None:
        raise errors.UserError(
            f"--value_range={value_ranges.write(read_as.value_range)} is for "
            f"images of more than 8 bits, and {name} has 8-bit images: leave "
            "it out"
        )
    return scale


def size_counts(
    name: str,
    data_dir: str | None = None,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> shapes.Counts:
    """Counts the sizes of a set's images, without preparing or downloading it.

    Args:
        name: as for `native_shape`, as are the others.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        read_as: how the images are read.
        cache_dir: the cache that keeps the sizes of a folder's images.

    Returns:
        One size, counted once, if all images have it. Nothing if sizes vary
        and only reading the whole set would tell.

    Raises:
        errors.UserError: as for `native_shape`.
    """
    height, width, _ = native_shape(
        name, data_dir, read_as=read_as, cache_dir=cache_dir
    )
    if height is not None and width is not None:
        return {(height, width): 1}
    if os.path.isabs(name):
        counts = image_folders.size_counts(
            name, read_as=read_as, cache_dir=cache_dir
        )
        return shapes.cropped(counts, read_as.crop)
    return {}


def class_names(
    name: str,
    data_dir: str | None = None,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> tuple[str, ...]:
    """The classes of a set, found without preparing or downloading it.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        read_as: how the images are read.
        cache_dir: the cache that packed archives are unpacked into.

    Returns:
        The name of each label; empty if the set has no labels.

    Raises:
        errors.UserError: there is no such set.
    """
    if name in known_sets.SETS:
        return known_sets.SETS[name].class_names
    if _is_array(name):
        return array_files.class_names(name)
    if os.path.isabs(name):
        return _listing(name, read_as, cache_dir).class_names
    return sets.class_names(name, data_dir)


def why_unlabelled(
    name: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> str:
    """Says why a set has no labels.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        read_as: how the images are read.
        cache_dir: the cache that packed archives are unpacked into.

    Returns:
        The reason; empty if the set has labels, or is no folder.

    Raises:
        errors.UserError: there is no such folder.
    """
    if _is_array(name):
        return "" if array_files.class_names(name) else "it has no `labels`"
    if os.path.isabs(name):
        return _listing(name, read_as, cache_dir).why_unlabelled
    return ""


def splits(
    name: str,
    data_dir: str | None = None,
    *,
    read_as: reading.Reading = reading.WHOLE,
    cache_dir: str | None = None,
) -> tuple[str, ...]:
    """The splits of a set, found without preparing or downloading it.

    Args:
        name: the set's name, or the absolute path of a folder of images.
        data_dir: a folder of prepared TFDS sets, or None for TFDS's own.
        read_as: how the images are read.
        cache_dir: the cache that packed archives are unpacked into.

    Returns:
        Their names; empty if only the download will tell.

    Raises:
        errors.UserError: there is no such set.
    """
    if name in known_sets.SETS:
        return known_sets.SPLITS
    if _is_array(name):
        return tuple(array_files.read_splits(name))
    if os.path.isabs(name):
        return tuple(_listing(name, read_as, cache_dir).splits)
    return sets.splits(name, data_dir)


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
    _check_labels(name, read_as)
    if not os.path.isabs(name):
        value_range(name, read_as=read_as)  # Refuses one for 8 bits.
    source = find_source(
        name,
        split,
        read_as=read_as,
        flag=flag,
        data_dir=data_dir,
        cache_dir=cache_dir,
    )
    read_as = dataclasses.replace(read_as, value_range=source.value_range)
    key = {
        "preparation_version": preparation.VERSION,
        "name": name,
        "split": split,
        "image_size": list(image_size),
        "source": source.fingerprint,
        **read_as.key(),
    }
    title_words = [name, split]
    if class_name is not None:
        key["class_name"] = class_name
        title_words.append(class_name)
    if not pad:
        key["pad"] = False
    title_words.append(f"{image_size[0]}x{image_size[1]}")
    # Another rule for these names would lose what users have in their caches.
    title = "-".join(files.safe_name(word, fill="-") for word in title_words)
    entry = cache.Entry(cache_dir, title, key=key)
    prepared = entry.open()
    if prepared is None:
        logging.info("Preparing %s", entry.folder)
        with (
            entry.replaced() as folder,
            parts.kept(entry.folder.parent, entry.folder.name) as kept,
        ):
            content = source.read()
            _check_shape(name, content.shape, flag=flag)
            if class_name is not None:
                names.check_class(class_name, content.class_names, name=name)
            num_images = preparation.write(
                folder,
                content,
                image_size=image_size,
                crop=read_as.crop,
                fit=read_as.fit,
                class_name=class_name,
                pad=pad,
                title=title,
                kept=kept,
            )
            if not num_images:
                of_class = (
                    "" if class_name is None else f" of class {class_name!r}"
                )
                raise errors.UserError(
                    f"{name} has no images{of_class} in its split {split}: "
                    "choose another part of it" + _or_another(flag)
                )
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


def find_source(
    name: str,
    split: str,
    *,
    read_as: reading.Reading = reading.WHOLE,
    flag: str | None = "dataset",
    data_dir: str | None = None,
    cache_dir: str | None = None,
) -> sources.Source:
    """Finds where a split's images come from. Add a new source here.

    Args:
        name: as for `load`.
        split: as for `load`.
        read_as: as for `load`.
        flag: as for `load`.
        data_dir: as for `load`.
        cache_dir: as for `load`.

    Raises:
        errors.UserError: there is no such set or split.
    """
    if name in known_sets.SETS:
        known_sets.check_split(name, split)
    folder = None if data_dir is None else sets.check_data_dir(data_dir)
    if name == "glyphs":
        return glyphs.source(split)
    if _is_array(name):
        return array_files.source(
            name,
            listings.canonical(split),
            scale=value_range(name, read_as=read_as, cache_dir=cache_dir),
        )
    if os.path.isabs(name):
        return image_folders.source(
            name, split, read_as=read_as, cache_dir=cache_dir
        )
    if (
        folder is not None
        and name in mnist_files.NAMES
        and sets.prepared_folder(name, folder) is None
    ):
        source = mnist_files.find(name, split, data_dir=folder)
        if source is not None:
            return source
    return sets.source(name, split, flag=flag, data_dir=data_dir)


def _listing(
    folder: str, read_as: reading.Reading, cache_dir: str | None
) -> listings.Listing:
    return listings.find(folder, labels=read_as.labels, cache_dir=cache_dir)


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
    advice = "leave it out"
    if _is_array(name):
        advice = "put `labels` into an .npz beside the images"
    raise errors.UserError(
        f"--labels={read_as.labels} is for image files in a folder or an "
        f"archive, and {name} is neither: {advice}"
    )


def _or_another(flag: str | None) -> str:
    return "" if flag is None else f", or another --{flag}"
