"""What the project says of itself outside of its pages: see test_docs."""

import ast
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

from tf_dcgan import __main__ as entry
from tf_dcgan.commands import (
    arithmetic,
    compare,
    explore,
    export,
    interpolate,
    invert,
    progress,
    sample,
    train,
    translate,
)
from tf_dcgan.common import animations, devices
from tf_dcgan.config import schema
from tf_dcgan.evaluation import request

_PROJECT = pathlib.Path(__file__).resolve().parent.parent
_TEST_COMMAND = (
    "python3 -m venv .venv-test && "
    ".venv-test/bin/pip install -r requirements-dev.txt && "
    ".venv-test/bin/python -m pytest -n 2 --dist=loadfile"
)


def _fields(settings_class):
    return set(settings_class.__dataclass_fields__)


def test_what_commands_write_without_out_is_ignored_by_git():
    ignored = (_PROJECT / ".gitignore").read_text().splitlines()
    defaults = {
        settings_class.__dataclass_fields__["out"].default
        for settings_class in (
            sample.SampleSettings,
            interpolate.InterpolateSettings,
            arithmetic.ArithmeticSettings,
            translate.TranslateSettings,
            compare.CompareSettings,
            explore.ExploreSettings,
            export.ExportSettings,
            invert.InvertSettings,
            progress.ProgressSettings,
        )
    }
    defaults |= set(sample._OUT_OF_VALUES.values())
    assert defaults == {
        "explored",
        "grid.png",
        "inverted",
        "progress",
        "walk",
        "arithmetic.png",
        "translated",
        "report.html",
        "exported",
        "samples",
        "samples.npy",
    }
    folders = {"explored", "exported", "samples", "translated"}
    stems = {"progress", "walk"}
    written = {f"{name}/" for name in folders}
    written |= {f"{n}.{end}" for n in stems for end in animations.FORMATS}
    written |= {"inverted.npz", "inverted.png", "walk.png"}
    for name in written | defaults - folders - stems - {"inverted"}:
        assert f"/{name}" in ignored


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_documents_give_the_test_command(name):
    lines = (_PROJECT / name).read_text().splitlines()
    assert "    " + _TEST_COMMAND in lines


def test_ci_finds_the_readmes_test_command():
    (pattern,) = re.findall(
        r"sed -n '(.*)' README", (_PROJECT / ".ci/run").read_text()
    )
    command = subprocess.run(
        ["sed", "-n", pattern, "README.md"],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert command == _TEST_COMMAND + "\n"


@pytest.mark.slow
def test_every_package_that_is_imported_is_required():
    required = {
        re.split("[<>=]", line)[0].replace("-", "_")
        for line in (_PROJECT / "requirements.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    extras = tomllib.loads((_PROJECT / "pyproject.toml").read_text())["project"]
    required |= {
        re.split("[<>=]", line)[0].replace("-", "_")
        for lines in extras["optional-dependencies"].values()
        for line in lines
    }
    names = {"PIL": "pillow", "absl": "absl_py", "google": "protobuf"}
    own = {"tf_dcgan", "benchmarks", "train", "evaluate"}
    imported = set()
    for path in [*_PROJECT.glob("*.py"), *_PROJECT.glob("tf_dcgan/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    third_party = {
        names.get(name, name)
        for name in imported - set(sys.stdlib_module_names) - own
    }
    assert third_party - required == set()


@pytest.mark.parametrize(
    "command", ["ruff check .", "ruff format --check .", "mypy"]
)
def test_the_source_passes_lint_format_and_types(command):
    ended = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_gpu_needs_the_same_tensorflow_and_no_other_packages_left_out():
    plain = (_PROJECT / "requirements.txt").read_text().splitlines()
    (tensorflow,) = [line for line in plain if line.startswith("tensorflow>")]
    lines = (_PROJECT / "requirements-gpu.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "-r requirements.txt",
        tensorflow.replace("tensorflow", "tensorflow[and-cuda]"),
        "nvidia-cudnn-cu12>=9.24,<10",
    ]
    assert devices.INSTALL == "pip install -r requirements-gpu.txt"


def test_the_tests_have_every_extra():
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    lines = (_PROJECT / "requirements-dev.txt").read_text().splitlines()
    assert {line for each in extras.values() for line in each} <= set(lines)


def test_a_commit_runs_the_same_checks():
    hooks = (_PROJECT / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"entry: python -m (\w+(?: check| format)?)", hooks)
    assert entries == ["ruff check", "ruff format", "mypy"]


def test_a_program_that_imports_the_package_sees_its_types():
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
    packed = project["tool"]["setuptools"]["package-data"]["tf_dcgan"]
    assert "py.typed" in packed
    assert (_PROJECT / "tf_dcgan" / "py.typed").exists()


@pytest.mark.slow
@pytest.mark.parametrize("door", ["train", "evaluate"])
def test_the_doors_open_to_their_commands(door):
    texts = [
        subprocess.run(
            [sys.executable, *words, "--help"],
            cwd=_PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for words in ([f"{door}.py"], ["-m", "tf_dcgan", door])
    ]
    assert texts[0] == texts[1]
    settings = {
        "train": (schema.Config, train.TrainSettings),
        "evaluate": (request.Request,),
    }
    for name in set().union(*map(_fields, settings[door])):
        assert f"{name}  " in texts[0] or f"{name}\n" in texts[0]


def test_the_console_script_is_the_packages_own_entry():
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
    assert project["project"]["scripts"] == {
        "tf-dcgan": "tf_dcgan.__main__:main"
    }
    assert callable(entry.main)
