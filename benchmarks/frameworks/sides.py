"""One training on one side, in a process of its own, and its speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import pathlib
import subprocess
import sys
import tempfile

from benchmarks import trainings
from benchmarks.frameworks import tables
from benchmarks.pytorch import processes
from tf_dcgan.common import errors

VARIANTS = (
    "channels_first",
    "channels_last",
    "compile_channels_first",
    "compile_channels_last",
)
_COMPILE = "compile_"
_TORCH_SIDE = pathlib.Path(__file__).with_name("torch_side.py")
_TUTORIAL_SIDE = "benchmarks.frameworks.tutorial_side"
_PROJECT = pathlib.Path(__file__).parents[2]
_NEVER = 1_000_000_000  # Steps.


class CannotRun(Exception):
    """A side cannot run here; the message says why in a line."""


def ours(flags: Sequence[str], *, interval: int, intervals: int) -> float:
    """Trains through `train.py`, as a user does.

    Args:
        flags: which training.
        interval: steps whose speed is one line of metrics.jsonl.
        intervals: how many.

    Returns:
        Images per second.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_dir = pathlib.Path(folder, "run")
        trainings.train(
            [
                *flags,
                f"--run_dir={run_dir}",
                f"--steps={interval * intervals}",
                f"--log_every={interval}",
                f"--sample_every={_NEVER}",
                f"--checkpoint_every={_NEVER}",
            ]
        )
        return tables.speed(trainings.speeds(run_dir))


def tutorial(folder: pathlib.Path) -> float:
    """Trains as TensorFlow's tutorial does.

    Args:
        folder: of the job.

    Returns:
        Images per second.

    Raises:
        RuntimeError: it ended with an error.
    """
    ended = subprocess.run(
        [sys.executable, "-m", _TUTORIAL_SIDE, str(folder)],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
    )
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return tables.speed(json.loads(ended.stdout.splitlines()[-1]))


def pytorch(
    folder: pathlib.Path,
    variant: str,
    *,
    torch_python: str,
    weights: Mapping[str, int],
    compile_limit: float,
) -> float:
    """Trains in PyTorch.

    Args:
        folder: of the job.
        variant: of `VARIANTS`.
        torch_python: the Python that has PyTorch.
        weights: how many weights of each network training changes here.
        compile_limit: seconds that a compiled training may take in all.

    Returns:
        Images per second.

    Raises:
        CannotRun: the networks cannot be compiled, or not within the limit.
        errors.UserError: there is no PyTorch, or it has other networks.
        RuntimeError: it ended with an error.
    """
    process, line = processes.start(
        torch_python,
        _TORCH_SIDE,
        [folder, variant],
        needs="PyTorch (`pip install torch`)",
    )
    is_compiled = variant.startswith(_COMPILE)
    try:
        hello = json.loads(line)
        check_weights(weights, hello["weights"])
        if hello["adam"] != "fused":
            print(f"note: PyTorch's Adam is {hello['adam']}, not fused")
        output, complaint = process.communicate(
            "train\n", timeout=compile_limit if is_compiled else None
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRun(f"not done after {compile_limit:g} s") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        if is_compiled:
            raise CannotRun(complaint.strip().splitlines()[-1])
        raise RuntimeError(complaint)
    return tables.speed(json.loads(output.splitlines()[-1]))


def check_weights(here: Mapping[str, int], there: Mapping[str, int]) -> None:
    """Refuses to compare networks of different sizes.

    Args:
        here: trainable weights by the name of the network, in Keras.
        there: the same in PyTorch.

    Raises:
        errors.UserError: they differ.
    """
    differing = [
        f"{name} has {here.get(name, 0):,} here and {there.get(name, 0):,} in "
        "PyTorch"
        for name in sorted({*here, *there})
        if here.get(name) != there.get(name)
    ]
    if differing:
        raise errors.UserError(
            "the networks do not have the same trainable weights "
            f"({'; '.join(differing)}): their speeds cannot be compared"
        )
