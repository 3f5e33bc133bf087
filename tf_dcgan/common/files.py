"""Files and folders that are either whole or absent."""

from __future__ import annotations

from collections.abc import Container, Iterator
import contextlib
import errno
import fnmatch
import hashlib
import os
import pathlib
import re
import shutil
import stat
import tempfile

from tf_dcgan.common import errors

# Begins the name of a file or folder that is not finished; a kill may leave it.
UNFINISHED = ".unfinished-"
_LONGEST_NAME = 32
# Bytes of a name that an unfinished file repeats; 255 are allowed in all.
_MOST_REPEATED_BYTES = 100
# Bytes of a suffix, of which no program that goes by suffixes knows more.
_MOST_SUFFIX_BYTES = 20
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
    reached the disk. If the block raises, `path` is as it was before. A link
    is replaced too, and what it leads to stays as it is.

    What can only be written into, such as `/dev/stdout`, takes the bytes when
    the block ends, and stays what it is.

    Args:
        path: the file to write; its folder is made if need be.

    Yields:
        A path with the same suffix, beside `path` if that is a file.

    Raises:
        errors.UserError: `path` is neither a file nor something to write
            into, such as a FIFO.
        OSError: the folder cannot be written to, or the disk is full.
    """
    path = pathlib.Path(path)
    reason = obstacle(path)
    if reason is not None:
        raise errors.UserError(
            f"{path} cannot be written ({reason}): give another name, or move "
            "away what has this one"
        )
    if is_stream(path):
        with tempfile.TemporaryDirectory() as folder:
            whole = pathlib.Path(folder, f"whole{_short_suffix(path)}")
            yield whole
            _copy_into(whole, path)
        return
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
            old = _unfinished(path, "old-")
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
    reason = reason_against_writing(path, is_folder=is_folder)
    if reason is not None:
        raise errors.UserError(
            f"{place} cannot be written ({reason}): {advice}"
        )


def reason_against_writing(
    path: os.PathLike | str, *, is_folder: bool = False
) -> str | None:
    """Says before a long computation why a file could not be written.

    Args:
        path: as `require_writable` takes it.
        is_folder: whether `path` is a folder.

    Returns:
        The reason in words; None where the file can be written.

    Raises:
        OSError: the disk is full.
    """
    try:
        return _obstacle(pathlib.Path(path).absolute(), is_folder)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise
        return error.strerror


def obstacle(path: os.PathLike | str) -> str | None:
    """Says what bears the name of a file and cannot be replaced by the file.

    Args:
        path: the file that is to be written; it and the folders above it may
            be missing.

    Returns:
        The reason in words; None where nothing is in the way.

    Raises:
        OSError: the system's own reason, such as a name that is too long.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None  # Nothing, or a link to nowhere, which is replaced.
    except OSError as error:
        if error.errno == errno.ELOOP:
            return f"{path} is a link that leads back to itself"
        raise
    if stat.S_ISDIR(mode):
        return f"{path} is a folder, not a file"
    if stat.S_ISREG(mode) or is_stream(path):
        return None
    return f"{path} is {_kind(mode)}, not a file"


def is_stream(path: os.PathLike | str) -> bool:
    """Says whether bytes are written into `path`, which then stays.

    These are the character devices, such as a terminal or `/dev/null`, and
    what this process has open by a number, such as `/dev/stdout`. A FIFO of
    any other name is none: opening it would wait for a reader.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or _descriptor(path) is not None


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _descriptor(path: os.PathLike | str) -> int | None:
    """Returns the number by which this process has `path` open by its name.

    `/dev/stdout` and `/dev/fd/63` are links that lead through
    `/proc/self/fd` or, on some systems, files of `/dev/fd`.
    """
    place = os.path.abspath(path)
    for _ in range(40):
        folder, name = os.path.split(place)
        is_number = name.isascii() and name.isdecimal()
        if is_number and os.path.realpath(folder) in (
            "/dev/fd",
            f"/proc/{os.getpid()}/fd",
        ):
            return int(name)
        if not os.path.islink(place):
            return None
        place = os.path.join(os.path.realpath(folder), os.readlink(place))
    return None


def _copy_into(whole: pathlib.Path, path: pathlib.Path) -> None:
    """Writes the bytes of a file into a stream."""
    number = _descriptor(path)
    if number is None:
        target = os.open(path, os.O_WRONLY)
    else:
        # Not opened anew: a file behind it would be written from its start.
        target = os.dup(number)
    with open(whole, "rb") as source, open(target, "wb") as stream:
        shutil.copyfileobj(source, stream)


def _obstacle(path: pathlib.Path, is_folder: bool) -> str | None:
    """Says what is in the way of a file or folder.

    Raises:
        OSError: the system's own reason why the file cannot be written.
    """
    if not is_folder:
        reason = obstacle(path)
        if reason is not None:
            return reason
        if is_stream(path):
            return None
    nearest = path if is_folder else path.parent
    while not os.path.lexists(nearest):
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"{nearest} is {_no_folder(nearest)}, not a folder"
    # The system refuses names that are too long before it looks for them.
    longest = path / "x" if is_folder else path
    missing = longest.relative_to(nearest).parts
    for candidate in [longest, *(nearest / name for name in missing)]:
        with contextlib.suppress(FileNotFoundError):
            os.lstat(candidate)
    with tempfile.TemporaryFile(dir=nearest):
        pass
    return None


def _no_folder(path: pathlib.Path) -> str:
    """Says what is at a path where a folder should be."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return "a link to nowhere"
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a link that leads back to itself"
        raise
    return "a file" if stat.S_ISREG(mode) else _kind(mode)


def _unfinished(path: pathlib.Path, word: str = "") -> pathlib.Path:
    """Names what will become `path`, with the same suffix.

    A name that is allowed for `path` may be too long with more before it, so
    a long name is told apart by its hash.
    """
    name = path.name
    if len(os.fsencode(name)) > _MOST_REPEATED_BYTES:
        digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
        name = f"{digest}{_short_suffix(path)}"
    return path.with_name(f"{UNFINISHED}{os.getpid()}-{word}{name}")


def _short_suffix(path: pathlib.Path) -> str:
    is_short = len(os.fsencode(path.suffix)) <= _MOST_SUFFIX_BYTES
    return path.suffix if is_short else ""


def _put_in_place(unfinished: pathlib.Path, path: pathlib.Path) -> None:
    try:
        os.replace(unfinished, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        # Another process was faster with the same folder, as good as this one.
        shutil.rmtree(unfinished, ignore_errors=True)


def _remove(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
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
