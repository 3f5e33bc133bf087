import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import schema, step_ranges


@pytest.mark.parametrize(
    ("text", "steps"), [("1:2", (1, 2)), (" 0100:120 ", (100, 120))]
)
def test_a_range_is_its_first_and_its_last_step(text, steps):
    assert step_ranges.parse("profile_steps", text) == steps


@pytest.mark.parametrize(
    "text",
    ["", "5", "5:", ":5", "5:5", "6:5", "0:5", "-1:5", "1:2:3", "1-2", "a:b"]
    + ["1.0:2", "1:99999999999"],
)
def test_what_is_no_range_is_refused(text):
    with pytest.raises(errors.UserError) as caught:
        step_ranges.parse("profile_steps", text)
    assert str(caught.value) == (
        f"--profile_steps={text} is no range of steps: give the first and the "
        "last step, counted from 1, the last above the first, as in 100:120"
    )


def test_the_steps_to_profile_are_checked_and_written_in_one_way():
    config = schema.Config(profile_steps=" 03:9")
    assert config.profile_steps == "3:9"
    assert config.steps_to_profile == (3, 9)
    assert schema.Config().steps_to_profile is None
    with pytest.raises(errors.UserError, match="is no range of steps"):
        schema.Config(profile_steps="9:3")
