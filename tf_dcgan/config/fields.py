"""Settings: what a field of a frozen dataclass says about itself.

Name, type and default stand where dataclasses put them. `setting` writes the
rest into the field's metadata: group, help, unit, bounds, choices and the kinds
of system. Command lines, checks and help texts are made from these facts, which
stand nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
import dataclasses
import functools
import math
import typing
from typing import Any

from tf_dcgan.common import errors
from tf_dcgan.config import kinds

# TensorFlow's operations take seeds as int32.
LARGEST_SEED = 2**31 - 1


def setting(
    default: Any,
    help_text: str,
    *,
    group: str,
    unit: str = "",
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    choices: Mapping[str, str] | Sequence[str] | None = None,
    unset: str = "",
    on_resume: str = "fixed",
    shapes_networks: bool = False,
    kinds: Collection[kinds.Kind] = kinds.ALL,
) -> Any:
    """Describes one field of a dataclass of settings.

    Args:
        default: the value without a flag; None means `unset`.
        help_text: one sentence without its full stop.
        group: the heading in `--help`.
        unit: what the number counts, such as "steps".
        minimum: smallest number allowed.
        maximum: largest number allowed.
        above: number that the value must exceed.
        choices: the words allowed; a mapping explains each.
        unset: what happens when the value is None, in words.
        on_resume: "fixed" when a run that goes on must keep the value, "free"
            when it may differ.
        shapes_networks: whether the variables of the networks, their names or
            their shapes, follow from it.
        kinds: the kinds of system whose runs the setting changes.

    Returns:
        A dataclass field.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "help": help_text,
            "group": group,
            "unit": unit,
            "minimum": minimum,
            "maximum": maximum,
            "above": above,
            "choices": choices,
            "unset": unset,
            "on_resume": on_resume,
            "shapes_networks": shapes_networks,
            "kinds": tuple(kinds),
        },
    )


def idle_for(settings_class: type, kind: kinds.Kind) -> list[str]:
    """Names the settings that change nothing in a kind of system."""
    return [
        field.name
        for field in dataclasses.fields(settings_class)
        if kind not in field.metadata["kinds"]
    ]


def field_type(settings_class: type, name: str) -> type:
    """Returns int, float, bool or str: the type of a field when it is set."""
    hint = _type_hints(settings_class)[name]
    types = [part for part in typing.get_args(hint) if part is not type(None)]
    return types[0] if types else hint


@functools.cache
def _type_hints(settings_class: type) -> dict[str, Any]:
    # Python compiles each annotation anew: 60 ms for all of a training's.
    return typing.get_type_hints(settings_class)


def bounds(field: dataclasses.Field) -> str:
    """Says in words which values a field allows; "any value" for all."""
    data = field.metadata
    if data["choices"]:
        return "one of " + ", ".join(data["choices"])
    if data["above"] is not None and data["maximum"] is not None:
        return f"above {data['above']:g} and at most {data['maximum']:g}"
    if data["minimum"] is not None and data["maximum"] is not None:
        return f"{_number(data['minimum'])} to {_number(data['maximum'])}"
    if data["minimum"] is not None:
        return f"at least {_number(data['minimum'])}"
    return "any value"


def check(settings: Any) -> None:
    """Checks every field of a dataclass of settings against its description.

    Raises:
        errors.UserError: a value has the wrong type, is not finite, lies
            outside its bounds or is not among its choices.
    """
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value is None:
            if field.metadata["unset"]:
                continue
            raise errors.UserError(
                f"--{field.name} needs a value: give {field.metadata['help']}"
            )
        _check_type(type(settings), field, value)
        _check_value(field, value)


def _check_type(settings_class: type, field: dataclasses.Field, value) -> None:
    type_of_field = field_type(settings_class, field.name)
    accepted = (int, float) if type_of_field is float else type_of_field
    is_bool = isinstance(value, bool)
    is_other_bool = is_bool and type_of_field is not bool
    if not isinstance(value, accepted) or is_other_bool:
        raise errors.UserError(
            f"--{field.name}={value!r} is not {_NOUNS[type_of_field]}"
        )
    check_text(field.name, value)


def check_text(name: str, value: Any) -> None:
    """Checks that a text is one, and no bytes that the system let pass.

    Args:
        name: the setting's name.
        value: its value, of any type.

    Raises:
        errors.UserError: the value is a text that UTF-8 cannot write, such as
            the name of a folder in another encoding, or has a zero byte.
    """
    if not isinstance(value, str):
        return
    try:
        value.encode()
        if "\0" in value:
            raise ValueError("a zero byte, which no name has")
    except ValueError as error:
        raise errors.UserError(
            f"--{name}={value!r} is not text in UTF-8 without a zero byte, "
            "which all names must be here: rename the file or folder, or give "
            "another"
        ) from error


def _check_value(field: dataclasses.Field, value) -> None:
    data = field.metadata
    flag = f"--{field.name}={value}"
    if data["choices"]:
        if value not in data["choices"]:
            raise errors.UserError(
                f"{flag} is not known: "
                f"{errors.suggestion(value, data['choices'])}"
            )
    elif isinstance(value, int | float) and not isinstance(value, bool):
        too_small = data["minimum"] is not None and value < data["minimum"]
        too_large = data["maximum"] is not None and value > data["maximum"]
        not_above = data["above"] is not None and value <= data["above"]
        outside = too_small or too_large or not_above
        if outside or not _is_finite(value):
            raise errors.UserError(
                f"{flag} is out of range: allowed is {bounds(field)}"
                + (f" ({data['unit']})" if data["unit"] else "")
            )


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # A whole number beyond the largest float.
        return False


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"


_NOUNS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}
