"""Checkpoints: folders that are either whole or absent.

    checkpoints/step_0000500/weights.index, weights.data-…   the variables
    checkpoints/step_0000500/progress.json                   the loop's state
    checkpoints/best/step_0000400/…                          the best score's
    checkpoints/best_before_rollback/…                       see best_checkpoint

A folder gets its name only when everything in it is on the disk, so an
unfinished folder that a kill leaves is never taken for a checkpoint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from typing import Any

import tensorflow as tf

from tf_dcgan.common import errors, files
from tf_dcgan.runs import folder as run_folder

KEPT = 3
_WEIGHTS = "weights"
_PROGRESS = "progress.json"
# TensorFlow takes the path of a checkpoint that it reads for a pattern, in
# which these characters do not stand for themselves.
_OF_PATTERNS = frozenset("*?[\\")


def save(
    folder: pathlib.Path,
    step: int,
    *,
    variables: Mapping[str, tf.Variable],
    progress: Mapping[str, Any],
    kept: int | None = KEPT,
    spared: Collection[int] = (),
) -> pathlib.Path:
    """Writes a checkpoint and removes older ones.

    Args:
        folder: the run's folder of checkpoints.
        step: number of finished steps.
        variables: everything that training changes, by unique name.
        progress: what the loop must know to go on, as JSON.
        kept: how many checkpoints stay, the last ones; None for all.
        spared: as for `prune`.

    Returns:
        The new checkpoint's folder.

    Raises:
        OSError: the disk is full; the older checkpoints are untouched.
    """
    path = path_of(folder, step)
    with files.disk_errors(path), files.atomic_directory(path) as unfinished:
        _checkpoint(variables).write(os.fspath(unfinished / _WEIGHTS))
        (unfinished / _PROGRESS).write_text(
            json.dumps({"step": step, **progress}) + "\n"
        )
    if kept is not None:
        prune(folder, kept, spared=spared)
    return path


def rehearse(folder: pathlib.Path, variables: Mapping[str, tf.Variable]) -> int:
    """Writes a checkpoint and removes it at once.

    Args:
        folder: the run's folder of checkpoints; it is made if need be.
        variables: as for `save`.

    Returns:
        The checkpoint's size in bytes.

    Raises:
        OSError: no checkpoint can be written there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / f"{files.UNFINISHED}{os.getpid()}-trial"
    try:
        with files.disk_errors(folder):
            trial.mkdir()
            _checkpoint(variables).write(os.fspath(trial / _WEIGHTS))
            return sum(file.stat().st_size for file in trial.iterdir())
    finally:
        shutil.rmtree(trial, ignore_errors=True)


def amend(path: pathlib.Path, more: Mapping[str, Any]) -> None:
    """Replaces entries of a checkpoint's progress, in one instant.

    Args:
        path: the checkpoint's folder.
        more: the entries to replace or to add, by name.

    Raises:
        errors.UserError: the checkpoint is damaged.
        OSError: the disk is full; the progress is as it was.
    """
    progress = {**read_progress(path), **more}
    with files.atomic_file(path / _PROGRESS) as unfinished:
        unfinished.write_text(json.dumps(progress) + "\n")


def prune(
    folder: pathlib.Path, kept: int, *, spared: Collection[int] = ()
) -> None:
    """Removes all checkpoints but the last ones.

    Args:
        folder: the folder of the checkpoints; may be absent.
        kept: how many stay, at least 1.
        spared: the steps of older ones that stay too.
    """
    for old in all_checkpoints(folder)[:-kept]:
        if step_of(old) not in spared:
            remove(old)


def rewind(folder: pathlib.Path, step: int) -> None:
    """Removes the checkpoints after a step, and what a kill left unfinished.

    Args:
        folder: the folder of the checkpoints; may be absent.
        step: the last step whose checkpoint stays.
    """
    files.remove_unfinished(folder)
    for path in all_checkpoints(folder):
        if step_of(path) > step:
            remove(path)


def path_of(folder: pathlib.Path, step: int) -> pathlib.Path:
    """Returns where the checkpoint of a step is, or would be."""
    return folder / f"step_{step:07d}"


