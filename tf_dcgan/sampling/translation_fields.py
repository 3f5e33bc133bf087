"""The settings of a translation, shared by the command and by Python."""

from __future__ import annotations

from tf_dcgan.config import fields


def direction(group: str):
    """Makes the field `direction`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        "a_to_b",
        "which of the run's two translations to make",
        group=group,
        choices={
            "a_to_b": "images of A become images that look like B's",
            "b_to_a": "images of B become images that look like A's",
        },
    )


def size(group: str):
    """Makes the field `size`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        "network",
        "the size of the translations",
        group=group,
        choices={
            "network": "the size that the run was trained at; each image gets "
            "it as the run's --fit says, by default by a crop to the centre",
            "original": "the size of each image, cut down at the edges to "
            "multiples of 4 pixels",
        },
    )
