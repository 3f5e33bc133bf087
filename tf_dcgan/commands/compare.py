"""Runs side by side: `python -m tf_dcgan compare RUN RUN … --out=report.html`.

The page holds everything in itself: settings, curves, samples, timing and
evaluations. It is made from the files of the runs, without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib

from tf_dcgan.commands import command_line, page_files
from tf_dcgan.common import errors, terminal
from tf_dcgan.config import fields
from tf_dcgan.runs import folder

_MOST_RUNS = 12
SUMMARY = "Shows runs side by side on one page that needs no server."


@dataclasses.dataclass(frozen=True)
class CompareSettings:
    """The flags of this command."""

    out: str = fields.setting(
        "report.html",
        "the page to write, a file ending in .html",
        group="Comparison",
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, a run or the place to write is wrong.
    """
    line = command_line.parse(
        arguments,
        CompareSettings,
        summary=SUMMARY,
        command=terminal.command("compare"),
        words="RUN RUN …",
    )
    paths = _check_runs(line.words)
    out = page_files.check_out(line.settings.out)
    # Late, so that --help and a slip answer at once.
    from tf_dcgan.comparison import page as report
    from tf_dcgan.comparison import run_records

    text = report.write(run_records.read(paths))
    size = page_files.write(out, text)
    terminal.show(f"{out}: {len(paths)} runs, {size}; open it in a browser")


def _check_runs(words: Sequence[str]) -> list[pathlib.Path]:
    """Finds out early whether the words are two runs or more."""
    if not 2 <= len(words) <= _MOST_RUNS:
        raise errors.UserError(
            f"give 2 to {_MOST_RUNS} runs, not {len(words)}: "
            f"{terminal.command('compare')} RUN RUN … --out=report.html"
        )
    seen: dict[pathlib.Path, str] = {}
    for word in words:
        path = pathlib.Path(word)
        try:
            if not (path / folder.CONFIG).is_file():
                raise errors.UserError(
                    f"{word} is not a run ({_what_it_is(path)}): give folders "
                    "that train.py made"
                )
        except OSError as error:
            raise errors.UserError(
                f"{word} cannot be read ({error.strerror}): give folders that "
                "train.py made"
            ) from error
        if path.resolve() in seen:
            raise errors.UserError(
                f"{word} and {seen[path.resolve()]} are the same run: give "
                "each once"
            )
        seen[path.resolve()] = word
    return [pathlib.Path(word) for word in words]


def _what_it_is(path: pathlib.Path) -> str:
    if path.is_dir():
        return f"it has no {folder.CONFIG}"
    return "it is a file" if path.exists() else "it does not exist"
