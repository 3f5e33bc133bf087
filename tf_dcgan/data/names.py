"""Parts of image sets, named in one word such as `cifar10:test:horse`."""

from __future__ import annotations

from collections.abc import Sequence
import os

from tf_dcgan.common import errors


def cut(text: str, *, given: str) -> tuple[str, list[str]]:
    """Cuts a word at its colons, but for those in an existing folder's path.

    Args:
        text: `name`, `name:split`, `name:class` or `name:split:class`, where
            the name may be the absolute path of a folder.
        given: what the error begins with, such as `--dataset_a=cifar10:`.

    Returns:
        The name and what narrows it, at most two words.

    Raises:
        errors.UserError: a word between colons is empty, or there are too
            many.
    """
    pieces = text.split(":")
    last = 1  # Of the pieces that make the name.
    if os.path.isabs(text):
        for count in range(len(pieces), 0, -1):
            if os.path.isdir(":".join(pieces[:count])):
                last = count
                break
    name, narrowed = ":".join(pieces[:last]), pieces[last:]
    if len(narrowed) > 2 or "" in (name, *narrowed):
        raise errors.UserError(
            f"{given} names no images: give name, name:split, name:class or "
            "name:split:class, such as cifar10:test:horse"
        )
    return name, narrowed


def check_class(
    class_name: str, class_names: Sequence[str], *, name: str
) -> None:
    """Refuses a class that a set does not have.

    Args:
        class_name: the one that is wanted.
        class_names: those of the set; none if it has no labels.
        name: the set's.

    Raises:
        errors.UserError: it is not among them.
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
