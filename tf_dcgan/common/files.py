"""Files and folders that are either whole or absent."""

from __future__ import annotations

from collections.abc import Container, Iterator
import contextlib
import errno
import fnmatch
import os
import pathlib
import re
import shutil
import tempfile

from tf_dcgan.common import errors

# Begins the name of a file or folder that is not finished; a kill may leave it.
UNFINISHED = ".unfinished-"
_LONGEST_NAME = 32
# End the names of files that hold images as a folder does; no data set of TFDS
# has such a name.
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
ARRAYS = (".npy", ".npz")
# errno of a disk or a quota that is full.
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# errno that only a write can meet.
_WRITING = (*DISK_FULL, errno.EFBIG)
# How NumPy says that a file took no more, without errno.
_NUMPY_FULL = re.compile(r"\d+ requested and \d+ written")
# errno that TensorFlow tells in words only, under classes of its own.
_OF_TENSORFLOW = (
    *DISK_FULL,
    errno.EFBIG,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EIO,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
)


@contextlib.contextmanager
def atomic_file(path: os.PathLike | str) -> Iterator[pathlib.Path]:
    """Yields a path to write to, which becomes `path` when the block ends.

    The new file replaces an older one in one instant, after its bytes have
    reached the disk. If the block raises, `path` is as it was before.

    Args:
        path: the file to write; its folder is made if need be.

    Yields:
        A path beside it with the same suffix.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(path)
    try:
        with _named(path, _WRITING):
            yield unfinished
            _sync(unfinished)
        os.replace(unfinished, path)
        _sync(path.parent)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def atomic_directory(path: os.PathLike | str) -> Iterator[pathlib.Path]:
    """Yields an empty folder, which becomes `path` when the block ends.

    Args:
        path: the folder to make; if it exists already, what the block wrote
            takes its place, and a kill in the instant of the exchange leaves
            it absent.

    Yields:
        An empty folder beside it.

    Raises:
        OSError: the parent cannot be written to, or the disk is full.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(path)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir()
        with _named(path, _WRITING):
            yield unfinished
            for folder, _, names in os.walk(unfinished):
                for name in names:
                    _sync(pathlib.Path(folder, name))
                _sync(pathlib.Path(folder))
        if path.exists():
            # A folder cannot be replaced in one call: for an instant there
            # is neither. Only what can be made again is written this way.
            old = path.with_name(f"{UNFINISHED}{os.getpid()}-old-{path.name}")
            _remove(old)
            os.replace(path, old)
            try:
                _put_in_place(unfinished, path)
            except OSError:
                os.replace(old, path)
                raise
            _remove(old)
        else:
            _put_in_place(unfinished, path)
        _sync(path.parent)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def remove_unfinished(folder: os.PathLike | str) -> None:
    """Removes what killed processes left half-written directly in a folder.

    What is being written by a process that still runs stays there.

    Args:
        folder: may be absent.
    """
    for path in pathlib.Path(folder).glob(f"{UNFINISHED}*"):
        process = path.name.removeprefix(UNFINISHED).split("-")[0]
        if process.isdigit() and _is_alive(int(process)):
            continue
        _remove(path)


@contextlib.contextmanager
def disk_errors(path: os.PathLike | str) -> Iterator[None]:
    """Turns TensorFlow's words for a disk's errors into Python's.

    Args:
        path: the file or folder that is being written or read, for the
            message of errors that name none.

    Raises:
        OSError: TensorFlow found no space, or met another error of the disk.
    """
    import tensorflow as tf

    try:
        with _named(path):
            yield
    except tf.errors.OpError as error:
        number = _system_error(error)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), os.fspath(path)) from error


