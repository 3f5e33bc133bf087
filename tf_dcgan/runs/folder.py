"""The folder of a run: where it may be, and which process is training it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
import contextlib
import errno
import os
import pathlib
import re

from tf_dcgan.common import errors, files, locks, terminal
from tf_dcgan.config import schema

CONFIG = "config.json"
# Beside CONFIG they prove that a folder is a run. Whatever a training writes
# into a run, one of them is there before.
_PROOFS = frozenset(("checkpoints", "metrics.jsonl", "tensorboard"))
RUNS = pathlib.Path("runs")
MEMORIZATION = "memorization.png"
# In the folder of the checkpoints: by score, now and before a rollback.
BEST, BEST_BEFORE = "best", "best_before_rollback"
# What a run writes under fixed names, beside the sample grids.
_FOLDERS = ("checkpoints", "samples", "tensorboard", "saved_model")
_FILES = (
    CONFIG,
    "evaluation.json",
    MEMORIZATION,
    "curves.png",
    "progress.gif",
    "generator.keras",
    "generator_a_to_b.keras",
    "generator_b_to_a.keras",
)
# What a run appends to, so that a link there would be followed.
_APPENDED = "metrics.jsonl"
_TO_TRAIN = "name a run's folder to go on with it, or a new one to start"


def exists(path: os.PathLike | str, *, advice: str = _TO_TRAIN) -> bool:
    """Says whether a path holds a run, as opposed to being free for one.

    Args:
        path: a folder, which need not exist.
        advice: what to do where the path can be neither; ends the error line.

    Returns:
        True where the path is a run, False where a run can be made there.

    Raises:
        errors.UserError: the path is neither, but a file or a folder of other
            things, or it cannot be read.
    """
    path = pathlib.Path(path)
    try:
        if (path / CONFIG).exists():
            return True
        if path.is_dir():
            is_taken = any(
                not child.name.startswith(files.UNFINISHED)
                for child in path.iterdir()
            )
            problem = f"is not a run: it has files but no {CONFIG}"
        else:
            is_taken = path.exists()
            problem = "is a file, not a folder"
    except OSError as error:
        raise errors.UserError(
            f"--run_dir={path} cannot be read ({error.strerror}): {advice}"
        ) from error
    if is_taken:
        raise errors.UserError(f"--run_dir={path} {problem}; {advice}")
    return False


def is_run(names: Collection[str]) -> bool:
    """Tells a run from a folder of other things, which may be anyone's.

    Args:
        names: of all files and folders in the folder.
    """
    return CONFIG in names and not _PROOFS.isdisjoint(names)


def check_place(path: os.PathLike | str | None) -> None:
    """Finds out whether a run can be written, before any data is prepared.

    Args:
        path: the folder of a run, or of a run that is to be made; None for a
            new folder in `runs/`.

    Raises:
        errors.UserError: the run cannot be written.
    """
    place = pathlib.Path(path or RUNS)
    reason = obstacle(place)
    if reason is not None:
        raise errors.UserError(
            f"{place.absolute()} cannot be written ({reason}): give another "
            "--run_dir"
        )


def obstacle(path: pathlib.Path) -> str | None:
    """Says what keeps a process from writing a run, or writing on in it.

    Args:
        path: the folder of a run, or of a run that is to be made.

    Returns:
        The reason in words; None where nothing is in the way.

    Raises:
        OSError: the disk is full.
    """
    path = path.absolute()
    reason = files.reason_against_writing(path, is_folder=True)
    if reason is not None or not path.is_dir():
        return reason
    for name in _FOLDERS:
        if os.path.lexists(path / name) and not (path / name).is_dir():
            return f"{path / name} is not a folder, and a run needs that name"
    grids = [grid for _, grid in files.by_step(path / "samples", ".png")]
    log = path / _APPENDED
    for file in (log, *(path / name for name in _FILES), *grids):
        reason = files.obstacle(file)
        if reason is None and files.is_stream(file):
            reason = f"{file} is a device, not a file"
        if reason is not None:
            return reason
    if log.is_symlink():
        return f"{log} is a link, and a run's log is a file of its own"
    if log.exists() and not os.access(log, os.W_OK):
        return f"{log}: {os.strerror(errno.EACCES)}"
    return None


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[None]:
    """Keeps other processes from training the same run.

    Args:
        path: the run's folder.

    Yields:
        Nothing; the lock ends with the block, or with the process.

    Raises:
        errors.UserError: another process is training the run.
    """
    with locks.locked(path) as lock:
        if lock is locks.Lock.TAKEN:
            raise errors.UserError(
                f"another process is training {path}: wait for it or stop it"
            )
        if lock is locks.Lock.UNSUPPORTED:
            terminal.say(
                f"note: {path} cannot be locked where it is: see that no other "
                "process trains this run"
            )
        yield


def make(path: os.PathLike | str | None, config: schema.Config) -> pathlib.Path:
    """Makes the folder of a new run, and nothing in it.

    Args:
        path: the folder, which may exist; None for the next number in `runs/`.
        config: gives the name in `runs/` its data set and recipe.

    Returns:
        The folder.

    Raises:
        errors.UserError: the folder cannot be made.
        OSError: the disk is full.
    """
    try:
        if path is None:
            return make_next(config)
        place = pathlib.Path(path)
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno in files.DISK_FULL:
            raise
        raise not_writable(path or RUNS, error) from error
    return place


def not_writable(path: os.PathLike | str, error: OSError) -> errors.UserError:
    """Makes the error for a folder in which no run can be written.

    Args:
        path: the folder.
        error: the system's reason.

    Returns:
        The error to raise.
    """
    return errors.UserError(
        f"{path} cannot be written ({error.strerror}): give another "
        "--run_dir, or free this one"
    )


def make_next(config: schema.Config) -> pathlib.Path:
    """Makes `runs/00003-mnist-dcgan`, with a number that no run has yet.

    Args:
        config: gives the name its data set and recipe.

    Returns:
        The new, empty folder.

    Raises:
        OSError: the folder cannot be made.
    """
    sets = (config.dataset, config.dataset_a, config.dataset_b)
    name = "-".join(_word(name) for name in sets if name is not None)
    while True:
        numbers = [
            int(match[1])
            for path in (RUNS.iterdir() if RUNS.is_dir() else ())
            if (match := re.match(r"(\d{5})-", path.name))
        ]
        number = max(numbers, default=-1) + 1
        path = RUNS / f"{number:05d}-{name}-{config.recipe}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not RUNS.is_dir():
                raise
            continue
        return path


def _word(dataset: str) -> str:
    """Makes a word of a run's name, in which `-` separates the words."""
    word = files.safe_name(dataset).replace("-", "_")
    return word.strip("_") or "folder"
