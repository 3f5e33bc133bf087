"""Plans the translation of image files, and writes the translations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import math
import pathlib

import numpy as np

from tf_dcgan.common import errors, images, terminal
from tf_dcgan.config import value_ranges
from tf_dcgan.data import preparation, reading
from tf_dcgan.data.folders import decoding, survey
from tf_dcgan.models import cyclegan

_AT_ONCE = 16  # Images of one size.


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which image files are translated, and into which files.

    Attributes:
        pairs: (image file, PNG file of its translation).
        notes: what the user should know, one line each.
        read: decodes one of the image files, as `survey.Survey.read`.
    """

    pairs: tuple[tuple[pathlib.Path, pathlib.Path], ...]
    notes: tuple[str, ...]
    read: Callable[..., np.ndarray] = decoding.read


def plan(
    source: pathlib.Path,
    out: pathlib.Path,
    *,
    channels: int,
    smallest: int,
    most_pixels: float = math.inf,
    value_range: value_ranges.Range | None = None,
) -> Plan:
    """Decodes every file once, and names the translations; writes nothing.

    Args:
        source: an image file, or a folder of image files.
        out: the folder of the translations.
        channels: of the run's images, 1 or 3.
        smallest: the smallest side in pixels that can be translated.
        most_pixels: the largest height times width that can be translated.
        value_range: (low, high), the values that became black and white in
            the run's images of more than 8 bits; None for 8 bits.

    Returns:
        The images that can be translated.

    Raises:
        errors.UserError: there are no images, too many are damaged, no image
            has a size that can be translated, or a translation would
            overwrite another translation or an image.
    """
    top, originals = _examine(source, value_range)
    _check_depth(source, originals, value_range)
    small, large, pairs = [], [], []
    for file, shape in zip(originals.files, originals.shapes, strict=True):
        if min(shape[:2]) < smallest:
            small.append(file)
        elif shape[0] * shape[1] > most_pixels:
            large.append(file)
        else:
            target = out / file.relative_to(top).with_suffix(".png")
            pairs.append((file, target))
    notes = list(originals.notes)
    for files, problem in (
        (small, f"smaller than {smallest} pixels"),
        (
            large,
            f"larger than the {most_pixels / 1e6:.1f} million pixels that this "
            "machine has the memory for",
        ),
    ):
        if not files:
            continue
        text = (
            f"{len(files)} of {len(originals.files)} images are {problem}: "
            f"{_listed(files, top)}"
        )
        if not pairs:
            raise errors.UserError(
                f"--input={source}: {text}: give others, or --size=network"
            )
        notes.append(f"{text}; they are skipped")
    _check_names(pairs, top)
    coloured = sum(shape[2] > channels for shape in originals.shapes)
    if coloured:
        notes.append(
            f"{coloured} of {len(originals.files)} images are RGB, and the "
            "run's are gray: they are made gray"
        )
    return Plan(tuple(pairs), tuple(notes), originals.read)


def at_network_size(
    size: tuple[int, int], read_as: reading.Reading
) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function that resizes images as the preparation of data does.

    Nothing is padded, since a folder's images have many sizes.

    Args:
        size: (height, width) of the results.
        read_as: how the images of the run's set were read.

    Returns:
        A function from [height, width, channels] uint8 of any size to
        [*size, channels] uint8.
    """
    fit = preparation.choose_fit(
        (None, None, 3), size, crop=read_as.crop, fit=read_as.fit
    )
    return lambda pixels: preparation.apply_fit(fit, pixels[np.newaxis])[0]


def at_own_size(pixels: np.ndarray) -> np.ndarray:
    """Cuts out the middle, so that both sides are multiples of 4.

    Args:
        pixels: [height, width, channels] uint8.
    """
    height, width = (
        side // cyclegan.SIDE_MULTIPLE * cyclegan.SIDE_MULTIPLE
        for side in pixels.shape[:2]
    )
    top = (pixels.shape[0] - height) // 2
    left = (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def write(
    plan: Plan,
    translate: Callable[[np.ndarray], np.ndarray],
    *,
    fit: Callable[[np.ndarray], np.ndarray],
    channels: int,
) -> None:
    """Translates images and writes the PNGs, each atomically.

    Args:
        plan: the images and the paths of the PNGs.
        translate: from [n, height, width, channels] uint8 to translations of
            the same shape and dtype.
        fit: brings an image to a size that `translate` takes.
        channels: 1 or 3.

    Raises:
        errors.UserError: a file has been changed since the plan was made.
        OSError: a PNG cannot be written; the PNGs before it are whole.
    """
    total = len(plan.pairs)
    with terminal.Progress("translations", total, "images") as counted:
        for batch, targets in _batches(plan, fit, channels):
            for image, target in zip(translate(batch), targets, strict=True):
                images.write_png(target, image)
            counted.update(len(targets))


def _examine(
    source: pathlib.Path, value_range: value_ranges.Range | None
) -> tuple[pathlib.Path, survey.Survey]:
    """Returns the folder that names are relative to, and the images."""
    if source.is_dir():
        return source, survey.examine(source, value_range=value_range)
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


def _check_depth(
    source: pathlib.Path,
    originals: survey.Survey,
    value_range: value_ranges.Range | None,
) -> None:
    """Refuses values that the run's images did not have."""
    if originals.value_range == value_range:
        return
    run_has, input_has = (
        "8-bit values"
        if each is None
        else f"values {value_ranges.in_words(each)}"
        for each in (value_range, originals.value_range)
    )
    raise errors.UserError(
        f"--input={source} has images with {input_has}, and the run was "
        f"trained on images with {run_has}: give images of the same depth"
    )


def _check_names(
    pairs: Sequence[tuple[pathlib.Path, pathlib.Path]], top: pathlib.Path
) -> None:
    """Refuses translations that would overwrite one another or an image."""
    sources = {file.resolve() for file, _ in pairs}
    seen: dict[pathlib.Path, pathlib.Path] = {}
    for file, target in pairs:
        if target in seen:
            raise errors.UserError(
                f"{_listed([seen[target], file], top)}: the translations of "
                f"both would be {target.name}: rename one of them"
            )
        if target.resolve() in sources:
            raise errors.UserError(
                f"the translation of {_listed([file], top)} would overwrite "
                f"the image {target}: give another folder as --out"
            )
        seen[target] = file


def _listed(files: Sequence[pathlib.Path], top: pathlib.Path) -> str:
    names = [
        decoding.readable(str(file.relative_to(top)))
        for file in files[: decoding.NAMED]
    ]
    return ", ".join(names) + ", …" * (len(files) > len(names))


def _batches(
    plan: Plan, fit: Callable[[np.ndarray], np.ndarray], channels: int
) -> Iterator[tuple[np.ndarray, list[pathlib.Path]]]:
    """Yields successive images of equal size, with the paths of their PNGs."""
    waiting, targets = [], []
    for file, target in plan.pairs:
        try:
            pixels = fit(plan.read(file, channels=channels))
        except decoding.DamagedImageError as error:
            raise errors.UserError(
                f"{decoding.readable(str(file))} has been changed while it "
                f"was needed ({error}): run again"
            ) from error
        if waiting and (
            len(waiting) == _AT_ONCE or pixels.shape != waiting[0].shape
        ):
            yield np.stack(waiting), targets
            waiting, targets = [], []
        waiting.append(pixels)
        targets.append(target)
    yield np.stack(waiting), targets
