"""Files in .zip and .tar archives, named as if the archive were a folder.

`/data/photos.zip/cat/1.png` is the file `cat/1.png` in `/data/photos.zip`. Is
there one folder alone at the top of an archive, as is usual, the names begin
below it. Nothing is unpacked to a name that an archive chooses:

- of a .zip or .tar the wanted bytes are read where they lie;
- a packed .tar, such as .tar.gz, can only be read from its beginning, so it is
  unpacked once, as one .tar, into the cache.

Links, devices, absolute names and names with `..` are left out. A file that
would take more than `_LARGEST_BYTES` of memory counts as damaged. Everything
here may be called by several threads at once.
"""

from __future__ import annotations

import bz2
from collections.abc import Callable, Iterator, Mapping
import dataclasses
import gzip
import hashlib
import io
import lzma
import os
import pathlib
import re
import stat
import tarfile
import threading
from typing import Any, BinaryIO
import zipfile
import zlib

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.data import cache

_PACKED: Mapping[str, Callable[..., Any]] = {
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
}
_LARGEST_BYTES = 2**30
# A packed archive that grows more than this is none of images: it is made to
# fill the disk. Small ones may.
_MOST_GROWTH = 200
_GROWN_FREELY_BYTES = 2**30
_PIECE_BYTES = 2**20
_NAMED = 5  # Names that a note lists.
_MOST_PARTS = 64  # Of a name; nobody sorts images so deeply.
_ENCRYPTED = 0x1  # The bit of a .zip member's flags.
_MADE_BY_WINDOWS = 0  # In the programs of some, folders are told by `\`.
# Whatever the readers raise about a damaged archive.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    lzma.LZMAError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclasses.dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        place: the offset of its first byte; in a .zip the place among all.
        num_bytes: its size, unpacked.
        identity: a number that changes with the content.
    """

    place: int
    num_bytes: int
    identity: int


@dataclasses.dataclass(frozen=True)
class Archive:
    """An archive that has been opened.

    Attributes:
        members: file → member, with the names' parts separated by `os.sep`.
        folders: the names of all folders, also of empty ones.
        notes: what was left out and why, one line for each reason.
        read: returns the bytes of a member.
    """

    members: Mapping[str, Member]
    folders: frozenset[str]
    notes: tuple[str, ...]
    read: Callable[[Member], bytes]


def is_hidden(name: str) -> bool:
    """Says whether a file or folder of this name is no part of the data.

    Args:
        name: without folders. macOS adds `__MACOSX` to archives.
    """
    return name.startswith(".") or name == "__MACOSX"


def split(path: os.PathLike | str) -> tuple[str, str] | None:
    """Cuts a path into an archive and a name in it.

    Args:
        path: of anything; of the archive itself, too.

    Returns:
        (the archive's path, a name in it or ""); None if no part of the path
        is an archive.
    """
    text = os.fspath(path)
    lower = text.lower()
    if not any(suffix in lower for suffix in files.ARCHIVES):
        return None  # Of nearly all files, and at once.
    parts = text.split(os.sep)
    for count in range(1, len(parts) + 1):
        if parts[count - 1].lower().endswith(files.ARCHIVES):
            archive = os.sep.join(parts[:count])
            if os.path.isfile(archive):
                return archive, os.sep.join(parts[count:]).rstrip(os.sep)
    return None


def source_of(path: os.PathLike | str) -> os.PathLike | str | BinaryIO:
    """Finds the bytes of a file, in an archive or not.

    Args:
        path: of a file.

    Returns:
        The path itself, or the content of a file in an archive.

    Raises:
        OSError: the archive has no such file, or cannot be read.
        ValueError: the file is too large.
        Exception: whatever a damaged archive raises.
    """
    parts = split(path)
    if parts is None:
        return path
    archive = opened(parts[0])
    member = archive.members.get(parts[1])
    if member is None:
        raise FileNotFoundError(f"{parts[0]} has no file {parts[1]}")
    if member.num_bytes > _LARGEST_BYTES:
        raise ValueError(f"it has {member.num_bytes:,} bytes")
    return io.BytesIO(archive.read(member))


_archives: dict[tuple, Archive] = {}
_lock = threading.Lock()


def opened(path: str, *, cache_dir: str | None = None) -> Archive:
    """Opens an archive, or returns what was opened before.

    Args:
        path: the archive's path.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: the archive is damaged, encrypted or not readable.
        OSError: the disk is full; nothing half-made is left.
    """
    status = os.stat(path)
    key = (path, status.st_size, status.st_mtime_ns)
    with _lock:
        if key not in _archives:
            _archives[key] = _open(path, key, cache_dir)
        return _archives[key]


def _open(path: str, key: tuple, cache_dir: str | None) -> Archive:
    """Opens an archive; `key` tells it from any other, and its older selves."""
    suffix = next(s for s in files.ARCHIVES if path.lower().endswith(s))
    try:
        if suffix == ".zip":
            return _open_zip(path)
        if suffix == ".tar":
            return _open_tar(path)
        digest = hashlib.sha256(repr(key).encode()).hexdigest()
        unpacked = cache.file(cache_dir, f"unpacked-{digest[:16]}.tar")
        if not unpacked.exists():
            _unpack(path, _PACKED[suffix], unpacked)
        return _open_tar(os.fspath(unpacked))
    except PermissionError as error:
        raise errors.UserError(
            f"{path} cannot be read ({error.strerror}): mend that"
        ) from error
    except _DAMAGE as error:
        if getattr(error, "errno", None) in files.DISK_FULL:
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise errors.UserError(
            f"{path} is no whole {suffix} file ({reason}): copy or download it "
            "again, or give the folder that it was made of"
        ) from error


def _open_zip(path: str) -> Archive:
    archive = zipfile.ZipFile(path)
    infos = archive.infolist()
    names = _Names()
    for place, info in enumerate(infos):
        name = info.filename
        if info.create_system == _MADE_BY_WINDOWS:
            name = name.replace("\\", "/")
        mode = info.external_attr >> 16
        if info.is_dir() or name.endswith("/"):
            names.add_folder(name)
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            names.links.append(name)
        elif info.flag_bits & _ENCRYPTED:
            raise errors.UserError(
                f"{path} is encrypted: unpack it with its password, and give "
                "the folder"
            )
        else:
            names.add(name, Member(place, info.file_size, info.CRC))

    def read(member: Member) -> bytes:
        return archive.read(infos[member.place])

    return names.archive(read)


def _open_tar(path: str) -> Archive:
    names = _Names()
    # A .tar has no checksums of its files.
    identity = os.stat(path).st_mtime_ns
    with tarfile.open(path, "r:") as archive:
        for info in archive:
            # It would keep all that it has seen.
            archive.members = []  # type: ignore[attr-defined]
            if info.isdir():
                names.add_folder(info.name)
            elif not info.isreg() or info.sparse is not None:
                names.links.append(info.name)
            else:
                names.add(
                    info.name, Member(info.offset_data, info.size, identity)
                )
        end = archive.offset
    with open(path, "rb") as file:
        file.seek(end)
        block = file.read(tarfile.BLOCKSIZE)
    # At a damaged header the iteration ends as it does at the end.
    if block.strip(b"\0"):
        raise tarfile.ReadError(f"it is damaged from byte {end:,} on")
    if not block:
        names.notes.append(
            f"{os.path.basename(path)} has no end mark: it may be cut short"
        )

    def read(member: Member) -> bytes:
        # Opened anew, since threads would share the position in an open file.
        with open(path, "rb") as file:
            file.seek(member.place)
            content = file.read(member.num_bytes)
        if len(content) < member.num_bytes:
            raise EOFError("the archive ends before it does")
        return content

    return names.archive(read)


def _unpack(path: str, open_packed: Callable, target: pathlib.Path) -> None:
    """Writes the .tar in a packed archive, whole or not at all."""
    most = _GROWN_FREELY_BYTES + _MOST_GROWTH * os.path.getsize(path)
    title = f"{os.path.basename(path)} unpacked"
    num_bytes = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        files.atomic_file(target) as unfinished,
        open(path, "rb") as packed,
        open_packed(packed) as content,
        open(unfinished, "wb") as file,
        terminal.Progress(
            title, os.path.getsize(path) // _PIECE_BYTES, "MiB"
        ) as counted,
    ):
        done = 0
        while piece := content.read(_PIECE_BYTES):
            num_bytes += len(piece)
            if num_bytes > most:
                raise errors.UserError(
                    f"{path} holds more than {_MOST_GROWTH} times as many "
                    "bytes as it has, as no images do: give another file"
                )
            file.write(piece)
            read = packed.tell() // _PIECE_BYTES
            counted.update(read - done)
            done = read


@dataclasses.dataclass
class _Names:
    """What an archive holds, gathered name by name.

    Attributes:
        members: name → member; of a name that comes twice, the last.
        folders: the names of folders.
        links: names of links, devices and the like.
        outside: names that lead out of the archive.
        notes: what else the user should know, one line each.
    """

    members: dict[str, Member] = dataclasses.field(default_factory=dict)
    folders: set[str] = dataclasses.field(default_factory=set)
    links: list[str] = dataclasses.field(default_factory=list)
    outside: list[str] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def add(self, name: str, member: Member) -> None:
        clean = self._clean(name)
        if clean:
            self.members[clean] = member

    def add_folder(self, name: str) -> None:
        clean = self._clean(name)
        if clean:
            self.folders.add(clean)

    def archive(self, read: Callable[[Member], bytes]) -> Archive:
        """Makes the archive, whose names begin below a lone top folder."""
        folders = set(self.folders)
        for name in (*self.members, *self.folders):
            folders.update(_above(name))
        top = _lone_folder({*self.members, *folders}, folders)

        def inside(names):
            return (
                (name[len(top) :], name)
                for name in names
                if name.startswith(top) and len(name) > len(top)
            )

        notes = list(self.notes)
        for names, are in (
            (self.links, "no files but links or devices"),
            (
                self.outside,
                "names that lead out of the archive or are too deep",
            ),
        ):
            if names:
                few = ", ".join(sorted(names)[:_NAMED])
                more = ", …" * (len(names) > _NAMED)
                note = os.fsencode(f"left out: {few}{more}, {are}")
                notes.append(note.decode(errors="replace"))
        return Archive(
            {
                short.replace("/", os.sep): self.members[name]
                for short, name in inside(self.members)
            },
            frozenset(
                short.replace("/", os.sep) for short, _ in inside(folders)
            ),
            tuple(notes),
            read,
        )

    def _clean(self, name: str) -> str:
        """Returns a name without empty parts; "" if it leads out."""
        parts = [part for part in name.split("/") if part not in ("", ".")]
        is_absolute = name.startswith("/") or re.match("[A-Za-z]:", name)
        is_deep = len(parts) > _MOST_PARTS
        if is_absolute or is_deep or ".." in parts or "\0" in name:
            self.outside.append(name)
            return ""
        return "/".join(parts)


def _above(name: str) -> Iterator[str]:
    """Yields the names of all folders above a name."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def _lone_folder(names: set[str], folders: set[str]) -> str:
    """Finds the folder that all names lie in, hidden ones aside.

    Returns:
        The folder with a slash at its end; "" if there is none.
    """
    top = ""
    while True:
        inner = {
            name[len(top) :].partition("/")[0]
            for name in names
            if name.startswith(top) and len(name) > len(top)
        }
        inner = {name for name in inner if not is_hidden(name)}
        if len(inner) != 1 or (lone := top + inner.pop()) not in folders:
            return top
        top = f"{lone}/"
