"""docs/python.md against the package."""

import importlib
import inspect
import pathlib
import re

import pytest

import tf_dcgan
from tf_dcgan.config import schema
from tf_dcgan.evaluation import request

_PROJECT = pathlib.Path(__file__).resolve().parents[2]
_PAGE = (_PROJECT / "docs" / "python.md").read_text()


def test_the_page_names_every_function_and_they_take_what_it_says():
    named = set(re.findall(r"tf_dcgan\.(\w+)\(", _PAGE))
    public = {n for n in tf_dcgan.__all__ if not n[0].isupper()}
    assert named == public
    settings = {
        *schema.Config.__dataclass_fields__,
        *request.Request.__dataclass_fields__,
    }
    for name, arguments in re.findall(r"tf_dcgan\.(\w+)\(([^)]*)\)", _PAGE):
        own = set(inspect.signature(getattr(tf_dcgan, name)).parameters)
        keywords = set(re.findall(r"(\w+)=", arguments)) - {"has_labels"}
        assert keywords <= own | settings, (name, keywords)


def test_the_page_names_what_a_run_has():
    named = set(re.findall(r"run\.(\w+)", _PAGE))
    own = {name for name in vars(tf_dcgan.Run) if not name.startswith("_")}
    assert named == own


def test_the_examples_that_the_page_links_exist():
    links = re.findall(r"\]\(([^)]+)\)", _PAGE)
    examples = {f"../examples/{p.name}" for p in _PROJECT.glob("examples/*.py")}
    assert set(links) == examples


@pytest.mark.parametrize(
    "row",
    re.findall(
        r"^\| (`tf_dcgan\..+?) \| (.+) \|$",
        _PAGE.partition("## Building blocks")[2],
        re.MULTILINE,
    ),
)
def test_the_building_blocks_exist_and_explain_themselves(row):
    modules, names = (re.findall(r"`([\w.]+)", cell) for cell in row)
    room = modules[0].rpartition(".")[0]
    modules = [f"{room}{m}" if m.startswith(".") else m for m in modules]
    loaded = [importlib.import_module(module) for module in modules]
    names = set(names) - {"run.config"}
    assert names
    for name in names:
        (function,) = (
            getattr(module, name) for module in loaded if hasattr(module, name)
        )
        assert "Args:" in function.__doc__
