"""Classes of image files, in a CSV or JSON beside them.

A CSV has a row for each image, file and class, parted by commas, tabs or
semicolons, with or without a header. A header may name more columns: then the
columns `file` and `class`, or other usual names of these, are taken. A JSON is
{file: class}, or a list of objects with these names. Files are named as they
lie below the data's folder, with or without their suffix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import csv
import io
import json
import os
from typing import Any

from tf_dcgan.common import errors
from tf_dcgan.data.folders import decoding

_FILE = ("file", "filename", "file_name", "image", "image_id", "name", "path")
_FILE += ("id", "images", "img", "filepath", "file_path")
_CLASS = ("class", "label", "labels", "class_name", "category", "target")
_ADVICE = (
    "give a .csv with the columns file and class, or a .json {file: class}"
)


def read(path: str) -> dict[str, str]:
    """Reads file → class.

    Args:
        path: of a .csv, .tsv, .txt or .json in UTF-8.

    Returns:
        The class of each file, in the order of the rows. The files' names are
        as they are in the file, with `/` between their parts.

    Raises:
        errors.UserError: there is no such file, it cannot be understood, or
            it has two classes for one image.
    """
    try:
        text = decoding.read_bytes(path).decode("utf-8-sig")
        if path.lower().endswith(".json"):
            rows = list(_rows_of_json(json.loads(text)))
        else:
            rows = list(_rows_of_csv(text))
    except FileNotFoundError as error:
        raise errors.UserError(
            f"--labels={path} does not exist: put it back, or {_ADVICE}"
        ) from error
    except UnicodeDecodeError as error:
        raise errors.UserError(
            f"--labels={path} is not UTF-8: save it as UTF-8"
        ) from error
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        reason = " ".join(str(error).split())
        raise errors.UserError(
            f"--labels={path} cannot be read ({reason}): {_ADVICE}"
        ) from error
    class_of: dict[str, str] = {}
    for name, class_name in rows:
        name = name.replace("\\", "/").removeprefix("./")
        if class_of.setdefault(name, class_name) != class_name:
            raise errors.UserError(
                f"--labels={path} has two classes for {_shown(name)}: "
                f"{_shown(class_of[name])} and {_shown(class_name)}. Leave "
                "one out"
            )
    if not class_of:
        raise errors.UserError(f"--labels={path} has no rows: {_ADVICE}")
    return class_of


def match(
    class_of: Mapping[str, str], images: Sequence[str], top: str, path: str
) -> tuple[dict[str, str], list[str]]:
    """Finds the class of each image.

    Args:
        class_of: as `read` returns it.
        images: the paths of all images of a folder.
        top: the folder.
        path: of the labels' file, for messages.

    Returns:
        (class of each image's path that has one, notes).

    Raises:
        errors.UserError: no image has a class.
    """
    relative = {
        os.path.relpath(image, top).replace(os.sep, "/"): image
        for image in images
    }
    stems: dict[str, list[str]] = {}
    for name in relative:
        stems.setdefault(os.path.splitext(name)[0], []).append(name)
    labelled, without_file = {}, []
    for name, class_name in class_of.items():
        names = [name] if name in relative else stems.get(name, [])
        if len(names) == 1:
            labelled[relative[names[0]]] = class_name
        else:
            without_file.append(name)
    without_row = [
        name for name, image in relative.items() if image not in labelled
    ]
    title = os.path.basename(path)
    if not labelled:
        raise errors.UserError(
            f"--labels={path} names no image of {top}: it has "
            f"{_listed(without_file)}, and the images are "
            f"{_listed(without_row)}. Name the files as they lie below the "
            "folder"
        )
    notes = []
    if without_row:
        notes.append(
            f"left out: {_count(without_row, 'image')} without a row in "
            f"{title}: {_listed(without_row)}"
        )
    if without_file:
        notes.append(
            f"{_count(without_file, 'row')} of {title} without an image: "
            f"{_listed(without_file)}"
        )
    return labelled, notes


def misplaced(path: str, owner: str, *, is_array: bool) -> errors.UserError:
    """Refuses labels of images that are no files with names.

    Args:
        path: of the labels' file.
        owner: names what has these images.
        is_array: whether they are in a file of arrays.
    """
    advice = "leave it out"
    if is_array:
        advice = "put `labels` into an .npz beside the images"
    return errors.UserError(
        f"--labels={path} is for image files in a folder or an archive, and "
        f"{owner} is neither: {advice}"
    )


def in_order(classes: set[str]) -> tuple[str, ...]:
    """Sorts classes: numbers by their value, else all by their names."""
    if all(name.isascii() and name.isdigit() for name in classes):
        return tuple(sorted(classes, key=lambda name: (int(name), name)))
    return tuple(sorted(classes))


def _rows_of_csv(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    first_line = next((line for line in lines if line.strip()), "")
    parting = max(",\t;", key=first_line.count)
    reader = csv.reader(io.StringIO(text), delimiter=parting, strict=True)
    file_column, class_column, width = 0, 1, 2
    is_first = True
    for row in reader:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if is_first:
            is_first = False
            columns = [
                next(
                    (i for i, c in enumerate(cells) if c.lower() in names), None
                )
                for names in (_FILE, _CLASS)
            ]
            is_header = not decoding.is_image(cells[0]) and any(
                column is not None for column in columns
            )
            if is_header:
                file_column, class_column = _columns(columns, len(cells))
                width = len(cells)
                continue
        if len(cells) != width or not cells[class_column]:
            raise ValueError(
                f"line {reader.line_num} is {_shown(parting.join(row))!r}"
            )
        yield cells[file_column], cells[class_column]


def _columns(named: list[int | None], count: int) -> tuple[int, int]:
    """Completes what a header tells of the columns of files and classes."""
    file_column, class_column = named
    if count == 2:
        if file_column is None and class_column is not None:
            file_column = 1 - class_column
        elif class_column is None and file_column is not None:
            class_column = 1 - file_column
    if file_column is None or class_column is None:
        raise ValueError("its header has no columns file and class")
    return file_column, class_column


def _rows_of_json(content: Any) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        pairs = list(content.items())
    elif isinstance(content, list):
        pairs = [_pair(item) for item in content]
    else:
        raise ValueError("it is neither an object nor a list")
    for name, class_name in pairs:
        is_class = isinstance(class_name, str | int) and not isinstance(
            class_name, bool
        )
        if not isinstance(name, str) or not is_class or class_name == "":
            raise ValueError(
                f"{_shown(str(name))} has the class {class_name!r}"
            )
        yield name, str(class_name)


def _pair(item: Any) -> tuple[Any, Any]:
    if not isinstance(item, dict):
        raise ValueError(f"{_shown(str(item))} is no object")
    lower = {str(key).lower(): value for key, value in item.items()}
    values = [
        next((lower[name] for name in names if name in lower), None)
        for names in (_FILE, _CLASS)
    ]
    return values[0], values[1]


def _count(names: Sequence[str], noun: str) -> str:
    return f"{len(names):,} {noun}{'s' * (len(names) != 1)}"


def _listed(names: Sequence[str]) -> str:
    more = ", …" * (len(names) > decoding.NAMED)
    return ", ".join(map(_shown, names[: decoding.NAMED])) + more


def _shown(text: str) -> str:
    """A text of a file as it can be printed, not too long."""
    return decoding.readable(text if len(text) <= 80 else f"{text[:80]}…")
