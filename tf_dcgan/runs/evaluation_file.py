"""Reads `evaluation.json`, and gives the command that makes another like it."""

from __future__ import annotations

from collections.abc import Mapping
import pathlib
from typing import Any

from tf_dcgan.common import errors, json_values, terminal

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
        evaluation = json_values.loads(path.read_text(encoding="utf-8"))
        json_values.check(
            evaluation["step"], "step", allowed="a whole number from 0"
        )
        for place, score in enumerate(evaluation["scores"]):
            for name in ("value", "low", "high", "ideal"):
                json_values.check(
                    score[name],
                    f"scores[{place}].{name}",
                    allowed="a number or null",
                )
            json_values.check(
                score["name"], f"scores[{place}].name", allowed="a text"
            )
            json_values.check(
                score["warnings"],
                f"scores[{place}].warnings",
                allowed="a list of texts",
            )
        json_values.check(
            evaluation["notes"], "notes", allowed="a list of texts"
        )
        if not isinstance(evaluation["protocol"], dict):
            raise ValueError("protocol is no object")
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
        the features is an entry of its own. `weights` is None in a file of
        before 2026-11-29, which has it in words alone.
    """
    content = dict(evaluation["protocol"])
    for name in ("fake", "seed", "versions"):
        content.pop(name, None)
    generator = _generator(evaluation)
    weights = generator.get("weights")
    if "best_by" in generator:
        weights = f"best by {generator['best_by']}, {weights}"
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
    return "best_by" in _generator(evaluation)


def _generator(evaluation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns what the file says about the generator; may be nothing."""
    generator = evaluation.get("generator")
    return generator if isinstance(generator, Mapping) else {}


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
