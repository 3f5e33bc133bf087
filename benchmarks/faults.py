"""Injects faults into tiny runs and counts what survives them.

    python -m benchmarks.faults --quick

A run on a few glyphs is struck by each fault while it trains or before it
goes on: kills, full and read-only disks, folders that vanish, two processes
at once, changed and cut files, a clock set back, closed pipes, poor
environments and files that may not be read. It survives if nobody sees a
traceback, if what went wrong is told in one line or does not matter, and if
the run afterwards goes on to the very variables, samples and logged scalars
of a run that nothing struck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

from benchmarks import command_flags, striking, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields

_GROUP = "Faults"
_NUM_IMAGES = 64
_BEGUN, _ENDED = 8, 16  # Steps of the run that is struck, and its length.
_FLAGS = (
    "--recipe=dcgan_small",
    "--width=0.05",
    "--batch_size=8",
    "--log_every=1",
    "--sample_every=4",
    "--checkpoint_every=4",
)
# The writes of a training, by words in their paths.
_WRITES = {
    "checkpoint": ("/checkpoints/",),
    "logs": ("metrics.jsonl", "/tensorboard"),
    "samples": ("/samples/",),
    "config": ("config.json",),
    "curves": ("curves.png", "progress.gif"),
    "export": ("saved_model", "generator.keras"),
}
_MOST_WRITES = 8  # Of one kind, in one stretch of training.
_DISK_BYTES = 32 * 2**20
_YEAR = 365 * 86400.0


@dataclasses.dataclass(frozen=True)
class FaultSettings:
    """The flags of this command."""

    quick: bool = fields.setting(
        False, "try one fault of each kind of fault only", group=_GROUP
    )
    only: str | None = fields.setting(
        None,
        "try only faults whose name has this text",
        group=_GROUP,
        unset="all",
    )
    rounds: int = fields.setting(
        3,
        "how often each fault at random is tried",
        group=_GROUP,
        minimum=1,
        maximum=1000,
    )
    seed: int = fields.setting(
        0,
        "of the random instants",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


class Lost(Exception):
    """A fault did harm; the message says which."""


class NotTried(Exception):
    """A fault could not be injected; the message says why."""


class Bench:
    """A run to strike, the run it must become, and their cache.

    Attributes:
        folder: takes everything.
        chance: of all random instants.
    """

    def __init__(self, folder: pathlib.Path, chance: random.Random):
        """Trains both runs.

        Args:
            folder: empty.
            chance: of all random instants.
        """
        self.folder, self.chance = folder, chance
        self._cache = folder / "cache"
        _write_images(folder / "images")
        _write_mnist(folder / "mnist")
        self.begun, self.ended = folder / "begun", folder / "ended"
        self.require(self.start(self.new_run(self.begun)).wait())
        shutil.copytree(self.begun, self.ended)
        self.require(self.start(self.longer(self.ended)).wait())

    def new_run(self, path: pathlib.Path, *more: str) -> list[str]:
        """Returns the flags of a training that begins."""
        data = f"--dataset={self.folder / 'images'}"
        return [*_FLAGS, data, f"--steps={_BEGUN}", f"--run_dir={path}", *more]

    def longer(self, path: pathlib.Path) -> list[str]:
        """Returns the flags of a training that goes on."""
        return [f"--run_dir={path}", f"--steps={_ENDED}"]

    def start(
        self,
        flags: Sequence[str],
        *,
        name: str = "log",
        cache: pathlib.Path | None = None,
        **more,
    ) -> striking.Process:
        """Starts a training.

        Args:
            flags: of the training.
            name: of its log.
            cache: another folder than the common cache.
            **more: as `striking.Process` takes it.
        """
        from tf_dcgan.commands import train

        return striking.Process(
            train.main,
            flags,
            log=self.folder / name,
            environment={"XDG_CACHE_HOME": str(cache or self._cache)},
            **more,
        )

    def evaluate(
        self, output: pathlib.Path, *, cache: pathlib.Path, **more
    ) -> striking.Process:
        """Starts an evaluation of the images against those of a known set.

        Args:
            output: takes the scores.
            cache: keeps the classifier and the features.
            **more: as `striking.Process` takes it.
        """
        from tf_dcgan.commands import evaluate

        flags = [
            "--real=mnist:test",
            f"--data_dir={self.folder / 'mnist'}",
            f"--fake={self.folder / 'images'}",
            "--features=classifier",
            "--metrics=fid,kid,modes",
            f"--output={output}",
        ]
        return striking.Process(
            evaluate.main,
            flags,
            log=self.folder / "log",
            environment={"XDG_CACHE_HOME": str(cache)},
            **more,
        )

    @functools.cached_property
    def scores(self) -> str:
        """What an evaluation that nothing strikes finds, as JSON."""
        output = self.folder / "expected_scores.json"
        self.require(self.evaluate(output, cache=self._cache).wait())
        return output.read_text()

    def require_scores(
        self, output: pathlib.Path, *, cache: pathlib.Path
    ) -> None:
        """Evaluates again, and compares the scores."""
        self.require(self.evaluate(output, cache=cache).wait())
        if output.read_text() != self.scores:
            raise Lost("finds other scores")

    def require(self, ended: striking.Ended) -> None:
        """Raises Lost unless a training has come to its end."""
        if ended.status:
            raise Lost(f"status {ended.status}: {ended.last_line}")

    def copy(self, folder: pathlib.Path | None = None) -> pathlib.Path:
        """Copies the run to strike."""
        path = (folder or self.folder) / "struck"
        shutil.rmtree(path, ignore_errors=True)
        return pathlib.Path(shutil.copytree(self.begun, path))

    def copy_cache(self) -> pathlib.Path:
        """Copies the cache."""
        path = self.folder / "struck_cache"
        shutil.rmtree(path, ignore_errors=True)
        return pathlib.Path(shutil.copytree(self._cache, path))

    def require_healed(
        self, path: pathlib.Path, *, weights_alone: bool = False
    ) -> None:
        """Lets a run go on to its end, and compares it bit for bit.

        Args:
            path: the run.
            weights_alone: whether samples and lines may differ. A run that is
                asked to stop shows where it stopped.
        """
        self.require(self.start(self.longer(path)).wait())
        differing = trainings.differences(path, self.ended)
        if weights_alone:
            differing = [text for text in differing if "checkpoint" in text]
        if differing:
            raise Lost(f"goes on to other {', '.join(differing[:3])}")

    def strike(self, path: pathlib.Path, strike: striking.Strike):
        """Lets a training go on that is struck.

        Returns:
            How it ended.

        Raises:
            Lost: with a traceback.
        """
        ended = self.start(self.longer(path), prepare=strike.install).wait()
        if ended.is_bug:
            raise Lost(f"traceback: {ended.last_line}")
        return ended

    def number(self, kind: str) -> int:
        """Chooses a write of a kind."""
        return self.chance.randint(1, 1 if kind == "config" else _MOST_WRITES)


def _write_images(folder: pathlib.Path) -> None:
    from tf_dcgan.common import images
    from tf_dcgan.data.named import glyphs

    glyph_images, labels = next(iter(glyphs.source("train").read().chunks))
    pairs = zip(glyph_images[:_NUM_IMAGES], labels, strict=False)
    for number, (image, label) in enumerate(pairs):
        images.write_png(folder / str(label) / f"{number}.png", image)


def _write_mnist(folder: pathlib.Path) -> None:
    """Writes glyphs as if they were MNIST, on which a classifier is quick."""
    from tf_dcgan.data.named import glyphs

    glyph_images, labels = next(iter(glyphs.source("train").read().chunks))
    folder.mkdir()
    rest = slice(_NUM_IMAGES, None)
    np.savez(
        folder / "mnist.npz",
        x_train=glyph_images[rest, ..., 0],
        y_train=labels[rest],
        x_test=glyph_images[:_NUM_IMAGES, ..., 0],
        y_test=labels[:_NUM_IMAGES],
    )


# What a fault tries: it returns if the run survives it.
_Trial = Callable[[Bench], None]


def _kill(kind: str, bench: Bench) -> None:
    path = bench.copy()
    bench.strike(
        path,
        striking.Strike(
            _WRITES[kind], bench.number(kind), striking.kill(bench.chance)
        ),
    )
    bench.require_healed(path)


def _kill_in_cache(bench: Bench) -> None:
    cache = bench.folder / "struck_cache"
    shutil.rmtree(cache, ignore_errors=True)
    path = bench.folder / "struck"
    shutil.rmtree(path, ignore_errors=True)
    strike = striking.Strike(
        [str(cache)],
        bench.chance.randint(1, 10),
        striking.kill(bench.chance),
    )
    flags = bench.new_run(path)
    bench.start(flags, cache=cache, prepare=strike.install).wait()
    shutil.rmtree(path, ignore_errors=True)
    bench.require(bench.start(flags, cache=cache).wait())
    _require_same(path, bench.begun)


def _require_same(one: pathlib.Path, other: pathlib.Path) -> None:
    if differing := trainings.differences(one, other):
        raise Lost(f"other {', '.join(differing[:3])}")


def _full_disk(kind: str, bench: Bench) -> None:
    with _small_disk(bench.folder / "disk") as disk:
        path = bench.copy(disk)
        ballast = disk / "ballast"
        ended = bench.strike(
            path,
            striking.Strike(
                _WRITES[kind],
                bench.number(kind),
                striking.fill(ballast, bench.chance),
            ),
        )
        if ended.status and not ended.is_told:
            raise Lost(f"status {ended.status}: {ended.last_line}")
        if ended.status and str(disk) not in ended.last_line:
            raise Lost(f"names no file: {ended.last_line}")
        ballast.unlink(missing_ok=True)
        bench.require_healed(path)


def _kill_in_evaluation(bench: Bench) -> None:
    _ = bench.scores  # Before the cache is copied.
    output = bench.folder / "scores.json"
    output.unlink(missing_ok=True)
    cache = _without_features(bench.copy_cache())
    strike = striking.Strike(
        [str(cache), output.name],
        bench.chance.randint(1, _MOST_WRITES),
        striking.kill(bench.chance),
    )
    bench.evaluate(output, cache=cache, prepare=strike.install).wait()
    bench.require_scores(output, cache=cache)


def _full_disk_at_evaluation(bench: Bench) -> None:
    _ = bench.scores  # Before the cache is copied.
    with _small_disk(bench.folder / "disk") as disk:
        ballast, output = disk / "ballast", disk / "scores.json"
        strike = striking.Strike(
            [output.name], 1, striking.fill(ballast, bench.chance)
        )
        cache = bench.copy_cache()
        ended = bench.evaluate(
            output, cache=cache, prepare=strike.install
        ).wait()
        if ended.status and not ended.is_told:
            raise Lost(f"status {ended.status}: {ended.last_line}")
        if ended.status and output.exists():
            raise Lost("half of the scores are left")
        ballast.unlink(missing_ok=True)
        bench.require_scores(output, cache=cache)


def _without_features(cache: pathlib.Path) -> pathlib.Path:
    """Removes the features that a cache keeps, which are then made anew."""
    for path in cache.rglob("features-*"):
        path.unlink()
    return cache


def _no_room_for_checkpoints(bench: Bench) -> None:
    with _small_disk(bench.folder / "disk") as disk:
        path = bench.copy(disk)
        ballast = disk / "ballast"
        striking.fill(ballast, bench.chance)("")
        ended = bench.start(bench.longer(path)).wait()
        has_trained = trainings.logged_steps(path) > _BEGUN
        if not ended.is_told or has_trained:
            raise Lost(f"status {ended.status}: {ended.last_line}")
        ballast.unlink()
        bench.require_healed(path)


@contextlib.contextmanager
def _small_disk(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a small disk in memory, where the system allows to mount one."""
    folder.mkdir(exist_ok=True)
    options = f"size={_DISK_BYTES}"
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        raise NotTried("no mount") from error
    if done.returncode:
        raise NotTried("mounting needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _refused(number: int, bench: Bench) -> None:
    path = bench.copy()
    ended = bench.strike(
        path,
        striking.Strike(
            [str(path)],
            bench.chance.randint(1, _MOST_WRITES),
            striking.refuse(number),
            lasting=True,
        ),
    )
    if not ended.is_told:
        raise Lost(f"status {ended.status}: {ended.last_line}")
    bench.require_healed(path)


def _vanished(bench: Bench) -> None:
    path = bench.copy()
    moved = path.with_name("moved")
    shutil.rmtree(moved, ignore_errors=True)
    kind = bench.chance.choice(["checkpoint", "samples"])
    ended = bench.strike(
        path,
        striking.Strike(
            # The first is the trial before the training.
            _WRITES[kind],
            bench.chance.randint(2, 4),
            striking.move(path, moved),
        ),
    )
    if ended.status and not ended.is_told:
        raise Lost(f"status {ended.status}: {ended.last_line}")
    if (path / "config.json").exists():
        raise Lost("a run is made again in the old place")
    bench.require_healed(moved)


def _two_on_a_new_run(bench: Bench) -> None:
    path = bench.folder / "struck"
    shutil.rmtree(path, ignore_errors=True)
    first = bench.start(bench.new_run(path))
    time.sleep(bench.chance.uniform(0, 2))
    second = bench.start(bench.new_run(path, "--seed=5"), name="log2")
    ends = {0: first.wait(), 5: second.wait()}
    winners = [seed for seed, ended in ends.items() if ended.status == 0]
    if len(winners) != 1:
        raise Lost(f"{len(winners)} of two trained on one run")
    (loser,) = set(ends) - set(winners)
    if not ends[loser].is_told:
        raise Lost(ends[loser].last_line)
    settings = json.loads((path / "config.json").read_text())["settings"]
    if settings["seed"] != winners[0]:
        raise Lost("the run says the settings of the one that was refused")
    if winners == [0]:
        _require_same(path, bench.begun)


def _two_on_an_old_run(bench: Bench) -> None:
    path = bench.copy()
    first = bench.start(bench.longer(path))
    second = bench.start(bench.longer(path), name="log2")
    ends = [first.wait(), second.wait()]
    for ended in ends:
        if ended.status and not ended.is_told:
            raise Lost(ended.last_line)
    bench.require_healed(path)


def _two_on_a_cache(bench: Bench) -> None:
    cache = bench.folder / "struck_cache"
    shutil.rmtree(cache, ignore_errors=True)
    paths = [bench.folder / "struck", bench.folder / "other"]
    processes = []
    for number, path in enumerate(paths):
        shutil.rmtree(path, ignore_errors=True)
        flags = bench.new_run(path)
        processes.append(bench.start(flags, name=f"log{number}", cache=cache))
    for process in processes:
        bench.require(process.wait())
    for path in paths:
        _require_same(path, bench.begun)


def _flip(path: pathlib.Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _cut(path: pathlib.Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def _damaged(
    damage: Callable[[pathlib.Path, random.Random], None],
    pattern: str,
    bench: Bench,
) -> None:
    """Damages a file, which must be named or make no difference."""
    path, cache = bench.copy(), bench.copy_cache()
    paths = sorted([*path.glob(pattern), *cache.glob(pattern)])
    file = bench.chance.choice(paths)
    damage(file, bench.chance)
    ended = bench.start(bench.longer(path), cache=cache).wait()
    if ended.is_bug or ended.status not in (0, 2):
        raise Lost(f"{file.name}: status {ended.status}: {ended.last_line}")
    if ended.status and not ended.is_told:
        raise Lost(f"{file.name}: {ended.last_line}")
    if not ended.status:
        differing = trainings.differences(path, bench.ended)
        if any("variable" in difference for difference in differing):
            raise Lost(f"{file.name}: trained on to other weights, no word")


def _clock(bench: Bench) -> None:
    path = bench.copy()
    for file in path.rglob("*"):
        os.utime(file, (time.time() + _YEAR,) * 2)
    strike = striking.Strike(
        [str(path)],
        bench.chance.randint(1, _MOST_WRITES),
        striking.set_clock_back(_YEAR),
    )
    bench.require(bench.strike(path, strike))
    _require_same(path, bench.ended)


def _closed_pipe(bench: Bench) -> None:
    path = bench.copy()
    reading, writing = os.pipe()
    process = bench.start(bench.longer(path), output=writing)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    ended = process.wait()
    if ended.is_bug:
        raise Lost(ended.last_line)
    bench.require(ended)
    _require_same(path, bench.ended)


def _signalled(number: int, bench: Bench) -> None:
    path = bench.copy()
    process = bench.start(bench.longer(path))
    until = time.monotonic() + 300
    while trainings.logged_steps(path) <= _BEGUN and time.monotonic() < until:
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, number)
    ended = process.wait()
    if ended.status:
        raise Lost(f"status {ended.status}: {ended.last_line}")
    bench.require_healed(path, weights_alone=True)


def _environment(
    changes: dict[str, str], without: Sequence[str], bench: Bench
) -> None:
    """Trains in a fresh interpreter, which reads its environment anew."""
    path = bench.copy()
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(bench.folder / "cache"),
        **changes,
    }
    for name in without:
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "train.py", *bench.longer(path)],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=pathlib.Path(__file__).parent.parent,
    )
    ended = striking.Ended(done.returncode, done.stdout + done.stderr)
    if ended.is_bug:
        raise Lost(ended.last_line)
    bench.require(ended)
    _require_same(path, bench.ended)


