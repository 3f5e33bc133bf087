"""Looks for tracebacks and hangs: random flags, and damaged files of runs.

    python -m benchmarks.fuzz --cases=1000 --seed=0

Each case calls one command in this process, up to the instant at which it
would load TensorFlow: with random values of random flags, or on a run of which
`config.json`, `metrics.jsonl` or `evaluation.json` was changed at random. A
command must refuse a case in a line or accept it. Printed are the counts, and
of each traceback and hang what repeats it. Ends with exit status 1 if there
are any.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
import contextlib
import copy
import dataclasses
import io
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import traceback
from typing import Any
from unittest import mock

import PIL.Image

from benchmarks import command_flags
from tf_dcgan.commands import (
    arithmetic,
    command_line,
    compare,
    dispatch,
    explore,
    export,
    inspect,
    interpolate,
    invert,
    progress,
    sample,
    train,
    translate,
)
from tf_dcgan.common import errors, quiet_import
from tf_dcgan.config import fields, schema
from tf_dcgan.evaluation import request
from tf_dcgan.runs import runs

_GROUP = "Search"
_SECONDS_PER_CASE = 20.0
OUTCOMES = ("accepted", "refused", "traceback", "hang")
# Command → the dataclasses of its flags.
_SETTINGS: dict[str, tuple[type, ...]] = {
    "train": (train.TrainSettings, schema.Config),
    "evaluate": (request.Request,),
    "sample": (sample.SampleSettings,),
    "interpolate": (interpolate.InterpolateSettings,),
    "arithmetic": (arithmetic.ArithmeticSettings,),
    "translate": (translate.TranslateSettings,),
    "invert": (invert.InvertSettings,),
    "explore": (explore.ExploreSettings,),
    "progress": (progress.ProgressSettings,),
    "compare": (compare.CompareSettings,),
    "export": (export.ExportSettings,),
    "inspect": (inspect.InspectSettings,),
}
_RUNS = ("noise_run", "translation_run")
# What a command cannot do without.
_NEEDED: dict[str, Sequence[str]] = {
    "train": (),
    "evaluate": ("--run_dir=noise_run",),
    "sample": ("--run_dir=noise_run",),
    "interpolate": ("--run_dir=noise_run", "--indices=0,1", "--label=cat"),
    "arithmetic": (
        *("--run_dir=noise_run", "--label=cat"),
        *("--a=0,1,2", "--b=3,4,5", "--c=6,7,8"),
    ),
    "translate": ("--run_dir=translation_run", "--input=images"),
    "invert": ("--run_dir=noise_run", "--input=images", "--label=cat"),
    "explore": ("--run_dir=noise_run",),
    "progress": ("--run_dir=noise_run",),
    "compare": _RUNS,
    "export": ("--run_dir=noise_run",),
    "inspect": ("images",),
}
_WORDS = (
    *("", " ", "0", "1", "-1", "3.5", "nan", "inf", "1e400", "9" * 5000),
    *("true", "None", "auto", "mnist", "glyphs", "cifar10:test", "a:b:c:d"),
    *("a b ü", "猫", "\udcff", "a\0b", "\x1b[2J", "x" * 300, "猫" * 85),
    *("..", "/", "~", "~nobody/x", "/dev/null", "/dev/stdout", "nowhere/x"),
    *("a.png", "a.gif", "a.npz", "a.html", "a.json", "a.PNG", "file.png"),
    *("1,2", "1,,2", "1,2,3@5", "class:cat", "1-", ",", "fid,kid", "fid,fid"),
    *("64", "64x48", "80X512", "0x0", "1x1x1", "-5x5", "99999x99999", "0,255"),
    *("%s", "{}", "[1", "--seed=1", "-", "loop", "fifo", *_RUNS),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.5, -0.0, 10**30, -(10**30), 1e308),
    *(float("nan"), float("inf"), 10**400, "", "x", "1", "\udcff", "\0"),
    *("\x1b[2J", "<b>", "猫", "x" * 10_000, [], {}, [[]], [1], ["a"]),
    *({"a": 1}, [None], {"": None}, "mnist", "/dev/null", "auto", "64x64"),
)


@dataclasses.dataclass(frozen=True)
class FuzzSettings:
    """The flags of this command."""

    cases: int = fields.setting(
        1000, "how many cases to try", group=_GROUP, minimum=1, maximum=10**7
    )
    seed: int = fields.setting(
        0,
        "determines every case",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


@dataclasses.dataclass
class Report:
    """What came of the cases.

    Attributes:
        counts: (sort of case, outcome) → number of cases.
        failures: of each traceback and hang, the case and what was raised.
    """

    counts: Counter = dataclasses.field(default_factory=Counter)
    failures: list[str] = dataclasses.field(default_factory=list)

    def table(self) -> str:
        """Lays the counts out, a line for each sort of case."""
        sorts = sorted({sort for sort, _ in self.counts})
        lines = [" ".join([f"{'':24}", *(f"{o:>9}" for o in OUTCOMES)])]
        lines += [
            " ".join(
                [
                    f"{sort:24}",
                    *(f"{self.counts[sort, o]:9,}" for o in OUTCOMES),
                ]
            )
            for sort in sorts
        ]
        return "\n".join([*lines, *self.failures])


class _AcceptedError(Exception):
    """The command would load TensorFlow now, so its flags are good."""


class _HangError(BaseException):
    """The command took too long."""


def main(arguments: Sequence[str]) -> None:
    """Tries the cases.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        SystemExit: a command ended in a traceback, or hung.
    """
    settings = command_flags.parse(
        arguments, FuzzSettings, name="fuzz", doc=__doc__
    )
    report = search(settings.cases, settings.seed)
    print(report.table())
    if report.failures:
        sys.exit(1)


def search(cases: int, seed: int) -> Report:
    """Tries cases, each of which the seed and its number determine.

    Args:
        cases: how many.
        seed: at least 0.

    Returns:
        The outcomes.
    """
    report = Report()
    for number in range(cases):
        chance = random.Random(f"{seed} {number}")
        with _playground():
            sort, words = chance.choice((_flags_case, _files_case))(chance)
            outcome, raised = _outcome(words)
        report.counts[sort, outcome] += 1
        if raised:
            report.failures.append(
                f"\ncase {number} of seed {seed}: {words!a}\n{raised}"
            )
    return report


def _flags_case(chance: random.Random) -> tuple[str, list[str]]:
    """Makes a command line of random flags."""
    name = chance.choice(sorted(_SETTINGS))
    flags = [
        (settings_class, field)
        for settings_class in _SETTINGS[name]
        for field in dataclasses.fields(settings_class)
    ]
    count = min(len(flags), chance.choice((0, 1, 1, 2, 3, 5, 8)))
    words = [
        f"--{field.name}={_flag_value(chance, settings_class, field)}"
        for settings_class, field in chance.sample(flags, count)
    ]
    # What comes last counts: most cases get far enough to try the rest.
    if chance.random() < 0.7:
        words += _NEEDED[name]
    elif name in ("compare", "inspect"):
        words += chance.choices((*_WORDS, *_RUNS * 20), k=chance.randrange(4))
    elif chance.random() < 0.5:
        words.append(f"--run_dir={chance.choice(_RUNS)}")
    return f"flags of {name}", [name, *words]


def _flag_value(
    chance: random.Random, settings_class: type, field: dataclasses.Field
) -> object:
    """Returns a value that is allowed, at a bound or from anywhere."""
    data = field.metadata
    bounds = [
        bound
        for bound in (data["minimum"], data["maximum"], data["above"])
        if bound is not None
    ]
    if chance.random() < 0.35:
        return chance.choice(_WORDS)
    if data["choices"]:
        return chance.choice(list(data["choices"]))
    if fields.field_type(settings_class, field.name) is bool:
        return chance.choice(("true", "false"))
    if bounds:
        bound = chance.choice(bounds)
        return chance.choice((bound, bound - 1, bound + 1, bound * 2))
    return chance.choice(_WORDS)


def _files_case(chance: random.Random) -> tuple[str, list[str]]:
    """Damages a file of a run, and makes a command line that reads it."""
    run = chance.choice(_RUNS)
    name = chance.choice(
        ("config.json", "config.json", "metrics.jsonl", "evaluation.json")
    )
    path = pathlib.Path(run, name)
    for _ in range(chance.choice((1, 1, 2, 4))):
        path.write_bytes(_damaged(chance, path.read_bytes()))
    more = ("--dry_run", "--steps=10", "--cache_dir=cache", "--log_every=3")
    words = chance.choice(
        (
            ["compare", *_RUNS],
            ["train", f"--run_dir={run}", chance.choice(more)],
            ["evaluate", f"--run_dir={run}", "--metrics=fid"],
            ["sample", f"--run_dir={run}", "--label=cat"]
            if run == "noise_run"
            else ["translate", f"--run_dir={run}", "--input=images"],
        )
    )
    if name != "config.json":
        words = ["compare", *_RUNS]
    return f"damaged {name}", words


def _damaged(chance: random.Random, content: bytes) -> bytes:
    """Changes values, or bytes, of one JSON object among the lines."""
    if chance.random() < 0.25 or not content:
        place = chance.randrange(len(content) + 1)
        length = chance.choice((0, 1, 1, 20, 10_000))
        filling = chance.choice((b"", b"\xff", b"\0", b"{", b'"', b"9" * 5000))
        return content[:place] + filling + content[place + length :]
    lines = content.split(b"\n")
    whole = content.startswith(b"{\n")
    place = 0 if whole else chance.randrange(len(lines))
    try:
        value = json.loads(content if whole else lines[place])
    except ValueError:
        return content
    holder, key = chance.choice([*_places(value)] or [([0], 0)])
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(chance.choice(_VALUES))
    text = json.dumps(value, indent=2 if whole else None).encode()
    if whole:
        return text
    return b"\n".join([*lines[:place], text, *lines[place + 1 :]])


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yields (object or list, key or index) for everything in a value."""
    keys: Sequence = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    for key in keys:
        yield value, key
        yield from _places(value[key])


