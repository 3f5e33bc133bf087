import pathlib

import numpy as np
import pytest

from tf_dcgan.api import values
from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.evaluation import request


def _brought(**arguments):
    return values.settings(schema.Config, arguments, call="train()")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"image_size": 32}, "32"),
        ({"image_size": (48, 64)}, "48x64"),
        ({"crop": [178, 178]}, "178x178"),
        ({"value_range": (0, 4095)}, "0,4095"),
        ({"augment": ["color", "cutout"]}, "color,cutout"),
        ({"steps": np.int64(7)}, 7),
        ({"width": np.float32(0.5)}, 0.5),
        ({"width": 1}, 1),
        ({"conditional": np.bool_(True)}, True),
        ({"dataset": None}, None),
        ({"dataset": "mnist"}, "mnist"),
        ({"dataset": pathlib.Path("/a/b")}, "/a/b"),
    ],
)
def test_arguments_get_the_types_of_settings(arguments, expected):
    (value,) = _brought(**arguments).values()
    assert value == expected
    assert type(value) is type(expected)


def test_a_relative_path_is_a_folder_here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    # As a text, it would be the name of a data set.
    assert _brought(dataset=pathlib.Path("photos")) == {
        "dataset": str(tmp_path / "photos")
    }


def test_several_metrics_may_be_a_list():
    arguments = {"metrics": ["fid", "kid"]}
    assert values.settings(request.Request, arguments, call="evaluate()") == {
        "metrics": "fid,kid"
    }


def test_what_is_no_number_stays_for_the_check():
    assert _brought(steps="many", device=True) == {
        "steps": "many",
        "device": True,
    }


def test_a_slip_in_an_argument_is_told_with_what_was_meant():
    with pytest.raises(errors.UserError) as caught:
        _brought(stepz=3)
    assert str(caught.value) == (
        "train() has no argument 'stepz': did you mean steps? its help() "
        "says where all of them are listed"
    )
    with pytest.raises(errors.UserError, match="'run_dir': its help"):
        values.settings(
            request.Request,
            {"run_dir": "a"},
            call="evaluate()",
            without=("run_dir",),
        )


def test_a_text_that_is_none_is_refused():
    with pytest.raises(errors.UserError, match="is not text in UTF-8"):
        _brought(dataset="a\udcff")
