"""An evaluation as text and a picture for people, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import json
import os
import textwrap
from typing import Any

import numpy as np
import PIL.Image

from tf_dcgan.common import errors, files, images
from tf_dcgan.evaluation import image_sources, score_sets, translation
from tf_dcgan.metrics import scores

_WIDTH = 79
_HEAD = 11
_COLUMNS = 8  # Of the picture.
_LEAST_SIDE = 64  # Pixels; smaller images are enlarged in the picture.
# Entries of a protocol's features that are written in this order and without
# their names.
_PLAIN = ("resize", "scaling", "precision")
_ELSEWHERE = {
    *_PLAIN,
    "network",
    "feature_dim",
    "weights",
    "weights_sha256",
    "comparable_with",
    "warnings",
    "test_accuracy",
    "test_images",
    "dataset",
    "dataset_fingerprint",
    "num_classes",
    "trained_with",
}


def write_json(
    path: os.PathLike | str,
    evaluation: score_sets.Evaluation | translation.TranslationEvaluation,
    **more: Any,
) -> None:
    """Writes an evaluation as JSON, atomically.

    Args:
        path: the file to write.
        evaluation: the scores of a run of any kind, or of two sets of images.
        **more: further entries, which come first.

    Raises:
        errors.UserError: the file cannot be written.
    """
    content = {**more, **evaluation.to_json()}
    text = json.dumps(content, indent=2, allow_nan=False)
    try:
        with files.atomic_file(path) as unfinished:
            unfinished.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        if error.errno in files.DISK_FULL:
            raise
        raise errors.UserError(
            f"{path} cannot be written ({error.strerror}): give another file"
        ) from error


def table(evaluation: score_sets.Evaluation) -> str:
    """Lays the scores out, with warnings, notes and their protocol below.

    Args:
        evaluation: the scores of one set of images against another.

    Returns:
        Lines of text.
    """
    lines = [f"{'score':16} {'value':>10}  {'95 % interval':>21} {'ideal':>10}"]
    for score in evaluation.scores:
        lines.append(
            f"{score.name:16} {_number(score.value):>10}  "
            f"{_interval(score):>21} "
            f"{_number(score.ideal, ''):>10}  {score.remark}".rstrip()
        )
    lines.append("ideal: what a perfect generator scores with as many images")
    if evaluation.per_class:
        lines += ["", *_class_lines(evaluation.per_class)]
    lines += [""] + _warning_lines(evaluation)
    lines += [_wrapped("note:", note) for note in evaluation.notes]
    if lines[-1]:
        lines.append("")
    return "\n".join(lines + _protocol_lines(evaluation.protocol))


def translation_table(evaluation: translation.TranslationEvaluation) -> str:
    """Lays the scores of translated images beside scores without translation.

    Below each direction are its warnings and its protocol; the notes on both
    directions come last.

    Args:
        evaluation: the scores of both directions.

    Returns:
        Lines of text.
    """
    lines = []
    for direction in evaluation.directions:
        lines += [*_direction_lines(direction), ""]
    lines += [
        "untranslated: what the images score before they are translated",
        "ideal: what perfect translations score, as many",
        "cycle_error: of images translated there and back, mean absolute "
        "difference",
        "in [-1, 1]",
    ]
    notes = [_wrapped("note:", note) for note in evaluation.notes]
    return "\n".join([*lines, *([""] if notes else []), *notes])


def _direction_lines(direction: translation.Direction) -> list[str]:
    lines = [
        f"{direction.name}: {direction.title}",
        f"{'score':13} {'translated':>10}  {'95 % interval':>20} "
        f"{'untranslated':>12}  {'95 % interval':>20} {'ideal':>9}",
    ]
    pairs = zip(
        direction.translated.scores, direction.untranslated.scores, strict=True
    )
    for score, before in pairs:
        lines.append(
            f"{score.name:13} {_number(score.value):>10}  "
            f"{_interval(score):>20} "
            f"{_number(before.value):>12}  "
            f"{_interval(before):>20} "
            f"{_number(score.ideal, ''):>9}".rstrip()
        )
    cycle = direction.cycle_error
    lines.append(
        f"{cycle.name:13} {_number(cycle.value):>10}  "
        f"{_interval(cycle):>20}".rstrip()
    )
    before = [
        dataclasses.replace(score, name=f"untranslated {score.name}")
        for score in direction.untranslated.scores
    ]
    both = dataclasses.replace(
        direction.translated, scores=(*direction.translated.scores, *before)
    )
    warnings = _warning_lines(both)
    return [
        *lines,
        "",
        *warnings,
        *([""] if warnings else []),
        *_protocol_lines(direction.translated.protocol),
    ]


def _number(value: float | None, absent: str = "-") -> str:
    """Writes a number with four digits, or `absent` where there is none."""
    return absent if value is None else f"{value:.4g}"


def _interval(score: scores.Score) -> str:
    if score.low is None:
        return ""
    return f"[{score.low:.4g}, {score.high:.4g}]"


def _wrapped(head: str, text: str) -> str:
    """Writes a text beside its heading."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=f"{head:{_HEAD}}" if len(head) < _HEAD else f"{head} ",
        subsequent_indent=" " * _HEAD,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _warning_lines(evaluation: score_sets.Evaluation) -> list[str]:
    """Says each warning once, with the scores that it belongs to."""
    belongs: dict[str, list[str]] = {}
    for score in evaluation.scores:
        for warning in score.warnings:
            belongs.setdefault(warning, []).append(score.name)
    lines = [
        _wrapped("warning:", f"{warning} ({', '.join(names)})")
        for warning, names in belongs.items()
    ]
    return lines + [
        _wrapped("warning:", f"{warning} (all scores)")
        for warning in evaluation.protocol["features"].get("warnings", ())
    ]


