"""A generator for others: `python -m tf_dcgan export --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, terminal, words
from tf_dcgan.config import fields
from tf_dcgan.runs import runs
from tf_dcgan.sampling.exports import folder_files, formats

_GROUP = "Export"
SUMMARY = "Writes a run's generator as files that others load."
_FORMATS_IN_WORDS = "; ".join(
    f"{name}: {each.summary}" + (f" (extra {each.extra})" if each.extra else "")
    for name, each in formats.FORMATS.items()
)


@dataclasses.dataclass(frozen=True)
class ExportSettings(run_flags.RunSettings):
    """The flags of this command."""

    format: str = fields.setting(
        "saved_model,keras",
        f"formats, separated by commas. {_FORMATS_IN_WORDS}",
        group=_GROUP,
    )
    precision: str = fields.setting(
        formats.FLOAT32,
        "how weights are stored; they are computed with in float32",
        group=_GROUP,
        choices={
            formats.FLOAT32: "as they are",
            formats.FLOAT16: "rounded, in half the bytes; of "
            + " and ".join(
                name
                for name, each in formats.FORMATS.items()
                if formats.FLOAT16 in each.precisions
            ),
        },
    )
    out: str = fields.setting(
        "exported",
        "a folder for the files, model.json, MODEL.md and grid.png; an earlier "
        "export in it is replaced",
        group=_GROUP,
    )

    def __post_init__(self):
        """Checks every value."""
        super().__post_init__()
        formats.check_precision(self.format_names, self.precision)

    @property
    def format_names(self) -> list[str]:
        """The formats, keys of `formats.FORMATS`."""
        return formats.parse(self.format)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong, what
            a format needs is not installed, or a file differs from the
            generator.
    """
    settings = command_line.parse(
        arguments,
        ExportSettings,
        summary=SUMMARY,
        command=terminal.command("export"),
    ).settings
    formats.check_installed(settings.format_names)
    run = runs.open_run(settings.run_dir)
    if not settings.out:
        raise errors.UserError("--out= is empty: give a folder for the files")
    out = pathlib.Path(os.path.expanduser(settings.out))
    folder_files.check_out(out, place=f"--out={settings.out}")
    generator, step, origin = run_flags.load_at_step(run, settings)
    from tf_dcgan.sampling.exports import export, model_card

    exported = export.export(
        out,
        run,
        generator,
        format_names=settings.format_names,
        precision=settings.precision,
        step=step,
        weights=settings.weights,
        checkpoint=settings.checkpoint,
    )
    for file in exported:
        terminal.show(
            f"{out / file.path}: {model_card.size(file.bytes)}, loaded by "
            f"{file.runtime}, differs from Keras by at most "
            f"{file.largest_difference:.2g} in [-1, 1] over "
            f"{words.counted(file.compared_images, 'image')}"
        )
    terminal.show(
        f"{out}: {words.counted(len(exported), 'file')}, "
        f"{folder_files.DESCRIPTION} and {folder_files.CARD} (fill in the "
        "licences), "
        f"{origin}"
    )
