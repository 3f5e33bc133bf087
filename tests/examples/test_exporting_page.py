"""What `docs/exporting.md` tells others to run, run on an exported folder."""

import json
import pathlib
import re

import PIL.Image
import pytest
import small_generators
import tensorflow as tf

from tf_dcgan.sampling.exports import agreement, export, formats

_PAGE = (
    pathlib.Path(__file__).resolve().parents[2] / "docs" / "exporting.md"
).read_text()


def _program(module):
    (program,) = [
        text
        for text in re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
        if module in text
    ]
    return program


def _exported(folder, format_name):
    for module in formats.FORMATS[format_name].needs:
        pytest.importorskip(module, reason=f"needs {module}, an extra")
    run = small_generators.run(folder / "run", 3, content_box=(1, 2, 26, 24))
    export.export(
        folder / "exported",
        run,
        small_generators.generator(3),
        format_names=[format_name],
        precision="float32",
        step=100,
        weights="ema",
        checkpoint="last",
    )


@pytest.mark.slow
def test_twenty_lines_write_images_with_onnx_runtime(tmp_path, monkeypatch):
    _exported(tmp_path, "onnx")
    monkeypatch.chdir(tmp_path)
    program = _program("onnxruntime")
    assert len(program.splitlines()) <= 20
    exec(program, {})
    paths = sorted(tmp_path.glob("image_*.png"))
    assert len(paths) == 16
    with PIL.Image.open(paths[15]) as image:
        assert (image.size, image.mode) == ((24, 26), "L")


@pytest.mark.slow
def test_the_lines_for_litert_make_an_image(tmp_path, monkeypatch):
    _exported(tmp_path, "litert")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(_program("ai_edge_litert"), names)
    assert names["image"].shape == (28, 28, 1)
    assert -1 <= names["image"].min() < names["image"].max() <= 1


@pytest.mark.slow
def test_a_saved_model_takes_what_the_page_sends_to_serving(tmp_path):
    (body,) = re.findall(r"-d '(.*)'", _PAGE)
    body = json.loads(body)
    run = small_generators.run(tmp_path / "run")
    export.export(
        tmp_path / "exported",
        run,
        small_generators.generator(),
        format_names=["saved_model"],
        precision="float32",
        step=100,
        weights="ema",
        checkpoint="last",
    )
    loaded = tf.saved_model.load(str(tmp_path / "exported" / "saved_model"))
    signature = loaded.signatures[body["signature_name"]]
    inputs = {name: tf.constant(v) for name, v in body["inputs"].items()}
    (images,) = signature(**inputs).values()
    assert (images.shape, images.dtype) == ((4, 28, 28, 1), tf.uint8)
    assert '`{"inputs": {"latents": [[0.3, …], …]}}`' in _PAGE
    served = loaded.signatures["serving_default"]
    assert set(served.structured_input_signature[1]) == {"latents"}


def test_the_page_tells_the_limits_that_hold():
    limits = {name: f"{each:.3g}" for name, each in agreement.LIMITS.items()}
    assert limits == {"float32": "0.00098", "float16": "0.0314"}
    assert "above 0.001 in [-1, 1], an eighth of the step" in _PAGE
    assert "may differ by four steps of 256" in _PAGE
    for name in formats.FORMATS:
        assert f"| `{name}` |" in _PAGE
