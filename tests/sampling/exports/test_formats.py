"""What is known of each format, without loading any of them."""

import importlib.util
import pathlib
import re
import tomllib

import pytest

from tf_dcgan.common import errors
from tf_dcgan.sampling.exports import formats

_PROJECT = pathlib.Path(__file__).resolve().parents[3]


def test_formats_are_separated_by_commas_and_keep_their_order():
    assert formats.parse("onnx, keras") == ["onnx", "keras"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("onx", "--format=onx: 'onx' is no format: did you mean onnx? allowed"),
        ("", "--format=: '' is no format: allowed: keras, litert, onnx, "),
        ("onnx,", "--format=onnx,: '' is no format"),
        ("keras,keras", "names keras twice: give each format once"),
    ],
)
def test_a_slip_in_the_formats_is_told_in_a_line(text, message):
    with pytest.raises(errors.UserError, match=re.escape(message)):
        formats.parse(text)


@pytest.mark.parametrize(
    ("names", "advice"),
    [
        (["keras", "onnx"], "to keras: give --format=onnx$"),
        (
            ["saved_model", "keras"],
            "to saved_model and keras: give --format=onnx,litert$",
        ),
    ],
)
def test_formats_that_keep_their_weights_refuse_float16(names, advice):
    formats.check_precision(names, "float32")
    with pytest.raises(errors.UserError, match=advice):
        formats.check_precision(names, "float16")


def test_every_format_that_can_halve_its_weights_does_so():
    formats.check_precision(["onnx", "litert"], "float16")


def test_what_is_not_installed_is_told_with_the_command(monkeypatch):
    real = importlib.util.find_spec
    missing = {"ai_edge_litert", "flatbuffers"}
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name in missing else real(name),
    )
    with pytest.raises(errors.UserError) as caught:
        formats.check_installed(["keras", "litert"])
    assert str(caught.value) == (
        "--format=litert needs what is not installed: pip install "
        "ai-edge-litert flatbuffers (the extra tf_dcgan[litert])"
    )
    formats.check_installed(["saved_model", "keras"])


def test_the_extras_bring_what_the_formats_need():
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
    extras = {
        name: {re.split("[<>=]", line)[0] for line in lines}
        for name, lines in project["project"]["optional-dependencies"].items()
    }
    for name, each in formats.FORMATS.items():
        assert set(each.needs.values()) == extras.get(each.extra, set()), name
        assert not each.extra or each.runtime in extras[each.extra]