def _unreadable(words: Sequence[str], bench: Bench) -> None:
    path = bench.copy()
    strike = striking.Strike(
        words,
        1,
        striking.refuse(striking.NO_PERMISSION),
        lasting=True,
        reads=True,
    )
    ended = bench.strike(path, strike)
    if not ended.is_told:
        raise Lost(f"status {ended.status}: {ended.last_line}")
    for advice in ("damaged", "remove", "delete", "no checkpoint"):
        if advice in ended.last_line:
            raise Lost(f"called {advice!r}: {ended.last_line}")
    bench.require_healed(path)


# A kind of file of a run or a cache → the pattern of its path.
_FILES = {
    "weights.data": "checkpoints/*8/weights.data*",
    "weights.index": "checkpoints/*8/weights.index",
    "progress.json": "checkpoints/*8/progress.json",
    "images.npy": "*/*/images.npy",
    "labels.npy": "*/*/labels.npy",
    "info.json": "*/*/info.json",
    "headers": "*/headers-*",
    "metrics.jsonl": "metrics.jsonl",
    "event file": "tensorboard/*",
    "sample grid": "samples/step_*.png",
    "generator.keras": "generator.keras",
    "config.json": "config.json",
}
_UNREADABLE = {
    "weights.index": ["weights.index"],
    "progress.json": ["progress.json"],
    "config.json": ["config.json"],
    "metrics.jsonl": ["metrics.jsonl"],
    "images.npy": ["images.npy"],
}


