"""Flags that several commands over runs share, each written once."""

from __future__ import annotations

from tf_dcgan import settings


def weights(group: str):
    """Makes the field `weights`.

    Args:
        group: the heading in `--help`.
    """
    return settings.setting(
        "ema",
        "which weights of the generator",
        group=group,
        choices={
            "ema": "their moving average",
            "raw": "those of the last update",
        },
    )


def checkpoint(group: str):
    """Makes the field `checkpoint`.

    Args:
        group: the heading in `--help`.
    """
    return settings.setting(
        "last",
        "which checkpoint of the run",
        group=group,
        choices={
            "last": "the last one",
            "best": "the best by the score of --evaluate_every",
        },
    )
