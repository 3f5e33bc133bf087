"""The rooms of the package: what may import what, and what loads TensorFlow."""

import ast
import functools
import pathlib
import subprocess
import sys

import pytest

from tf_dcgan.commands import dispatch

_PROJECT = pathlib.Path(__file__).resolve().parents[1]
_PACKAGE = _PROJECT / "tf_dcgan"
# A room may import the rooms above it in this list.
_ROOMS = (
    "common",
    "config",
    "runs",
    "data",
    "models",
    "metrics",
    "gan",
    "sampling",
    "evaluation",
    "training",
    "comparison",
    "inspection",
    "exploration",
    "api",
    "commands",
)
# They neither read nor write files, and know neither clock nor flags.
_PURE = {"gan", "models"}
_IMPURE = {"absl", "os", "pathlib", "shutil", "sys", "tempfile", "time"}


def _name(path):
    parts = path.relative_to(_PROJECT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


_MODULES = {_name(path): path for path in _PACKAGE.rglob("*.py")}


@functools.cache
def _imports(name):
    """Lists the modules of the package that a module imports."""
    modules = []
    for node in ast.walk(ast.parse(_MODULES[name].read_text())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                modules.append(full if full in _MODULES else node.module)
        elif isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
    return modules


def _room(name):
    parts = name.split(".")
    return parts[1] if parts[0] == "tf_dcgan" and len(parts) > 1 else None


def test_every_folder_is_a_room_with_a_page():
    # Folders without a module hold data, such as templates.
    folders = {p.parent for p in _PACKAGE.rglob("*.py")} - {_PACKAGE}
    assert {p.name for p in folders if p.parent == _PACKAGE} == set(_ROOMS)
    for folder in folders:
        page = (folder / "__init__.py").read_text()
        tree = ast.parse(page)
        assert len(tree.body) == 1, f"{folder} has code in its page"
        page = " ".join(ast.get_docstring(tree).split())
        assert "Read `" in page, folder


@pytest.mark.parametrize("room", _ROOMS)
def test_imports_between_rooms_point_one_way(room):
    below = set(_ROOMS[: _ROOMS.index(room) + 1])
    upwards = [
        f"{name} imports {imported}"
        for name in sorted(_MODULES)
        if _room(name) == room
        for imported in _imports(name)
        if _room(imported) not in (None, *below)
    ]
    assert upwards == []


@pytest.mark.slow
def test_no_module_imports_itself_by_a_detour():
    finished, way = set(), []

    def visit(name):
        assert name not in way, f"a circle: {' → '.join([*way, name])}"
        if name in finished:
            return
        way.append(name)
        for imported in _imports(name):
            if imported in _MODULES and imported != "tf_dcgan":
                visit(imported)
        finished.add(way.pop())

    for name in sorted(_MODULES):
        visit(name)


@pytest.mark.parametrize("room", sorted(_PURE))
def test_the_heart_and_the_networks_are_pure(room):
    impure = [
        f"{name} imports {imported}"
        for name in sorted(_MODULES)
        if _room(name) == room
        for imported in _imports(name)
        if imported.split(".")[0] in _IMPURE
        or imported == "tf_dcgan.common.files"
    ]
    assert impure == []


def test_one_wrapper_shows_progress():
    # A training's bar also starts late, pauses, and has words that change.
    allowed = {"tf_dcgan.common.terminal", "tf_dcgan.training.console"}
    assert {n for n in _MODULES if "tqdm" in set(_imports(n))} == allowed


@pytest.mark.slow
@pytest.mark.parametrize("command", dispatch.COMMANDS)
@pytest.mark.parametrize("flag", ["--help", "--no_such_flag=1"])
def test_help_and_a_slip_load_no_tensorflow(command, flag):
    code = (
        "import sys\n"
        "from tf_dcgan import __main__ as entry\n"
        f"sys.argv = ['tf-dcgan', {command!r}, {flag!r}]\n"
        "try: entry.main()\n"
        "except SystemExit as end: print('status', end.code)\n"
        "print('loaded', {'tensorflow', 'keras'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.endswith("loaded set()\n")
    if flag == "--help":
        assert f"Usage: python -m tf_dcgan {command} " in ended.stdout
    else:
        assert "status 2" in ended.stdout
        (line,) = ended.stderr.splitlines()
        assert line.startswith("error: unknown flag --no_such_flag: ")
