import dataclasses

import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting


@dataclasses.dataclass(frozen=True)
class Example:
    count: int = setting(
        4, "a count", group="A", unit="steps", minimum=1, maximum=9
    )
    rate: float = setting(0.5, "a rate", group="A", above=0, maximum=1.0)
    floor: float = setting(0.5, "no upper bound", group="A", minimum=0.25)
    free: float = setting(0.5, "any finite number", group="A")
    word: str = setting("red", "a word", group="B", choices=("red", "green"))
    switch: bool = setting(False, "a switch", group="B")
    maybe: int | None = setting(
        None, "derived", group="B", minimum=1, maximum=9, unset="from count"
    )
    needed: str = setting("x", "what is needed", group="B")


def refusal(**values):
    with pytest.raises(errors.UserError) as caught:
        fields.check(Example(**values))
    message = str(caught.value)
    assert "\n" not in message
    return message


def field(name):
    return next(f for f in dataclasses.fields(Example) if f.name == name)


def test_check_accepts_the_defaults():
    fields.check(Example())


@pytest.mark.parametrize("value", [1, 9])
def test_check_accepts_the_bounds_themselves(value):
    fields.check(Example(count=value, maybe=value))


def test_check_accepts_a_whole_number_where_a_number_is_wanted():
    fields.check(Example(rate=1))


def test_check_names_value_bounds_and_unit_of_what_is_out_of_range():
    assert refusal(count=10) == (
        "--count=10 is out of range: allowed is 1 to 9 (steps)"
    )
    assert refusal(count=0).startswith("--count=0 is out of range")
    assert refusal(floor=0.2) == (
        "--floor=0.2 is out of range: allowed is at least 0.25"
    )


@pytest.mark.parametrize("value", [0, 0.0, -1e-9])
def test_check_refuses_the_number_that_must_be_exceeded(value):
    assert "allowed is above 0 and at most 1" in refusal(rate=value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_check_refuses_what_is_not_finite_even_without_bounds(value):
    assert f"--free={value} is out of range" in refusal(free=value)


def test_check_refuses_a_whole_number_too_large_for_a_float():
    assert "is out of range: allowed is 1 to 9" in refusal(count=10**400)
    assert "is out of range: allowed is above 0" in refusal(rate=10**400)
    assert "is out of range" in refusal(free=10**400)


@pytest.mark.parametrize(
    "values, text",
    [
        ({"count": 1.5}, "--count=1.5 is not a whole number"),
        ({"count": "4"}, "--count='4' is not a whole number"),
        ({"count": True}, "--count=True is not a whole number"),
        ({"rate": "fast"}, "--rate='fast' is not a number"),
        ({"rate": True}, "--rate=True is not a number"),
        ({"switch": 1}, "--switch=1 is not true or false"),
        ({"word": 3}, "--word=3 is not a text"),
        ({"needed": ["x"]}, "--needed=['x'] is not a text"),
    ],
)
def test_check_refuses_values_of_another_type(values, text):
    assert refusal(**values) == text


def test_check_suggests_the_nearest_choice():
    assert refusal(word="greeen") == (
        "--word=greeen is not known: did you mean green? allowed: green, red"
    )


def test_check_lets_only_derived_fields_be_unset():
    fields.check(Example(maybe=None))
    assert refusal(needed=None) == "--needed needs a value: give what is needed"


@pytest.mark.parametrize(
    "name, expected",
    [("count", int), ("rate", float), ("switch", bool), ("maybe", int)],
)
def test_field_type_is_the_type_of_a_set_value(name, expected):
    assert fields.field_type(Example, name) is expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("count", "1 to 9"),
        ("rate", "above 0 and at most 1"),
        ("floor", "at least 0.25"),
        ("free", "any value"),
        ("word", "one of red, green"),
        ("needed", "any value"),
    ],
)
def test_bounds_says_in_words_what_is_allowed(name, expected):
    assert fields.bounds(field(name)) == expected


def test_bounds_groups_the_digits_of_whole_numbers():
    large = dataclasses.make_dataclass(
        "Large",
        [("n", int, setting(1, "", group="", minimum=1, maximum=1_000_000))],
    )
    assert fields.bounds(dataclasses.fields(large)[0]) == "1 to 1,000,000"


def test_check_refuses_a_name_that_is_no_text():
    assert refusal(needed="a\udcff").startswith(
        r"--needed='a\udcff' is not text in UTF-8"
    )
