"""The cache of prepared arrays: one folder each, whole or absent."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import json
import os
import pathlib
import re
import sys

from absl import logging
import numpy as np

from tf_dcgan.common import files

IMAGES = "images.npy"
LABELS = "labels.npy"
INFO = "info.json"


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
        """
        if not self.folder.is_dir():
            return None
        try:
            return _open(self.folder)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
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
        advice="give --cache_dir=FOLDER, a folder that can be written to",
    )


def default_folder() -> pathlib.Path:
    """Returns a folder in the user's cache home, wherever the system has it."""
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        home = pathlib.Path(os.environ["LOCALAPPDATA"])
    elif os.environ.get("XDG_CACHE_HOME"):
        home = pathlib.Path(os.environ["XDG_CACHE_HOME"])
    else:
        home = pathlib.Path.home() / ".cache"
    return home / "tf_dcgan"


def _root(cache_dir: str | None) -> pathlib.Path:
    root = os.path.expanduser(cache_dir or default_folder())
    return pathlib.Path(root)


def _open(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray | None, dict]:
    info = json.loads((folder / INFO).read_text(encoding="utf-8"))
    for name, num_bytes in info["file_bytes"].items():
        actual_bytes = (folder / name).stat().st_size
        if actual_bytes != num_bytes:
            raise ValueError(
                f"{name} has {actual_bytes} bytes, not {num_bytes}"
            )
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
    return images, labels, info
