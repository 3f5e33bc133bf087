r"""Looks for the settings that make the best images in a given time.

    python -m benchmarks.quality_search --folder=search \
        --inception_weights=FILE --minutes=5 --final_minutes=20

Every variant of `dcgan_cifar10` trains for the same time on the same cores; how
many steps that is, a short training of each finds out first, so that learning
rates can fall over the whole run. Each is then scored against the test split at
three layers of Inception and on the classifier, with what a perfect generator
would score beside it. The best by their mean rank over all scores, and
`dcgan_cifar10` itself, train again from nothing for longer, with several seeds.

FOLDER/results.jsonl has a line for each training, and FOLDER/speeds.json the
steps a second of each variant. An interrupted search goes on where it was by
the same command. To know sooner what is best in an hour of a slow machine, run
`--speeds_only` there and the rest with the same folder on a fast one, such as a
GPU, several at once (`--processes`): the steps are those of the slow machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
import dataclasses
import json
import pathlib
import statistics
import tempfile
import threading
from typing import Any

from benchmarks import command_flags, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors, files
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_PROBE_SECONDS = 20
_PROBE_STEPS = 25  # To learn how many these seconds are.
_PROBE_EVERY = 5
_NEVER = 1_000_000_000  # Steps.
BASELINE = "dcgan_cifar10"
VARIANTS = {
    BASELINE: "",
    "batch_8": "--batch_size=8",
    "batch_16": "--batch_size=16",
    "batch_32": "--batch_size=32",
    "batch_128": "--batch_size=128",
    "batch_16_rates_1e-4": "--batch_size=16 --generator_learning_rate=1e-4 "
    "--discriminator_learning_rate=1e-4",
    "batch_16_g_rate_4e-4": "--batch_size=16 --generator_learning_rate=4e-4",
    "batch_16_d_rate_4e-4": "--batch_size=16 "
    "--discriminator_learning_rate=4e-4",
    "batch_16_ema_0.9999": "--batch_size=16 --ema_decay=0.9999",
    "batch_16_linear": "--batch_size=16 --learning_rate_decay=linear",
    "batch_16_linear_g_rate_4e-4": "--batch_size=16 "
    "--learning_rate_decay=linear --generator_learning_rate=4e-4",
    "batch_8_linear_g_rate_4e-4": "--batch_size=8 "
    "--learning_rate_decay=linear --generator_learning_rate=4e-4",
    "batch_16_second_half": "--batch_size=16 --learning_rate_decay=second_half",
    "batch_16_stddev": "--batch_size=16 --minibatch_stddev",
    "batch_16_hinge_sn": "--batch_size=16 --loss=hinge --spectral_norm",
    "batch_16_r1": "--batch_size=16 --r1_gamma=0.1",
    "batch_16_relativistic": "--batch_size=16 --loss=relativistic "
    "--r1_gamma=0.1 --r2_gamma=0.1",
    "batch_16_consistency": "--batch_size=16 --consistency=10",
    "batch_16_two_g": "--batch_size=16 --generator_latents=new "
    "--generator_updates=2",
    "batch_16_wide": "--batch_size=16 --width=1.5",
    "batch_16_g_wide": "--batch_size=16 --width=1.5 --discriminator_width=0.67",
    "batch_16_d_wide": "--batch_size=16 --discriminator_width=1.5",
    "batch_16_d_narrow": "--batch_size=16 --discriminator_width=0.5",
    "batch_16_d_narrower": "--batch_size=16 --discriminator_width=0.25",
    "batch_16_g_wide_d_narrow": "--batch_size=16 --width=1.5 "
    "--discriminator_width=0.33",
    "batch_8_linear_g_rate_4e-4_d_narrow": "--batch_size=8 "
    "--learning_rate_decay=linear --generator_learning_rate=4e-4 "
    "--discriminator_width=0.5",
    "batch_16_no_bn": "--batch_size=16 --nodiscriminator_batch_norm",
    "batch_16_no_bn_hinge_sn": "--batch_size=16 --nodiscriminator_batch_norm "
    "--loss=hinge --spectral_norm",
    "batch_16_no_bn_r1": "--batch_size=16 --nodiscriminator_batch_norm "
    "--r1_gamma=0.1",
    "batch_16_no_bn_relativistic": "--batch_size=16 "
    "--nodiscriminator_batch_norm --loss=relativistic --r1_gamma=0.1 "
    "--r2_gamma=0.1",
    "sndcgan": "--recipe=sndcgan --width=0.375 --batch_size=16",
}
_SCORED = ("inception 64", "inception 192", "inception 768", "classifier")


@dataclasses.dataclass(frozen=True)
class SearchSettings:
    """The flags of this command."""

    folder: str | None = setting(
        None, "where the runs and the results are kept", group=_GROUP
    )
    variants: str = setting(
        ",".join(VARIANTS), "which to try, separated by commas", group=_GROUP
    )
    flags: str = setting(
        "--horizontal_flip",
        "flags of train.py for all of them",
        group=_GROUP,
    )
    minutes: float = setting(
        5.0, "of training for each variant", group=_GROUP, above=0, maximum=1e5
    )
    kept: int = setting(
        3,
        "how many train again for longer",
        group=_GROUP,
        minimum=0,
        maximum=100,
    )
    final_minutes: float = setting(
        20.0, "of the longer trainings", group=_GROUP, above=0, maximum=1e5
    )
    final_seeds: int = setting(
        3, "of each longer training", group=_GROUP, minimum=1, maximum=100
    )
    speeds_only: bool = setting(
        False,
        "measure the steps a second of each variant, and end",
        group=_GROUP,
    )
    processes: int = setting(
        1,
        "trainings at once; more than one has no effect on the steps of each",
        group=_GROUP,
        minimum=1,
        maximum=256,
    )
    inception_weights: str | None = setting(
        None,
        "the network's weights, .tgz, .pb or .npz",
        group=_GROUP,
        unset="those in the cache, else a download",
    )
    num_real: int = setting(
        5000,
        "images of the test split",
        group=_GROUP,
        minimum=2048,
        maximum=50_000,
    )
    num_samples: int = setting(
        2500,
        "images of each generator",
        group=_GROUP,
        minimum=2048,
        maximum=50_000,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)
        command_flags.words("variants", self.variants, tuple(VARIANTS))


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        variant: of `VARIANTS`.
        minutes: of training.
        seed: of the run.
    """

    variant: str
    minutes: float
    seed: int

    @property
    def name(self) -> str:
        """Of the run's folder."""
        return f"{self.variant}-{self.minutes:g}min-seed{self.seed}"


