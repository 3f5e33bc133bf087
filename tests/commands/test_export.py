"""`python -m tf_dcgan export`, called as its users call it."""

import pytest

from tf_dcgan.commands import export
from tf_dcgan.common import errors
from tf_dcgan.sampling.exports import formats


def _export(*flags):
    export.main(["export", *flags])


@pytest.mark.slow
def test_it_writes_the_files_and_prints_how_far_each_differs(
    trained, tmp_path, capsys
):
    out = tmp_path / "new" / "out"
    _export(f"--run_dir={trained[0]}", "--format=keras", f"--out={out}")
    line, last = capsys.readouterr().out.splitlines()[-2:]
    assert line.startswith(f"{out}/generator.keras: ")
    assert line.endswith(
        "differs from Keras by at most 0 in [-1, 1] over 9 images"
    )
    assert last == (
        f"{out}: 1 file, model.json and MODEL.md (fill in the licences), ema "
        "weights of step 45"
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format=onx"], "'onx' is no format: did you mean onnx?"),
        (["--precision=float16"], "means nothing to saved_model and keras"),
        (["--precision=half"], "--precision=half is not known: allowed"),
        ([], "--run_dir=/nowhere does not exist"),
    ],
)
def test_a_slip_is_told_in_a_line(flags, message):
    with pytest.raises(errors.UserError) as caught:
        _export("--run_dir=/nowhere", *flags)
    assert message in str(caught.value)


def test_a_missing_extra_is_told_before_the_run_is_opened(monkeypatch):
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(errors.UserError) as caught:
        _export("--run_dir=/nowhere", "--format=keras,onnx")
    assert "pip install tf2onnx onnx onnxruntime (" in str(caught.value)


def test_an_empty_place_is_refused(trained):
    with pytest.raises(errors.UserError, match="--out= is empty"):
        _export(f"--run_dir={trained[0]}", "--out=")