@contextlib.contextmanager
def _named(
    path: os.PathLike | str, numbers: Container[int] | None = None
) -> Iterator[None]:
    """Adds a file's name to the system's errors that lack one.

    A write into an open file does not say which file is meant.

    Args:
        path: the file or folder to name.
        numbers: errno of the errors that can only be about this file; None
            for all.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None and _NUMPY_FULL.fullmatch(str(error)):
            number = errno.ENOSPC
            raise OSError(number, os.strerror(number), os.fspath(path)) from (
                error
            )
        is_meant = numbers is None or error.errno in numbers
        if error.errno is not None and error.filename is None and is_meant:
            error.filename = os.fspath(path)
        raise


def _system_error(error: Exception) -> int | None:
    """Finds the errno that an error of TensorFlow tells in words."""
    import tensorflow as tf

    for number in _OF_TENSORFLOW:
        if os.strerror(number) in str(error):
            return number
    if isinstance(error, tf.errors.ResourceExhaustedError):
        return errno.ENOSPC
    return None


def safe_name(name: str, *, fill: str = "_") -> str:
    """Makes a part of a file's name from the name of a set or a class.

    A file's name may have 255 bytes, of which a character may take four, so
    at most 32 characters stay.

    Args:
        name: any text, or an absolute path, of which the last part is taken.
        fill: replaces each character that is no letter, digit, `_`, `.` or
            `-`.

    Returns:
        The part; empty if the name is.
    """
    if os.path.isabs(name):
        name = os.path.basename(os.path.normpath(name))
    return re.sub(r"[^\w.-]", fill, name[:_LONGEST_NAME])


def matching(folder: os.PathLike | str, pattern: str) -> list[pathlib.Path]:
    """Lists what is directly in a folder under a name of some form.

    `pathlib.Path.glob` finds nothing in a folder that may not be read, as if
    it were empty.

    Args:
        folder: may be absent.
        pattern: as `fnmatch` takes it, such as `step_*`.

    Returns:
        The paths, by name.

    Raises:
        OSError: the folder may not be read.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [
        pathlib.Path(folder, name)
        for name in sorted(fnmatch.filter(names, pattern))
    ]


def by_step(
    folder: pathlib.Path, suffix: str = ""
) -> list[tuple[int, pathlib.Path]]:
    """Lists the files or folders named by a step, such as `step_0000500`.

    What a user put there under a name of another form is left out.

    Args:
        folder: holds the files or folders; may be absent.
        suffix: the end of their names after the step.

    Returns:
        (step, path) for each, in the order of the steps.

    Raises:
        OSError: the folder may not be read.
    """
    steps_in_names = {
        path: path.name.removeprefix("step_").removesuffix(suffix)
        for path in matching(folder, f"step_*{suffix}")
    }
    return sorted(
        (int(step), path)
        for path, step in steps_in_names.items()
        if step.isdecimal()
    )


def require_writable(
    path: os.PathLike | str,
    place: str,
    *,
    is_folder: bool = False,
    advice: str = "give another name",
) -> None:
    """Finds out before a long computation whether a file can be written.

    Nothing is made and nothing is left behind: the nearest folder above that
    exists takes an unnamed file for an instant.

    Args:
        path: the file that is to be written, or the folder that is to take
            files; folders above it may be missing.
        place: what the user calls it, such as `--out=grid.png`; begins the
            error line.
        is_folder: whether `path` is a folder.
        advice: what the user can do instead; ends the error line.

    Raises:
        errors.UserError: the file or folder cannot be written, because of
            what is in its way, its name or its permissions.
        OSError: the disk is full.
    """
    path = pathlib.Path(path).absolute()
    try:
        reason = _obstacle(path, is_folder)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        reason = error.strerror
    if reason is not None:
        raise errors.UserError(
            f"{place} cannot be written ({reason}): {advice}"
        )


def _obstacle(path: pathlib.Path, is_folder: bool) -> str | None:
    """Says what is in the way of a file or folder.

    Raises:
        OSError: the system's own reason why the file cannot be written.
    """
    if not is_folder and path.is_dir():
        return f"{path} is a folder, not a file"
    nearest = path if is_folder else path.parent
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        kind = "a file" if nearest.exists() else "a link to nowhere"
        return f"{nearest} is {kind}, not a folder"
    # The system refuses names that are too long before it looks for them.
    longest = path / "x" if is_folder else _unfinished(path)
    missing = longest.relative_to(nearest).parts
    for candidate in [longest, *(nearest / name for name in missing)]:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(candidate)
    with tempfile.TemporaryFile(dir=nearest):
        pass
    return None


def _unfinished(path: pathlib.Path) -> pathlib.Path:
    """Names what will become `path`, with the same suffix."""
    return path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")


def _put_in_place(unfinished: pathlib.Path, path: pathlib.Path) -> None:
    try:
        os.replace(unfinished, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Another process was faster with the same folder, as good as this one.
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return False  # This process has given up what it left unfinished.
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _sync(path: pathlib.Path) -> None:
    """Waits until a file or folder is on the disk, where that is possible."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return  # Windows opens no folders; there is nothing to wait for.
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
