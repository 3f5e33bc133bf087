import pytest

from tf_dcgan.common import json_values


@pytest.mark.parametrize(
    "text", [r'{"a": ["\ud800"]}', rb'{"\udcff": 1}', r'["\uD83D"]']
)
def test_half_of_a_letter_is_refused(text):
    with pytest.raises(ValueError, match="half of a letter"):
        json_values.loads(text)


def test_whole_letters_are_read_however_they_are_written():
    assert json_values.loads(r'["\ud83d\ude00", "é"]') == ["😀", "é"]
    assert json_values.loads('["é"]'.encode()) == ["é"]


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        (True, "a text"),
        (1, "a text or null"),
        (None, "a text"),
        (-1, "a whole number from 0"),
        (10**30, "a whole number from 0"),
        (1.0, "a whole number from 0"),
        (True, "a whole number from 0"),
        (10**400, "a number"),
        ("1", "a number"),
        (["a", 1], "a list of texts"),
        ("ab", "a list of texts"),
        ({"a": 1}, "an object of texts"),
    ],
)
def test_another_value_is_named_with_what_is_allowed(value, allowed):
    with pytest.raises(ValueError, match=f"^a.b is .*: allowed is {allowed}$"):
        json_values.check(value, "a.b", allowed=allowed)


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", "a text"),
        (None, "a text or null"),
        (0, "a whole number from 0"),
        (-0.5, "a number"),
        (float("nan"), "a number or null"),
        ([], "a list of texts"),
        (None, "a list of texts or null"),
        ({"a": "b"}, "an object of texts"),
    ],
)
def test_what_is_allowed_passes(value, allowed):
    json_values.check(value, "a", allowed=allowed)