class Search:
    """Trials and their results, which a folder keeps."""

    def __init__(self, settings: SearchSettings):
        """Reads the results so far.

        Args:
            settings: `folder` is made if need be.

        Raises:
            errors.UserError: the folder has another search.
        """
        self._settings = settings
        self._folder = pathlib.Path(settings.folder).absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._results = self._folder / "results.jsonl"
        self._speeds = self._folder / "speeds.json"
        self._lock = threading.Lock()  # One at a time adds a result.
        self._check_settings(self._folder / "search.json")

    def _check_settings(self, path: pathlib.Path) -> None:
        """Refuses a folder whose results are of another search."""
        own = {
            "flags": self._settings.flags,
            "num_real": self._settings.num_real,
            "num_samples": self._settings.num_samples,
        }
        if not path.exists():
            with files.atomic_file(path) as unfinished:
                unfinished.write_text(json.dumps(own, indent=2) + "\n")
            return
        earlier = json.loads(path.read_text())
        for name, value in own.items():
            if earlier[name] != value:
                raise errors.UserError(
                    f"{self._folder} has a search with --{name}="
                    f"{earlier[name]}, now {value}: give --{name}="
                    f"{earlier[name]}, or another --folder"
                )

    def results(self, trials: Sequence[Trial]) -> Iterator[dict[str, Any]]:
        """Yields the result of each trial in order, several trained at once."""
        for variant in dict.fromkeys(trial.variant for trial in trials):
            self.speed(variant)  # One after the other, for its own sake.
        with futures.ThreadPoolExecutor(self._settings.processes) as pool:
            yield from pool.map(self.result, trials)

    def speed(self, variant: str) -> float:
        """Returns steps a second; found out once for a folder."""
        speeds = {}
        if self._speeds.exists():
            speeds = json.loads(self._speeds.read_text())
        if variant not in speeds:
            flags = self._flags(Trial(variant, 0, 0))
            speeds[variant] = _steps_per_second(flags)
            with files.atomic_file(self._speeds) as unfinished:
                unfinished.write_text(json.dumps(speeds, indent=2) + "\n")
        return speeds[variant]

    def result(self, trial: Trial) -> dict[str, Any]:
        """Trains and scores, unless that has been done.

        Returns:
            `name`, `steps`, `seconds` and `scores`: fid by what it was
            computed on, each with its floor.

        Raises:
            errors.UserError: the training failed, or was stopped.
        """
        for line in self._lines():
            if line["name"] == trial.name:
                return line
        run_dir = self._folder / trial.name
        steps = max(1, round(60 * trial.minutes * self.speed(trial.variant)))
        try:
            seconds = _train(self._flags(trial), steps, run_dir)
        except RuntimeError as error:
            last_line = str(error).splitlines()[-1]
            raise errors.UserError(
                f"{run_dir}: {last_line}; to go on without it, leave "
                f"{trial.variant} out of --variants"
            ) from error
        done = trainings.logged_steps(run_dir)
        if done != steps:  # Ctrl-C stops the training, too.
            raise errors.UserError(
                f"{run_dir} was stopped after step {done:,} of {steps:,}: the "
                "same command goes on with it"
            )
        line = {
            "name": trial.name,
            "variant": trial.variant,
            "flags": f"{VARIANTS[trial.variant]} {self._settings.flags}",
            "seed": trial.seed,
            "steps": steps,
            "seconds": seconds,
            "scores": self._scores(run_dir),
        }
        with self._lock, files.atomic_file(self._results) as unfinished:
            texts = map(json.dumps, [*self._lines(), line])
            unfinished.write_text("".join(f"{text}\n" for text in texts))
        return line

    def _lines(self) -> list[dict[str, Any]]:
        if not self._results.exists():
            return []
        text = self._results.read_text()
        return [json.loads(line) for line in text.splitlines()]

    def _flags(self, trial: Trial) -> list[str]:
        return [
            "--recipe=dcgan_cifar10",  # A variant may name another.
            *self._settings.flags.split(),
            *VARIANTS[trial.variant].split(),
            f"--seed={trial.seed}",
        ]

    def _scores(self, run_dir: pathlib.Path) -> dict[str, Any]:
        settings = self._settings
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "scores.json")
            flags = [
                f"--run_dir={run_dir}",
                f"--num_real={settings.num_real}",
                f"--num_samples={settings.num_samples}",
                "--noreal_row",
                f"--output={path}",
            ]
            if settings.inception_weights:
                flags.append(
                    f"--inception_weights={settings.inception_weights}"
                )
            trainings.train(["benchmarks.score_table", *flags], script="-m")
            table = json.loads(path.read_text())
        return {name: table[f"generated, {name}"]["fid"] for name in _SCORED}


