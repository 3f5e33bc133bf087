"""`python -m tf_dcgan progress`, called as its users call it."""

import fake_runs
import PIL.Image
import pytest

from tf_dcgan.commands import progress
from tf_dcgan.common import animations, errors


@pytest.fixture
def run_dir(tmp_path):
    return fake_runs.make(tmp_path / "run", grids=(1, 50, 100))


def _progress(*flags):
    progress.main(["progress", *flags])


@pytest.mark.parametrize(
    ("flags", "name", "kind"),
    [
        ([], "progress.gif", "GIF"),
        (["--format=apng"], "progress.apng", "PNG"),
        (["--out=a.apng"], "a.apng", "PNG"),
        (["--out=a.b", "--format=gif"], "a.b.gif", "GIF"),
    ],
)
def test_the_grids_become_an_animation(
    run_dir, tmp_path, monkeypatch, capsys, flags, name, kind
):
    monkeypatch.chdir(tmp_path)
    _progress(f"--run_dir={run_dir}", *flags)
    with PIL.Image.open(tmp_path / name) as image:
        assert (image.format, image.n_frames) == (kind, 3)
    assert capsys.readouterr().out == f"{name}: 3 sample grids of {run_dir}\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format=webm"], "allowed|one of"),
        (["--out=a.gif", "--format=apng"], "ask for different animations"),
        (["--out=a.png"], "a.png asks for a still picture: give a name"),
        (["--out=a.mp4"], "no encoder of MP4"),
        (["--format=mp4"], "no encoder of MP4"),
        (["--out="], "--out= is empty"),
        (["--frames=1"], "2 to 1,000"),
        (["--out=/dev/null/x"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    run_dir, tmp_path, monkeypatch, flags, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(animations, "_encoder", lambda: None)
    with pytest.raises(errors.UserError, match=message):
        _progress(f"--run_dir={run_dir}", *flags)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_without_grids_is_told_how_to_get_some(tmp_path):
    run_dir = fake_runs.make(tmp_path / "run")
    with pytest.raises(errors.UserError, match="has no sample grids: go on"):
        _progress(f"--run_dir={run_dir}", f"--out={tmp_path / 'x'}")