def _outcome(words: Sequence[str]) -> tuple[str, str]:
    """Calls a command; returns the outcome, and a traceback if there is."""
    call: Callable = dispatch.COMMANDS[words[0]].main
    try:
        with _time_limit(), contextlib.redirect_stderr(io.StringIO()):
            with contextlib.redirect_stdout(io.StringIO()):
                call(list(words))
    except (errors.UserError, command_line._HelpWanted):
        return "refused", ""
    except _AcceptedError:
        return "accepted", ""
    except _HangError:
        return "hang", traceback.format_exc()
    except OSError as error:
        with contextlib.suppress(OSError):
            command_line._explained(error)
            return "refused", ""
        return "traceback", traceback.format_exc()
    except Exception:
        return "traceback", traceback.format_exc()
    return "accepted", ""


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    def end(number, frame):
        raise _HangError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_PER_CASE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _playground() -> Iterator[None]:
    """Works in a new folder with two runs, without TensorFlow."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, XDG_CACHE_HOME=folder),
        mock.patch.object(
            quiet_import, "import_tensorflow", side_effect=_AcceptedError
        ),
    ):
        _make_run(
            "noise_run",
            schema.Config(recipe="dcgan_small", steps=9, conditional=True),
        )
        _make_run(
            "translation_run",
            schema.Config(
                recipe="cyclegan",
                dataset=None,
                dataset_a="cifar10:horse",
                dataset_b="cifar10:deer",
                batch_size=1,
                steps=9,
                learning_rate_decay="none",
            ),
        )
        pathlib.Path("images").mkdir()
        for number in range(3):
            image = PIL.Image.new("L", (24, 20 + number), number)
            image.save(f"images/{number}.png")
        pathlib.Path("file.png").write_bytes(b"x")
        pathlib.Path("loop").symlink_to("loop")
        os.mkfifo("fifo")
        yield


def _make_run(name: str, config: schema.Config) -> None:
    path = pathlib.Path(name)
    path.mkdir()
    facts = runs.DataFacts(
        *(28, 28, 1, (0, 0, 28, 28), 640, "as they are", "f" * 64),
        ("cat", "dog\x1b[2J"),
        *(("e" * 64,) if config.translates else ()),
    )
    runs.write_config(
        runs.Run(
            path,
            config,
            facts,
            {"tf_dcgan": "0.1.0", "tensorflow": "2.21.0"},
            "0" * 40,
            "abacus",
            facts if config.translates else None,
        )
    )
    lines: list[dict[str, Any]] = [
        {"kind": "train", "step": step, "loss_d": 0.5, "loss_g": 1.0 / step}
        for step in range(1, 9)
    ]
    lines += [
        {"kind": "epoch", "step": 9, "epoch": 1, "loss_d": 0.5},
        {"kind": "samples", "step": 9, "diversity": 0.5},
        {"kind": "evaluation", "step": 9, "during": "training", "fid": 3.5},
    ]
    (path / "metrics.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines)
    )
    score = {
        "name": "fid",
        "value": 9.0,
        "low": 8.0,
        "high": 10.0,
        "ideal": 0.5,
        "remark": "",
        "warnings": ["few_samples: few"],
        "details": {},
    }
    protocol = {
        "real": "mnist:test",
        "real_images": 100,
        "fake": f"{name}, step 9, ema weights",
        "fake_images": 100,
        "features": {"network": "classifier", "feature_dim": 128},
        "seed": 0,
        "versions": {"tensorflow": "2.21.0"},
    }
    (path / "evaluation.json").write_text(
        json.dumps(
            {"step": 9, "scores": [score], "protocol": protocol, "notes": []},
            indent=2,
        )
    )


if __name__ == "__main__":
    command_line.run(main)