def trials(*, quick: bool, rounds: int) -> Iterator[tuple[str, _Trial]]:
    """Yields the faults.

    Args:
        quick: only one or two of each kind of fault.
        rounds: how often each fault at random is tried.

    Yields:
        (name, trial); the same name comes several times.
    """

    def some(names, *shortlist):
        return shortlist if quick else names

    repeat = 1 if quick else rounds
    for _ in range(repeat):
        for kind in some(_WRITES, "checkpoint", "export"):
            yield f"kill in {kind}", functools.partial(_kill, kind)
        yield "kill in cache", _kill_in_cache
        for kind in some(_WRITES, "checkpoint", "logs"):
            yield f"full disk at {kind}", functools.partial(_full_disk, kind)
        if not quick:
            yield "kill in evaluation", _kill_in_evaluation
            yield "full disk at evaluation", _full_disk_at_evaluation
        yield "no room for the checkpoints", _no_room_for_checkpoints
        yield (
            "disk becomes read-only",
            functools.partial(_refused, striking.READ_ONLY),
        )
        yield "folder of the run vanishes", _vanished
        yield "two trainings on a new run", _two_on_a_new_run
        if not quick:
            yield "two trainings on an old run", _two_on_an_old_run
        yield "two trainings on a new cache", _two_on_a_cache
        for name in some(_FILES, "weights.data", "images.npy", "labels.npy"):
            yield (
                f"a bit flipped in {name}",
                functools.partial(_damaged, _flip, _FILES[name]),
            )
        for name in some(_FILES, "weights.index", "metrics.jsonl"):
            yield (
                f"{name} cut",
                functools.partial(_damaged, _cut, _FILES[name]),
            )
        yield "clock set back", _clock
        yield "closed pipe", _closed_pipe
        for number in some([signal.SIGHUP, signal.SIGTERM], signal.SIGHUP):
            yield (
                signal.Signals(number).name,
                functools.partial(_signalled, number),
            )
    for name, words in _UNREADABLE.items():
        if name in some(_UNREADABLE, "weights.index", "config.json"):
            yield (
                f"{name} may not be read",
                functools.partial(_unreadable, words),
            )
    c_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    nowhere = {"TMPDIR": "/nowhere", "TMP": "/nowhere"}
    if quick:
        yield (
            "C locale, no HOME, no TMPDIR",
            functools.partial(_environment, {**c_locale, **nowhere}, ["HOME"]),
        )
        return
    yield "C locale", functools.partial(_environment, c_locale, ["LANG"])
    yield "no HOME", functools.partial(_environment, {}, ["HOME"])
    yield "no TMPDIR", functools.partial(_environment, nowhere, [])


