"""Command lines made from dataclasses of settings, with absl's flags."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import errno
import os
import signal
import sys
import textwrap
from typing import Any
import warnings

from absl import flags

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields

_WIDTH = 79
_INDENT = " " * 6
# How a user may ask for help.
HELP = ("--help", "-h", "-help", "--helpfull")
_SEE_HELP = "--help lists all flags"
_FLAGFILE = "give a text file with a flag on each line"
# Errors that the state of the user's files causes, as opposed to a bug.
_BAD_PATHS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EIO,
    errno.EFBIG,
    errno.ESTALE,
    errno.ELOOP,
}


class _HelpWanted(Exception):
    """The user asked for `--help`; the message is the help text."""


@dataclasses.dataclass(frozen=True)
class _NoFlags:
    """The further flags of a command whose settings are all its flags."""


@dataclasses.dataclass(frozen=True)
class CommandLine:
    """What the user wrote after the command.

    Attributes:
        settings: an instance of the command's dataclass of settings.
        given: the values of the flags that the user gave, by name.
        more: the same for the flags of `parse`'s `more_flags`.
        words: the words that are no flags, in their order.
    """

    settings: Any
    given: Mapping[str, Any]
    more: Mapping[str, Any]
    words: Sequence[str]


def parse(
    arguments: Sequence[str],
    settings_class: type,
    *,
    summary: str,
    command: str,
    more_flags: type = _NoFlags,
    words: str = "",
) -> CommandLine:
    """Reads a command line.

    absl's own entry point ends malformed flags with a usage dump and exit
    status 1 and sorts its help by Python module, hence this one.

    A word `--flagfile=FILE` stands for the words in a file, one a line, as in
    every program with absl's flags.

    Args:
        arguments: the words of the command line, the command first.
        settings_class: a dataclass of settings; each field is a flag.
        summary: what the command does, the first lines of `--help`.
        command: how it is called, such as `python -m tf_dcgan train`.
        more_flags: a second dataclass, each field a flag, of which no instance
            is made: it takes more than a command line to decide its values.
        words: how the usage line writes the words that are no flags, such as
            `RUN RUN …`; nothing where there may be none.

    Returns:
        The settings, and what the user gave.

    Raises:
        errors.UserError: a flag is unknown, its value is malformed or not
            allowed, or a word is no flag where all must be.
    """
    values = flags.FlagValues()
    values.set_gnu_getopt(bool(words))  # Flags may then follow words.
    classes = (settings_class, more_flags)
    for each in classes:
        _define(each, values)
    arguments = [arguments[0], *_with_flagfiles(arguments[1:], values)]
    if any(word in HELP for word in arguments[1:]):
        usage = " ".join(filter(None, [command, words, "--name=value …"]))
        raise _HelpWanted(_help(classes, usage, summary))
    for word in arguments[1:]:
        # absl would let the flags that it names pass, whatever they are.
        if word.startswith("-") and word.lstrip("-").startswith("undefok"):
            raise errors.UserError(_unknown("undefok", values))
    try:
        rest = values(arguments)[1:]
    except flags.UnrecognizedFlagError as error:
        raise errors.UserError(_unknown(error.flagname, values)) from error
    except flags.CantOpenFlagFileError as error:  # Of a line that is indented.
        raise errors.UserError(_unreadable(error)) from error
    except (flags.Error, ValueError) as error:
        raise errors.UserError(_malformed(error, values)) from error
    if rest and not words:
        raise errors.UserError(
            f"{rest[0]!r} is not a flag: flags look like --name=value; "
            f"{_SEE_HELP}"
        )
    given, more = (
        {
            field.name: _value(field, values[field.name].value)
            for field in dataclasses.fields(each)
            if values[field.name].present
        }
        for each in classes
    )
    for name, value in {**more, **given}.items():
        fields.check_text(name, value)
    return CommandLine(settings_class(**given), given, more, rest)


def run(main: Callable[[Sequence[str]], None]) -> None:
    """Runs a command and ends the process as a user expects.

    A `UserError`, a full disk, a full memory and a file that cannot be used
    become one line on standard error and exit status 2, Ctrl-C and SIGTERM exit
    status 130; any other exception keeps its traceback. What a
    `KeyboardInterrupt` says is told.

    Args:
        main: takes the words of the command line, the command first.
    """
    terminal.open_streams()
    _shield_from_environment()
    try:
        _heed_signals()
        _call(main)
    except BrokenPipeError:
        # The reader, such as `head`, has enough. Python flushes once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except errors.UserError as error:
        _fail(str(error))
    except OSError as error:
        _fail(_explained(error))
    except KeyboardInterrupt as interrupt:
        what = str(interrupt) or "interrupted"
        terminal.show(f"\n{what}", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        message = _full_memory(error)
        if message is None:
            raise
        _fail(message)


def _shield_from_environment() -> None:
    """Keeps variables that are meant for other programs from ending this."""
    # Libraries warn of what no user of a command can mend.
    if any(option.startswith("error") for option in sys.warnoptions):
        warnings.simplefilter("default")
    # No command opens a window, and Matplotlib refuses to be imported under
    # the name of a backend that it does not know.
    os.environ.pop("MPLBACKEND", None)


def _with_flagfiles(
    words: Sequence[str], values: flags.FlagValues
) -> list[str]:
    """Puts the lines of flag files in the place of `--flagfile=FILE`."""
    try:
        return values.read_flags_from_files(list(words), force_gnu=False)
    except flags.CantOpenFlagFileError as error:
        raise errors.UserError(_unreadable(error)) from error
    except ValueError as error:
        raise errors.UserError(
            f"--flagfile= names a file that is no text: {_FLAGFILE}"
        ) from error
    except flags.Error as error:
        raise errors.UserError(
            f"--flagfile needs a value: {_FLAGFILE}"
        ) from error


def _unreadable(error: flags.CantOpenFlagFileError) -> str:
    cause = error.__context__
    if not isinstance(cause, OSError):
        return f"--flagfile= cannot be read: {_FLAGFILE}"
    return (
        f"--flagfile={cause.filename} cannot be read ({cause.strerror}): "
        f"{_FLAGFILE}"
    )


def _value(field: dataclasses.Field, value: Any) -> Any:
    """Reads `--name=` as None, where the setting may be without a value."""
    return None if value == "" and field.metadata["unset"] else value


def _heed_signals() -> None:
    """Makes Ctrl-C and SIGTERM raise `KeyboardInterrupt`.

    Ctrl-C stays ignored where it was, as in commands in the background.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt(number, frame):
    raise KeyboardInterrupt