def all_checkpoints(folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns the folders of all whole checkpoints, by step."""
    return [path for _, path in files.by_step(folder) if path.is_dir()]


def last(folder: pathlib.Path) -> pathlib.Path | None:
    """Returns the checkpoint of the highest step, or None without any."""
    checkpoints = all_checkpoints(folder)
    return checkpoints[-1] if checkpoints else None


def restore(
    path: pathlib.Path, variables: Mapping[str, tf.Variable]
) -> dict[str, Any]:
    """Reads a whole checkpoint into the variables it was written from.

    Args:
        path: a checkpoint's folder.
        variables: exactly the variables that were saved.

    Returns:
        The loop's progress, with `step`.

    Raises:
        errors.UserError: the checkpoint is damaged, or holds other variables.
    """
    progress = read_progress(path)
    _read(path, variables, whole=True)
    return progress


def restore_some(
    path: pathlib.Path, variables: Mapping[str, tf.Variable]
) -> int:
    """Reads some of a checkpoint's variables, such as one generator's.

    Args:
        path: a checkpoint's folder.
        variables: some of the variables that were saved; the checkpoint must
            hold each.

    Returns:
        The checkpoint's step.

    Raises:
        errors.UserError: the checkpoint is damaged, or lacks a variable.
    """
    progress = read_progress(path)
    _read(path, variables, whole=False)
    return progress["step"]


def read_progress(path: pathlib.Path) -> dict[str, Any]:
    """Reads the progress that a checkpoint was saved with.

    Args:
        path: a checkpoint's folder.

    Returns:
        The loop's progress, with `step`.

    Raises:
        errors.UserError: the checkpoint is damaged.
        OSError: the file may not be read, which says nothing of damage.
    """
    try:
        progress = json.loads((path / _PROGRESS).read_text())
        if progress["step"] != step_of(path):
            raise ValueError(f"{_PROGRESS} is of another step")
    except (
        FileNotFoundError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        raise damaged(path, error) from error
    return progress


def _read(
    path: pathlib.Path, variables: Mapping[str, tf.Variable], *, whole: bool
) -> None:
    for file in path.glob(f"{_WEIGHTS}.*"):
        file.open("rb").close()  # Python tells apart why a file is unreadable.
    try:
        with _without_patterns(path) as folder:
            status = _checkpoint(variables).read(os.fspath(folder / _WEIGHTS))
        status.assert_existing_objects_matched()
        if whole:
            status.assert_consumed()
        else:
            status.expect_partial()
    except (
        tf.errors.OpError,
        ValueError,
        AssertionError,
        IndexError,  # A file cut short, seen on TF 2.21.
    ) as error:
        raise damaged(path, error) from error


@contextlib.contextmanager
def _without_patterns(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a path to a folder that TensorFlow does not take for a pattern.

    Raises:
        errors.UserError: the path needs a link, and none can be made.
    """
    if _OF_PATTERNS.isdisjoint(os.fspath(path)):
        yield path
        return
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            link = pathlib.Path(folder, path.name)
            link.symlink_to(path.absolute(), target_is_directory=True)
        except OSError as error:
            raise _pattern(path, error.strerror or str(error)) from error
        if not _OF_PATTERNS.isdisjoint(folder):
            raise _pattern(path, f"{folder} has such characters too")
        yield link


def _pattern(path: pathlib.Path, reason: str) -> errors.UserError:
    return errors.UserError(
        f"{path} cannot be read under this name, since TensorFlow takes "
        "[ ] * ? and \\ in it for a pattern, nor by a link in the folder of "
        f"temporary files ({reason}): set TMPDIR to a folder that can be "
        "written to, or rename the folder of the run"
    )


def remove(path: pathlib.Path) -> None:
    """Removes a checkpoint so that a kill leaves no half of it."""
    doomed = path.with_name(f"{files.UNFINISHED}{os.getpid()}-{path.name}")
    os.replace(path, doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _checkpoint(variables: Mapping[str, tf.Variable]) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(variables=dict(variables))


def fingerprint(path: pathlib.Path) -> str:
    """Computes the SHA-256 (hexadecimal) of a checkpoint's weights.

    Args:
        path: the checkpoint's folder.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    for file in sorted(path.glob(f"{_WEIGHTS}.*")):
        with open(file, "rb") as content:
            part = hashlib.file_digest(content, "sha256")
        digest.update(f"{file.name} {part.hexdigest()}\n".encode())
    return digest.hexdigest()


def step_of(path: pathlib.Path) -> int:
    """Returns the step of a checkpoint's folder."""
    return int(path.name.removeprefix("step_"))


def damaged(path: pathlib.Path, error: Exception) -> errors.UserError:
    """Makes the error for a checkpoint that cannot be used, with a way out.

    Args:
        path: the checkpoint's folder.
        error: says what is wrong with the checkpoint.

    Returns:
        The error to raise.
    """
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    older = [
        p for p in all_checkpoints(path.parent) if step_of(p) < step_of(path)
    ]
    # Moved and not removed: who is mistaken loses nothing.
    if path.parent.name in (run_folder.BEST, run_folder.BEST_BEFORE):
        way_out = (
            f"move that folder out of {path.parent.name}/; sampling and "
            "evaluating also take --checkpoint=last"
        )
    elif older:
        way_out = (
            f"move that folder out of {path.parent.name}/ to go on from "
            f"{older[-1].name}"
        )
    else:
        way_out = "there is no older one; start a new run"
    return errors.UserError(
        f"checkpoint {path} is damaged or of another program ({reason}): "
        f"{way_out}"
    )
