import os
import pathlib
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
NOISE = """
import os
LEVEL = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
os.write(2, b"noise from below Python\\n")
"""
PROGRAM = """
import os, sys
from tf_dcgan.common import quiet_import
quiet_import.import_tensorflow()
print(sys.modules["tensorflow"].LEVEL, os.environ.get("TF_CPP_MIN_LOG_LEVEL"))
os.write(2, b"after\\n")
"""


def run(tmp_path, tensorflow, **environment):
    """Runs the program with a stand-in for TensorFlow."""
    (tmp_path / "tensorflow.py").write_text(tensorflow)
    variables = {
        name: value
        for name, value in os.environ.items()
        if name != "TF_CPP_MIN_LOG_LEVEL"
    }
    path = f"{tmp_path}{os.pathsep}{PROJECT}"
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=variables | {"PYTHONPATH": path} | environment,
        timeout=300,
    )


@pytest.mark.slow
def test_noise_at_import_is_held_back_and_later_errors_are_not(tmp_path):
    done = run(tmp_path, NOISE)
    assert done.stdout == "3 None\n"
    assert done.stderr == "after\n"
    assert done.returncode == 0


def test_noise_is_shown_when_the_import_fails(tmp_path):
    done = run(tmp_path, NOISE + "raise ImportError('no libcudart')")
    assert done.returncode == 1
    assert done.stderr.startswith("noise from below Python\n")
    assert "ImportError: no libcudart" in done.stderr


def test_noise_is_not_shown_when_the_user_interrupts_the_import(tmp_path):
    done = run(tmp_path, NOISE + "raise KeyboardInterrupt")
    assert not done.stderr.startswith("noise")


def test_a_user_who_sets_the_log_level_sees_everything(tmp_path):
    done = run(tmp_path, NOISE, TF_CPP_MIN_LOG_LEVEL="0")
    assert done.stdout == "0 0\n"
    assert done.stderr == "noise from below Python\nafter\n"
