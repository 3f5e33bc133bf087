"""Trainings in processes of their own, and what they leave, compared."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
from typing import Any

from tf_dcgan.commands import command_line
from tf_dcgan.commands import train as train_command
from tf_dcgan.config import overrides, schema

_PROJECT = pathlib.Path(__file__).parent.parent
# Of the clock, hence different in every run.
_TIMINGS = ("images_per_second", "elapsed_seconds")
_CHECKPOINTS = {
    "last": "checkpoints",
    "best": "checkpoints/best",
    "best before a rollback": "checkpoints/best_before_rollback",
}


def config(flags: Sequence[str]) -> schema.Config:
    """Returns the settings that `train.py` takes from flags.

    Raises:
        errors.UserError: a flag is wrong.
    """
    flag_values = command_line.parse(
        ["train", *flags],
        train_command.TrainSettings,
        more_flags=schema.Config,
        summary=train_command.SUMMARY,
        command="train.py",
    ).more
    return overrides.from_flags(flag_values)


def start(
    flags: Iterable[str],
    *,
    script: str = "train.py",
    project: pathlib.Path = _PROJECT,
    **environment: str,
) -> subprocess.Popen:
    """Starts a training in a process of its own.

    Args:
        flags: the flags of `train.py`, or of the other script.
        script: what is run, `train.py` or `evaluate.py`.
        project: the checkout whose script is run.
        **environment: variables of the process, beside this one's.

    Returns:
        The process, its output and errors in one pipe of text.
    """
    return subprocess.Popen(
        [sys.executable, script, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=project,
        env={**os.environ, **environment},
    )


def train(
    flags: Iterable[str],
    *,
    script: str = "train.py",
    project: pathlib.Path = _PROJECT,
) -> str:
    """Trains to the end, or runs another script to its end.

    Args:
        flags: the flags of `train.py`, or of the other script.
        script: what is run, `train.py` or `evaluate.py`.
        project: the checkout whose script is run.

    Returns:
        What was printed.

    Raises:
        RuntimeError: it ended with an error.
    """
    process = start(flags, script=script, project=project)
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{flags} ended with an error:\n{output}")
    return output


def clusters(count: int) -> list[str]:
    """Returns TF_CONFIG for each of several processes of this machine.

    Args:
        count: how many processes, each with a free port.
    """
    with contextlib.ExitStack() as stack:
        # Open at the same time, so that no two get the same port.
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        ports = [each.getsockname()[1] for each in sockets]
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    return [
        json.dumps(
            {"cluster": cluster, "task": {"type": "worker", "index": index}}
        )
        for index in range(count)
    ]


def last_checkpoint(
    run_dir: pathlib.Path, folder: str = "checkpoints"
) -> pathlib.Path | None:
    """Returns the run's last whole checkpoint of a folder, if there is one."""
    paths = sorted((run_dir / folder).glob("step_*"))
    return paths[-1] if paths else None


def logged_steps(run_dir: pathlib.Path) -> int:
    """Returns the last step that the run's metrics.jsonl tells of."""
    path = run_dir / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    for line in reversed(lines):
        try:
            return json.loads(line)["step"]
        except (ValueError, KeyError):
            continue  # The line that the kill cut short.
    return 0


def metrics(run_dir: pathlib.Path) -> list[dict[str, Any]]:
    """Returns all lines of the run's metrics.jsonl."""
    text = (run_dir / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def intervals(run_dir: pathlib.Path) -> list[dict[str, Any]]:
    """Returns the lines of the intervals of `--log_every`."""
    return [line for line in metrics(run_dir) if line["kind"] == "train"]


def speeds(run_dir: pathlib.Path) -> list[float]:
    """Returns the images per second of each interval of `--log_every`."""
    return [line["images_per_second"] for line in intervals(run_dir)]


def differences(one: pathlib.Path, other: pathlib.Path) -> list[str]:
    """Compares two runs bit for bit.

    Args:
        one: a run's directory.
        other: another's.

    Returns:
        What differs: variables of the last and of the best checkpoints, the
        best's scores, sample grids, lines of metrics.jsonl (but for timings);
        empty when nothing does.
    """
    differing = []
    for kind, folder in _CHECKPOINTS.items():
        paths = [last_checkpoint(run, folder) for run in (one, other)]
        differing += _checkpoint_differences(kind, paths)
    paths = [last_checkpoint(run, _CHECKPOINTS["best"]) for run in (one, other)]
    if not differing and paths[0] and len(set(map(_best_score, paths))) > 1:
        differing.append("scores of the best checkpoints")
    contents = [
        {p.name: p.read_bytes() for p in (run / "samples").glob("*.png")}
        for run in (one, other)
    ]
    if contents[0] != contents[1]:
        differing.append("sample grids")
    if _without_timings(one) != _without_timings(other):
        differing.append("lines of metrics.jsonl")
    return differing


def _checkpoint_differences(
    kind: str, paths: list[pathlib.Path | None]
) -> list[str]:
    import tensorflow as tf

    names = [path and path.name for path in paths]
    differing = []
    if names[0] != names[1]:
        differing.append(f"{kind} checkpoints {names[0]}, {names[1]}")
    if None in paths:
        return differing
    readers = [tf.train.load_checkpoint(str(p / "weights")) for p in paths]
    names = [set(r.get_variable_to_shape_map()) for r in readers]
    # Describes how the variables are nested; not a number.
    names = [n - {"_CHECKPOINTABLE_OBJECT_GRAPH"} for n in names]
    differing += [f"only one has {name}" for name in names[0] ^ names[1]]
    for name in sorted(names[0] & names[1]):
        values = [reader.get_tensor(name) for reader in readers]
        if values[0].tobytes() != values[1].tobytes():
            differing.append(f"variable {name} of the {kind} checkpoint")
    return differing


def _best_score(path: pathlib.Path) -> str:
    return json.dumps(json.loads((path / "progress.json").read_text())["best"])


def number_of_variables(run_dir: pathlib.Path) -> int:
    """Counts the variables in the run's last checkpoint."""
    import tensorflow as tf

    path = last_checkpoint(run_dir) / "weights"
    return len(tf.train.list_variables(str(path)))


def _without_timings(run_dir: pathlib.Path) -> list[dict[str, Any]]:
    return [
        {k: v for k, v in line.items() if k not in _TIMINGS}
        for line in metrics(run_dir)
    ]
