"""Flags of evaluate.py that would change nothing, refused if given."""

from __future__ import annotations

from collections.abc import Collection

from tf_dcgan import errors, evaluation_settings

_OF_RUNS = ("num_samples", "split", "weights", "checkpoint")
_OF_INCEPTION = ("feature_dim", "inception_weights")
# Statistics are of the features alone: nothing is scored or drawn at random.
_OF_SCORES = ("metrics", "per_class", "output", "pairs", "train", "seed")


def refuse(
    wanted: evaluation_settings.EvaluateSettings, given: Collection[str]
) -> None:
    """Refuses flags that the rest of the command line leaves idle.

    Args:
        wanted: all settings.
        given: the names of those that the user gave.

    Raises:
        errors.UserError: one of them would change nothing.
    """
    features = f"--features={wanted.features}"
    idle = {}
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
