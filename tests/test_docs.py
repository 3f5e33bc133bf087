"""What README.md and docs/ say, against the program."""

import dataclasses
import importlib
import json
import pathlib
import re
import shlex
import signal
import sys

import numpy as np
import PIL.Image
import pytest
import told

from tf_dcgan import __main__ as entry
from tf_dcgan.commands import command_line, dispatch
from tf_dcgan.config import overrides, recipes, schema
from tf_dcgan.evaluation import request
from tf_dcgan.runs import health

_PROJECT = pathlib.Path(__file__).resolve().parent.parent
_DOCS = _PROJECT / "docs"
_PAGES = ["README.md", *sorted(f"docs/{p.name}" for p in _DOCS.glob("*.md"))]
_TEXTS = {page: (_PROJECT / page).read_text() for page in _PAGES}
_MODULES = sorted((_PROJECT / "tf_dcgan").rglob("*.py"))
# The pages with rows about lines that the program tells.
_ROWS = ["docs/troubleshooting.md", "docs/gpu.md"]
# It prints what other modules warn of.
_PASSED_ON = {"tf_dcgan/evaluation/report.py"}
_LARGEST_PICTURE = 160_000  # Bytes: a page must open at once.
# Of other programs.
_FOREIGN_FLAGS = {"logdir", "dist", "gpus", "install"}
_DOORS = {"train.py": "train", "evaluate.py": "evaluate"}


def _without_code(text):
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^    .*$", "", text, flags=re.MULTILINE)


def _links(page):
    """Yields the targets of a page's links and pictures."""
    text = re.sub(r"`[^`]*`", "code", _without_code(_TEXTS[page]))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)
    yield from re.findall(r'(?:src|href)="([^"]+)"', text)


def _anchors(path):
    """Lists the anchors that GitHub gives a page's headings."""
    headings = re.findall(
        r"^#+ (.+)$", _without_code(path.read_text()), re.MULTILINE
    )
    names, seen = [], {}
    for heading in headings:
        heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-")
        count = seen[name] = seen.get(name, -1) + 1
        names.append(f"{name}-{count}" if count else name)
    return names


def _commands(page):
    """Yields the commands that a page shows, in blocks and within lines.

    Each is the module that reads its flags, or the name of a benchmark, and
    the words of the command line; without a module it is asked for help.
    """
    text = _TEXTS[page]
    blocks = re.findall(r"^    (.+)$", text, re.MULTILINE)
    spans = re.findall(r"`([^`]+)`", _without_code(text))
    for shown in [*blocks, *spans]:
        for part in re.split(r"&&|;", " ".join(shown.split())):
            part = part.strip().strip("'").replace("[", "").replace("]", "")
            match = re.match(
                r"(?:\.venv/bin/)?(?:python )?(train\.py|evaluate\.py)\b(.*)"
                r"|(?:python -m tf_dcgan|tf-dcgan)\b(.*)"
                r"|python -m (benchmarks(?:\.\w+)+)(.*)",
                part,
            )
            if match is None:
                continue
            door, rest, of_package, benchmark, more = match.groups()
            words = shlex.split(rest or of_package or more or "")
            words = [word for word in words if "…" not in word]
            if door and not rest:
                continue  # The name of the file.
            if door:
                yield (dispatch.COMMANDS[_DOORS[door]], [_DOORS[door], *words])
            elif benchmark:
                yield (benchmark, [benchmark, *words])
            elif words and words[0] in dispatch.COMMANDS:
                yield (dispatch.COMMANDS[words[0]], words)
            elif words != ["COMMAND"]:
                yield (None, words)


def _is_quick(words):
    """Whether a command takes a second, and needs nothing to be there."""
    if any(re.fullmatch("[A-Z]+", word) for word in words):
        return False
    is_dry = "--dry_run" in words and len(words) > 2
    asked = {"--help", "help", "--version", "--nomeasure"} & set(words)
    return is_dry or bool(asked)


# Each once, on the first page that has it.
_SHOWN = list(
    {
        (str(module), tuple(words)): (page, module, tuple(words))
        for page in reversed(_PAGES)
        for module, words in _commands(page)
        if module is None or len(words) > 1  # Else it is only named.
    }.values()
)
_QUICK = sorted({words for _, _, words in _SHOWN if _is_quick(words)})
_OF_A_RUN = ("sample", "interpolate", "arithmetic", "progress")
_RUNS = {"--run_dir=RUN", "--run_dir=runs/00000-glyphs-dcgan_small"}
# Those whose other words name nothing that must be made before.
_QUICK_WITH_A_RUN = sorted(
    {
        words
        for _, _, words in _SHOWN
        if words[0] in _OF_A_RUN
        and _RUNS & set(words)
        and not re.search(r"\.npz|class:|mp4", " ".join(words))
    }
)


