"""The settings that choose a generator of a run, shared by several commands."""

from __future__ import annotations

from tf_dcgan.config import fields


def weights(group: str):
    """Makes the field `weights`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        "ema",
        "which weights of the generator",
        group=group,
        choices={
            "ema": "their moving average",
            "raw": "the weights after the last update",
        },
    )


def checkpoint(group: str):
    """Makes the field `checkpoint`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        "last",
        "which checkpoint of the run",
        group=group,
        choices={
            "last": "the last one",
            "best": "the best by the score of --evaluate_every",
        },
    )
