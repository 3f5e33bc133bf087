import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import schema, value_ranges


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,4095", ((0, 4095), (0, 4095))),
        (" -1000 , 3000.5 ", ((-1000, 3000.5), (-1000, 3000.5))),
        ("0,1:-1e-4,5", ((0, 1), (-1e-4, 5))),
        (":0,1", (None, (0, 1))),
        ("0,1:", ((0, 1), None)),
    ],
)
def test_a_range_or_two_are_read(text, expected):
    assert value_ranges.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":", "5", "1,2,3", "a,b", "3,3", "4,1", "nan,1", "0,inf", "0,1:2:3"],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(errors.UserError, match="is no range of values: give"):
        value_ranges.parse(text)


def test_a_range_is_written_without_a_loss():
    third = 1 / 3
    text = value_ranges.write((-third, 4095.0))
    assert text == f"{-third!r},4095"
    assert value_ranges.parse(text)[0] == (-third, 4095.0)
    assert value_ranges.write((0.0, 1.0), None) == "0,1:"
    assert value_ranges.in_words((0.0, 4095.0)) == "0 to 4,095"
    assert value_ranges.in_words((-0.25, third)) == "-0.25 to 0.333333"


def test_a_config_writes_a_range_in_one_way():
    config = schema.Config(value_range=" 0.0, 4095")
    assert config.value_range == "0,4095"
    assert config.ranges_of_values == ((0, 4095), (0, 4095))
    assert schema.Config().ranges_of_values == (None, None)


def test_two_ranges_are_for_two_sets():
    with pytest.raises(errors.UserError, match="has the ranges of two sets"):
        schema.Config(value_range="0,1:0,2")
    config = schema.Config(
        recipe="cyclegan",
        dataset="cycle_gan/horse2zebra",
        loss="least_squares",
        value_range="0,1:0,2",
    )
    assert config.ranges_of_values == ((0, 1), (0, 2))
    with pytest.raises(errors.UserError, match="--value_range=7 is no range"):
        schema.Config(value_range="7")