def test_the_readme_is_one_page():
    assert len(_TEXTS["README.md"].splitlines()) <= 180


@pytest.mark.parametrize("page", _PAGES[1:])
def test_a_page_opens_with_the_question_that_it_answers(page):
    first = _TEXTS[page].splitlines()[0]
    assert re.fullmatch(r"# [A-Z].*\?", first), first


def test_the_readme_leads_to_every_page():
    assert (
        set(_PAGES[1:])
        - {link.partition("#")[0] for link in _links("README.md")}
        == set()
    )


@pytest.mark.parametrize("page", [*_PAGES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_link_leads_somewhere(page):
    _TEXTS.setdefault(page, (_PROJECT / page).read_text())
    for link in _links(page):
        if re.match(r"https?://|mailto:", link):
            continue
        file, _, anchor = link.partition("#")
        here = _PROJECT / page
        path = (here.parent / file).resolve() if file else here
        assert path.exists(), link
        assert path.is_relative_to(_PROJECT), link
        if anchor:
            assert anchor in _anchors(path), link


def test_every_picture_is_shown_and_small():
    shown = {
        (_PROJECT / page).parent.joinpath(link).resolve()
        for page in _PAGES
        for link in _links(page)
    }
    for picture in sorted((_DOCS / "pictures").iterdir()):
        assert picture in shown, picture
        assert picture.stat().st_size <= _LARGEST_PICTURE, picture


@pytest.mark.parametrize("page", _PAGES)
def test_every_file_that_a_page_names_exists(page):
    made_by_a_run = {
        "step_0000500.png",
        "samples/step_0000000.png",
        "real.png",
        "curves.png",
        "grid.png",
        "memorization.png",
        "walk.png",
        "arithmetic.png",
        "inverted.png",
        "a.png",
        "FILE.png",
        "MODEL.md",
        "progress.gif",
        "walk.gif",
        "report.html",
        "photos.html",
        "config.json",
        "metrics.jsonl",
        "evaluation.json",
        "generator.keras",
        "generator_a_to_b.keras",
        "generator_b_to_a.keras",
        "model.json",
        "exported/model.json",
        "tf_dcgan.json",
        "labels.json",
    }
    paths = set(
        re.findall(
            r"[\w./-]+\.(?:py|txt|png|md|gif|html|js|json|jsonl|keras|cff)\b",
            _TEXTS[page],
        )
    )
    for path in paths - made_by_a_run:
        places = (_PROJECT / page).parent, _PROJECT, _PROJECT / "tf_dcgan"
        assert any((place / path).exists() for place in places), path
    for module in re.findall(r"python -m (benchmarks[\w.]*)", _TEXTS[page]):
        place = _PROJECT / module.rstrip(".").replace(".", "/")
        assert place.with_suffix(".py").exists() or place.is_dir(), module


def _flags():
    """Names all flags of the commands and of the benchmarks."""
    modules = [*dispatch.COMMANDS.values(), schema, request]
    for path in (_PROJECT / "benchmarks").rglob("*.py"):
        if "command_flags.parse(" in path.read_text():
            parts = path.relative_to(_PROJECT).with_suffix("").parts
            modules.append(importlib.import_module(".".join(parts)))
    return {
        field.name
        for module in modules
        for thing in vars(module).values()
        if dataclasses.is_dataclass(thing)
        for field in dataclasses.fields(thing)
        if "help" in field.metadata
    }


def test_every_flag_that_a_page_names_exists():
    known = _flags() | {"help", "flagfile", "version"} | _FOREIGN_FLAGS
    known |= {f"no{name}" for name in known}
    for page, text in _TEXTS.items():
        named = set(re.findall(r"--([a-z][a-z_0-9]+)", text))
        assert named - known == set(), page


def test_the_pages_go_on_with_runs_that_they_began():
    # The first command makes the first run, the second one the second.
    first_runs = {"00000-glyphs-dcgan_small", "00001-mnist-dcgan"}
    for page, text in _TEXTS.items():
        here = set(re.findall(r"train\.py .*--run_dir=runs/([\w-]+)", text))
        named = set(re.findall(r"runs/([\w-]+)", text))
        assert named - first_runs - here == set(), page


@pytest.mark.parametrize("page", _PAGES)
def test_no_number_is_still_to_be_filled_in(page):
    assert re.findall(r"@[A-Z0-9]+@|\b(?:TODO|TBD)\b", _TEXTS[page]) == []


@pytest.mark.parametrize("page", _PAGES)
def test_every_recipe_that_a_page_names_exists(page):
    named = set(re.findall(r"--recipe=(\w+)|`(\w+gan\w*)", _TEXTS[page]))
    names = {name for pair in named for name in pair if name}
    assert names - {"tf_dcgan"} <= set(recipes.RECIPES)


def test_the_page_of_recipes_has_them_all():
    rows = re.findall(r"^\| `(\w+)` \|", _TEXTS["docs/recipes.md"], re.M)
    assert set(recipes.RECIPES) <= set(rows)


def test_the_map_in_the_readme_has_every_folder():
    rows = re.findall(r"^\| `(\w+)/` \|", _TEXTS["README.md"], re.MULTILINE)
    folders = {p.parent.name for p in _PROJECT.glob("tf_dcgan/*/__init__.py")}
    assert set(rows) == folders


def test_the_readme_has_a_line_for_every_command():
    rows = re.findall(r"^\| `(\w+)` \|", _TEXTS["README.md"], re.MULTILINE)
    assert set(dispatch.COMMANDS) <= set(rows)


def test_rows_of_results_in_the_readme_are_those_of_the_page_of_results():
    here, there = (
        re.findall(
            r"^\| `train\.py .*$",
            re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", _TEXTS[page]),
            re.MULTILINE,
        )
        for page in ("README.md", "docs/results.md")
    )
    assert len(here) == 6
    assert [row for row in here if row not in there] == []


@pytest.mark.parametrize("page, module, words", _SHOWN)
def test_every_command_is_one_that_its_program_understands(
    monkeypatch, page, module, words
):
    if module is None:  # Such as `help train`.
        assert set(words) <= {"help", "--help", "--version", *dispatch.COMMANDS}
        return
    if isinstance(module, str):
        module = importlib.import_module(module)
        if not hasattr(module, "main"):
            module = importlib.import_module(f"{module.__name__}.__main__")
    read = []
    parse = command_line.parse

    def parse_alone(*arguments, **more):
        read.append(parse(*arguments, **more))
        raise _EnoughError

    monkeypatch.setattr(command_line, "parse", parse_alone)
    with pytest.raises(_EnoughError):
        module.main([word for word in words if word != "--help"])
    (line,) = read
    if module is dispatch.COMMANDS["train"] and not line.given.get("run_dir"):
        overrides.from_flags(line.more)


class _EnoughError(Exception):
    """A command's flags were read, and nothing else shall be done."""


@pytest.mark.slow
@pytest.mark.parametrize("words", _QUICK, ids=" ".join)
def test_commands_that_take_a_second_are_run(
    monkeypatch, tmp_path, capsys, words
):
    photos = tmp_path / "photos"
    photos.mkdir()
    chance = np.random.default_rng(0)
    for number in range(12):
        pixels = chance.integers(0, 256, (32, 32), np.uint8)
        PIL.Image.fromarray(pixels).save(photos / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["tf-dcgan", *words])
    handler = signal.getsignal(signal.SIGTERM)
    try:
        entry.main()
    finally:
        signal.signal(signal.SIGTERM, handler)
    streams = capsys.readouterr()
    assert streams.out
    assert streams.err == ""


@pytest.mark.slow
@pytest.mark.parametrize("words", _QUICK_WITH_A_RUN, ids=" ".join)
def test_commands_that_take_a_second_with_a_run_are_run(
    monkeypatch, tmp_path, capsys, trained, words
):
    monkeypatch.chdir(tmp_path)
    name, *flags = words
    dispatch.COMMANDS[name].main(
        [
            name,
            *(
                f"--run_dir={trained[0]}" if flag in _RUNS else flag
                for flag in flags
            ),
        ]
    )
    assert list(tmp_path.iterdir())
    assert "Error" not in capsys.readouterr().err


@pytest.mark.parametrize("page", _PAGES)
def test_every_program_in_python_can_be_read(page):
    for program in re.findall(
        r"^```python\n(.*?)^```$", _TEXTS[page], re.MULTILINE | re.DOTALL
    ):
        compile(program, page, "exec")


def _quoted(page):
    """Lists what stands first in the rows of a page's tables, in quotes."""
    return re.findall(r"^\| `([^`]*)` \|", _TEXTS[page], re.MULTILINE)


def _pattern(quoted):
    """Finds a quoted line in the template that makes it, which is one line."""
    parts = [re.escape(part.strip()) for part in quoted.split("…")]
    return re.compile(".*".join(parts))


@pytest.mark.slow
def test_every_note_and_warning_has_a_row():
    rows = [_pattern(line) for page in _ROWS for line in _quoted(page)]
    missing = [
        f"{module.relative_to(_PROJECT)}: {template}"
        for module in _MODULES
        if str(module.relative_to(_PROJECT)) not in _PASSED_ON
        for template in told.templates(
            module.read_text(), is_metric="metrics" in module.parts
        )
        if not any(row.search(template) for row in rows)
    ]
    assert missing == []


@pytest.mark.slow
def test_every_row_is_about_a_line_that_the_program_has():
    texts = "\n".join(
        text.replace("\n", " ")
        for module in _MODULES
        for text in told.texts(module.read_text())
    )
    kinds = {"error:", "warning:", "note:", "health:"}
    rows = {line for page in _ROWS for line in _quoted(page)} - kinds
    assert [row for row in rows if not _pattern(row).search(texts)] == []


def test_every_verdict_has_a_row():
    rows = re.findall(r"^\| ([a-z ]+) \|", _TEXTS["docs/health.md"], re.M)
    assert set(health.KINDS) <= set(rows)


def test_every_finding_of_an_inspection_has_a_row():
    module = _PROJECT / "tf_dcgan" / "inspection" / "findings.py"
    assert set(told.kinds(module.read_text())) <= set(
        _quoted("docs/inspection.md")
    )


def test_the_templates_of_a_module_are_found():
    source = (
        '"""note: not a line for the user."""\n'
        "def note(self):\n"
        '    return f"{self} is old" + ", mend it" * True\n'
        "def _more():\n"
        '    return ["the second line"]\n'
        "def tell(notes, count):\n"
        "    notes.append(f\"{count} images {'are not read'} left out\")\n"
        "    notes += _more()\n"
        '    say("warning: too few images")\n'
        '    say("not a warning")\n'
    )
    assert told.templates(source) == [
        "the second line",
        "too few images",
        "… images … left out",
        "… is old, mend it",
    ]


def test_speeds_in_the_rule_of_hours_are_those_of_the_results():
    rows = re.findall(
        r"^\| .* \| ([\d.]+) \| \d+ \| ([\d,]+) \| (\d+) \|$",
        _TEXTS["docs/settings.md"],
        re.MULTILINE,
    )
    assert len(rows) >= 9
    for operations, speed, rate in rows:
        assert f" {speed} |" in _TEXTS["docs/results.md"]
        product = float(operations) * float(speed.replace(",", ""))
        assert abs(product - int(rate)) <= 0.01 * int(rate)


@pytest.mark.parametrize("recipe, num_rows", [("lsgan_28", 5), ("dcgan_28", 6)])
def test_the_start_of_the_example_runs_is_told_as_they_logged_it(
    recipe, num_rows
):
    section = _TEXTS["docs/comparing.md"]
    told_of = section.partition(f"The steps of `{recipe}`")[2]
    rows = re.findall(
        r"^\| ([\d,]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) / ([\d.]+)"
        r" \| ([\d.]+) \|$",
        told_of,
        re.MULTILINE,
    )[:num_rows]
    assert len(rows) == num_rows
    log = _PROJECT / "examples" / "comparison" / recipe / "metrics.jsonl"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    keys = ("loss_g", "loss_d", "real_accuracy", "fake_accuracy")
    for step_in_words, *means, diversity in rows:
        step = int(step_in_words.replace(",", ""))
        logged = [
            [line[key] for key in keys]
            for line in lines
            if line["kind"] == "train" and step - 250 < line["step"] <= step
        ]
        assert np.mean(logged, axis=0) == pytest.approx(
            list(map(float, means)), abs=0.0051
        )
        (sampled,) = [
            line["diversity"]
            for line in lines
            if line["kind"] == "samples" and line["step"] == step
        ]
        assert sampled == pytest.approx(float(diversity), abs=0.0051)


def test_the_example_names_no_folder_of_whoever_made_it():
    page = (_PROJECT / "examples/comparison/report.html").read_text()
    assert "2 runs compared" in page
    assert re.findall(r"(?:/home|/root|/work|/tmp|/Users)/", page) == []
