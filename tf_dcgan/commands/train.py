"""Trains a GAN on images: `python -m tf_dcgan train`, or `train.py`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os

from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import, terminal
from tf_dcgan.config import cluster, fields, overrides, schema
from tf_dcgan.data import cache
from tf_dcgan.runs import folder, runs

SUMMARY = """\
Trains a GAN on images, or goes on with a run.

  --dataset=mnist          starts a run under runs/
  --run_dir=runs/00000-…   goes on with it; no other flag is needed"""


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """The flags that are no part of a run's config."""

    run_dir: str | None = fields.setting(
        None,
        "the run to go on with, or the folder for a new run",
        group="Run",
        unset="the next number under runs/",
    )
    dry_run: bool = fields.setting(
        False,
        "print the settings, both networks and the cost of a step; train "
        "nothing",
        group="Run",
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: something is wrong that the user can mend.
    """
    line = command_line.parse(
        arguments,
        TrainSettings,
        more_flags=schema.Config,
        summary=SUMMARY,
        command=terminal.command("train"),
    )
    settings = line.settings
    old_run = None
    if settings.run_dir is not None and folder.exists(settings.run_dir):
        old_run = runs.open_run(settings.run_dir)
        config = overrides.resume(old_run.config, line.more)
        if "cache_dir" not in line.more:
            config = dataclasses.replace(
                config, cache_dir=cache.of_run(config.cache_dir)
            )
    else:
        config = overrides.from_flags(line.more)
    if not settings.dry_run and cluster.is_chief(config.distribute, os.environ):
        folder.check_place(settings.run_dir)
    quiet_import.import_tensorflow()
    from tf_dcgan.training import launch

    if settings.dry_run:
        launch.describe(config)
    else:
        launch.launch(config, run_dir=settings.run_dir, old_run=old_run)
