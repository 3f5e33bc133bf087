r"""Shows what the choices change that sources leave to their framework.

    python -m benchmarks.silent_choices --folder=choices

Keras and PyTorch start biases and kernels differently, and have other constants
in batch normalisation and in Adam. Where a source says nothing, its framework's
defaults were used. Each recipe trains for some steps as it is, with two other
seeds, and with one choice made otherwise. Printed are means over the last
quarter of the steps, and what samples look like after it: a choice matters
where its row lies outside those of the seeds.

FOLDER keeps the runs; the same command goes on where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
import dataclasses
import pathlib
import re
import statistics
from typing import Any

from benchmarks import command_flags, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors
from tf_dcgan.config import fields, kinds, recipes
from tf_dcgan.config.fields import setting
from tf_dcgan.runs import logs

_GROUP = "Benchmark"
_LOG_EVERY = 50
_ALL = tuple(recipes.RECIPES)
# By name: what `changed_training` changes, and more flags of `train.py`.
_CHOICES = {
    "as it is": ("nothing", ()),
    "seed 1": ("nothing", ("--seed=1",)),
    "seed 2": ("nothing", ("--seed=2",)),
    "epsilon 1e-3 in batch normalisation": ("batch_norm_epsilon", ()),
    "momentum 0.99 in batch normalisation": ("batch_norm_momentum", ()),
    "epsilon 1e-8 in Adam": ("adam_epsilon", ()),
    "incomplete batches": ("incomplete_batches", ()),
    "biases of 0": ("nothing", ("--initial_bias=zero",)),
    "biases by fan-in": ("nothing", ("--initial_bias=uniform",)),
    "kernels as Keras draws them": ("kernels_glorot", ()),
    "kernels as PyTorch draws them": ("kernels_by_fan_in", ()),
}
# Their sources draw kernels and biases themselves.
_DRAWN_BY_SOURCE = ("sndcgan", "cyclegan")
_DRAWN = ("biases", "kernels")
_SHOWN = {
    kinds.GENERATION: ("loss_d", "loss_g", "real_score", "fake_score_before"),
    kinds.TRANSLATION: ("loss_d", "loss_g", "loss_adversarial", "loss_cycle"),
}


@dataclasses.dataclass(frozen=True)
class ChoicesSettings:
    """The flags of this command."""

    folder: str | None = setting(None, "where the runs are kept", group=_GROUP)
    recipes: str = setting(
        ",".join(_ALL), "recipes, separated by commas", group=_GROUP
    )
    choices: str = setting(
        ",".join(_CHOICES), "what is tried, separated by commas", group=_GROUP
    )
    steps: int = setting(
        1000, "of each training", group=_GROUP, minimum=100, maximum=1_000_000
    )
    flags: str = setting("", "flags of train.py for all of them", group=_GROUP)
    processes: int = setting(
        1, "trainings at once", group=_GROUP, minimum=1, maximum=256
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)
        command_flags.words("recipes", self.recipes, _ALL)
        command_flags.words("choices", self.choices, list(_CHOICES))


def main(arguments: Sequence[str]) -> None:
    """Trains and prints the table.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong.
    """
    settings = command_flags.parse(
        arguments, ChoicesSettings, name="silent_choices", doc=__doc__
    )
    names = command_flags.words("recipes", settings.recipes, _ALL)
    wanted = command_flags.words("choices", settings.choices, list(_CHOICES))
    tried = [
        (recipe, choice)
        for recipe in names
        for choice in choices(recipe)
        if choice in wanted
    ]
    kind = None
    with futures.ThreadPoolExecutor(settings.processes) as pool:
        runs = pool.map(lambda pair: _train(settings, *pair), tried)
        for (recipe, choice), run_dir in zip(tried, runs, strict=True):
            if recipes.RECIPES[recipe].kind is not kind:
                kind = recipes.RECIPES[recipe].kind
                print(_headings(kind))
            cells = [
                f"`{recipe}`",
                choice,
                *_results(run_dir, settings.steps, _SHOWN[kind]),
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


def _headings(kind: kinds.Kind) -> str:
    headings = ["recipe", "choice", *_SHOWN[kind], "diversity", "FID"]
    return f"| {' | '.join(headings)} |\n" + "|---" * len(headings) + "|"


def choices(recipe: str) -> list[str]:
    """Names what can be tried: not what the recipe does anyway."""
    bias = trainings.config([f"--recipe={recipe}"]).initial_bias
    left_out = ({"zero": "biases of 0", "uniform": "biases by fan-in"}[bias],)
    if recipe in _DRAWN_BY_SOURCE:
        left_out += _DRAWN
    if recipes.RECIPES[recipe].kind is kinds.TRANSLATION:
        # It normalises no batches, and takes one image at a time.
        left_out += ("epsilon 1e-3", "momentum", "incomplete")
    return [choice for choice in _CHOICES if not choice.startswith(left_out)]


def _train(settings: ChoicesSettings, recipe: str, choice: str) -> pathlib.Path:
    """Trains, unless that has been done, and returns the run's folder."""
    change, flags = _CHOICES[choice]
    folder = pathlib.Path(settings.folder).absolute()
    run_dir = folder / f"{recipe}-{choice.replace(' ', '_')}"
    if trainings.logged_steps(run_dir) > settings.steps:
        raise errors.UserError(
            f"{run_dir} has more than --steps={settings.steps}: give as many "
            "as before, or another --folder"
        )
    if not _scores(run_dir, settings.steps):
        trainings.train(
            [
                "benchmarks.changed_training",
                change,
                f"--recipe={recipe}",
                *settings.flags.split(),
                *flags,
                f"--run_dir={run_dir}",
                f"--steps={settings.steps}",
                f"--log_every={_LOG_EVERY}",
                f"--evaluate_every={settings.steps}",
            ],
            script="-m",
        )
        if not _scores(run_dir, settings.steps):  # Ctrl-C stops it, too.
            raise errors.UserError(
                f"{run_dir} was stopped: the same command goes on with it"
            )
    return run_dir


def _scores(run_dir: pathlib.Path, steps: int) -> list[dict[str, Any]]:
    """Returns the lines of the scores after all steps; none before that."""
    return [
        line
        for line in logs.read_metrics(run_dir)
        if line["kind"] == "evaluation" and line["step"] == steps
    ]


def _results(
    run_dir: pathlib.Path, steps: int, shown: Sequence[str]
) -> list[str]:
    """Returns the cells of a training's row."""
    lines = trainings.metrics(run_dir)
    last = [
        line
        for line in lines
        if line["kind"] == "train" and line["step"] > 0.75 * steps
    ]
    cells = [f"{statistics.fmean(x[n] for x in last):.3f}" for n in shown]
    [samples] = [x for x in lines if x["kind"] == "samples"][-1:]
    score = _scores(run_dir, steps)[-1]
    [name] = [name for name in score if re.fullmatch(r"fid_\w+_\d+", name)]
    return [*cells, f"{samples['diversity']:.2f}", f"{score[name]:.1f}"]


if __name__ == "__main__":
    command_line.run(main)
