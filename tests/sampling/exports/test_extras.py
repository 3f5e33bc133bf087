"""The formats that need more packages; without these the tests are skipped."""

import pytest
import small_generators

from tf_dcgan.sampling.exports import agreement, export, formats, interface

_TEXT = '{"said": "ünïcode"}'
_MODULES = {name: list(f.needs) for name, f in formats.FORMATS.items()}


def _require(format_name):
    for module in _MODULES[format_name]:
        pytest.importorskip(
            module,
            reason=f"--format={format_name} needs {module}, an extra",
        )


def _written(tmp_path, network, format_name, precision="float32"):
    """Writes and loads a network; returns the path and the agreement."""
    facts = formats.FORMATS[format_name]
    path = tmp_path / f"{network.name}_{precision}{facts.ending}"
    export.optional(format_name).write(
        path, network, description=_TEXT, precision=precision
    )
    comparison = agreement.Reference(network).compare(
        export.load(format_name, path, network),
        takes_any_number=facts.takes_any_number,
    )
    return path, comparison


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["onnx", "litert"])
def test_a_conditional_generator_agrees_in_both_precisions(
    tmp_path, format_name
):
    _require(format_name)
    run = small_generators.run(tmp_path / "run", 3)
    model = small_generators.generator(3)
    (network,) = interface.of_generation(run, model)
    path, comparison = _written(tmp_path, network, format_name)
    assert 0 <= comparison.difference < 1e-5
    half_path, half = _written(tmp_path, network, format_name, "float16")
    assert 1e-6 < half.difference < 0.01
    # 9 x 784 weights of 4 bytes, now of 2.
    saved = path.stat().st_size - half_path.stat().st_size
    assert saved == pytest.approx(9 * 784 * 2, rel=0.15)


@pytest.mark.slow
def test_an_onnx_file_says_what_goes_in_and_what_comes_out(tmp_path):
    _require("onnx")
    import onnx

    run = small_generators.run(tmp_path / "run", 3)
    model = small_generators.generator(3)
    (network,) = interface.of_generation(run, model)
    path, _ = _written(tmp_path, network, "onnx")
    content = onnx.load(path)
    assert {e.key: e.value for e in content.metadata_props} == {
        "tf_dcgan.json": _TEXT
    }
    shapes = {
        value.name: [
            axis.dim_param or axis.dim_value
            for axis in value.type.tensor_type.shape.dim
        ]
        for value in (*content.graph.input, *content.graph.output)
    }
    assert shapes == {
        "latents": ["batch", small_generators.LATENT_DIM],
        "labels": ["batch"],
        "images": ["batch", 28, 28, 1],
    }


@pytest.mark.slow
def test_a_litert_file_says_what_goes_in_and_what_comes_out(tmp_path):
    _require("litert")
    from ai_edge_litert import interpreter

    run = small_generators.run(tmp_path / "run", 3)
    model = small_generators.generator(3)
    (network,) = interface.of_generation(run, model)
    path, _ = _written(tmp_path, network, "litert")
    assert export.optional("litert").read_description(path) == _TEXT
    loaded = interpreter.Interpreter(str(path))
    signature = {"inputs": ["labels", "latents"], "outputs": ["images"]}
    assert loaded.get_signature_list() == {"serving_default": signature}
    details = (*loaded.get_input_details(), *loaded.get_output_details())
    assert {each["name"]: each["shape"].tolist() for each in details} == {
        "latents": [1, small_generators.LATENT_DIM],
        "labels": [1],
        "images": [1, 28, 28, 1],
    }


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["onnx", "litert"])
def test_a_translation_agrees(tmp_path, format_name):
    _require(format_name)
    run, models = small_generators.translation(tmp_path / "run")
    network, _ = interface.of_translation(run, models)
    _, comparison = _written(tmp_path, network, format_name)
    assert 0 <= comparison.difference < 1e-4
    # An ONNX file also takes an image of another size.
    assert comparison.images == {"onnx": 3, "litert": 2}[format_name]
