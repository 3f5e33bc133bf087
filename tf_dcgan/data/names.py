"""Names of parts of image sets, such as `cifar10:test:horse`."""

from __future__ import annotations

from collections.abc import Sequence
import os

import numpy as np

from tf_dcgan.common import errors


def cut(text: str, *, given: str) -> tuple[str, list[str]]:
    """Cuts a text at its colons, except at colons in a path.

    Args:
        text: `name`, `name:split`, `name:class` or `name:split:class`, where
            the name may be the absolute path of a folder or a file.
        given: the text as the user gave it, with its flag; begins the error.

    Returns:
        The name, and the words that narrow it, at most two.

    Raises:
        errors.UserError: a word between colons is empty, or there are more
            than two words after the name.
    """
    words = text.split(":")
    name_length = 1  # Words that make the name.
    if os.path.isabs(text):
        for count in range(len(words), 0, -1):
            if os.path.exists(":".join(words[:count])):
                name_length = count
                break
    name, narrowing = ":".join(words[:name_length]), words[name_length:]
    if len(narrowing) > 2 or "" in (name, *narrowing):
        raise errors.UserError(
            f"{given} names no images: give name, name:split, name:class or "
            "name:split:class, such as cifar10:test:horse"
        )
    return name, narrowing


def check_class(
    class_name: str, class_names: Sequence[str], *, name: str
) -> None:
    """Refuses a class that a set does not have.

    Args:
        class_name: the class that the user asked for.
        class_names: the set's classes; empty if it has no labels.
        name: the set's name.

    Raises:
        errors.UserError: the set has no such class.
    """
    if not class_names:
        raise errors.UserError(
            f"{name} has no labels, and so no class {class_name!r}: leave the "
            "class out, or choose a set with labels"
        )
    if class_name not in class_names:
        raise errors.UserError(
            f"{name} has no class {class_name!r}: "
            + errors.suggestion(class_name, class_names)
        )


def renumber(
    labels: np.ndarray, class_names: Sequence[str], among: Sequence[str]
) -> np.ndarray:
    """Numbers labels as another set numbers its classes.

    Args:
        labels: [n] int64, positions in `class_names`.
        class_names: the name of each label.
        among: the names of the other set's classes, each of `class_names`
            among them.

    Returns:
        [n] int64, positions in `among`.
    """
    positions = [among.index(name) for name in class_names]
    return np.array(positions, np.int64)[labels]
