"""The examples, as they are printed in docs/python.md."""

import pathlib
import runpy
import sys

import pytest
import tiny_network

import tf_dcgan
from tf_dcgan.config import losses as records
from tf_dcgan.data.named import glyphs
from tf_dcgan.evaluation import networks
from tf_dcgan.gan import losses

_EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def own_losses(monkeypatch):
    """Takes out again what an example adds."""
    for table in (records.LOSSES, records.SUMMARIES, losses.LOSSES):
        for name in table:
            monkeypatch.setitem(table, name, table[name])
    yield
    for table in (records.LOSSES, records.SUMMARIES, losses.LOSSES):
        table.pop("squared_hinge", None)


@pytest.fixture
def few_glyphs(monkeypatch, tmp_path_factory):
    """Draws some hundred digits in two fonts, not 60,000."""
    monkeypatch.setattr(glyphs, "_FONTS", glyphs._FONTS[:2])
    for split in glyphs.NUM_IMAGES:
        monkeypatch.setitem(glyphs.NUM_IMAGES, split, 200)
    folder = tmp_path_factory.mktemp("few")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quickstart", "own_loss", "own_data"])
def test_an_example_runs_and_says_what_it_made(
    name, tmp_path, monkeypatch, capsys, no_exports, own_losses, few_glyphs
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "2"])
    monkeypatch.setattr(
        networks, "create", lambda *_, **__: tiny_network.create()
    )
    runpy.run_path(str(_EXAMPLES / f"{name}.py"), run_name="__main__")
    (folder,) = (tmp_path / "runs").iterdir()
    printed = capsys.readouterr().out
    assert f"<Run 'runs/{folder.name}': " in printed
    assert "step 2 of 2>" in printed
    run = tf_dcgan.open_run(folder)
    assert run.step == 2 + (name == "quickstart")
    if name == "quickstart":
        assert (folder / "sixteen.png").exists()
        assert "D's loss " in printed
        assert "\nscore " in printed
        assert printed.endswith("(None, 28, 28, 1) 3\n")
    elif name == "own_loss":
        assert run.config.loss == "squared_hinge"
    else:
        assert run.class_names == ("disc", "ring")
        assert printed.endswith(" (8, 28, 28, 1)\n")


@pytest.mark.parametrize("name", ["quickstart", "own_loss", "own_data"])
def test_an_example_is_short(name):
    lines = (_EXAMPLES / f"{name}.py").read_text().splitlines()
    most = 31 if name == "quickstart" else 30
    assert len([line for line in lines if line.strip()]) <= most
