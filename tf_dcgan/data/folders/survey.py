"""What a folder of images holds: every file decoded once."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import hashlib
import os
import pathlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import reading
from tf_dcgan.data.folders import decoding, facts, labels_files, trees


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the image files of a folder hold.

    Attributes:
        files: the images that are whole, in the order of their paths.
        shapes: the shape of each image, (height, width, 1 or 3).
        notes: which files were left out, one line for each reason.
        fingerprint: SHA-256 (hexadecimal) of the images' contents; it also
            tells another scale or background.
        value_range: (low, high), the values that become black and white, of
            images of more than 8 bits; else None.
        background: the colour that transparent pixels are laid over.
        classes: the class of each image, if a file of labels tells them; else
            None.
    """

    files: tuple[pathlib.Path, ...]
    shapes: tuple[tuple[int, int, int], ...]
    notes: tuple[str, ...]
    fingerprint: str
    value_range: value_ranges.Range | None = None
    background: str = "white"
    classes: tuple[str, ...] | None = None

    def read(
        self,
        file: pathlib.Path,
        *,
        channels: int | None = None,
        printed: list[str] | None = None,
    ) -> np.ndarray:
        """Decodes one of the images, all on the same scale.

        Args:
            file: one of `files`.
            channels: 1 for gray, 3 for RGB; None for the file's own.
            printed: gets the lines that C libraries would have printed.

        Returns:
            [height, width, channels] uint8.

        Raises:
            decoding.DamagedImageError: the file has changed.
        """
        return decoding.read(
            file,
            decoding.How(channels, self.value_range, self.background),
            printed=printed,
        )


def examine(
    path: pathlib.Path,
    *,
    value_range: value_ranges.Range | None = None,
    labels: str | None = None,
    cache_dir: str | None = None,
) -> Survey:
    """Finds the images in a folder and below, and decodes each once.

    Args:
        path: an existing folder, or an archive.
        value_range: (low, high), the values that become black and white if
            the images have more than 8 bits; None for their own lowest and
            highest.
        labels: the path of a file with the images' classes, which is no image
            of theirs itself; images without a class in it are left out. None
            to take all.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: the folder cannot be read, has no images or more
            other files than images, or too many images are damaged; or the
            labels cannot be read or belong to other images.
    """
    name = decoding.readable(str(path))
    tree = trees.read(path, cache_dir=cache_dir)
    paths = tree.images()
    class_of: dict[str, str] = {}
    notes_on_labels: list[str] = []
    if labels is not None:
        class_of, notes_on_labels = labels_files.match(
            labels_files.read(labels), paths, str(path), labels
        )
        paths = [each for each in paths if each in class_of]
    images = [pathlib.Path(each) for each in paths]
    others = [
        pathlib.Path(each)
        for each in tree.files
        if not decoding.is_image(each) and each != labels
    ]
    if len(others) > len(images):
        raise errors.UserError(
            f"{name} has {len(others)} files that are no images and only "
            f"{len(images)} images: {_listed(path, others)}. Give a folder of "
            "images"
        )
    common, scale, notes = scale_of(images, path, value_range=value_range)
    digest = hashlib.sha256()
    damaged = decoding.Damaged(str(path), len(images))
    printed = decoding.Printed(str(path))
    survey = Survey((), (), (), "", scale, common.background)
    whole, shapes = [], []
    for file in images:
        lines: list[str] = []
        try:
            shapes.append(survey.read(file, printed=lines).shape)
        except decoding.DamagedImageError as error:
            damaged.add(str(file), error)
            continue
        whole.append(file)
        printed.add(str(file), lines)
        digest.update(hashlib.sha256(decoding.read_bytes(file)).digest())
    notes = [
        *tree.notes,
        *notes_on_labels,
        *notes,
        *filter(None, (damaged.note(), printed.note())),
    ]
    if others:
        plural = "file" if len(others) == 1 else "files"
        notes.append(
            f"{len(others)} other {plural} skipped: {_listed(path, others)}"
        )
    if scale is not None or common.background != "white":
        digest.update(repr((scale, common.background)).encode())
    return dataclasses.replace(
        survey,
        files=tuple(whole),
        shapes=tuple(shapes),
        notes=tuple(notes),
        fingerprint=digest.hexdigest(),
        classes=(
            None
            if labels is None
            else tuple(class_of[str(file)] for file in whole)
        ),
    )


def scale_of(
    images: Sequence[pathlib.Path],
    path: pathlib.Path,
    *,
    value_range: value_ranges.Range | None = None,
) -> tuple[facts.Facts, value_ranges.Range | None, list[str]]:
    """Finds what some image files have in common.

    Args:
        images: the files.
        path: the folder that they lie below.
        value_range: as `examine` takes it.

    Returns:
        (facts, value_range, notes): the range is None for images of 8 bits.

    Raises:
        errors.UserError: the images have no common scale, or too many are
            damaged.
    """
    paths, folder = [str(file) for file in images], str(path)
    common = facts.of_files(paths, folder)
    notes = common.notes(paths, folder, reading.WHOLE, flag=False)
    if not common.is_deep:
        return common, None, notes
    scale = facts.scale(
        common, paths, folder, read_as=reading.Reading(value_range=value_range)
    )
    if scale is not None:
        notes.append(facts.in_words(common, scale))
    return common, scale, notes


def _listed(path: pathlib.Path, files: Sequence[pathlib.Path]) -> str:
    names = [
        decoding.readable(os.path.relpath(file, path))
        for file in files[: decoding.NAMED]
    ]
    return ", ".join(names) + (", …" if len(files) > len(names) else "")
