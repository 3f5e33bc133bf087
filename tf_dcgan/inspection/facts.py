"""What a survey says of a collection, as JSON can write it.

`of` returns the facts that `--json` prints; text and page are made from them.
Counts are of images that can be used, unless they say otherwise. Lists of
names are whole here; who shows them cuts them.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import PIL.Image

from tf_dcgan.inspection import collection, findings
from tf_dcgan.inspection import survey as surveys

_BINS = 10
_QUANTILES = (0, 5, 25, 50, 75, 95, 100)
# Formats that share their suffixes with another format.
_KIN = {"MPO": "JPEG"}


def of(
    source: collection.ImageCollection, survey: surveys.Survey
) -> dict[str, Any]:
    """Gathers all facts.

    Args:
        source: the collection.
        survey: of its images.

    Returns:
        Texts, numbers, lists and dicts, keys in the order of the report.
    """
    rows = survey.rows[survey.whole]
    facts: dict[str, Any] = {
        "path": source.path,
        "kind": source.kind,
        "images": len(survey.rows),
        "usable": len(rows),
        "file_bytes": int(rows["file_bytes"].sum()),
        "splits": dict(source.splits),
        "classes": _classes(source, survey),
        "damaged": [
            {"name": source.name(index), "reason": reason}
            for index, reason in survey.reasons.items()
        ],
        "other_files": dict(source.others),
        "other_names": {k: v for k, v in source.named.items() if v},
        "notes": list(source.notes),
    }
    if len(rows):
        facts |= _of_images(source, survey, rows)
    facts["findings"] = findings.of(facts)
    return facts


def _of_images(
    source: collection.ImageCollection, survey: surveys.Survey, rows: np.ndarray
) -> dict[str, Any]:
    """The facts that need at least one image."""

    def names(chosen: np.ndarray) -> list[str]:
        return [source.name(int(index)) for index in survey.whole[chosen]]

    shorter = np.minimum(rows["height"], rows["width"])
    aspects = rows["width"] / rows["height"]
    is_tall_or_wide = (aspects > 3) | (aspects < 1 / 3)
    return {
        "formats": _counted(rows["format"][rows["format"] != ""]),
        "channels": int(rows["channels"].max()),
        "modes": _modes(rows),
        "sizes": {
            "different": len(np.unique(rows[["height", "width"]])),
            "most_common": _most_common_sizes(rows),
            "height": _quantiles(rows["height"]),
            "width": _quantiles(rows["width"]),
            "shorter_side": _quantiles(shorter),
            "shorter_side_histogram": _histogram(shorter, whole=True),
        },
        "aspects": {
            "width_by_height": _quantiles(aspects),
            "kept_by_a_square": _kept(aspects, 1.0),
            "kept_by_the_median": _kept(aspects, float(np.median(aspects))),
            "histogram": _histogram(aspects, whole=False),
            "beyond_3_to_1": names(is_tall_or_wide),
        },
        "brightness_histogram": _brightness(rows["brightness"]),
        "frames": {
            "files_with_several": names(rows["frames"] > 1),
            "in_all": int(rows["frames"].sum()),
        },
        "transparent": int(rows["has_alpha"].sum()),
        "turned_by_exif": int(rows["is_turned"].sum()),
        "gray_stored_as_colour": int(rows["is_gray_in_colour"].sum()),
        "not_finite": names(~rows["is_finite"]),
        "hidden_on_white": names(rows["is_hidden_on_white"]),
        "one_colour": names(rows["is_one_colour"]),
        "misnamed": _misnamed(source, survey),
        "exact_copies": _copies(source, survey, survey.exact),
        "near_copies": _copies(source, survey, survey.near),
    }


def _classes(
    source: collection.ImageCollection, survey: surveys.Survey
) -> dict[str, int]:
    """The number of usable images of each class."""
    labels = survey.labels[survey.whole]
    counts = np.bincount(labels[labels >= 0], minlength=len(source.class_names))
    return dict(zip(source.class_names, counts.tolist(), strict=False))


def _modes(rows: np.ndarray) -> list[dict[str, Any]]:
    """What each mode and depth of files holds, the most common first."""
    kinds = np.unique(rows[["mode", "bits"]], return_counts=True)
    table = []
    for kind, count in zip(*kinds, strict=True):
        own = rows[rows[["mode", "bits"]] == kind]
        low, high = float(own["low"].min()), float(own["high"].max())
        is_whole = low == int(low) and high == int(high)
        table.append(
            {
                "mode": str(kind["mode"]),
                "bits": int(kind["bits"]),
                "images": int(count),
                "low": int(low) if is_whole else low,
                "high": int(high) if is_whole else high,
                "is_deep": bool(own["is_deep"].any()),
                # Of whole numbers from zero on.
                "bits_in_use": max(1, int(high).bit_length())
                if is_whole and low >= 0
                else None,
            }
        )
    return sorted(table, key=lambda row: -row["images"])


def _most_common_sizes(rows: np.ndarray) -> list[dict[str, int]]:
    sizes, counts = np.unique(rows[["height", "width"]], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_BINS]
    return [
        {
            "height": int(sizes[place]["height"]),
            "width": int(sizes[place]["width"]),
            "images": int(counts[place]),
        }
        for place in order
    ]


def _quantiles(values: np.ndarray) -> dict[str, float]:
    """Percentiles by name: the smallest is `0`, the median `50`."""
    percentiles = np.percentile(values, _QUANTILES, method="nearest").tolist()
    return {
        str(name): value if isinstance(value, int) else round(value, 4)
        for name, value in zip(_QUANTILES, percentiles, strict=True)
    }


def _kept(aspects: np.ndarray, aspect: float) -> float:
    """The mean share of an image that stays when its ends are cut off.

    Args:
        aspects: [n] width by height of the images.
        aspect: width by height of what stays.
    """
    ratios = aspects / aspect
    return round(float(np.minimum(ratios, 1 / ratios).mean()), 4)


def _histogram(values: np.ndarray, *, whole: bool) -> list[dict[str, Any]]:
    """Counts values from edge to edge; the edges are in equal ratios.

    Args:
        values: [n] positive.
        whole: whether the values are whole numbers, and the edges too.

    Returns:
        The counts, `from` included, `to` excluded. Few different values have
        a row each, with `from` and `to` the value itself.
    """
    different, counts = np.unique(np.round(values, 3), return_counts=True)
    if len(different) <= _BINS:
        return [
            {"from": value, "to": value, "images": count}
            for value, count in zip(
                different.tolist(), counts.tolist(), strict=True
            )
        ]
    low, high = float(values.min()), float(values.max())
    edges = np.geomspace(low, high * 1.001, _BINS + 1)
    if whole:
        edges = np.unique(np.append(np.floor(edges[:-1]), high + 1).astype(int))
    numbers, _ = np.histogram(values, edges)
    edges = edges.round(3).tolist()
    return [
        {"from": edges[place], "to": edges[place + 1], "images": int(number)}
        for place, number in enumerate(numbers)
    ]


def _brightness(values: np.ndarray) -> list[dict[str, Any]]:
    numbers, edges = np.histogram(values, np.arange(0, 257, 16))
    return [
        {"from": int(edge), "to": int(edge) + 16, "images": int(number)}
        for edge, number in zip(edges[:-1], numbers, strict=True)
    ]


def _misnamed(
    source: collection.ImageCollection, survey: surveys.Survey
) -> list[dict[str, str]]:
    """The files whose suffix is another format's."""
    PIL.Image.init()
    suffixes = PIL.Image.registered_extensions()
    misnamed = []
    for index in survey.whole[survey.rows["format"][survey.whole] != ""]:
        name = source.name(int(index))
        suffix = os.path.splitext(name)[1].lower()
        actual = str(survey.rows["format"][index])
        expected = suffixes.get(suffix)
        if expected not in (None, _KIN.get(actual, actual)):
            misnamed.append({"name": name, "format": actual})
    return misnamed


def _copies(
    source: collection.ImageCollection,
    survey: surveys.Survey,
    groups: Any,
) -> dict[str, Any]:
    across = [
        group
        for group in groups.members
        if len(set(survey.split_of[group].tolist())) > 1
    ]
    several_classes = [
        group
        for group in groups.members
        if len(set(survey.labels[group].tolist())) > 1
    ]
    return {
        "groups": len(groups.members),
        "beyond_the_first": groups.num_extra,
        "groups_across_splits": len(across),
        "groups_across_classes": len(several_classes),
        "names": [
            [source.name(int(index)) for index in group]
            for group in groups.members
        ],
    }


def _counted(values: np.ndarray) -> dict[str, int]:
    """The number of each value, the most common first."""
    names, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[place]): int(counts[place]) for place in order}
