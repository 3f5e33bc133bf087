"""Times a training in one process and split over several, a core for each.

    python -m benchmarks.distribution --recipes=dcgan,dcgan_cifar10

Each process is bound to a core of its own, and so has one thread for its
operations. Printed are the median images a second of one process, of several
with the same batch, which is split, and of several with a batch so many times
as large, each in turns and as a ratio to one process's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import os
import pathlib
import statistics
import tempfile

from benchmarks import command_flags, noise_images, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors
from tf_dcgan.config import fields, recipes
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_WARM_UP = 2  # Intervals that are left out.
_LOG_EVERY = 5


@dataclasses.dataclass(frozen=True)
class DistributionSettings:
    """The flags of this command."""

    recipes: str = setting(
        "dcgan,dcgan_cifar10", "separated by commas", group=_GROUP
    )
    processes: int = setting(
        2,
        "processes of the split training",
        group=_GROUP,
        minimum=2,
        maximum=64,
    )
    steps: int = setting(
        40, "of each training", group=_GROUP, minimum=20, maximum=10**6
    )
    repeats: int = setting(
        3, "trainings of each kind", group=_GROUP, minimum=1, maximum=100
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong, or there are too few cores.
    """
    settings = command_flags.parse(
        arguments, DistributionSettings, name="distribution", doc=__doc__
    )
    chosen = command_flags.words("recipes", settings.recipes, recipes.RECIPES)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < settings.processes:
        raise errors.UserError(
            f"--processes={settings.processes} needs a core for each, and "
            f"this machine has {len(cores)}: give at most {len(cores)}"
        )
    for recipe in chosen:
        with tempfile.TemporaryDirectory() as folder:
            for line in _table(recipe, pathlib.Path(folder), settings, cores):
                print(line, flush=True)


def _table(recipe, folder, settings, cores) -> Iterator[str]:
    batch = trainings.config([f"--recipe={recipe}"]).batch_size
    count = settings.processes
    if batch % count:
        batch *= count  # Such as the single image of a translation.
    kinds = {
        "one process": (1, batch),
        f"{count} processes, the same batch": (count, batch),
        f"{count} processes, {count} times the batch": (count, count * batch),
    }
    flags = [
        f"--recipe={recipe}",
        f"--steps={settings.steps}",
        f"--log_every={_LOG_EVERY}",
        *noise_images.write_for(
            recipe, folder, max(noise_images.count_for(recipe), count * batch)
        ),
    ]
    speeds: dict[str, list[float]] = {name: [] for name in kinds}
    for repeat in range(settings.repeats):
        for number, (name, (processes, size)) in enumerate(kinds.items()):
            run_dir = folder / f"run_{repeat}_{number}"
            _train(
                [*flags, f"--batch_size={size}", f"--run_dir={run_dir}"],
                cores[:processes],
            )
            measured = trainings.speeds(run_dir)[_WARM_UP:]
            speeds[name].append(statistics.median(measured))
    alone = statistics.median(speeds["one process"])
    yield f"{recipe}, {settings.steps} steps, a core for each process"
    for name, measured in speeds.items():
        size = kinds[name][1]
        median = statistics.median(measured)
        yield (
            f"  {name:32} batch {size:4}  {median:8.1f} images/s "
            f"({min(measured):.1f} to {max(measured):.1f})  "
            f"{median / alone:.2f}"
        )


def _train(flags: Sequence[str], cores: Sequence[int]) -> None:
    """Trains in a process on each core.

    Raises:
        RuntimeError: a process ended with an error.
    """
    configs = [{}]
    if len(cores) > 1:
        configs = [{"TF_CONFIG": c} for c in trainings.clusters(len(cores))]
        flags = [*flags, "--distribute=multi_worker"]
    processes = []
    for core, config in zip(cores, configs, strict=True):
        with _bound_to(core):
            processes.append(trainings.start(flags, **config))
    outputs = [process.communicate()[0] for process in processes]
    for process, output in zip(processes, outputs, strict=True):
        if process.returncode:
            raise RuntimeError(f"{flags} ended with an error:\n{output}")


@contextlib.contextmanager
def _bound_to(core: int) -> Iterator[None]:
    """Binds what is started in the block to a core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


if __name__ == "__main__":
    command_line.run(main)
