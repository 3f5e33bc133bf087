"""The size of a training's images, and what becomes of the originals."""

from __future__ import annotations

import dataclasses

from tf_dcgan.config import schema, sizes
from tf_dcgan.data import reading
from tf_dcgan.data.preparing import preparation, shapes
from tf_dcgan.models import families
from tf_dcgan.training import execution

# Images whose sides grow by more look blurred.
_MUCH_ENLARGED = 2.0
# A smaller share of a set is not worth a word.
_WORTH_A_NOTE = 0.01


@dataclasses.dataclass(frozen=True)
class Originals:
    """The images of a set before they get their size.

    Attributes:
        counts: their sizes, after their crop if any; empty if unknown.
        read_as: how they are read.
        may_be_padded: whether images a little too small are padded.
        whole_size: (height, width) that they are brought to, if this is not
            the size of the networks.
        title: begins the notes on one of two sets, such as "A: ".
    """

    counts: shapes.Counts
    read_as: reading.Reading
    may_be_padded: bool = True
    whole_size: tuple[int, int] | None = None
    title: str = ""


def fix_size(
    config: schema.Config,
    native: tuple[int | None, int | None],
    *originals: Originals,
) -> tuple[schema.Config, tuple[int, int], list[str]]:
    """Fixes what a config leaves open about the image size and the machine.

    Args:
        config: the settings that the user chose.
        native: (height, width) of the data set's images, None where they
            vary.
        *originals: the images of each of the sets.

    Returns:
        The config as this machine runs it, (height, width) of the networks'
        images, and what the user should know, one line each.

    Raises:
        errors.UserError: the networks cannot make the size.
    """
    counts = shapes.together(*(each.counts for each in originals))
    size = families.image_size(config, native, counts)
    is_auto = config.image_size == sizes.AUTO
    config = dataclasses.replace(
        execution.resolve(config), image_size=f"{size[0]}x{size[1]}"
    )
    lines = []
    if is_auto:
        height, width = map(round, shapes.typical(counts))
        median = "" if len(counts) == 1 else ", by their medians"
        lines.append(
            f"note: --image_size={sizes.AUTO} is {config.image_size}: the "
            f"images have {height}x{width} pixels{median}"
        )
    for each in originals:
        lines += _notes(config, each.whole_size or size, each)
    return config, size, lines


def _notes(
    config: schema.Config, size: tuple[int, int], originals: Originals
) -> list[str]:
    """Says what is lost, if much is cut off or images are much enlarged."""
    counts = originals.counts
    if not counts:
        return []
    fit = preparation.choose_fit(
        (*_common(counts), 1),
        size,
        fit=originals.read_as.fit,
        pad=originals.may_be_padded,
    )
    notes = []
    share = shapes.mean_kept(counts, size) if fit.method == "resize" else 1.0
    if share < families.MUCH_KEPT:
        own = families.size_of_shape(config, shapes.typical(counts))
        of_own = (
            f"--image_size={own[0]}x{own[1]} (height x width) has their own "
            "shape, "
            if originals.whole_size is None
            and shapes.mean_kept(counts, own) > share
            else ""
        )
        average = "" if len(counts) == 1 else ", on average,"
        notes.append(
            f"note: {originals.title}only {share:.0%} of each image{average} "
            f"is kept: the rest is cut off for the shape of {size[0]}x"
            f"{size[1]}; {of_own}--fit=pad or --fit=stretch keep all"
        )
    return notes + _enlargement_notes(originals, size, fit)


def _enlargement_notes(
    originals: Originals, size: tuple[int, int], fit: preparation.Fit
) -> list[str]:
    counts = originals.counts
    factors = shapes.enlargements(counts, size, whole=fit.method == "pad")
    enlarged = {
        each: count
        for each, count in counts.items()
        if factors[each] > _MUCH_ENLARGED
    }
    total, number = sum(counts.values()), sum(enlarged.values())
    if number <= _WORTH_A_NOTE * total:
        return []
    smallest = max(enlarged, key=factors.__getitem__)
    words = (
        "the images are"
        if len(counts) == 1
        else f"{number:,} of {total:,} images looked at are more than twice"
    )
    most = "" if len(counts) == 1 else "at most "
    return [
        f"note: {originals.title}{words} enlarged ({most}"
        f"{factors[smallest]:.1f} times, from {smallest[0]}x{smallest[1]} to "
        f"{size[0]}x{size[1]}) and will look blurred"
    ]


def _common(counts: shapes.Counts) -> tuple[int | None, int | None]:
    """Returns the one size of all images, or (None, None)."""
    return next(iter(counts)) if len(counts) == 1 else (None, None)
