"""Reads `evaluation.json`, and gives the command that makes another like it."""

from __future__ import annotations

from collections.abc import Mapping
import json
import pathlib
import re
from typing import Any

from tf_dcgan.common import errors, terminal

EVALUATION = "evaluation.json"


def read(run_dir: pathlib.Path) -> dict[str, Any] | None:
    """Reads `evaluation.json`.

    Args:
        run_dir: the run's folder.

    Returns:
        The file's content, or None if there is no such file.

    Raises:
        errors.UserError: the file is damaged.
    """
    path = run_dir / EVALUATION
    if not path.exists():
        return None
    try:
        evaluation = json.loads(path.read_text())
        for score in evaluation["scores"]:
            for name in ("value", "low", "high", "ideal"):
                if not isinstance(score[name], int | float | None):
                    raise ValueError(f"{name} is {score[name]!r}")
            if not isinstance(score["name"], str):
                raise ValueError(f"a score is called {score['name']!r}")
            list(score["warnings"])
        list(evaluation["notes"])
        if not isinstance(evaluation["protocol"], dict):
            raise ValueError("the protocol is no object")
        if type(evaluation["step"]) is not int:
            raise ValueError(f"the step is {evaluation['step']!r}")
        return evaluation
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise errors.UserError(
            f"{path} is damaged ({type(error).__name__}: {error}): make it "
            "anew with " + terminal.command("evaluate", run_dir=run_dir)
        ) from error


def protocol(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the part of a protocol that comparable evaluations share.

    Args:
        evaluation: the content of an `evaluation.json`.

    Returns:
        The protocol without what may differ: the run's path and step, the
        score of a best checkpoint, the seed and the versions. Each setting of
        the features is an entry of its own.
    """
    content = dict(evaluation["protocol"])
    fake = content.pop("fake", "")
    match = re.search(
        r", step [\d,]+, (best by \S+)?.*?(\w+) weights$", str(fake)
    )
    weights = ", ".join(filter(None, match.groups())) if match else None
    for name in ("seed", "versions"):
        content.pop(name, None)
    features = content.pop("features", {})
    if not isinstance(features, Mapping):
        features = {"features": features}
    return {
        **content,
        "weights": weights,
        **{f"features: {name}": value for name, value in features.items()},
    }


def is_of_best(evaluation: Mapping[str, Any]) -> bool:
    """Says whether an evaluation scored the best checkpoint, not the last.

    Args:
        evaluation: the content of an `evaluation.json`.
    """
    weights = protocol(evaluation)["weights"]
    return weights is not None and weights.startswith("best by ")


def command(run_dir: pathlib.Path, example: Mapping[str, Any] | None) -> str:
    """Returns the command that evaluates a run as another run was evaluated.

    Args:
        run_dir: the folder of the run to evaluate.
        example: the content of the other run's `evaluation.json`; None for
            any protocol.
    """
    flags: dict[str, object] = {"run_dir": run_dir}
    example_protocol = example["protocol"] if example else {}
    features = example_protocol.get("features")
    if not isinstance(features, dict):
        features = {}
    network = features.get("network")
    if network in ("inception", "keras_inception"):
        flags["features"] = network
        if network == "inception":
            flags["feature_dim"] = features.get("feature_dim")
    else:
        flags["features"] = "classifier"
    if isinstance(example_protocol.get("fake_images"), int):
        flags["num_samples"] = example_protocol["fake_images"]
    return terminal.command("evaluate", **flags)