def _class_lines(classes: Iterable[scores.ClassScores]) -> list[str]:
    classes = tuple(classes)
    names = [score.name for score in classes[0].scores]
    width = max(len("class"), *(len(one.name) for one in classes))
    widths = [max(10, len(name)) for name in names]
    heads = "".join(
        f" {name:>{w}}" for name, w in zip(names, widths, strict=True)
    )
    lines = [f"{'class':{width}} {'real':>7} {'generated':>10}{heads}"]
    for one in classes:
        values = "".join(
            f" {_number(s.value):>{w}}"
            for s, w in zip(one.scores, widths, strict=True)
        )
        lines.append(
            f"{one.name:{width}} {one.real_images:7,} {one.fake_images:10,}"
            f"{values}  {', '.join(_names_of_warnings(one.scores))}".rstrip()
        )
    return lines


def _names_of_warnings(of: Iterable[scores.Score]) -> list[str]:
    """Returns the names of warnings alone; the JSON has their full text."""
    names = [
        warning.partition(":")[0] for score in of for warning in score.warnings
    ]
    return list(dict.fromkeys(names))


def _protocol_lines(protocol: Mapping[str, Any]) -> list[str]:
    """Writes a protocol, one entry after another."""
    made_by = protocol["features"]
    entries = {
        "real": f"{protocol['real']}, {_count(protocol['real_images'])}",
        "generated": f"{protocol['fake']}, {_count(protocol['fake_images'])}",
        "training": protocol.get("training_images"),
        "classes": protocol.get("classes_of_generated_images"),
        "features": _features(made_by),
        "weights": made_by.get("weights"),
        "sha256": made_by.get("weights_sha256"),
        "compares": "with " + made_by.get("comparable_with", "nothing known"),
        "seed": str(protocol["seed"]),
        "versions": ", ".join(
            f"{name} {version}"
            for name, version in protocol["versions"].items()
        ),
    }
    return [_wrapped(head, text) for head, text in entries.items() if text]


def _features(protocol: Mapping[str, Any]) -> str:
    parts = [f"{protocol['network']}, {protocol['feature_dim']} numbers"]
    if "test_accuracy" in protocol:
        parts[0] = (
            f"{protocol['network']} of {protocol['dataset']}, right on "
            f"{protocol['test_accuracy']:.2%} of "
            f"{protocol['test_images']:,} test images, "
            f"{protocol['feature_dim']} numbers"
        )
    for name in _PLAIN:
        if name in protocol:
            head = f"{name} " if name != "precision" else ""
            parts.append(f"{head}{protocol[name]}")
    parts += [
        f"{name} {value}"
        for name, value in protocol.items()
        if name not in _ELSEWHERE
    ]
    return ", ".join(parts)


def _count(count: int | None) -> str:
    return "number of images unknown" if count is None else f"{count:,} images"


def write_closest_pairs(
    path: os.PathLike | str,
    closest: Sequence[Mapping[str, Any]],
    *,
    fake: image_sources.ImageSource,
    train: image_sources.ImageSource,
    held_out: image_sources.ImageSource,
) -> None:
    """Writes the closest pairs as a PNG, with a third image to judge by.

    Eight pairs side by side, the closest first: a row of generated images,
    below each image its nearest training image, and below this one its nearest
    held-out image. Three more rows show the next eight pairs. Pairs that fill
    no row are left out.

    Args:
        path: the file to write.
        closest: what `memorization.Memorization.closest` returns.
        fake: the generated images.
        train: the training images.
        held_out: real images that the generator has not seen.

    Raises:
        OSError: the file cannot be written.
    """
    columns = min(_COLUMNS, len(closest))
    closest = closest[: len(closest) // columns * columns]
    rows = [
        image_sources.take(source, [pair[name] for pair in closest])
        for source, name in (
            (fake, "generated"),
            (train, "training"),
            (held_out, "held_out"),
        )
    ]
    size = rows[1][0].shape[:2]  # The training images' own size.
    tiles = [
        _tile(image, size)
        for start in range(0, len(closest), columns)
        for row in rows
        for image in row[start : start + columns]
    ]
    images.write_png(path, images.grid(np.stack(tiles), columns=columns))


def _tile(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Brings an image to a size and to three channels."""
    if image.shape[:2] != size:
        pillow = PIL.Image.fromarray(
            image.squeeze(-1) if image.shape[-1] == 1 else image
        )
        resized = pillow.resize(size[::-1], PIL.Image.Resampling.BICUBIC)
        image = np.asarray(resized).reshape(*size, -1)
    if image.shape[-1] == 1:
        image = np.repeat(image, 3, axis=-1)
    return images.enlarge(image, max(1, _LEAST_SIDE // max(size)))
