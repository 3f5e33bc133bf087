"""The version and its papers, and the wheel as a user installs it."""

import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile

import pytest

import tf_dcgan

_PROJECT = pathlib.Path(__file__).resolve().parents[1]
_REQUIREMENTS = (_PROJECT / "requirements.txt").read_text().splitlines()
# What pip says where no registry answers it.
_NO_REGISTRY = re.compile(
    "Failed to establish a new connection|No matching distribution found for "
    "setuptools|ConnectTimeout|Temporary failure in name resolution"
)


def test_the_changelog_and_the_citation_are_of_this_version():
    changelog = (_PROJECT / "CHANGELOG.md").read_text()
    version, date = re.search(r"^## (\S+), (\S+)$", changelog, re.M).groups()
    citation = (_PROJECT / "CITATION.cff").read_text()
    assert version == tf_dcgan.__version__
    assert f"\nversion: {version}\n" in citation
    assert f"\ndate-released: {date}\n" in citation
    assert "\nlicense: Apache-2.0\n" in citation
    days = re.findall(r"^- (\d{4}-\d\d-\d\d) ", changelog, re.M)
    assert days == sorted(days)
    assert days[-1] == date


def test_the_version_stands_in_one_place():
    project = tomllib.loads((_PROJECT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "tf_dcgan.__version__"
    }


def test_the_command_for_the_oldest_packages_names_each_of_them():
    page = (_PROJECT / "CONTRIBUTING.md").read_text()
    (command,) = re.findall(r"^    (sed -n .*?) > \.venv-oldest", page, re.M)
    oldest = subprocess.run(
        command, shell=True, cwd=_PROJECT, capture_output=True, text=True
    ).stdout.splitlines()
    ranges = [line for line in _REQUIREMENTS if not line.startswith("#")]
    assert oldest == [
        re.split(",", line)[0].replace(">=", "==") for line in ranges
    ]


def _run(*words, cwd):
    return subprocess.run(
        list(map(str, words)), cwd=cwd, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_wheel_works_in_a_fresh_environment(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(
        _PROJECT / "tf_dcgan",
        source / "tf_dcgan",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements.txt"):
        shutil.copy(_PROJECT / name, source)
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=False)
    scripts = fresh / ("Scripts" if sys.platform == "win32" else "bin")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = _run(
        *pip, "wheel", "--no-deps", "-w", tmp_path, source, cwd=tmp_path
    )
    if built.returncode and _NO_REGISTRY.search(built.stderr + built.stdout):
        pytest.skip("needs a registry, to build with the setuptools of today")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    version = tf_dcgan.__version__
    assert wheel.name == f"tf_dcgan-{version}-py3-none-any.whl"
    packed = zipfile.ZipFile(wheel)
    files = {n for n in packed.namelist() if n.startswith("tf_dcgan/")}
    assert files == {
        path.relative_to(source).as_posix()
        for path in (source / "tf_dcgan").rglob("*")
        if path.is_file()
    }
    facts = packed.read(f"tf_dcgan-{version}.dist-info/METADATA").decode()
    # Without those of the extras.
    needed = re.findall(r"^Requires-Dist: ([^;\n]*)$", facts, re.M)
    assert len(needed) == sum(not n.startswith("#") for n in _REQUIREMENTS)

    installed = _run(
        *(*pip, "--python", scripts / "python", "install", "--no-deps", wheel),
        cwd=tmp_path,
    )
    assert installed.returncode == 0, installed.stderr
    # What it needs is taken from this environment.
    (site,) = fresh.rglob("site-packages")
    here = sysconfig.get_path("purelib")
    (site / "needed.pth").write_text(f"{here}\n")
    answer = _run(scripts / "tf-dcgan", "--version", cwd=tmp_path)
    assert answer.stdout == f"tf_dcgan {version}\n", answer.stderr
    where = _run(
        *(scripts / "python", "-c"),
        "import tf_dcgan; print(tf_dcgan.train.__code__.co_filename)",
        cwd=tmp_path,
    )
    assert where.stdout.startswith(str(site)), where.stderr