def _steps_per_second(flags: Sequence[str]) -> float:
    """Trains for a while, and returns the median speed after the start."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = pathlib.Path(folder, "run")
        config = trainings.config(flags)
        # Falling rates would fix the length.
        flags = [*flags, "--learning_rate_decay=none"]
        _train(flags, _PROBE_STEPS, run_dir, log_every=_PROBE_EVERY)
        # The first calls of each process are slow.
        speeds = trainings.speeds(run_dir)
        speed = statistics.median(speeds[2:]) / config.batch_size
        steps = _PROBE_STEPS + max(_PROBE_STEPS, round(_PROBE_SECONDS * speed))
        _train(flags, steps, run_dir, log_every=_PROBE_EVERY)
        speeds = trainings.speeds(run_dir)[len(speeds) + 2 :]
    return statistics.median(speeds) / config.batch_size


def _train(
    flags: Sequence[str],
    steps: int,
    run_dir: pathlib.Path,
    *,
    log_every: int = 50,
) -> float:
    """Trains, or goes on with a training, and returns its seconds."""
    is_new = not (run_dir / "config.json").exists()
    trainings.train(
        [
            *(flags if is_new else []),
            f"--run_dir={run_dir}",
            f"--steps={steps}",
            f"--log_every={log_every}",
            f"--sample_every={_NEVER}",
        ]
    )
    return max(line["elapsed_seconds"] for line in trainings.intervals(run_dir))


def ranked(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Sorts variants by their mean rank over all scores, the best first.

    Args:
        results: of one trial of each variant.
    """
    places = {result["variant"]: 0.0 for result in results}
    for name in _SCORED:
        by_score = sorted(
            results, key=lambda result: result["scores"][name]["value"]
        )
        for place, result in enumerate(by_score):
            places[result["variant"]] += place
    return sorted(places, key=places.__getitem__)


def main(arguments: Sequence[str]) -> None:
    """Runs the search.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong.
    """
    settings = command_flags.parse(
        arguments, SearchSettings, name="quality_search", doc=__doc__
    )
    search = Search(settings)
    names = command_flags.words("variants", settings.variants, tuple(VARIANTS))
    if settings.speeds_only:
        for name in names:
            print(f"{name}: {search.speed(name):.3g} steps/s", flush=True)
        return
    print("| variant | seed | steps | seconds | " + " | ".join(_SCORED) + " |")
    print("|---" * (4 + len(_SCORED)) + "|", flush=True)
    first = []
    trials = [Trial(name, settings.minutes, 0) for name in names]
    for result in search.results(trials):
        first.append(result)
        print(row(result), flush=True)
    best = ranked(first)
    print(f"\nby their mean rank: {', '.join(best)}\n", flush=True)
    finalists = best[: settings.kept]
    if settings.kept:
        finalists += [BASELINE] * (BASELINE not in finalists)
    trials = [
        Trial(name, settings.final_minutes, seed)
        for name in finalists
        for seed in range(settings.final_seeds)
    ]
    for result in search.results(trials):
        print(row(result), flush=True)


def row(result: Mapping[str, Any]) -> str:
    """Writes a trial as a row of the table.

    Args:
        result: as `Search.result` returns it.

    Returns:
        Each score is `value [low, high] (floor)`: the 95 % interval, and what a
        perfect generator would score.
    """
    cells = [
        result["variant"],
        str(result["seed"]),
        f"{result['steps']:,}",
        f"{result['seconds']:.0f}",
    ]
    for name in _SCORED:
        score = result["scores"][name]
        cell = f"{score['value']:.4g}"
        if score.get("low") is not None:
            cell += f" [{score['low']:.4g}, {score['high']:.4g}]"
        if score.get("floor") is not None:
            cell += f" ({score['floor']:.3g})"
        cells.append(cell)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    command_line.run(main)
