"""The folder of an export: what is in it, and what is left when it fails."""

import hashlib
import json
import zipfile

import fake_runs
import PIL.Image
import pytest
import small_generators

from tf_dcgan.common import errors
from tf_dcgan.sampling.exports import (
    agreement,
    export,
    folder_files,
    keras_formats,
)

_PLACE = "--out=x"


def _export(out, run, generator, format_names=("keras",)):
    return export.export(
        out,
        run,
        generator,
        format_names=format_names,
        precision="float32",
        step=100,
        weights="ema",
        checkpoint="last",
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A conditional generator in both formats; tests only read it."""
    folder = tmp_path_factory.mktemp("exported")
    run = small_generators.run(
        folder / "run", 3, content_box=(2, 2, 24, 24), dataset="/home/me/cats"
    )
    evaluation = fake_runs.evaluation(real="/home/me/cats:test (as they are)")
    (run.path / "evaluation.json").write_text(json.dumps(evaluation))
    model = small_generators.generator(3)
    files = _export(folder / "out", run, model, ["saved_model", "keras"])
    return folder / "out", files, model


@pytest.mark.slow
def test_each_format_has_its_file_beside_the_description(exported):
    out, files, _ = exported
    names = {"saved_model", "generator.keras"}
    assert {file.path for file in files} == names
    assert {path.name for path in out.iterdir()} == names | {
        *("model.json", "MODEL.md", "grid.png")
    }
    assert all(file.largest_difference < 1e-6 for file in files)


@pytest.mark.slow
def test_the_description_says_what_goes_in_and_what_comes_out(exported):
    out, files, _ = exported
    content = json.loads((out / "model.json").read_text())
    (network,) = content["networks"]
    assert [
        (each["name"], each["shape"], each["dtype"], each["range"])
        for each in (*network["inputs"], *network["outputs"])
    ] == [
        ("latents", ["batch", 6], "float32", None),
        ("labels", ["batch"], "int32", [0, 2]),
        ("images", ["batch", 28, 28, 1], "float32", [-1, 1]),
    ]
    assert content["content_box"] == [2, 2, 24, 24]
    assert content["classes"] == ["class 0", "class 1", "class 2"]
    assert (content["step"], content["weights"]) == (100, "ema")
    keras_file = content["files"][1]
    data = (out / "generator.keras").read_bytes()
    assert keras_file["bytes"] == len(data)
    assert keras_file["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.slow
def test_every_file_holds_the_description_in_itself(exported):
    out, _, _ = exported
    whole = json.loads((out / "model.json").read_text())
    del whole["files"], whole["card_sha256"]
    with zipfile.ZipFile(out / "generator.keras") as members:
        assert json.loads(members.read("tf_dcgan.json")) == whole
    extra = out / "saved_model" / "assets.extra" / "tf_dcgan.json"
    assert json.loads(extra.read_text()) == whole


@pytest.mark.slow
def test_no_file_tells_the_folders_of_the_machine(exported):
    out, _, _ = exported
    for path in out.rglob("*"):
        if path.is_file():
            assert b"/home/me" not in path.read_bytes(), path
    assert "- cats: 6,400 images" in (out / "MODEL.md").read_text()
    assert "- real: cats:test (as they are)" in (out / "MODEL.md").read_text()


@pytest.mark.slow
def test_the_grid_has_a_row_for_each_class_without_padding(exported):
    out, _, _ = exported
    with PIL.Image.open(out / "grid.png") as grid:
        assert grid.size == (8 * 26 + 2, 3 * 26 + 2)


@pytest.mark.slow
def test_a_file_that_differs_leaves_nothing(tmp_path, monkeypatch):
    run = small_generators.run(tmp_path / "run")
    model = small_generators.generator()
    real = keras_formats.write_keras

    def write_keras(path, network, **more):
        weights = network.model.get_weights()
        network.model.set_weights([1.1 * each for each in weights])
        real(path, network, **more)
        network.model.set_weights(weights)

    monkeypatch.setattr(keras_formats, "write_keras", write_keras)
    with pytest.raises(errors.UserError, match="differs from the Keras model"):
        _export(tmp_path / "out", run, model, ["keras"])
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.slow
def test_an_earlier_export_stays_where_a_new_one_fails(tmp_path, monkeypatch):
    run = small_generators.run(tmp_path / "run")
    model = small_generators.generator()
    out = tmp_path / "out"
    _export(out, run, model)
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    monkeypatch.setattr(agreement, "LIMITS", {"float32": -1.0})
    with pytest.raises(errors.UserError):
        _export(out, run, model)
    after = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert before == after


@pytest.fixture
def earlier(tmp_path):
    """An earlier export's folder, made without TensorFlow."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "MODEL.md").write_text("a card")
    content = {
        "files": [{"path": "generator.keras"}],
        "card_sha256": hashlib.sha256(b"a card").hexdigest(),
    }
    (out / "model.json").write_text(json.dumps(content))
    (out / "generator.keras").write_text("a network")
    return out


def test_an_earlier_export_may_be_replaced(earlier):
    folder_files.check_out(earlier, place=_PLACE)
    folder_files.check_out(earlier.parent / "new", place=_PLACE)


def test_a_card_that_was_edited_is_not_replaced(earlier):
    (earlier / "MODEL.md").write_text("a card with its licences")
    with pytest.raises(errors.UserError, match="has a MODEL.md that was edite"):
        folder_files.check_out(earlier, place=_PLACE)


def test_what_no_export_wrote_is_not_replaced(earlier):
    (earlier / "notes.txt").write_text("mine")
    with pytest.raises(errors.UserError, match="has 'notes.txt' in it"):
        folder_files.check_out(earlier, place=_PLACE)


@pytest.mark.parametrize("content", [None, "{}", "no JSON", '{"files": 3}'])
def test_a_folder_of_other_things_is_not_replaced(tmp_path, content):
    (tmp_path / "photo.png").write_text("mine")
    if content is not None:
        (tmp_path / "model.json").write_text(content)
    with pytest.raises(errors.UserError, match="a folder of other things"):
        folder_files.check_out(tmp_path, place=_PLACE)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "x").write_text("mine")
    with pytest.raises(errors.UserError, match="is a file, not a folder"):
        folder_files.check_out(tmp_path / "x", place=_PLACE)


@pytest.mark.slow
def test_a_translation_is_written_with_both_directions(tmp_path):
    run, models = small_generators.translation(tmp_path / "run")
    (file,) = _export(tmp_path / "out", run, models, ["saved_model"])
    assert file.networks == ("generator_a_to_b", "generator_b_to_a")
    # Of each two of the trained size, and one of another.
    assert file.compared_images == 6
    content = json.loads((tmp_path / "out" / "model.json").read_text())
    assert content["networks"][1]["inputs"][0]["shape"] == [
        *("batch", "height", "width", 1)
    ]
    assert [each["dataset"] for each in content["trained_on"]] == [
        *("cats", "dogs")
    ]
