"""The cache of prepared arrays: one folder each, whole or absent.

Every file has a checksum, CRC-32, that is compared whenever the file is
opened: the bytes of a disk change without a word, and a training on other
images looks like any other. One core reads and sums up about 1.2 GB a second,
so that 200,000 images of 64x64x3 take two seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import hashlib
import json
import os
import pathlib
import re
import sys
import tokenize
from typing import Any
import zlib

from absl import logging
import numpy as np

from tf_dcgan.common import errors, files, locks, terminal

IMAGES = "images.npy"
LABELS = "labels.npy"
INFO = "info.json"
# Entries of INFO: the checksum of each file, and of INFO's other entries.
_CHECKSUMS = "file_crc32"
_OWN_CHECKSUM = "info_crc32"
# Ends the name of the file beside a file that is no entry's.
_SEAL = ".crc32"
_CHUNK_BYTES = 2**23
_ADVICE = "give --cache_dir=FOLDER, a folder that can be written to"


class Entry:
    """One prepared array in the cache, which may still have to be made.

    Attributes:
        folder: the entry's folder. Its name has a readable part and a short
            hash of everything that shaped the array.
    """

    def __init__(
        self, cache_dir: str | None, readable: str, *, key: dict
    ) -> None:
        """Names the entry; touches no file.

        Args:
            cache_dir: the cache's folder, or None for the default.
            readable: what begins the folder's name.
            key: JSON-able, everything that shaped the array.
        """
        text = json.dumps(key, sort_keys=True)
        short_hash = hashlib.sha256(text.encode()).hexdigest()[:12]
        readable = re.sub(r"[^\w.-]", "-", readable)
        self.folder = _root(cache_dir) / f"{readable}-{short_hash}"

    def open(self) -> tuple[np.ndarray, np.ndarray | None, dict] | None:
        """Opens the entry, if it exists and is whole.

        Returns:
            (images as a read-only memory map, labels or None, info), or None
            if the entry does not exist or is damaged.

        Raises:
            errors.UserError: the entry may not be read.
        """
        if not self.folder.is_dir():
            return None
        try:
            return _open(self.folder)
        except PermissionError as error:
            raise unreadable(self.folder, error) from error
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            EOFError,
            AttributeError,
            RecursionError,
            SyntaxError,
            tokenize.TokenError,  # Of NumPy, for a damaged header.
        ) as error:
            reason = " ".join(str(error).split())
            logging.warning(
                "%s is damaged and will be made again: %s", self.folder, reason
            )
            return None

    @contextlib.contextmanager
    def replaced(self) -> Iterator[pathlib.Path]:
        """Yields an empty folder that becomes the entry when the block ends.

        Raises:
            errors.UserError: the cache cannot be written to.
        """
        root = self.folder.parent
        require_writable(root)
        files.remove_unfinished(root)
        with files.atomic_directory(self.folder) as folder:
            yield folder


@contextlib.contextmanager
def alone(path: pathlib.Path, what: str) -> Iterator[bool]:
    """Lets one process at a time make a part of the cache, if there are locks.

    Args:
        path: the part, a file or a folder.
        what: the part, for the line that says that it is waited for.

    Yields:
        Whether another process has just made it, or tried to.

    Raises:
        errors.UserError: the cache cannot be written to.
    """
    root = path.parent
    require_writable(root)
    root.mkdir(parents=True, exist_ok=True)
    lock = root / f".making-{path.name}"
    has_waited = False

    def tell():
        nonlocal has_waited
        has_waited = True
        terminal.show(
            f"{what}: another process is making the same; waiting for it",
            file=sys.stderr,
        )

    def forget():
        # Whoever waits for the lock has the file open.
        with contextlib.suppress(OSError):
            lock.unlink()

    # A lock saves work; a file of another user's must not stop any.
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            stack.enter_context(locks.locked(lock, before_waiting=tell))
            stack.callback(forget)
        yield has_waited


def file(cache_dir: str | None, name: str) -> pathlib.Path:
    """Names a small file in the cache, to be read or written atomically.

    Args:
        cache_dir: the cache's folder, or None for the default.
        name: the file's name.

    Returns:
        The file's path.

    Raises:
        errors.UserError: the file does not exist, and the cache cannot be
            written to.
    """
    path = _root(cache_dir) / name
    if not path.exists():
        require_writable(path.parent)
    return path


def require_writable(folder: pathlib.Path) -> None:
    """Finds out whether the cache takes files; makes nothing.

    Args:
        folder: of the cache; may be missing.

    Raises:
        errors.UserError: the cache cannot be written to.
    """
    files.require_writable(
        folder,
        f"the cache {folder}",
        is_folder=True,
        advice=_ADVICE,
    )


def unreadable(path: pathlib.Path, error: OSError) -> errors.UserError:
    """Makes the error for what another user has in the cache.

    Args:
        path: what may not be read.
        error: the system's reason.

    Returns:
        The error to raise.
    """
    return errors.UserError(
        f"{error.filename or path} in the cache cannot be read "
        f"({error.strerror}): {_ADVICE}"
    )


def write_info(folder: pathlib.Path, info: Mapping[str, Any]) -> None:
    """Writes info.json, with the sizes and checksums of the arrays' files.

    Args:
        folder: of an entry, with its arrays.
        info: JSON-able, what is known of the array.

    Raises:
        OSError: the disk is full.
    """
    paths = [folder / name for name in (IMAGES, LABELS)]
    paths = [path for path in paths if path.exists()]
    content = {
        **info,
        "file_bytes": {path.name: path.stat().st_size for path in paths},
        _CHECKSUMS: {path.name: checksum(path) for path in paths},
    }
    content[_OWN_CHECKSUM] = _checksum_of(content)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    with files.atomic_file(folder / INFO) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def write_json(path: pathlib.Path, content: Any) -> None:
    """Writes what is known of images, with a checksum.

    Args:
        path: of a file in the cache, as `file` names it.
        content: JSON-able.

    Raises:
        OSError: the disk is full.
    """
    checked = {"content": content, "crc32": _checksum_of(content)}
    with files.atomic_file(path) as unfinished:
        unfinished.write_text(json.dumps(checked))


def read_json(path: pathlib.Path) -> Any:
    """Reads what `write_json` wrote.

    Args:
        path: of a file in the cache.

    Returns:
        The content, or None if there is no such file, or it is damaged.

    Raises:
        errors.UserError: the file may not be read.
    """
    try:
        checked = json.loads(path.read_text())
        content = checked["content"]
        if checked["crc32"] == _checksum_of(content):
            return content
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise unreadable(path, error) from error
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass
    logging.warning("%s is damaged or old and will be made again", path)
    return None


def seal(path: pathlib.Path) -> None:
    """Writes a small file's checksum beside it, for `is_damaged`.

    Args:
        path: a file that is whole.

    Raises:
        OSError: the disk is full.
    """
    with files.atomic_file(_seal(path)) as unfinished:
        unfinished.write_text(f"{checksum(path)}\n")


def seal_old(path: pathlib.Path) -> None:
    """Seals a file of before 2026-11-29, if that is possible.

    Args:
        path: a file that looks whole.
    """
    if not _seal(path).exists():
        with contextlib.suppress(OSError):  # It may be another user's.
            seal(path)


def is_damaged(path: pathlib.Path) -> bool:
    """Says whether a file has other bytes than when it was sealed.

    Args:
        path: a file.

    Returns:
        False also where there is no seal, as before 2026-11-29.

    Raises:
        OSError: the file cannot be read.
    """
    try:
        sealed = _seal(path).read_bytes().strip()
    except FileNotFoundError:
        return False
    return sealed != str(checksum(path)).encode()


def checksum(path: pathlib.Path, title: str = "") -> int:
    """Computes the CRC-32 of a file's bytes.

    Args:
        path: the file.
        title: begins what is shown of the progress if it lasts; nothing is
            shown without it.

    Raises:
        OSError: the file cannot be read.
    """
    value = 0
    chunk = memoryview(bytearray(_CHUNK_BYTES))
    total = path.stat().st_size
    with (
        open(path, "rb", buffering=0) as file,
        terminal.Progress(
            title, total, "bytes", delay=terminal.LASTING
        ) as counted,
    ):
        while count := file.readinto(chunk):
            value = zlib.crc32(chunk[:count], value)
            counted.update(count)
    return value


def default_folder() -> pathlib.Path:
    """Returns a folder in the user's cache home, wherever the system has it."""
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        home = pathlib.Path(os.environ["LOCALAPPDATA"])
    elif os.environ.get("XDG_CACHE_HOME"):
        home = pathlib.Path(os.environ["XDG_CACHE_HOME"])
    else:
        home = pathlib.Path.home() / ".cache"
    return home / "tf_dcgan"


