r"""Compares the speed of our trainings with the same trainings in PyTorch.

    python -m benchmarks.frameworks --torch_python=/path/to/venv/bin/python

Networks, losses, schedule, batch and optimizer are the same on all sides, on
the same cores of the CPU, with images of noise. We train through `train.py`,
with all that a run does at each step: the average of G's weights, flips and
crops, rates that fall, scalars and their log. PyTorch does none of these. It
keeps its images as they are (channels first) or with channels last, and
compiles its networks or not; the fastest is what we are compared with. A third
side is the loop of TensorFlow's own DCGAN tutorial.

All sides run one after the other, and this `--repeats` times: printed are the
medians and ranges. A limit stands beside them: how many operations a second
large matrix products do on this machine, and the share of it that each side
reaches in its convolutions and dense layers.

PyTorch needs a Python environment of its own: `pip install torch`.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import tempfile

from benchmarks import command_flags, matrix_rate, noise_images, trainings
from benchmarks.frameworks import sides, tables
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields, recipes, schema
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_PRECISIONS = ("float32", "mixed_bfloat16")
_OWN = "own"
_LOSSES = ("non_saturating", "least_squares")
_COMPARED = recipes.names(
    lambda recipe: not recipe.differences.get("spectral_norm", False)
)
_FEWEST_STEPS = 4  # Two intervals warm up.


@dataclasses.dataclass(frozen=True)
class FrameworksSettings:
    """The flags of this command."""

    torch_python: str | None = setting(
        None, "a Python that has PyTorch", group=_GROUP
    )
    recipes: str = setting(
        ",".join(_COMPARED),
        "recipes to train, separated by commas",
        group=_GROUP,
    )
    precisions: str = setting(
        ",".join(_PRECISIONS),
        "precisions to train in, separated by commas",
        group=_GROUP,
    )
    batch_sizes: str = setting(
        _OWN,
        f"batch sizes to train with, separated by commas; {_OWN} is the "
        "recipe's, as in own,16,32",
        group=_GROUP,
    )
    variants: str = setting(
        ",".join(sides.VARIANTS),
        "how PyTorch lays out its maps, and whether it compiles its networks",
        group=_GROUP,
    )
    flags: str = setting(
        "",
        "more flags of train.py for all sides, such as --width=0.25",
        group=_GROUP,
    )
    steps: int | None = setting(
        None,
        "steps of each training",
        group=_GROUP,
        minimum=_FEWEST_STEPS,
        maximum=100_000,
        unset="as many as take about --seconds",
    )
    seconds: float = setting(
        20.0,
        "of each training, if it ran at the machine's matrix rate; without "
        "--steps",
        group=_GROUP,
        above=0,
        maximum=1e5,
    )
    repeats: int = setting(
        3,
        "how often each side trains",
        group=_GROUP,
        minimum=1,
        maximum=1000,
    )
    threads: int | None = setting(
        None,
        "cores for every side",
        group=_GROUP,
        minimum=1,
        maximum=4096,
        unset="all",
    )
    compile_limit: float = setting(
        900.0,
        "seconds that a training with compiled networks may take; what takes "
        "longer is left out",
        group=_GROUP,
        above=0,
        maximum=1e6,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)
        command_flags.words("recipes", self.recipes, tuple(recipes.RECIPES))
        command_flags.words("precisions", self.precisions, _PRECISIONS)
        command_flags.words("variants", self.variants, sides.VARIANTS)
        batch_sizes(self.batch_sizes)


def batch_sizes(text: str) -> list[int | None]:
    """Reads `--batch_sizes`.

    Args:
        text: numbers and `own`, separated by commas.

    Returns:
        The numbers; None stands for the recipe's own.

    Raises:
        errors.UserError: a word is neither.
    """
    sizes: list[int | None] = []
    for word in text.split(","):
        if word.strip() == _OWN:
            sizes.append(None)
        elif word.strip().isdecimal() and int(word) > 0:
            sizes.append(int(word))
        else:
            raise errors.UserError(
                f"--batch_sizes={text} has {word.strip()!r}: give whole "
                f"numbers from 1 and {_OWN}, separated by commas, as in "
                f"{_OWN},16,32"
            )
    return sizes


def check_can_be_compared(config: schema.Config) -> None:
    """Refuses what PyTorch's side does not have.

    Args:
        config: of a training to compare.

    Raises:
        errors.UserError: the training has classes, penalties, spectral
            normalisation or a loss that no recipe has.
    """
    only_here = [
        text
        for text, is_used in {
            "--conditional": config.conditional,
            "--spectral_norm": config.spectral_norm,
            f"--r1_gamma={config.r1_gamma:g}": config.r1_gamma > 0,
            f"--r2_gamma={config.r2_gamma:g}": config.r2_gamma > 0,
            f"--consistency={config.consistency:g}": config.consistency > 0,
            f"--augment={config.augment}": config.augment is not None,
            "--minibatch_stddev": config.minibatch_stddev,
            f"--generator_batch={config.generator_batch}": (
                config.generator_batch > 1
            ),
            f"--loss={config.loss}": config.loss not in _LOSSES,
        }.items()
        if is_used
    ]
    if only_here:
        raise errors.UserError(
            f"{' and '.join(only_here)} cannot be compared, since PyTorch's "
            "side does not have it: leave it out of --flags"
        )


def use_cores(threads: int | None) -> int:
    """Confines this process and its children to some cores.

    Args:
        threads: how many cores; None for all.

    Returns:
        How many it is.

    Raises:
        errors.UserError: there are fewer cores, or the system cannot do it.
    """
    if not hasattr(os, "sched_setaffinity"):
        if threads is None:
            return os.cpu_count() or 1
        raise errors.UserError(
            f"--threads={threads} needs a system that confines processes to "
            "cores, as Linux does: leave it out"
        )
    cores = sorted(os.sched_getaffinity(0))
    if threads is None:
        return len(cores)
    if threads > len(cores):
        raise errors.UserError(
            f"--threads={threads} is more than the {len(cores)} cores of this "
            f"process: allowed is 1 to {len(cores)}"
        )
    os.sched_setaffinity(0, cores[:threads])
    return threads


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong, or there is no PyTorch.
    """
    settings = command_flags.parse(
        arguments, FrameworksSettings, name="frameworks", doc=__doc__
    )
    threads = use_cores(settings.threads)
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # All sides take the CPU.
    quiet_import.import_tensorflow()
    print(f"{threads} threads, {settings.repeats} repeats", flush=True)
    all_measured = []
    for recipe in command_flags.words(
        "recipes", settings.recipes, tuple(recipes.RECIPES)
    ):
        for precision in command_flags.words(
            "precisions", settings.precisions, _PRECISIONS
        ):
            for batch_size in batch_sizes(settings.batch_sizes):
                with tempfile.TemporaryDirectory() as folder:
                    training = _Training(
                        settings,
                        pathlib.Path(folder),
                        recipe=recipe,
                        precision=precision,
                        batch_size=batch_size,
                        threads=threads,
                    )
                    all_measured.append(training.measure())
                _show(tables.of_one_training(all_measured[-1]))
    _show(tables.of_all_trainings(all_measured))


