"""Prints where the time of our training step goes, and how it grows.

    python -m benchmarks.step_profile --recipe=dcgan

Each part of a step is timed by itself, as a call into TensorFlow; their sum
stands beside the whole step, compiled as a run compiles it, and beside the
seconds per step of a whole run, which `train.py` does in another process: what
it takes more is the host between the calls. Parts by themselves can take more
or less than within the step, where small operations run at the same time.

Then trainings of other batch sizes, widths, image sizes and sizes of the set
are measured, each in a process of its own. All run on the CPU, on images of
noise. A loss's penalty is no part, and remains in the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import os
import pathlib
import tempfile

from benchmarks import command_flags, noise_images, training_speed, trainings
from benchmarks.step_profile import growth
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors, quiet_import
from tf_dcgan.config import fields, recipes
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_NO_GROWTH = "none"
_STEPS_PER_CALL = 4


@dataclasses.dataclass(frozen=True)
class StepProfileSettings:
    """The flags of this command."""

    recipe: str = setting(
        "dcgan",
        "whose step to take apart",
        group=_GROUP,
        choices=tuple(recipes.RECIPES),
    )
    flags: str = setting(
        "",
        "more flags of train.py, such as --precision=mixed_bfloat16",
        group=_GROUP,
    )
    rounds: int = setting(
        5,
        "how often each part is timed",
        group=_GROUP,
        minimum=1,
        maximum=1000,
    )
    steps: int = setting(
        40,
        "steps of each training",
        group=_GROUP,
        minimum=12,
        maximum=100_000,
    )
    growth: str = setting(
        ",".join(growth.AXES),
        "what to change between trainings, separated by commas; "
        f"{_NO_GROWTH} for no such trainings",
        group=_GROUP,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)
        axes(self.growth)


def axes(text: str) -> list[str]:
    """Reads `--growth`.

    Args:
        text: names of `growth.AXES` separated by commas, or `none`.

    Returns:
        The names.

    Raises:
        errors.UserError: a name is unknown.
    """
    if text == _NO_GROWTH:
        return []
    return command_flags.words("growth", text, growth.AXES)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong.
    """
    settings = command_flags.parse(
        arguments, StepProfileSettings, name="step_profile", doc=__doc__
    )
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    quiet_import.import_tensorflow()
    images = noise_images.count_for(settings.recipe)
    with tempfile.TemporaryDirectory() as folder:
        flags = [
            f"--recipe={settings.recipe}",
            *noise_images.write_for(
                settings.recipe, pathlib.Path(folder), images
            ),
            *settings.flags.split(),
        ]
        config = trainings.config(flags)
        if config.conditional:
            raise errors.UserError(
                "--conditional cannot be taken apart: leave it out of --flags"
            )
        config, lines = _profile(config, pathlib.Path(folder), settings.rounds)
        run = training_speed.measure(
            flags, settings.steps, log_every=max(1, min(5, settings.steps // 4))
        )
        for line in table(*lines, run.step_seconds):
            print(line, flush=True)
        for axis in axes(settings.growth):
            print()
            for line in growth.table(
                axis, flags, config, images=images, steps=settings.steps
            ):
                print(line, flush=True)


def _profile(config, folder, rounds):
    """Times the parts of a step, and the whole step.

    Returns:
        (config, (parts, reading, whole)): the config with nothing left to
        choose; names and seconds of the parts; the seconds of reading a batch
        and of a step.
    """
    from benchmarks.step_profile import parts
    from tf_dcgan.runs import runs
    from tf_dcgan.training import execution, system
    from tf_dcgan.training import kinds as kinds_of_training

    execution.set_up(config)
    kind = kinds_of_training.of(config)
    resolved: system.Resolved = kind.resolve(config)
    loaded = kind.load(resolved)
    path = folder / "profiled"
    path.mkdir()
    run = runs.create(path, resolved.config, *loaded.facts)
    trained = kind.System(run, loaded)
    try:

        def read():
            trained.batches.prefetch(0, _STEPS_PER_CALL)
            return trained.batches.take()

        batch = read()
        # A call and not a step each, as the loop does it.
        of_call = [
            parts.Part("reading", 1, read),
            parts.Part("whole", 1, lambda: trained.train_steps(batch)),
        ]
        of_step = parts.of_step(
            trained.state,
            resolved.config,
            [each[0] for each in batch],
            resolved.image_shape,
        )
        reading, whole, *rest = parts.seconds([*of_call, *of_step], rounds)
    finally:
        trained.batches.close()
    names = [part.name for part in of_step]
    return resolved.config, (
        [*zip(names, rest, strict=True)],
        reading / _STEPS_PER_CALL,
        whole / _STEPS_PER_CALL,
    )


def table(
    parts: Sequence[tuple[str, float]],
    reading: float,
    whole: float,
    in_run: float,
) -> Iterator[str]:
    """Yields the lines that say where the time goes.

    Args:
        parts: names and seconds in a step.
        reading: seconds of reading a batch, which another thread does
            meanwhile.
        whole: seconds of a compiled step.
        in_run: seconds of a step in a whole run.
    """
    total = sum(seconds for _, seconds in parts)
    rows = [
        *parts,
        ("sum of the parts", total),
        ("rest", whole - total),
        ("whole step", whole),
        ("host between calls", in_run - whole),
        ("step of a run", in_run),
        ("reading a batch, meanwhile", reading),
    ]
    width = max(len(name) for name, _ in rows)
    yield f"{'part':{width}}  ms/step  of the step"
    for name, seconds in rows:
        yield f"{name:{width}}  {seconds * 1e3:7.2f}  {seconds / whole:10.1%}"


if __name__ == "__main__":
    command_line.run(main)
