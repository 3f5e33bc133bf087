"""The small pictures of the page: which images, and how they are shown."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import io

import numpy as np
import PIL.Image

from tf_dcgan.inspection import collection, records
from tf_dcgan.inspection import survey as surveys

_SIDE = 96  # Pixels of a picture's longer side at most.
_EXAMPLES = 24
_CLASSES, _OF_CLASS = 20, 4
_GROUPS, _OF_GROUP = 8, 5
_EXTREMES = 4
_BLANK = 8


@dataclasses.dataclass(frozen=True)
class Picture:
    """One small picture.

    Attributes:
        name: the image's name.
        size: the image's own size, height x width.
        url: the picture itself, as a data URL.
    """

    name: str
    size: str
    url: str


@dataclasses.dataclass(frozen=True)
class Row:
    """Pictures that belong together, and what they are."""

    title: str
    pictures: tuple[Picture, ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """Rows under one heading, with a line of explanation."""

    title: str
    note: str
    rows: tuple[Row, ...]


def sections(
    source: collection.ImageCollection, survey: surveys.Survey
) -> list[Section]:
    """Chooses images and makes their pictures; each image is read once.

    Args:
        source: the images.
        survey: their table.

    Returns:
        The sections that have pictures.
    """
    plans = list(_plans(source, survey))
    indices = sorted(
        {index for _, _, rows in plans for _, own in rows for index in own}
    )
    pictures = _make(source, survey, indices)
    result = []
    for title, note, rows in plans:
        with_pictures = [
            Row(
                name,
                tuple(pictures[index] for index in own if index in pictures),
            )
            for name, own in rows
        ]
        shown = tuple(row for row in with_pictures if row.pictures)
        if shown:
            result.append(Section(title, note, shown))
    return result


def _plans(
    source: collection.ImageCollection, survey: surveys.Survey
) -> Iterable[tuple[str, str, list[tuple[str, list[int]]]]]:
    """Yields (title, note, [(row's title, indices)])."""
    whole = survey.whole
    if not len(whole):
        return
    rows = survey.rows[whole]
    yield "Examples", "", [("", _spread(whole, _EXAMPLES))]
    if source.class_names:
        yield (
            "Classes",
            "",
            [
                (name, _spread(own, _OF_CLASS))
                for label, name in enumerate(source.class_names[:_CLASSES])
                if len(own := whole[survey.labels[whole] == label])
            ],
        )
    yield (
        "Equal images",
        "Their pixels are equal, whatever their files.",
        _groups(survey.exact.members),
    )
    yield (
        "Images that look the same",
        "Other sizes, formats or brightness of one image, or images so alike "
        "that they might be.",
        _groups(survey.near.members),
    )
    blank = whole[rows["is_one_colour"]]
    yield "Of one colour", "", [("", _spread(blank, _BLANK))]
    yield (
        "Extremes",
        "",
        [
            row
            for title, values in (
                ("smallest and largest", rows["height"] * rows["width"]),
                ("tallest and widest", rows["width"] / rows["height"]),
                ("darkest and brightest", rows["brightness"]),
            )
            for row in _extremes(title, values, whole)
        ],
    )


def _groups(
    members: Sequence[np.ndarray],
) -> list[tuple[str, list[int]]]:
    return [
        (f"{len(group):,} images", group[:_OF_GROUP].tolist())
        for group in members[:_GROUPS]
    ]


def _extremes(
    title: str, values: np.ndarray, whole: np.ndarray
) -> list[tuple[str, list[int]]]:
    """The ends of an order; none where all values are the same."""
    if len(whole) < 2 or values.min() == values.max():
        return []
    order = np.argsort(values, kind="stable")
    count = min(_EXTREMES, len(whole) // 2)
    low, high = title.split(" and ")
    return [
        (low, whole[order[:count]].tolist()),
        (high, whole[order[::-1][:count]].tolist()),
    ]


def _spread(indices: np.ndarray, count: int) -> list[int]:
    """Takes some at equal distances."""
    places = np.linspace(0, len(indices) - 1, min(count, len(indices)))
    return indices[places.round().astype(int)].tolist()


def _make(
    source: collection.ImageCollection,
    survey: surveys.Survey,
    indices: Sequence[int],
) -> Mapping[int, Picture]:
    pictures = {}
    for index, pixels in source.pictures(indices):
        height, width = pixels.shape[:2]
        shown = pixels
        if pixels.dtype != np.uint8:
            low, high = surveys.value_range(survey, index)
            shown = records.to_shown(pixels, low, high)
        pictures[index] = Picture(
            source.name(index), f"{height}x{width}", _data_url(shown)
        )
    return pictures


def _data_url(pixels: np.ndarray) -> str:
    """Writes [height, width(, 1 or 3)] uint8 as a small picture."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    image = PIL.Image.fromarray(pixels)
    is_small = max(image.size) <= _SIDE
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    if is_small:
        image.save(buffer, format="PNG")
    else:
        image.save(buffer, format="JPEG", quality=80)
    kind = "png" if is_small else "jpeg"
    text = base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/{kind};base64,{text}"