class _Training:
    """One training, which all sides do."""

    def __init__(
        self,
        settings: FrameworksSettings,
        folder: pathlib.Path,
        *,
        recipe: str,
        precision: str,
        batch_size: int | None,
        threads: int,
    ):
        """Writes the images, and the job for the other sides."""
        from benchmarks.frameworks import description
        from tf_dcgan.models import families
        from tf_dcgan.training import cost, kinds

        self._settings = settings
        self._folder = folder
        count = noise_images.count_for(recipe)
        self._flags = [
            f"--recipe={recipe}",
            *noise_images.write_for(
                recipe, folder, max(count, batch_size or 0)
            ),
            f"--precision={precision}",
            *([f"--batch_size={batch_size}"] if batch_size else []),
            *settings.flags.split(),
        ]
        self._config = config = trainings.config(self._flags)
        check_can_be_compared(config)
        shape = kinds.of(config).resolve(config).image_shape
        networks = {
            "generators": families.generators(config, shape),
            "discriminators": families.discriminators(config, shape),
        }
        described = {
            group: [description.describe(network) for network in built]
            for group, built in networks.items()
        }
        self._weights = {
            each["name"]: each["trainable_weights"]
            for group in described.values()
            for each in group
        }
        self._operations = cost.of_networks(
            config, *networks.values()
        ).operations
        self._title = (
            f"{recipe} {precision} batch {config.batch_size} of "
            + "x".join(map(str, shape))
        )
        self._lengths = tables.lengths(settings.steps or self._steps())
        for letter in "ab" if config.translates else "a":
            path = folder / f"images_{letter}.npy"
            noise_images.write(path, max(count, config.batch_size), shape)
        interval, intervals = self._lengths
        job = {
            **described,
            "config": schema.to_json(config),
            "threads": threads,
            "interval": interval,
            "intervals": intervals,
        }
        (folder / "job.json").write_text(json.dumps(job))

    def _steps(self) -> int:
        """Returns about as many steps as `--seconds` allow."""
        rate = matrix_rate.measure(self._config.precision)
        steps = round(self._settings.seconds * rate / self._operations)
        return max(_FEWEST_STEPS, min(steps, 2000))

    def measure(self) -> tables.Measured:
        """Trains on all sides, again and again."""
        variants = command_flags.words(
            "variants", self._settings.variants, sides.VARIANTS
        )
        names = [
            tables.OURS,
            *(tables.PYTORCH + variant for variant in variants),
            tables.TUTORIAL,
        ]
        speeds = {name: [] for name in names}
        reasons, rates = {}, []
        for repeat in range(self._settings.repeats):
            rates.append(matrix_rate.measure(self._config.precision))
            for name in names:
                if name in reasons:
                    continue
                try:
                    speeds[name].append(self._run(name))
                except sides.CannotRun as reason:
                    # Also after a repeat that went well: no half results.
                    speeds[name], reasons[name] = [], str(reason)
                    continue
                terminal.say(
                    f"{self._title}, repeat {repeat + 1}, {name}: "
                    f"{speeds[name][-1]:.4g} images/s"
                )
        return tables.Measured(
            title=self._title,
            speeds=speeds,
            reasons=reasons,
            operations_per_image=self._operations / self._config.batch_size,
            matrix_rates=rates,
        )

    def _run(self, name: str) -> float:
        interval, intervals = self._lengths
        if name == tables.OURS:
            return sides.ours(
                self._flags, interval=interval, intervals=intervals
            )
        if name == tables.TUTORIAL:
            return sides.tutorial(self._folder)
        return sides.pytorch(
            self._folder,
            name.removeprefix(tables.PYTORCH),
            torch_python=self._settings.torch_python,
            weights=self._weights,
            compile_limit=self._settings.compile_limit,
        )


def _show(lines) -> None:
    print()
    for line in lines:
        # A reason comes from another program.
        terminal.show(line)


if __name__ == "__main__":
    command_line.run(main)