def _explained(error: OSError) -> str:
    """Says what is wrong with a file; raises an error that no user can mend."""
    if error.errno in files.DISK_FULL:
        return (
            f"the disk is full ({error.filename or 'while writing'}): nothing "
            "that was finished before is lost; make room and run again"
        )
    if error.errno in _BAD_PATHS and error.filename:
        return (
            f"{error.filename} cannot be used ({error.strerror}): see that "
            "it is what its name says, and that it may be read and written"
        )
    raise error


def _full_memory(error: Exception) -> str | None:
    """Says whose memory is full; None if the error is about something else."""
    if not errors.is_full_memory(error):
        return None
    text = str(error).lower()
    less = (
        "a new training with a smaller --batch_size or --width takes less; "
        "what was saved is not lost"
    )
    # XLA, which trains on GPUs, does not name the device.
    if "gpu" in text or "while trying to allocate" in text:
        return (
            "the memory of the GPU is full: see with nvidia-smi what else "
            f"holds it, or give --device=cpu; {less}"
        )
    return f"the memory of this machine is full: end other programs; {less}"


def _call(main: Callable[[Sequence[str]], None]) -> None:
    try:
        main(sys.argv)
    except _HelpWanted as help_text:
        terminal.show(str(help_text))
    sys.stdout.flush()


def _fail(message: str) -> None:
    # Spaces within a line stay: the message may hold a path or a command.
    line = " ".join(part.strip() for part in message.splitlines())
    terminal.show(f"error: {line}", file=sys.stderr)
    sys.exit(2)


def _define(settings_class: type, values: flags.FlagValues) -> None:
    makers: dict = {
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        bool: flags.DEFINE_boolean,
        str: flags.DEFINE_string,
    }
    for field in dataclasses.fields(settings_class):
        maker = makers[fields.field_type(settings_class, field.name)]
        # Defaults and bounds stay with the dataclass, which checks them.
        maker(field.name, None, field.metadata["help"], flag_values=values)


def _unknown(name: str, values: flags.FlagValues) -> str:
    names = ["flagfile", *(f for f in values if not values[f].boolean)]
    names += [flag for flag in values if values[flag].boolean]
    question = errors.question(name, names, prefix="--")
    return f"unknown flag --{name}: {question}{_SEE_HELP}"


def _malformed(error: Exception, values: flags.FlagValues) -> str:
    # absl says "flag --epochs=x: invalid literal …" or "Missing value for …".
    message = str(error).splitlines()[0]
    flag, _, reason = message.removeprefix("flag ").partition(": ")
    if not reason:
        return f"{message}; --help shows what each flag takes"
    name = flag.removeprefix("--").partition("=")[0]
    kind = "a number"
    if name in values and values[name].flag_type() == "int":
        kind = "a whole number"
    elif "boolean" in reason:
        kind = "true or false"
    return f"{flag} is not {kind}; --help shows what each flag takes"


def _help(settings_classes: Sequence[type], usage: str, summary: str) -> str:
    groups: dict[str, list[str]] = {}
    for settings_class in settings_classes:
        for field in dataclasses.fields(settings_class):
            entry = _help_entry(settings_class, field)
            groups.setdefault(field.metadata["group"], []).append(entry)
    lines = [
        summary,
        "",
        f"Usage: {usage}",
        "--flagfile=FILE stands for the flags in a file, one a line.",
    ]
    for group, entries in groups.items():
        lines += ["", f"{group}:"] + entries
    return "\n".join(lines)


def _help_entry(settings_class: type, field: dataclasses.Field) -> str:
    data = field.metadata
    is_bool = fields.field_type(settings_class, field.name) is bool
    head = f"  --{'[no]' if is_bool else ''}{field.name}"
    text = data["help"]
    notes = []
    if field.default is not None:
        notes.append(f"default {_shown(field.default)}")
    if data["unit"] and data["unit"] not in f"{field.name} {text}":
        notes.append(f"in {data['unit']}")
    if notes:
        head += f"  ({', '.join(notes)})"
    if data["unset"]:
        text += f"; without it: {data['unset']}"
    if len(data["kinds"]) == 1 and data["kinds"][0].settings_note:
        text += f"; {data['kinds'][0].settings_note}"
    if not data["choices"] and fields.bounds(field) != "any value":
        text += f"; {fields.bounds(field)}"
    body = textwrap.wrap(
        text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT
    )
    return "\n".join([head, *body, *_help_choices(data["choices"])])


def _help_choices(choices: Mapping[str, str] | Sequence[str] | None):
    if isinstance(choices, Mapping):
        width = max(len(word) for word in choices) + 2
        for word, meaning in choices.items():
            yield textwrap.fill(
                f"{word:{width}}{meaning}",
                _WIDTH,
                initial_indent=_INDENT + "  ",
                subsequent_indent=_INDENT + "  " + " " * width,
            )
    elif choices:
        yield _INDENT + "one of " + ", ".join(choices)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
