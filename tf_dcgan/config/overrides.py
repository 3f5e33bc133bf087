"""The config that a command line asks for, of a new run or one that goes on.

What holds for every config is checked in `config`; here is what can only be
said of flags: which were given, and which of them would change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import os
from typing import Any

from tf_dcgan.common import errors
from tf_dcgan.config import kinds, recipes, schema

_PATHS = ("data_dir", "cache_dir", "inception_weights")


def from_flags(given: Mapping[str, Any]) -> schema.Config:
    """Makes the config of a new run.

    Args:
        given: the settings that the user named; they win over all others.

    Returns:
        A config in which everything else is the recipe's, or the loss's.

    Raises:
        errors.UserError: a value is not allowed.
    """
    _check_length(given)
    given = _absolute(given)
    recipe = recipes.RECIPES.get(given.get("recipe", schema.Config.recipe))
    differences = dict(recipe.differences) if recipe else {}
    differences |= recipes.OF_LOSSES.get(
        given.get("loss", differences.get("loss")), {}
    )
    names_a_set = {"dataset_a", "dataset_b"} & set(given)
    if recipe and recipe.kind is kinds.TRANSLATION and names_a_set:
        differences["dataset"] = None  # Checked where it must be one.
    config = schema.Config(**{**differences, **given})
    _check_recipe(config, given)
    _check_loss(config, given)
    _check_evaluation(config, given)
    return config


def resume(config: schema.Config, given: Mapping[str, Any]) -> schema.Config:
    """Makes the config of a run that goes on.

    Args:
        config: what the run was started with.
        given: the settings that the user named now.

    Returns:
        The config with those of the new values that may change.

    Raises:
        errors.UserError: a value would change what is being trained.
    """
    _check_length(given)
    given = _absolute(given)
    if given.get("xla") == "auto":
        del given["xla"]  # A run keeps what it chose when it started.
    if "epochs" in given:
        given["steps"] = None
    new = dataclasses.replace(config, **given)
    _check_recipe(new, given)
    _check_loss(new, given)
    _check_evaluation(new, given)
    refused = [
        f"--{field.name} (was {getattr(config, field.name)}, "
        f"now {getattr(new, field.name)})"
        for field in dataclasses.fields(config)
        if field.name in given
        and field.metadata["on_resume"] == "fixed"
        and getattr(config, field.name) != getattr(new, field.name)
        and not _is_moved(config, new, field.name)
    ]
    if refused:
        raise errors.UserError(
            f"a run goes on only as it began; changed: {', '.join(refused)}. "
            "Leave these flags out, or start a new run without --run_dir"
        )
    return new


def _is_moved(config: schema.Config, new: schema.Config, name: str) -> bool:
    """Whether both have folders, whose images are compared later anyway."""
    values = [getattr(settings, name) for settings in (config, new)]
    return name in schema.DATASETS and all(
        v and os.path.isabs(v) for v in values
    )


def _absolute(given: Mapping[str, Any]) -> dict[str, Any]:
    """Makes paths absolute: a run may go on from another place."""
    return {
        name: os.path.abspath(os.path.expanduser(value))
        if value
        and (name in _PATHS or (name in schema.DATASETS and _is_path(value)))
        else value
        for name, value in given.items()
    }


def _is_path(dataset: str) -> bool:
    """Tells a folder of images from a data set's name, `name` or `name/config`.

    What can only be a path is one. A relative path without a dot in front is
    one if the folder exists.
    """
    separators = {os.sep, "/"}
    expanded = os.path.expanduser(dataset)
    return (
        os.path.isabs(expanded)
        or dataset.startswith("~")
        or dataset[-1] in separators
        or dataset.replace(os.sep, "/").split("/")[0] in (".", "..")
        or (bool(separators & set(dataset)) and os.path.isdir(expanded))
    )


def _check_length(given: Mapping[str, Any]) -> None:
    if "epochs" in given and "steps" in given:
        raise errors.UserError(
            f"--epochs={given['epochs']} and --steps={given['steps']} both "
            "say how long to train: give one of them"
        )


def _check_recipe(config: schema.Config, given: Mapping[str, Any]) -> None:
    """Refuses settings that say nothing to the recipe."""
    of_others = (
        recipes.OF_GENERATION if config.translates else recipes.OF_TRANSLATION
    )
    idle = [
        f"--{name}={given[name]}"
        for name in of_others
        if given.get(name, getattr(schema.Config, name))
        != getattr(schema.Config, name)
    ]
    if idle:
        meant = [
            name
            for name, recipe in recipes.RECIPES.items()
            if recipe.kind is not config.kind
        ]
        raise errors.UserError(
            f"{' and '.join(idle)} would do nothing in recipe "
            f"{config.recipe}: leave it out, or take another --recipe, such "
            f"as {meant[0]}"
        )


def _check_loss(config: schema.Config, given: Mapping[str, Any]) -> None:
    """Refuses what the user asked for and the loss has made another."""
    for name in ("real_label", "fake_label", "discriminator_updates"):
        wanted, needed = given.get(name), getattr(config, name)
        if wanted not in (None, needed):
            reason = (
                "needs one update of D on all parts of its loss"
                if name == "discriminator_updates"
                else "has no labels to smooth"
            )
            raise errors.UserError(
                f"--{name}={wanted} does not go with --loss={config.loss}, "
                f"which {reason}: give --{name}={needed}, or leave it out"
            )


def _check_evaluation(config: schema.Config, given: Mapping[str, Any]) -> None:
    """Refuses to say how to evaluate a run that shall not be."""
    unused = [
        f"--{field.name}={given[field.name]}"
        for field in dataclasses.fields(config)
        if field.name in given
        and field.metadata["group"] == schema.EVALUATION
        and field.name != "evaluate_every"
    ]
    if unused and not config.evaluate_every:
        raise errors.UserError(
            f"{' and '.join(unused)} would do nothing without "
            "--evaluate_every: give an interval in steps, such as "
            "--evaluate_every=1000, or leave it out"
        )
