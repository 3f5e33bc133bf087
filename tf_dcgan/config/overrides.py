"""Makes the config of a new run, or of a run that goes on, from flags.

`schema.Config` checks what every config must keep. Here stand the checks that
need to know which flags the user gave, and which of them change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import os
from typing import Any

from tf_dcgan.common import errors, files
from tf_dcgan.config import fields, kinds, losses, recipes, schema

_PATHS = (
    "data_dir",
    "cache_dir",
    "inception_weights",
    "labels",
    "init_from",
)


def from_flags(flag_values: Mapping[str, Any]) -> schema.Config:
    """Makes the config of a new run.

    Args:
        flag_values: the settings that the user gave; they win over all others.

    Returns:
        A config with these settings. The other settings have the values of
        the loss, else of the recipe, else their defaults.

    Raises:
        errors.UserError: a value is not allowed.
    """
    _check_length(flag_values)
    flag_values = _absolute(flag_values)
    recipe = recipes.RECIPES.get(
        flag_values.get("recipe", schema.Config.recipe)
    )
    differences = dict(recipe.differences) if recipe else {}
    loss = losses.LOSSES.get(
        flag_values.get("loss", differences.get("loss", schema.Config.loss))
    )
    differences |= loss.differences if loss else {}
    names_a_set = {"dataset_a", "dataset_b"} & set(flag_values)
    if recipe and recipe.kind is kinds.TRANSLATION and names_a_set:
        # The recipe's own data set would be a third one.
        differences["dataset"] = None
    config = schema.Config(**{**differences, **flag_values})
    _check_recipe(config, flag_values)
    _check_loss(config, flag_values)
    _check_evaluation(config, flag_values)
    _check_rollbacks(config, flag_values)
    if config.minibatch_stddev and config.batch_size == 1:
        raise errors.UserError(
            "--minibatch_stddev compares the images of a batch, and "
            "--batch_size=1 has one: give --batch_size=2 or more, or leave "
            "--minibatch_stddev out"
        )
    return config


def resume(
    config: schema.Config, flag_values: Mapping[str, Any]
) -> schema.Config:
    """Makes the config of a run that goes on.

    Args:
        config: the config that the run was started with.
        flag_values: the settings that the user gives now.

    Returns:
        The config with the new values, all of which may change.

    Raises:
        errors.UserError: a value would change what is being trained.
    """
    _check_length(flag_values)
    flag_values = _absolute(flag_values)
    for name in ("xla", "image_size"):
        if flag_values.get(name) == "auto":
            del flag_values[name]  # A run keeps what it chose at its start.
    if "epochs" in flag_values:
        flag_values["steps"] = None
    if flag_values.get("distribute", "mirrored") != "mirrored":
        flag_values.setdefault("devices", None)
    new = dataclasses.replace(config, **flag_values)
    _check_recipe(new, flag_values)
    _check_loss(new, flag_values)
    _check_evaluation(new, flag_values)
    _check_rollbacks(new, flag_values)
    refused = [
        f"--{field.name} (was {getattr(config, field.name)}, "
        f"now {getattr(new, field.name)})"
        for field in dataclasses.fields(config)
        if field.name in flag_values
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
    """Tells whether a setting names a folder or a file before and now.

    The folder may have moved. Whether its images are still the same is checked
    when they are loaded.
    """
    values = [getattr(settings, name) for settings in (config, new)]
    return name in schema.MAY_MOVE and all(
        v and os.path.isabs(v) for v in values
    )


def _absolute(flag_values: Mapping[str, Any]) -> dict[str, Any]:
    """Makes paths absolute: a run may go on from another folder."""
    absolute = {
        name: os.path.abspath(os.path.expanduser(value))
        if value
        and (name in _PATHS or (name in schema.DATASETS and _is_path(value)))
        else value
        for name, value in flag_values.items()
    }
    labels, dataset = flag_values.get("labels"), absolute.get("dataset")
    if labels and dataset and not os.path.exists(absolute["labels"]):
        # They may lie beside the images.
        beside = os.path.join(dataset, labels)
        if os.path.isabs(dataset) and os.path.isfile(beside):
            absolute["labels"] = beside
    return absolute


def _is_path(dataset: str) -> bool:
    """Tells a folder of images from a data set's name, `name` or `name/config`.

    A text that cannot be a name is a path, so the name of a container is. Else
    a relative path that does not begin with a dot is a path only if the folder
    exists.
    """
    separators = {os.sep, "/"}
    expanded = os.path.expanduser(dataset)
    return (
        os.path.isabs(expanded)
        or dataset.startswith("~")
        or dataset[-1] in separators
        or any(
            word.lower().endswith(files.ARCHIVES + files.ARRAYS)
            for word in dataset.split(":")
        )
        or dataset.replace(os.sep, "/").split("/")[0] in (".", "..")
        or (bool(separators & set(dataset)) and os.path.isdir(expanded))
    )


def _check_length(flag_values: Mapping[str, Any]) -> None:
    if "epochs" in flag_values and "steps" in flag_values:
        raise errors.UserError(
            f"--epochs={flag_values['epochs']} and "
            f"--steps={flag_values['steps']} both say how long to train: give "
            "one of them"
        )


def _check_recipe(
    config: schema.Config, flag_values: Mapping[str, Any]
) -> None:
    """Refuses settings that change nothing in the recipe."""
    idle_flags = [
        f"--{name}={flag_values[name]}"
        for name in fields.idle_for(schema.Config, config.kind)
        if flag_values.get(name, getattr(schema.Config, name))
        != getattr(schema.Config, name)
    ]
    if idle_flags:
        other_recipes = recipes.names(
            lambda recipe: recipe.kind is not config.kind
        )
        raise errors.UserError(
            f"{' and '.join(idle_flags)} would do nothing in recipe "
            f"{config.recipe}: leave {_it_or_them(idle_flags)} out, or take "
            f"another --recipe, such as {other_recipes[0]}"
        )


def _check_loss(config: schema.Config, flag_values: Mapping[str, Any]) -> None:
    """Refuses flags whose values the loss has overridden."""
    no_labels = "has no labels to smooth"
    for name, reason in {
        "real_label": no_labels,
        "fake_label": no_labels,
        "discriminator_updates": "needs one update of D on all parts of its "
        "loss",
    }.items():
        needed_value = getattr(config, name)
        if flag_values.get(name, needed_value) not in (None, needed_value):
            raise errors.UserError(
                f"--{name}={flag_values[name]} does not go with "
                f"--loss={config.loss}, which {reason}: give "
                f"--{name}={needed_value}, or leave it out"
            )


def _check_evaluation(
    config: schema.Config, flag_values: Mapping[str, Any]
) -> None:
    """Refuses settings of the scores in a run that takes no scores."""
    idle_flags = _given(
        flag_values,
        [
            field.name
            for field in dataclasses.fields(config)
            if field.metadata["group"] == schema.EVALUATION
            and field.name != "evaluate_every"
        ],
    )
    if idle_flags and not config.evaluate_every:
        raise errors.UserError(
            f"{' and '.join(idle_flags)} would do nothing without "
            "--evaluate_every: give an interval in steps, such as "
            f"--evaluate_every=1000, or leave {_it_or_them(idle_flags)} out"
        )


def _check_rollbacks(
    config: schema.Config, flag_values: Mapping[str, Any]
) -> None:
    """Refuses settings of rollbacks in a run that makes none."""
    idle_flags = _given(flag_values, ("max_rollbacks", "rollback_rate"))
    if idle_flags and config.on_collapse != "rollback":
        raise errors.UserError(
            f"{' and '.join(idle_flags)} would do nothing with --on_collapse="
            f"{config.on_collapse}: give --on_collapse=rollback, or leave "
            f"{_it_or_them(idle_flags)} out"
        )


def _given(flag_values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Writes those of some flags that the user gives, with their values."""
    return [f"--{n}={flag_values[n]}" for n in names if n in flag_values]


def _it_or_them(flags: Sequence[str]) -> str:
    return "it" if len(flags) == 1 else "them"
