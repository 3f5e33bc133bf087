"""Flags of evaluate.py that would change nothing, refused if given."""

from __future__ import annotations

from collections.abc import Collection

from tf_dcgan.commands import evaluate_flags
from tf_dcgan.common import errors

_OF_RUNS = ("num_samples", "split", "weights", "checkpoint")
_OF_INCEPTION = ("feature_dim", "inception_weights")
# Statistics are of the features alone: nothing is scored or drawn at random.
_OF_SCORES = ("metrics", "per_class", "output", "pairs", "train", "seed")
# What needs nothing but two sets of images.
_OF_TRANSLATIONS = (
    "fid",
    "fid_infinity",
    "sfid",
    "kid",
    "precision_recall",
    "density_coverage",
)


def refuse(
    wanted: evaluate_flags.EvaluateSettings, given: Collection[str]
) -> None:
    """Refuses flags that the rest of the command line leaves idle.

    Args:
        wanted: all settings.
        given: the names of those that the user gave.

    Raises:
        errors.UserError: one of them would change nothing.
    """
    features = f"--features={wanted.features}"
    idle: dict[str, str] = {}
    if wanted.run_dir is None:
        idle |= dict.fromkeys(_OF_RUNS, "is for --run_dir")
    if wanted.features != "inception":
        idle |= dict.fromkeys(
            _OF_INCEPTION, f"is for --features=inception, not for {features}"
        )
    if wanted.features == "classifier":
        idle["resize"] = (
            f"is for Inception networks; {features} has a size of its own"
        )
    if wanted.statistics is not None:
        idle |= dict.fromkeys(
            _OF_SCORES, "is for scores, and --statistics makes none"
        )
    for name in given:
        if name in idle:
            raise errors.UserError(f"--{name} {idle[name]}: leave it out")


def refuse_of_translation(
    wanted: evaluate_flags.EvaluateSettings, given: Collection[str]
) -> None:
    """Refuses what cannot be asked of a run that translates.

    Args:
        wanted: all settings.
        given: the names of those that the user gave.

    Raises:
        errors.UserError: there is something.
    """
    others = [m for m in wanted.metric_names if m not in _OF_TRANSLATIONS]
    if others:
        raise errors.UserError(
            f"--metrics={wanted.metrics}: {', '.join(others)} cannot be taken "
            "of translations, which are compared with the other set's images: "
            f"allowed for this run are {', '.join(_OF_TRANSLATIONS)}"
        )
    if wanted.per_class:
        raise errors.UserError(
            "--per_class cannot be had of translations, which have no class "
            "that they should be of: leave it out"
        )
    if "split" in given:
        raise errors.UserError(
            f"--split={wanted.split}: translations are scored on the images "
            "that their sets put aside: leave it out"
        )
