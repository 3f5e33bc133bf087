"""Proves that a killed run resumes exactly: kills it, resumes it, compares.

    python -m benchmarks.kill_and_resume --kills=12 --checkpoint_kills=3

One run trains without a stop. Another, with the same settings, is killed by
SIGKILL again and again, at random instants and, for `--checkpoint_kills`, as
soon as a checkpoint is seen half-written, and resumed each time with nothing
but `--run_dir`. In the end every variable of both last checkpoints, all
samples and all logged scalars must be the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile
import time

from benchmarks import command_flags, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import files, quiet_import
from tf_dcgan.config import fields

_GROUP = "Proof"


@dataclasses.dataclass(frozen=True)
class ProofSettings:
    """The flags of this command."""

    kills: int = fields.setting(
        12, "kills in all", group=_GROUP, minimum=1, maximum=1000
    )
    checkpoint_kills: int = fields.setting(
        3,
        "how many of them strike while a checkpoint is being written",
        group=_GROUP,
        minimum=0,
        maximum=1000,
    )
    training: str = fields.setting(
        "--recipe=dcgan_small --dataset=glyphs --width=0.25",
        "flags of what is trained",
        group=_GROUP,
    )
    steps: int = fields.setting(
        3000, "length of both runs", group=_GROUP, minimum=10, maximum=10**6
    )
    longest_life: float = fields.setting(
        16.0,
        "a kill at random strikes within this time",
        group=_GROUP,
        unit="seconds",
        above=0,
        maximum=3600,
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


def is_writing_checkpoint(
    process: subprocess.Popen, run_dir: pathlib.Path
) -> bool:
    """Says whether a process has begun a checkpoint and not finished it."""
    unfinished = f"{files.UNFINISHED}{process.pid}-step_*"
    return any((run_dir / "checkpoints").glob(unfinished))


def main(arguments: Sequence[str]) -> None:
    """Runs the proof.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        SystemExit: the runs differ.
    """
    settings = command_flags.parse(
        arguments, ProofSettings, name="kill_and_resume", doc=__doc__
    )
    quiet_import.import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        one, other = (pathlib.Path(folder, n) for n in ("whole", "killed"))
        flags = [
            *shlex.split(settings.training),
            f"--steps={settings.steps}",
            "--log_every=7",
            "--sample_every=50",
            "--checkpoint_every=20",
        ]
        trainings.train([*flags, f"--run_dir={one}"])
        after_step, in_write = _kill_often(flags, other, settings)
        trainings.train([f"--run_dir={other}"])
        differing = trainings.differences(one, other)
        print(
            f"{settings.kills} kills, {after_step} of them after the process "
            f"had logged a step, {in_write} during a checkpoint's write; "
            f"{trainings.number_of_variables(one)} variables, samples "
            f"and metrics after {settings.steps} steps: "
            f"{'identical' if not differing else differing}"
        )
    if differing:
        sys.exit(1)


def _kill_often(flags, run_dir, settings) -> tuple[int, int]:
    """Kills and resumes a run.

    Returns:
        How many kills struck after the process had logged a step of its own,
        and how many while it was writing a checkpoint.
    """
    chance = random.Random(settings.seed)
    in_checkpoint = [True] * settings.checkpoint_kills
    in_checkpoint += [False] * (settings.kills - settings.checkpoint_kills)
    chance.shuffle(in_checkpoint)
    after_step = in_write = 0
    for number, strike_in_checkpoint in enumerate(in_checkpoint, 1):
        is_new = not (run_dir / "config.json").exists()
        extra = [f"--run_dir={run_dir}"]
        process = trainings.start([*flags, *extra] if is_new else extra)
        began = time.monotonic()
        saved = trainings.last_checkpoint(run_dir)
        start = int(saved.name.removeprefix("step_")) if saved else 0
        life = chance.uniform(0, settings.longest_life)
        if strike_in_checkpoint:
            while not is_writing_checkpoint(process, run_dir):
                time.sleep(0.0005)
                if process.poll() is not None:
                    raise RuntimeError("no checkpoint came; give more --steps")
        else:
            time.sleep(life)
        if process.poll() is not None:
            raise RuntimeError(
                f"it ended before kill {number}; give more --steps or a "
                f"shorter --longest_life:\n{process.stdout.read()}"
            )
        process.kill()
        process.communicate()
        was_writing = is_writing_checkpoint(process, run_dir)
        in_write += was_writing
        saved = trainings.last_checkpoint(run_dir)
        after_step += trainings.logged_steps(run_dir) > start
        print(
            f"kill {number:2d} after {time.monotonic() - began:5.2f} s: "
            f"logged up to step {trainings.logged_steps(run_dir)}, "
            f"last whole checkpoint {saved.name if saved else 'none'}"
            + (", one half-written" if was_writing else ""),
            flush=True,
        )
    return after_step, in_write


if __name__ == "__main__":
    command_line.run(main)
