"""Holds what SECURITY.md promises of the package as a whole."""

import ast
import functools
import pathlib
import re

from tf_dcgan.metrics.features.inception import weights

PROJECT = pathlib.Path(__file__).resolve().parents[1]
MODULES = sorted((PROJECT / "tf_dcgan").rglob("*.py"))
# Names of functions by which a file could run code.
RUNNING = {
    *("eval", "exec", "compile", "__import__", "load_model"),
    *("load_weights", "enable_unsafe_deserialization", "unsafe_load"),
    *("deserialize_keras_object", "model_from_json"),
}
RUNNING_MODULES = {"pickle", "marshal", "shelve", "dill", "joblib", "yaml"}


# The one module that loads a file of Keras's, which it has just written.
LOADING = PROJECT / "tf_dcgan/sampling/exports/keras_formats.py"


@functools.cache
def nodes(path):
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@functools.cache
def calls(path):
    """Lists (name of the function alone, its dotted name, the call)."""
    return [
        (dotted.rpartition(".")[2], dotted, node)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        for dotted in [ast.unparse(node.func)]
    ]


def test_no_module_calls_what_runs_code_of_a_file():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "safe_mode" not in text and "allow_pickle=True" not in text
        for node in nodes(path):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in RUNNING_MODULES, path
        for name, dotted, call in calls(path):
            if path == LOADING and dotted == "keras.saving.load_model":
                continue
            if dotted != "re.compile":
                assert name not in RUNNING, path
            if dotted == "np.load":
                keywords = {each.arg: each.value for each in call.keywords}
                assert ast.unparse(keywords["allow_pickle"]) == "False", path


def test_no_module_extracts_an_archive():
    for path in MODULES:
        for name, dotted, _ in calls(path):
            assert name not in ("extractall", "unpack_archive"), path
            if name == "extract":  # Of features, not of files.
                assert "archive" not in dotted and "tar" not in dotted, path


def test_every_download_is_by_https():
    assert weights.URL.startswith("https://")
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        # The page that `explore` shows, which never leaves the machine.
        for own in ("http://{ADDRESS}:{port}", "http://{host}"):
            text = text.replace(own, "")
        assert "http://" not in text, path


def test_only_one_module_prints():
    printing = {
        path.name
        for path in MODULES
        for name, dotted, _ in calls(path)
        if dotted == "print"
        or dotted in ("sys.stdout.write", "sys.stderr.write")
    }
    assert printing == {"terminal.py"}


def test_every_test_that_the_page_names_is_there():
    text = (PROJECT / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 15
    for path, name in named:
        source = (PROJECT / path).read_text(encoding="utf-8")
        assert f"def {name}(" in source, name
