"""Flags that several commands over runs share, each written once."""

from __future__ import annotations

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import fields
from tf_dcgan.runs import runs


def open_generation(run_dir: str) -> runs.Run:
    """Opens a run whose generator makes images of noise.

    Args:
        run_dir: what `--run_dir` names.

    Raises:
        errors.UserError: there is no run, or it translates.
    """
    run = runs.open_run(run_dir)
    if run.config.translates:
        raise errors.UserError(
            f"--run_dir={run_dir} translates images, and makes none of noise: "
            f"use {terminal.command('translate', run_dir=run_dir)} "
            "--input=FOLDER"
        )
    return run


def open_translation(run_dir: str) -> runs.Run:
    """Opens a run whose generators make images of images.

    Args:
        run_dir: what `--run_dir` names.

    Raises:
        errors.UserError: there is no run, or it does not translate.
    """
    run = runs.open_run(run_dir)
    if not run.config.translates:
        raise errors.UserError(
            f"--run_dir={run_dir} makes images of noise, and translates none: "
            f"use {terminal.command('sample', run_dir=run_dir)}"
        )
    return run


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
            "raw": "those of the last update",
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


def label(group: str, *, unset: str):
    """Makes the field `label`.

    Args:
        group: the heading in `--help`.
        unset: what happens without it, in words.
    """
    return fields.setting(
        None,
        "the class that a conditional run shall make: its name, or, where no "
        "class has that name, its number from 0",
        group=group,
        unset=unset,
    )


def find_label(run: runs.Run, given: str | None) -> int | None:
    """Finds the class that `--label` names.

    Args:
        run: the run.
        given: a class's name, or its number from 0; a name comes first. None
            for none.

    Returns:
        The class's number, or None for none.

    Raises:
        errors.UserError: the run is not conditional, or has no such class.
    """
    if given is None:
        return None
    if not run.num_classes:
        raise errors.UserError(
            f"--label={given}: {run.path} is not conditional: leave --label "
            "out, or train a run with --conditional"
        )
    names = run.data.class_names
    if given in names:
        return names.index(given)
    if given.isascii() and given.isdigit() and len(given) < 10:
        if int(given) < len(names):
            return int(given)
    raise errors.UserError(
        f"--label={given} is no class of {run.config.dataset}: "
        + errors.suggestion(given, names)
        + f"; or a number from 0 to {len(names) - 1}"
    )
