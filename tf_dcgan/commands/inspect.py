"""What is in a set of images: `python -m tf_dcgan inspect PATH`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json

from tf_dcgan.commands import command_line, page_files
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import device_field, fields

_GROUP = "Inspection"
SUMMARY = "Tells what images a folder holds, and how to train on them."


@dataclasses.dataclass(frozen=True)
class InspectSettings:
    """The flags of this command."""

    out: str | None = fields.setting(
        None,
        "a page with pictures to write too, a file ending in .html",
        group=_GROUP,
        unset="no page",
    )
    json: bool = fields.setting(
        False, "print all facts as JSON instead of the text", group=_GROUP
    )
    measure: bool = fields.setting(
        True,
        "run a few steps of the recommended training to tell its time; takes "
        "half a minute on a CPU",
        group=_GROUP,
    )
    device: str = device_field.device(_GROUP)
    data_dir: str | None = fields.setting(
        None,
        "folder with prepared data sets, as train.py takes it",
        group=_GROUP,
        unset="TFDS's own default",
    )
    labels: str | None = fields.setting(
        None,
        "file with the classes of a folder's images, as train.py takes it",
        group=_GROUP,
        unset="the sub-folders are the classes",
    )
    cache_dir: str | None = fields.setting(
        None,
        "folder that packed archives are unpacked into",
        group=_GROUP,
        unset="tf_dcgan in the user's cache folder",
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the images or the place to write is wrong.
    """
    line = command_line.parse(
        arguments,
        InspectSettings,
        summary=(
            f"{SUMMARY}\n\nPATH is a folder of images, a .zip, .tar or .tar.gz "
            "of one, an .npy or\n.npz, or a data set's name."
        ),
        command=terminal.command("inspect"),
        words="PATH",
    )
    settings = line.settings
    if len(line.words) != 1 or not line.words[0]:
        raise errors.UserError(
            f"give one folder, array or data set, not {len(line.words)}: "
            f"{terminal.command('inspect')} PATH"
        )
    out = None if settings.out is None else page_files.check_out(settings.out)
    # Late, so that --help and a slip answer at once.
    from tf_dcgan.inspection import report

    if report.needs_tensorflow(line.words[0]):
        quiet_import.import_tensorflow()
    inspected = report.inspect(
        line.words[0],
        data_dir=settings.data_dir,
        labels=settings.labels,
        cache_dir=settings.cache_dir,
    )
    if settings.measure and inspected.advice is not None:
        quiet_import.import_tensorflow()
        inspected = inspected.measured(settings.device)
    if out is not None:
        size = page_files.write(out, inspected.page())
    if settings.json:
        terminal.show(json.dumps(inspected.to_json(), indent=2))
        return
    for text in inspected.lines():
        terminal.show(text)
    if out is not None:
        terminal.show(f"\n{out}: {size}; open it in a browser")