def of_run(cache_dir: str | None) -> str | None:
    """Decides whether the cache that a run's config.json names is used.

    The config.json may come from someone else, and shall not choose a folder
    that is then filled: a run's cache is used where it is one already.

    Args:
        cache_dir: the setting of the run, or None.

    Returns:
        The same folder; None, for the user's cache, where it is no cache.
    """
    if cache_dir is None or any(
        (entry / INFO).is_file() for entry in files.matching(cache_dir, "*")
    ):
        return cache_dir
    terminal.show(
        f"note: the run's --cache_dir={cache_dir} is no cache now, and "
        f"{default_folder()} is used: give --cache_dir to use another folder",
        file=sys.stderr,
    )
    return None


def _root(cache_dir: str | None) -> pathlib.Path:
    root = os.path.expanduser(cache_dir or default_folder())
    return pathlib.Path(root)


def _open(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray | None, dict]:
    info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    own_checksum = info.pop(_OWN_CHECKSUM, None)
    # Entries of before 2026-11-29 have no checksums but their fingerprint.
    is_old = own_checksum is None and _CHECKSUMS not in info
    if not is_old and own_checksum != _checksum_of(info):
        raise ValueError(f"{INFO} has other bytes than were written")
    for name, num_bytes in info["file_bytes"].items():
        actual_bytes = (folder / name).stat().st_size
        if actual_bytes != num_bytes:
            raise ValueError(
                f"{name} has {actual_bytes} bytes, not {num_bytes}"
            )
    for name, written in info.get(_CHECKSUMS, {}).items():
        if checksum(folder / name, f"checking {folder.name}") != written:
            raise ValueError(f"{name} has other bytes than were written")
    images = np.load(folder / IMAGES, mmap_mode="r", allow_pickle=False)
    if list(images.shape) != info["shape"] or images.dtype != np.uint8:
        raise ValueError(
            f"{IMAGES} holds {images.dtype} {images.shape}, not uint8 "
            f"{info['shape']}"
        )
    labels = None
    if LABELS in info["file_bytes"]:
        labels = np.load(folder / LABELS, allow_pickle=False)
        if labels.shape != images.shape[:1] or labels.dtype != np.int64:
            raise ValueError(f"{LABELS} holds {labels.dtype} {labels.shape}")
        labels.setflags(write=False)
    for name in ("class_names", "content_box", "preparation", "fingerprint"):
        info[name]  # Raises KeyError, so that the entry counts as damaged.
    if is_old:
        if _fingerprint(images, labels, folder.name) != info["fingerprint"]:
            raise ValueError("its images or labels are not those of its print")
        _add_checksums(folder, info)
    return images, labels, info


def _fingerprint(
    images: np.ndarray, labels: np.ndarray | None, name: str
) -> str:
    """Computes the SHA-256 of the bytes of the images and the labels."""
    digest = hashlib.sha256()
    rows = max(1, _CHUNK_BYTES // max(1, images[:1].nbytes))
    with terminal.Progress(
        f"checking {name}", len(images), "images", delay=terminal.LASTING
    ) as counted:
        for first in range(0, len(images), rows):
            chunk = np.ascontiguousarray(images[first : first + rows])
            digest.update(chunk.data)
            counted.update(len(chunk))
    if labels is not None:
        digest.update(np.ascontiguousarray(labels).data)
    return digest.hexdigest()


def _add_checksums(folder: pathlib.Path, info: dict[str, Any]) -> None:
    """Spares the next opening of an old entry the slower fingerprint."""
    with contextlib.suppress(OSError):  # It may be another user's.
        write_info(folder, info)


def _checksum_of(content: Any) -> int:
    text = json.dumps(content, sort_keys=True)
    return zlib.crc32(text.encode())


def _seal(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(path.name + _SEAL)
