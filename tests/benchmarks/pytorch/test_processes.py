import pathlib
import sys

import pytest

from benchmarks.pytorch import processes
from tf_dcgan.common import errors


def script(folder: pathlib.Path, text: str) -> pathlib.Path:
    path = folder / "side.py"
    path.write_text(text)
    return path


def test_a_script_that_is_ready_is_left_running_with_its_pipes(tmp_path):
    side = script(
        tmp_path,
        "import sys\nprint('X 1', flush=True)\nprint(sys.argv[1] + input())",
    )
    process, line = processes.start(sys.executable, side, [7], needs="X")
    assert line == "X 1"
    assert process.communicate("8\n") == ("78\n", "")


def test_a_python_that_is_missing_is_told_in_a_line(tmp_path):
    with pytest.raises(
        errors.UserError,
        match=r"--torch_python=/nothing cannot be started \(No such file or "
        r"directory\): give a Python with X",
    ):
        processes.start("/nothing", script(tmp_path, ""), [], needs="X")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise ImportError('no X')", "ImportError: no X"),
        ("", "it said nothing"),
    ],
)
def test_a_script_that_ends_before_it_is_ready_is_told_in_a_line(
    tmp_path, text, reason
):
    with pytest.raises(
        errors.UserError,
        match=rf"cannot run side.py \({reason}\): it needs X",
    ):
        processes.start(sys.executable, script(tmp_path, text), [], needs="X")
