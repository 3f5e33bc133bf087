"""Plans the translation of image files, and writes the translations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import itertools
import math
import os
import pathlib

import numpy as np

from tf_dcgan.common import errors, files, images, terminal
from tf_dcgan.config import value_ranges
from tf_dcgan.data.folders import decoding
from tf_dcgan.models import cyclegan
from tf_dcgan.sampling import given_images

_AT_ONCE = 16  # Images of one size.
_LONGEST_NAME = 255  # Bytes.


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
        source: an image file, a folder of image files, also as .zip or .tar,
            or an .npy or .npz.
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
            has a size that can be translated, or a translation cannot be
            written or would overwrite an image.
    """
    top, originals = given_images.examine(source, value_range)
    given_images.check_depth(f"--input={source}", originals, value_range)
    small, large, translated = [], [], []
    largest_words = ""
    for file, shape in zip(originals.files, originals.shapes, strict=True):
        if min(shape[:2]) < smallest:
            small.append(file)
        elif shape[0] * shape[1] > most_pixels:
            large.append(file)
            largest_words = largest_words or _largest(shape, most_pixels)
        else:
            translated.append(file)
    targets = _targets(translated, top, out)
    pairs = list(zip(translated, targets, strict=True))
    notes = list(originals.notes)
    for left_out, problem in (
        (small, f"smaller than {smallest} pixels"),
        (
            large,
            f"larger than the {most_pixels / 1e6:.3g} million pixels that this "
            f"machine has the memory for ({largest_words} of the first one's "
            "shape)",
        ),
    ):
        if not left_out:
            continue
        text = (
            f"{len(left_out)} of {len(originals.files)} images are {problem}: "
            f"{_listed(left_out, top)}"
        )
        if not translated:
            raise errors.UserError(
                f"--input={source}: {text}: give "
                + ("smaller" if left_out is large else "larger")
                + " ones, or --size=network"
            )
        notes.append(f"{text}; they are skipped")
    notes += _notes_on_names(pairs, top, out)
    _check_places(pairs, top)
    notes += given_images.colour_notes(originals, channels)
    return Plan(tuple(pairs), tuple(notes), originals.read)


def _largest(shape: tuple[int, int, int], most_pixels: float) -> str:
    """Writes the largest height x width of an image's shape that fits."""
    share = math.sqrt(most_pixels / (shape[0] * shape[1]))
    multiple = cyclegan.SIDE_MULTIPLE
    height, width = (
        int(side * share) // multiple * multiple for side in shape[:2]
    )
    return f"{height}x{width}"


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


def _targets(
    sources: Sequence[pathlib.Path], top: pathlib.Path, out: pathlib.Path
) -> list[pathlib.Path]:
    """Names the translations as the images, each with its own name.

    `a.png` and `a.jpg` become `a.png` and `a.jpg.png`.
    """
    names = [source.relative_to(top) for source in sources]
    # An image that is a PNG keeps its name, whatever comes before it.
    taken = {name for name in names if name.suffix == ".png"}
    targets = []
    for name in names:
        target = name
        if name.suffix != ".png":
            target = _free_name(name, taken)
            taken.add(target)
        targets.append(out / target)
    return targets


def _free_name(name: pathlib.Path, taken: set[pathlib.Path]) -> pathlib.Path:
    """Returns `a.png` for `a.jpg`, or `a.jpg.png` where `a.png` is taken."""
    numbered = (f"{name.suffix}_{n}.png" for n in itertools.count(2))
    for end in itertools.chain((".png", f"{name.suffix}.png"), numbered):
        stem = name.stem
        # The stem is cut where the whole would be longer than is allowed.
        while len(os.fsencode(stem + end)) > _LONGEST_NAME:
            stem = stem[:-1]
        target = name.with_name(stem + end)
        if target not in taken:
            break
    return target


def _notes_on_names(
    pairs: Sequence[tuple[pathlib.Path, pathlib.Path]],
    top: pathlib.Path,
    out: pathlib.Path,
) -> list[str]:
    """Names the translations that are not called as their images."""
    renamed = [
        (file, target)
        for file, target in pairs
        if target.relative_to(out).with_suffix("")
        != file.relative_to(top).with_suffix("")
    ]
    if not renamed:
        return []
    shown = ", ".join(
        f"{decoding.readable(str(file.relative_to(top)))} becomes "
        f"{decoding.readable(str(target.relative_to(out)))}"
        for file, target in renamed[: decoding.NAMED]
    )
    return [
        f"{len(renamed)} of {len(pairs)} images differ from others in their "
        f"suffix alone: {shown}" + ", …" * (len(renamed) > decoding.NAMED)
    ]


def _check_places(
    pairs: Sequence[tuple[pathlib.Path, pathlib.Path]], top: pathlib.Path
) -> None:
    """Refuses translations that would overwrite what is no translation."""
    sources = {file.resolve() for file, _ in pairs}
    folders = {target.parent for _, target in pairs}
    for file, target in pairs:
        reason = files.obstacle(target)
        if reason is None and files.is_stream(target):
            reason = f"{target} is a device, not a file"
        if target in folders:
            reason = f"{target} has to be a folder for other translations"
        if reason is not None:
            raise errors.UserError(
                f"the translation of {_listed([file], top)} cannot be written "
                f"({reason}): give another folder as --out"
            )
        if target.resolve() in sources:
            raise errors.UserError(
                f"the translation of {_listed([file], top)} would overwrite "
                f"the image {target}: give another folder as --out"
            )
    for folder in folders:
        files.require_writable(
            folder, str(folder), is_folder=True, advice="give another --out"
        )


def _listed(paths: Sequence[pathlib.Path], top: pathlib.Path) -> str:
    names = [
        decoding.readable(str(path.relative_to(top)))
        for path in paths[: decoding.NAMED]
    ]
    return ", ".join(names) + ", …" * (len(paths) > len(names))


def _batches(
    plan: Plan, fit: Callable[[np.ndarray], np.ndarray], channels: int
) -> Iterator[tuple[np.ndarray, list[pathlib.Path]]]:
    """Yields successive images of equal size, with the paths of their PNGs."""
    waiting, targets = [], []
    for file, target in plan.pairs:
        pixels = given_images.read(plan.read, file, channels=channels, fit=fit)
        if waiting and (
            len(waiting) == _AT_ONCE or pixels.shape != waiting[0].shape
        ):
            yield np.stack(waiting), targets
            waiting, targets = [], []
        waiting.append(pixels)
        targets.append(target)
    yield np.stack(waiting), targets
