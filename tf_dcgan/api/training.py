"""A training that a program asks for, from its arguments to its folder."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
from typing import Any

from tf_dcgan.api import arrays, values, wording
from tf_dcgan.config import fields, schema
from tf_dcgan.training import plan


def train(
    run_dir: os.PathLike | str | None,
    settings: Mapping[str, Any],
    *,
    verbose: bool,
) -> pathlib.Path:
    """Trains; see `calls.train`.

    Args:
        run_dir: of the run, or None for the next number.
        settings: of the run, as the caller gave them.
        verbose: whether everything is printed.

    Returns:
        The run's folder.

    Raises:
        errors.UserError: a setting, the data, the machine or the run does not
            fit the others.
    """
    with wording.for_programs(verbose=verbose):
        titled, held = arrays.taken_out(settings, schema.DATASETS)
        flags = values.settings(schema.Config, titled, call="train()")
        for name, parts in held.items():
            flags[name] = arrays.as_file(parts, flags.get("cache_dir"))
        folder = None if run_dir is None else os.fspath(run_dir)
        fields.check_text("run_dir", folder)
        planned = plan.make(flags, folder)
        planned.require_writable()
        with wording.tensorflow_as_it_was():
            from tf_dcgan.training import launch

            return launch.launch(
                planned.config,
                run_dir=planned.run_dir,
                old_run=planned.old_run,
            )
