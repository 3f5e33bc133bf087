"""The command line of `inspect`: what it prints, writes and refuses."""

import json
import os
import pathlib
import subprocess
import sys

import awful_folder
import numpy as np
import PIL.Image
import pytest

from tf_dcgan.commands import inspect
from tf_dcgan.common import errors

_PROJECT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with two classes of ten images."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(20):
        place = folder / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        image = PIL.Image.fromarray(awful_folder.photo(number))
        image.save(place / f"{number}.png")
    return folder


def _call(*words):
    inspect.main(["inspect", *map(str, words)])


def test_text_page_and_json_tell_the_same(photos, tmp_path, capsys):
    out = tmp_path / "report.html"
    _call(photos, "--nomeasure", f"--out={out}")
    text = capsys.readouterr().out
    assert "20 images; 2 classes" in text
    assert f"{out}: " in text
    assert "time and memory: not measured (--nomeasure)" in text
    page = out.read_text()
    assert page.startswith("<!DOCTYPE html>")
    _call(photos, "--nomeasure", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["classes"] == {"a": 10, "b": 10}
    assert report["advice"]["command"] in text
    assert f"--dataset={photos}" in text
    assert "cost" not in report
    assert str(tmp_path) not in os.listdir(photos)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give one folder"),
        (["a", "b"], "not 2"),
        ([""], "give one folder"),
        (["./nowhere"], "does not exist"),
        (["{photos}", "--out=page.pdf"], "ending in .html"),
        (["{photos}", "--out={photos}/a/0.png/x.html"], "cannot be"),
        (["{photos}/a/0.png"], "0.png is"),
        (["cifra10"], "did you mean cifar10"),
    ],
)
def test_mistakes_are_refused_in_one_line(photos, words, message):
    words = [word.replace("{photos}", str(photos)) for word in words]
    with pytest.raises(errors.UserError) as caught:
        _call(*words, "--nomeasure")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bare_word_may_be_a_folder(photos, monkeypatch, capsys):
    monkeypatch.chdir(photos.parent)
    _call(photos.name, "--nomeasure")
    assert f"{photos} (folder): 20 images" in capsys.readouterr().out


def test_the_name_of_a_known_set_is_the_set(tmp_path, monkeypatch, tiny_mnist):
    (tmp_path / "mnist").mkdir()
    monkeypatch.chdir(tmp_path)
    _call("mnist", f"--data_dir={tiny_mnist}", "--nomeasure")


def test_a_set_is_inspected_by_name(tiny_mnist, capsys, tmp_path):
    out = tmp_path / "a.html"
    _call("mnist", f"--data_dir={tiny_mnist}", "--nomeasure", f"--out={out}")
    text = capsys.readouterr().out
    assert "mnist (data set): 340 images; train 300, test 40" in text
    assert f"--dataset=mnist --data_dir={tiny_mnist}" in text
    assert "Pictures" not in out.read_text()
    assert "train 0" in out.read_text()


@pytest.mark.slow
def test_a_folder_needs_no_tensorflow_and_nothing_reaches_the_terminal(
    tmp_path,
):
    folder = awful_folder.write(tmp_path / "awful")
    code = (
        "import sys\n"
        "from tf_dcgan import __main__ as entry\n"
        "sys.argv = ['tf-dcgan', 'inspect', sys.argv[1], '--nomeasure']\n"
        "try: entry.main()\n"
        "except SystemExit as end: print('status', end.code)\n"
        "print('loaded', {'tensorflow', 'keras'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=_PROJECT,
        capture_output=True,
        check=True,
    )
    text = ended.stdout.decode()
    assert text.endswith("loaded set()\n")
    assert all(line.isprintable() for line in text.splitlines())
    assert ended.stderr == b""


@pytest.mark.slow
def test_many_files_are_read_by_several_processes(tmp_path, capsys):
    for number in range(2100):
        pixels = np.full((2, 2), number % 256, np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / f"{number:04d}.png")
    (tmp_path / "0007.png").write_bytes(b"")
    _call(tmp_path, "--nomeasure", "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] == 2099
    assert [each["name"] for each in report["damaged"]] == ["0007.png"]
    assert len(report["one_colour"]) == 2099
