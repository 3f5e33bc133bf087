"""What an interrupted preparation leaves, to go on from it.

The images are written to one growing file. Every few seconds a line of a
journal says how many bytes there are, their checksum and where the source of
the images stood. Reading back stops at the first line whose bytes are not
those that were written.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import json
import pathlib
import shutil
import time
from typing import Any, BinaryIO

from tf_dcgan.common import locks

_PREFIX = ".parts-"
_JOURNAL = "journal.jsonl"
# A part ends after so many seconds or bytes, whichever comes first: it has to
# be read back in one go.
_SECONDS_PER_PART = 10.0
_BYTES_PER_PART = 2**26
# What nobody has gone on with for so long is removed.
_SECONDS_KEPT = 14 * 24 * 3600.0


@contextlib.contextmanager
def kept(root: pathlib.Path, name: str) -> Iterator[Parts | None]:
    """Yields the parts of a preparation, which only an interrupt leaves.

    Args:
        root: the folder of the cache.
        name: of what is prepared, with all that shapes it.

    Yields:
        The parts, perhaps of an earlier preparation; None where another
        process prepares the same, or the system has no locks.
    """
    if not locks.ARE_SUPPORTED:
        yield None
        return
    _remove_old(root)
    folder = root / f"{_PREFIX}{name}"
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        lock = locks.Lock.UNSUPPORTED
        with contextlib.suppress(OSError):
            lock = stack.enter_context(locks.locked(folder))
        # Another process may just have ended, and removed what it had locked.
        if lock is not locks.Lock.OWN or not folder.exists():
            yield None
            return
        parts = Parts(folder)
        try:
            yield parts
        except Exception:
            parts.remove()
            raise
        except BaseException:  # An interrupt.
            if not parts.count:
                parts.remove()
            raise
        parts.remove()


class Parts:
    """The file of images so far, and its journal.

    Attributes:
        images: the file's path.
        count: how many parts there are.
    """

    def __init__(self, folder: pathlib.Path):
        """Takes what there is in a folder; reads nothing yet.

        Args:
            folder: an existing folder, which this process has locked.
        """
        self._folder = folder
        self._journal = folder / _JOURNAL
        self.images = folder / "images.npy"
        self.count = 0
        self._digest = hashlib.blake2b()
        self._num_bytes = 0
        self._written_at = time.monotonic()

    def read_back(
        self, file: BinaryIO
    ) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Reads the parts that are whole, and forgets what follows them.

        Args:
            file: the file of images, open for reading and writing, where its
                first image begins. At the end it stands where the next image
                is to be written.

        Yields:
            (content, state): the bytes of a part, and what `add` was given.
        """
        whole = []
        place = file.tell()
        for line in self._lines():
            content = file.read(line["bytes"])
            if hashlib.blake2b(content).hexdigest() != line["checksum"]:
                break
            yield content, line["state"]
            place += len(content)
            whole.append(line)
        file.seek(place)
        file.truncate()
        self.count = len(whole)
        self._journal.write_text(
            "".join(json.dumps(line) + "\n" for line in whole)
        )

    def update(self, content: Any) -> None:
        """Counts bytes that were written to the file."""
        self._digest.update(content)
        self._num_bytes += len(content)

    @property
    def is_due(self) -> bool:
        """Whether it is time to end a part."""
        return (
            self._num_bytes >= _BYTES_PER_PART
            or time.monotonic() - self._written_at > _SECONDS_PER_PART
        )

    def add(self, state: dict[str, Any]) -> None:
        """Ends a part. The bytes must have left the file's buffer.

        Args:
            state: JSON-able, where to go on after the part.
        """
        line = {
            "bytes": self._num_bytes,
            "checksum": self._digest.hexdigest(),
            "state": state,
        }
        with open(self._journal, "a", encoding="utf-8") as journal:
            journal.write(json.dumps(line) + "\n")
        self.count += 1
        self._digest = hashlib.blake2b()
        self._num_bytes = 0
        self._written_at = time.monotonic()

    def remove(self) -> None:
        """Removes all parts."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _lines(self) -> Iterator[dict[str, Any]]:
        """Yields the journal's lines up to one that a kill has cut."""
        try:
            text = self._journal.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return
        for line in text.splitlines():
            try:
                content = json.loads(line)
                if not {"bytes", "checksum", "state"} <= set(content):
                    return
            except (ValueError, TypeError):
                return
            yield content


def _remove_old(root: pathlib.Path) -> None:
    for folder in root.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime < _SECONDS_KEPT:
                continue
            with locks.locked(folder) as lock:
                if lock is locks.Lock.OWN:
                    shutil.rmtree(folder, ignore_errors=True)
