"""Measures how fast trainings start and go, and the memory they take.

    python -m benchmarks.training_speed --trainings="--width=1;--width=0.5"

Each training runs by itself through `train.py`, one after the other, on data
that are prepared before. Printed are the seconds from the command to the end
of the first step, the median over the later intervals of the seconds per
step and of the images per second, their ratio to the first training's, and
the process's peak memory beside what `--dry_run` estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import os
import pathlib
import re
import statistics
import tempfile
import time

from benchmarks import command_flags, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.config import fields

_GROUP = "Benchmark"


@dataclasses.dataclass(frozen=True)
class SpeedSettings:
    """The flags of this command."""

    trainings: str = fields.setting(
        "--recipe=dcgan;"
        "--recipe=dcgan --discriminator_updates=joint --generator_updates=1;"
        "--recipe=dcgan --precision=mixed_bfloat16;"
        "--recipe=dcgan --width=0.25;"
        "--recipe=dcgan_small",
        "flags of the trainings to compare, separated by semicolons",
        group=_GROUP,
    )
    steps: int = fields.setting(
        50,
        "steps of each training",
        group=_GROUP,
        minimum=11,
        maximum=100_000,
    )
    common: str = fields.setting(
        "--dataset=glyphs", "flags for all of them", group=_GROUP
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


@dataclasses.dataclass(frozen=True)
class Measured:
    """What one training took.

    Attributes:
        start_seconds: from the command to the end of the first step.
        step_seconds: of the median interval.
        images_per_second: of the median interval.
        peak_gib: the peak of the process's memory.
        estimated_gib: what `--dry_run` estimates of it.
    """

    start_seconds: float
    step_seconds: float
    images_per_second: float
    peak_gib: float
    estimated_gib: float


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.
    """
    settings = command_flags.parse(
        arguments, SpeedSettings, name="training_speed", doc=__doc__
    )
    flag_lists = [text.split() for text in settings.trainings.split(";")]
    common = settings.common.split()
    print("first step  s/step  images/s  ratio  memory  estimate  flags")
    first = None
    for flags in flag_lists:
        # Prepares the data and warms the disk's cache.
        with tempfile.TemporaryDirectory() as folder:
            trainings.train(
                [*common, *flags, "--steps=1", f"--run_dir={folder}"]
            )
        measured = measure([*common, *flags], settings.steps)
        first = first or measured
        print(
            f"{measured.start_seconds:8.1f} s  {measured.step_seconds:6.3f}  "
            f"{measured.images_per_second:8.0f}  "
            f"{measured.images_per_second / first.images_per_second:5.2f}  "
            f"{measured.peak_gib:2.1f} GiB  {measured.estimated_gib:4.1f} GiB  "
            f"{' '.join(flags)}",
            flush=True,
        )
    print(
        f"{settings.steps} steps each, {' '.join(common)}; medians over all "
        "intervals of 5 steps but the first two"
    )


def measure(
    flags: Sequence[str], steps: int, *, log_every: int = 5
) -> Measured:
    """Trains through `train.py`, on data that are prepared before.

    Args:
        flags: which training.
        steps: of it.
        log_every: steps in an interval; the first two intervals do not count.

    Raises:
        RuntimeError: it ended with an error.
    """
    dry = trainings.train([*flags, "--dry_run"])
    estimated = re.search(r"memory: about ([\d.]+) GiB", dry)[1]
    config = json.loads(dry[dry.index("{") : dry.index("}") + 1])
    with tempfile.TemporaryDirectory() as folder:
        run_dir = pathlib.Path(folder, "run")
        extra = [
            f"--steps={steps}",
            f"--log_every={log_every}",
            "--checkpoint_every=1000000",
            "--sample_every=1000000",
            f"--run_dir={run_dir}",
        ]
        began = time.monotonic()
        process = trainings.start([*flags, *extra])
        # The grid of samples follows the first step at once.
        first_grid = run_dir / "samples" / "step_0000001.png"
        while not first_grid.exists():
            time.sleep(0.01)
            if process.poll() is not None:
                raise RuntimeError(process.stdout.read())
        start_seconds = time.monotonic() - began
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(output)
        speeds = trainings.speeds(run_dir)
    speed = statistics.median(speeds[2:])
    return Measured(
        start_seconds=start_seconds,
        step_seconds=config["batch_size"] / speed,
        images_per_second=speed,
        peak_gib=usage.ru_maxrss / 2**20,
        estimated_gib=float(estimated),
    )


if __name__ == "__main__":
    command_line.run(main)
