"""What `evaluation.json` tells, and how to make another like it."""

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
        run_dir: the run.

    Returns:
        What it holds, or None without such a file.

    Raises:
        errors.UserError: it is damaged.
    """
    path = run_dir / EVALUATION
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text())
        for score in found["scores"]:
            for name in ("value", "low", "high", "ideal"):
                if not isinstance(score[name], int | float | None):
                    raise ValueError(f"{name} is {score[name]!r}")
            if not isinstance(score["name"], str):
                raise ValueError(f"a score is called {score['name']!r}")
            list(score["warnings"])
        list(found["notes"])
        if not isinstance(found["protocol"], dict):
            raise ValueError("the protocol is no object")
        if type(found["step"]) is not int:
            raise ValueError(f"the step is {found['step']!r}")
        return found
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise errors.UserError(
            f"{path} is damaged ({type(error).__name__}: {error}): delete it, "
            "or make it anew with "
            + terminal.command("evaluate", run_dir=run_dir)
        ) from error


def protocol(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what evaluations must have in common to be compared.

    Args:
        evaluation: what `evaluation.json` holds.

    Returns:
        Its protocol without what may differ: the run's path and step, the
        score of a best checkpoint, the seed and the versions. Entries of the
        features stand on their own.
    """
    content = dict(evaluation["protocol"])
    fake = content.pop("fake", "")
    words = re.search(
        r", step [\d,]+, (best by \S+)?.*?(\w+) weights$", str(fake)
    )
    weights = ", ".join(filter(None, words.groups())) if words else None
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
    """Says whether it is of the best checkpoint, which need not be the last.

    Args:
        evaluation: what `evaluation.json` holds.
    """
    weights = protocol(evaluation)["weights"]
    return weights is not None and weights.startswith("best by ")


def command(run_dir: pathlib.Path, example: Mapping[str, Any] | None) -> str:
    """Returns the command that evaluates a run as another one was.

    Args:
        run_dir: the run.
        example: the other's `evaluation.json`; None for any protocol.
    """
    flags: dict[str, object] = {"run_dir": run_dir}
    made = example["protocol"] if example else {}
    features = made.get("features")
    network = features.get("network") if isinstance(features, dict) else None
    if network in ("inception", "keras_inception"):
        flags["features"] = network
        if network == "inception":
            flags["feature_dim"] = features.get("feature_dim")
    else:
        flags["features"] = "classifier"
    if isinstance(made.get("fake_images"), int):
        flags["num_samples"] = made["fake_images"]
    return terminal.command("evaluate", **flags)
