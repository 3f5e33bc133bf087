"""A run's samples over time: `python -m tf_dcgan progress --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tf_dcgan.commands import animation_flags, command_line
from tf_dcgan.common import errors, files, quiet_import, terminal, words
from tf_dcgan.config import fields
from tf_dcgan.runs import logs, runs

_GROUP = "Progress"
SUMMARY = "Makes an animation of a run's sample grids over its steps."


@dataclasses.dataclass(frozen=True)
class ProgressSettings:
    """The flags of this command."""

    run_dir: str | None = fields.setting(
        None, "the run, a folder that train.py made", group=_GROUP
    )
    format: str | None = animation_flags.field(_GROUP)
    frames: int = fields.setting(
        100,
        "the most grids to show; of more, some are chosen at equal distances",
        group=_GROUP,
        minimum=2,
        maximum=1000,
    )
    out: str = fields.setting(
        "progress",
        "the file to write; a name without the ending of a format gets it",
        group=_GROUP,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong, or
            there is no encoder for the format.
    """
    settings = command_line.parse(
        arguments,
        ProgressSettings,
        summary=SUMMARY,
        command=terminal.command("progress"),
    ).settings
    run = runs.open_run(settings.run_dir)
    (out,) = animation_flags.outs(settings.out, settings.format)
    files.require_writable(out, f"--out={settings.out}")
    count = min(len(logs.sample_grids(run.path)), settings.frames)
    if not count:
        raise errors.UserError(
            f"{run.path} has no sample grids: go on with "
            f"`{terminal.command('train', run_dir=run.path)}` first"
        )
    quiet_import.import_tensorflow()
    from tf_dcgan.runs import charts

    charts.write_progress(run.path, max_frames=settings.frames, out=out)
    terminal.show(f"{out}: {words.counted(count, 'sample grid')} of {run.path}")
