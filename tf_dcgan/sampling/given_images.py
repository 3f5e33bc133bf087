"""Images that a user gives to a command: files, folders, archives, arrays.

They are read as a data set's images are read, and brought to a run's size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import pathlib

import numpy as np
import PIL.Image

from tf_dcgan.common import errors, images
from tf_dcgan.config import value_ranges
from tf_dcgan.data import array_files, reading
from tf_dcgan.data.folders import decoding, survey, trees
from tf_dcgan.data.preparing import preparation


@dataclasses.dataclass(frozen=True)
class ArrayImages:
    """What `survey.Survey` tells of files, of the images of an array.

    Attributes:
        files: a name for each image, its number below the array's path.
        shapes: the shape of each image.
        notes: what the user should know, one line each.
        value_range: (low, high), the values that become black and white; None
            for 8 bits.
        readers: of each image the reader and the number that it knows.
    """

    files: tuple[pathlib.Path, ...]
    shapes: tuple[tuple[int, int, int], ...]
    notes: tuple[str, ...]
    value_range: value_ranges.Range | None
    readers: Mapping[pathlib.Path, tuple[array_files.Reader, int]]

    def read(
        self, file: pathlib.Path, *, channels: int | None = None
    ) -> np.ndarray:
        """Reads one of the images, as `survey.Survey.read` does."""
        reader, number = self.readers[file]
        pixels = reader[number]
        if channels == 1 and pixels.shape[2] == 3:
            gray = PIL.Image.fromarray(pixels).convert("L")
            return np.asarray(gray)[..., np.newaxis]
        return images.to_channels(pixels, channels or pixels.shape[2])


def examine(
    source: pathlib.Path, value_range: value_ranges.Range | None
) -> tuple[pathlib.Path, survey.Survey | ArrayImages]:
    """Decodes every image once.

    Args:
        source: an image file, a folder of image files, also as .zip or .tar,
            or an .npy or .npz.
        value_range: (low, high), the values that become black and white in
            images of more than 8 bits; None for 8 bits.

    Returns:
        (top, images): the folder that the images' names are relative to, and
        the images.

    Raises:
        errors.UserError: there are no images, or too many are damaged.
    """
    if trees.is_folder(source):
        return source, survey.examine(source, value_range=value_range)
    if array_files.is_file(source):
        splits = array_files.read_splits(str(source))
        return source, examine_array(source, splits, value_range)
    try:
        decoding.read_header(source)
        common, scale, notes = survey.scale_of(
            [source], source.parent, value_range=value_range
        )
        alone = survey.Survey(
            (source,), (), tuple(notes), "", scale, common.background
        )
        shape = alone.read(source).shape
    except decoding.DamagedImageError as error:
        raise errors.UserError(
            f"--input={source} is no image that can be read ({error}): give "
            "an image, or a folder of images"
        ) from error
    return source.parent, dataclasses.replace(alone, shapes=(shape,))


def check_depth(
    given: str,
    originals: survey.Survey | ArrayImages,
    value_range: value_ranges.Range | None,
) -> None:
    """Refuses values that the run's images did not have.

    Args:
        given: the images as the user gave them, for messages.
        originals: as `examine` returned them.
        value_range: (low, high) of the run's images; None for 8 bits.

    Raises:
        errors.UserError: the images have another depth.
    """
    if originals.value_range == value_range:
        return
    run_has, input_has = (
        "8-bit values"
        if each is None
        else f"values {value_ranges.in_words(each)}"
        for each in (value_range, originals.value_range)
    )
    raise errors.UserError(
        f"{given} has images with {input_has}, and the run was "
        f"trained on images with {run_has}: give images of the same depth"
    )


def colour_notes(
    originals: survey.Survey | ArrayImages, channels: int
) -> list[str]:
    """Says how many images lose their colours.

    Args:
        originals: as `examine` returned them.
        channels: of the run's images, 1 or 3.

    Returns:
        One line, or none where all images keep their colours.
    """
    coloured = sum(shape[2] > channels for shape in originals.shapes)
    if not coloured:
        return []
    return [
        f"{coloured} of {len(originals.files)} images are RGB, and the "
        "run's are gray: they are made gray"
    ]


def read(
    reader: Callable[..., np.ndarray],
    file: pathlib.Path,
    *,
    channels: int,
    fit: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Reads an image again, for the work.

    Args:
        reader: `read` of the images that `examine` returned.
        file: one of their files.
        channels: of the run's images, 1 or 3.
        fit: from [height, width, channels] uint8 of any size to the size that
            the work takes.

    Returns:
        [height, width, channels] uint8, as `fit` returns it.

    Raises:
        errors.UserError: the file has been changed in the meantime.
    """
    try:
        return fit(reader(file, channels=channels))
    except decoding.DamagedImageError as error:
        raise errors.UserError(
            f"{decoding.readable(str(file))} has been changed while it "
            f"was needed ({error}): run again"
        ) from error


def at_network_size(
    size: tuple[int, int],
    read_as: reading.Reading,
    *,
    whole_size: tuple[int, int] | None = None,
    at_own_scale: bool = False,
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that resizes images as the preparation of data does.

    Nothing is padded, since a folder's images have many sizes.

    Args:
        size: (height, width) of the results.
        read_as: how the images of the run's set were read.
        whole_size: (height, width) of which the centre is taken, for runs
            that were trained on random crops of images of this size.
        at_own_scale: whether the centre of each image is taken as it is, for
            runs that were trained on random crops of the originals.

    Returns:
        A function from [height, width, channels] uint8 of any size to
        [*size, channels] uint8.
    """
    fits = [
        preparation.choose_fit(
            (None, None, 3),
            whole_size or size,
            crop=size if at_own_scale else read_as.crop,
            fit=read_as.fit,
        )
    ]
    if whole_size is not None:
        fits.append(preparation.choose_fit((*whole_size, 3), size, crop=size))

    def fit(pixels):
        images = pixels[np.newaxis]
        for one in fits:
            images = preparation.apply_fit(one, images)
        return images[0]

    return fit


def examine_array(
    source: pathlib.Path,
    splits: Mapping[str, array_files.Split],
    value_range: value_ranges.Range | None,
) -> ArrayImages:
    """Names the images of an array by their numbers.

    Args:
        source: the array's file, or its name.
        splits: the images in it.
        value_range: as for `examine`.

    Raises:
        errors.UserError: the values are not all finite, or all alike.
    """
    scale = array_files.scale(str(source), splits, given=value_range)
    shapes, readers = [], {}
    for name, split in splits.items():
        folder = source / name if len(splits) > 1 else source
        reader = array_files.Reader(split, scale)
        digits = max(5, len(str(split.count - 1)))
        for number in range(split.count):
            readers[folder / f"{number:0{digits}d}"] = (reader, number)
            shapes.append(split.shape)
    return ArrayImages(tuple(readers), tuple(shapes), (), scale, readers)
