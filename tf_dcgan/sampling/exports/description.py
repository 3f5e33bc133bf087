"""What a stranger must know of exported files, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import os
import pathlib
from typing import Any

from tf_dcgan.config import kinds
from tf_dcgan.runs import best_checkpoint, runs
from tf_dcgan.sampling.exports import interface

# Raise it when a program that reads `model.json` would be misled.
_FORMAT = 1


def of_run(
    run: runs.Run,
    networks: Sequence[interface.Network],
    *,
    step: int,
    weights: str,
    checkpoint: str,
    precision: str,
) -> dict[str, Any]:
    """Describes the networks of a run and where they come from.

    Paths are left out: they say more of the machine than of the network.

    Args:
        run: the run.
        networks: what is exported.
        step: the number of finished steps.
        weights: "ema" or "raw".
        checkpoint: "last" or "best".
        precision: in which weights are stored.

    Returns:
        What stands in the metadata of every file and in `model.json`.

    Raises:
        errors.UserError: the best checkpoint is damaged.
    """
    config, data = run.config, run.data
    content: dict[str, Any] = {
        "format": _FORMAT,
        "made_by": runs.versions(),
        "run": run.path.resolve().name,
        "recipe": config.recipe,
        "task": config.kind.name,
        "step": step,
        "weights": weights,
        **best_checkpoint.facts(run, step, checkpoint),
        "precision": precision,
        "networks": [network.to_json() for network in networks],
        "image": {
            "height": data.height,
            "width": data.width,
            "channels": data.channels,
        },
        "trained_on": [
            {
                "dataset": public(name),
                "images": facts.num_images,
                "preparation": without_paths(run, facts.preparation),
                "fingerprint": facts.fingerprint,
            }
            for name, facts in zip(
                runs.set_names(config), run.datasets, strict=True
            )
        ],
    }
    if config.kind is kinds.GENERATION:
        # (top, left, height, width) of what is not padding.
        content["content_box"] = list(data.content_box)
    if run.num_classes:
        content["classes"] = list(data.class_names)
    if data.value_range is not None:
        content["value_range"] = list(data.value_range)
    return content


def to_text(content: Mapping[str, Any]) -> str:
    """Writes a description as a file holds it."""
    return (
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        + "\n"
    )


def public(name: str) -> str:
    """Returns a data set's name without the folders that it lies in."""
    if os.path.isabs(name) or name.startswith(("~", ".")):
        return pathlib.PurePath(os.path.normpath(name)).name
    return name


def without_paths(run: runs.Run, text: str) -> str:
    """Takes the folders of the data sets out of a text about a run."""
    config = run.config
    for name in (
        config.dataset,
        config.dataset_a,
        config.dataset_b,
        config.labels,
    ):
        if name is not None:
            text = text.replace(name, public(name))
    return text.replace(str(run.path), run.path.resolve().name)
