"""Arguments of functions, brought to the types that settings have."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import numbers
import os
from typing import Any

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import fields


def settings(
    settings_class: type,
    arguments: Mapping[str, Any],
    *,
    call: str,
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Brings the arguments of a call to the types of settings.

    A path becomes its absolute text, a number of NumPy a number of Python, a
    number for a text its digits, and several values a text as the flag takes
    it: (28, 32) for a size is `28x32`, `["fid", "kid"]` is `fid,kid`.

    Args:
        settings_class: a dataclass of settings.
        arguments: by name, those that the caller gave.
        call: how the function is called, for messages.
        without: settings that the function has no argument for.

    Returns:
        The values by name. None stays None; whether a value is allowed is left
        to the dataclass.

    Raises:
        errors.UserError: there is no such argument, or a text is none.
    """
    allowed = {
        field.name: field
        for field in dataclasses.fields(settings_class)
        if field.name not in without
    }
    values = {}
    for name, value in arguments.items():
        if name not in allowed:
            raise errors.UserError(
                f"{call} has no argument {name!r}: "
                f"{errors.question(name, allowed)}its help() says where all of "
                "them are listed"
            )
        values[name] = _value(settings_class, allowed[name], value)
        fields.check_text(name, values[name])
    return values


def _value(settings_class: type, field: dataclasses.Field, value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.path.abspath(os.path.expanduser(os.fspath(value)))
    if isinstance(value, np.generic):
        value = value.item()
    if fields.field_type(settings_class, field.name) is not str:
        return value
    if isinstance(value, list | tuple):
        between = "x" if field.metadata["unit"] == "pixels" else ","
        return between.join(map(str, value))
    is_number = isinstance(value, numbers.Real) and type(value) is not bool
    return str(value) if is_number else value
