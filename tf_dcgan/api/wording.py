"""What the rooms below say of flags and commands, in Python's words.

Every message of the package names settings as flags, `--batch_size=64`, and the
next step as a command. A program has neither: it reads `batch_size=64`, and a
call that does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import re
import shlex

from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields, schema
from tf_dcgan.evaluation import request

# A value as `terminal.flag` quotes it, without the sentence's punctuation.
_VALUE = r"""(?:'[^']*'|"[^"]*"|[\w@%+=:,./-]*[\w@%+=/-])*"""
_COMMAND = re.compile(rf"python -m tf_dcgan (\w+)((?: --\w+={_VALUE})*)")
_FLAG = re.compile(r"(?<![\w-])--(?P<name>[a-z]\w*)(?P<value>=?)")
# How the lines begin that a program is told without asking for more.
_ALWAYS_TOLD = (
    "note: ",
    "warning: ",
    "health: ",
    "stopp",
    "rolled back ",
    "--on_collapse",
)
_YES_OR_NO = {
    field.name
    for settings_class in (schema.Config, request.Request)
    for field in dataclasses.fields(settings_class)
    if fields.field_type(settings_class, field.name) is bool
}


def in_python(text: str) -> str:
    """Writes a message for a reader who calls functions.

    Args:
        text: what a room below says, with flags and commands.

    Returns:
        The text with calls in the place of commands, and without the dashes
        of flags.
    """
    parts, end = [], 0
    for match in _COMMAND.finditer(text):
        parts += [_without_dashes(text[end : match.start()]), _call(match)]
        end = match.end()
    return "".join([*parts, _without_dashes(text[end:])])


def _without_dashes(text: str) -> str:
    return _FLAG.sub(_argument, text)


def _argument(match: re.Match[str]) -> str:
    name = match["name"]
    if not match["value"] and name in _YES_OR_NO:
        return f"{name}=True"
    return name + match["value"]


def _call(match: re.Match[str]) -> str:
    """Writes the call that does what a command does."""
    name, words = match[1], shlex.split(match[2])
    values = dict(word[2:].split("=", 1) for word in words)
    run_dir = values.get("run_dir")
    if name == "train":
        return f"tf_dcgan.train({_arguments(values)})"
    if name in ("evaluate", "sample") and run_dir is not None:
        del values["run_dir"]
        return f"tf_dcgan.open_run({run_dir!r}).{name}({_arguments(values)})"
    return match[0]


def _arguments(values: dict[str, str]) -> str:
    return ", ".join(
        f"{name}={value if value.isdigit() else repr(value)}"
        for name, value in values.items()
    )


@contextlib.contextmanager
def for_programs(*, verbose: bool = True) -> Iterator[None]:
    """Lets a block speak as a function does, which a program has called.

    Args:
        verbose: whether all that a command would print is printed, or only
            what the caller must know: notes, warnings, verdicts on health and
            an early end.

    Raises:
        errors.UserError: as the block raises it, in Python's words.
    """
    with terminal.worded(in_python if verbose else _quietly):
        try:
            yield
        except errors.UserError as error:
            error.args = (in_python(str(error)),)
            raise


def _quietly(text: str) -> str:
    if not text.startswith(_ALWAYS_TOLD):
        return ""
    return in_python(text)


@contextlib.contextmanager
def tensorflow_as_it_was() -> Iterator[None]:
    """Loads TensorFlow, and takes back what a training sets in the process.

    A training chooses Keras's precision, and on a CPU deterministic
    operations, under which the caller's own `tf.random.normal` would fail.
    """
    quiet_import.import_tensorflow()
    import keras
    from tensorflow.python.framework import config as tensorflow_config

    policy = keras.config.dtype_policy()
    was_deterministic = tensorflow_config.is_op_determinism_enabled()
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)
        if not was_deterministic:
            tensorflow_config.disable_op_determinism()