def main(arguments: Sequence[str]) -> None:
    """Runs the trials and prints the table.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        SystemExit: a fault did harm.
    """
    settings = command_flags.parse(
        arguments, FaultSettings, name="faults", doc=__doc__
    )
    quiet_import.import_tensorflow()
    _import_what_trainings_need()
    table: dict[str, list[int]] = {}
    lost, left_out = [], []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pathlib.Path(folder), random.Random(settings.seed))
        for name, trial in trials(quick=settings.quick, rounds=settings.rounds):
            if settings.only is not None and settings.only not in name:
                continue
            row = table.setdefault(name, [0, 0])
            started = time.monotonic()
            try:
                trial(bench)
            except NotTried as error:
                left_out.append(f"{name}: {error}")
                continue
            except Lost as error:
                lost.append(f"{name}: {error}")
            else:
                row[1] += 1
            row[0] += 1
            verdict = "survived" if row[0] == row[1] else "lost"
            seconds = time.monotonic() - started
            print(f"{name}: {verdict}, {seconds:.0f} s", flush=True)
    _print_table(table)
    for line in left_out:
        print(f"not tried: {line}")
    for line in lost:
        print(f"lost: {line}")
    if lost:
        sys.exit(1)


def _print_table(table: dict[str, list[int]]) -> None:
    width = max(map(len, [*table, "all"])) + 2
    print(f"\n{'fault':{width}}{'tried':>7}{'survived':>10}{'lost':>6}")
    total = [sum(column) for column in zip(*table.values(), strict=True)]
    for name, (tried, survived) in [*table.items(), ("all", total or (0, 0))]:
        print(
            f"{name:{width}}{tried:7}{survived:10}{tried - survived:6}",
            flush=True,
        )


def _import_what_trainings_need() -> None:
    """Spares every process the imports, none of which computes anything."""
    import matplotlib.figure  # noqa: F401

    from tf_dcgan.commands import evaluate, train  # noqa: F401
    from tf_dcgan.evaluation import evaluate as evaluation  # noqa: F401
    from tf_dcgan.sampling.exports import keras_formats  # noqa: F401
    from tf_dcgan.training import launch  # noqa: F401


if __name__ == "__main__":
    command_line.run(main)
