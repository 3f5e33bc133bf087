"""Trains a GAN on images: `python -m tf_dcgan train`, or `train.py`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import, terminal
from tf_dcgan.config import fields, schema
from tf_dcgan.training import plan

SUMMARY = """\
Trains a GAN on images, or goes on with a run.

  --dataset=mnist          starts a run under runs/
  --run_dir=runs/00000-…   goes on with it; no other flag is needed

The defaults are those of --recipe=dcgan. Other recipes change some of them:
--dry_run shows the values that a training has."""


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
    planned = plan.make(line.more, settings.run_dir)
    if not settings.dry_run:
        planned.require_writable()
    try:
        quiet_import.import_tensorflow()
        from tf_dcgan.training import launch

        if settings.dry_run:
            launch.describe(planned.config)
        else:
            launch.launch(
                planned.config, run_dir=planned.run_dir, old_run=planned.old_run
            )
    except KeyboardInterrupt as interrupt:
        if settings.dry_run:
            raise
        # Once it trains, the loop heeds signals and says what it saved.
        beginning = (
            "before the first step: nothing was trained, and the same command "
            "begins again"
            if planned.old_run is None
            else "before the run went on: it is as it was"
        )
        raise KeyboardInterrupt(
            str(interrupt) or f"interrupted {beginning}"
        ) from interrupt
