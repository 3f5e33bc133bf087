"""Which files lie in a folder, or in an archive, and below."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os

from tf_dcgan.common import errors
from tf_dcgan.data.folders import archives, decoding
from tf_dcgan.runs import folder as run_folder


@dataclasses.dataclass(frozen=True)
class Tree:
    """The files in a folder and below.

    Attributes:
        top: the folder's path.
        files: their paths, each beginning with `top`, in any order.
        folders: the names of the folders right below the top, also of those
            without a file, in any order.
        notes: what was left out and why, one line for each reason.
        why_empty: what there is if there are no files.
    """

    top: str
    files: tuple[str, ...]
    folders: tuple[str, ...]
    notes: tuple[str, ...] = ()
    why_empty: str = "it is empty"

    def images(self) -> list[str]:
        """Selects the image files, in the order of their parts as text.

        Raises:
            errors.UserError: there are no images.
        """
        if not self.files:
            raise errors.UserError(
                f"{decoding.readable(self.top)} has no images, "
                f"{self.why_empty}: give another folder"
            )
        return decoding.images_among(self.files, self.top)


@dataclasses.dataclass
class _Walk:
    """What a walk has met so far.

    Attributes:
        files: paths of files.
        runs: paths of folders that are runs.
        hidden: paths of hidden folders, and of what macOS adds.
    """

    files: list[str] = dataclasses.field(default_factory=list)
    runs: list[str] = dataclasses.field(default_factory=list)
    hidden: list[str] = dataclasses.field(default_factory=list)


def is_folder(path: os.PathLike | str, *, cache_dir: str | None = None) -> bool:
    """Says whether a path is a folder, an archive, or a folder in one.

    Args:
        path: of anything, or of nothing.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: it is an archive that is damaged or encrypted.
    """
    if os.path.isdir(path):
        return True
    parts = archives.split(path)
    if parts is None:
        return False
    archive = archives.opened(parts[0], cache_dir=cache_dir)
    return not parts[1] or parts[1] in archive.folders


def read(top: os.PathLike | str, *, cache_dir: str | None = None) -> Tree:
    """Lists the files in a folder or an archive and below.

    Links are followed, also to folders, but no link back to a folder above
    it. Names that begin with a dot, `__MACOSX`, and the folders of runs are
    left out: a run in the data's folder has grids and curves, which are no
    data.

    Args:
        top: a path of which `is_folder` is true.
        cache_dir: the cache that packed archives are unpacked into; None for
            the user's cache.

    Raises:
        errors.UserError: a folder or an archive cannot be read.
    """
    top = os.fspath(top)
    walk = _Walk()
    parts = archives.split(top)
    if parts is None:
        notes = []
        children = _children(top)
        _add(walk, children, (_identity(top),))
    else:
        archive = archives.opened(parts[0], cache_dir=cache_dir)
        notes = list(archive.notes)
        children = _add_archive(walk, archive, *parts)
    if walk.runs:
        is_one = len(walk.runs) == 1
        notes.append(
            f"left out: {listed(walk.runs, top)}, which "
            f"{'is a run' if is_one else 'are runs'} and no data"
        )
    folders = [
        os.path.basename(path)
        for path, is_folder in children
        if is_folder and path not in walk.hidden
    ]
    return Tree(
        top,
        tuple(walk.files),
        tuple(folders),
        tuple(notes),
        why_empty=_why_empty(top, walk),
    )


def listed(paths: Sequence[str], top: str) -> str:
    """Names the first few of many paths, relative to the folder above them.

    Args:
        paths: at least one path.
        top: the folder that all paths lie below.
    """
    first = sorted(paths)[: decoding.NAMED]
    names = [decoding.readable(os.path.relpath(path, top)) for path in first]
    return ", ".join(names) + ", …" * (len(paths) > len(names))


def _why_empty(top: str, walk: _Walk) -> str:
    if walk.runs:
        return f"only {listed(walk.runs, top)}, made by a training"
    if walk.hidden:
        return (
            f"only {listed(walk.hidden, top)}, and hidden folders are left out"
        )
    return "it is empty"


def _add(
    walk: _Walk,
    children: Sequence[tuple[str, bool]],
    above: tuple[tuple[int, int], ...],
) -> None:
    """Adds what lies in a folder and below to a walk.

    Args:
        walk: is added to.
        children: what `_children` returned for the folder.
        above: what identifies the folder and each folder above it.
    """
    for path, is_folder in children:
        if not is_folder:
            if not archives.is_hidden(os.path.basename(path)):
                walk.files.append(path)
            continue
        if archives.is_hidden(os.path.basename(path)):
            walk.hidden.append(path)
            continue
        identity = _identity(path)
        if identity in above:
            continue
        inner = _children(path)
        if run_folder.is_run({os.path.basename(name) for name, _ in inner}):
            walk.runs.append(path)
        else:
            _add(walk, inner, (*above, identity))


def _add_archive(
    walk: _Walk, archive: archives.Archive, path: str, inner: str
) -> list[tuple[str, bool]]:
    """Adds what an archive holds, or a folder in it, to a walk.

    Args:
        walk: is added to.
        archive: the archive.
        path: its path.
        inner: the folder's name in the archive; empty for all of it.

    Returns:
        What lies right below the top, as `_children` returns it.
    """
    children: dict[str, list[tuple[str, bool]]] = {"": []}
    for name in archive.folders:
        children.setdefault(name, [])
    for names, are_folders in (
        (archive.folders, True),
        (archive.members, False),
    ):
        for name in names:
            child = (os.path.join(path, name), are_folders)
            children[os.path.dirname(name)].append(child)

    def add(folder: str) -> None:
        for child, is_folder in children[folder]:
            name = os.path.basename(child)
            if archives.is_hidden(name):
                if is_folder:
                    walk.hidden.append(child)
            elif not is_folder:
                walk.files.append(child)
            else:
                add_folder(os.path.join(folder, name), child)

    def add_folder(folder: str, child: str) -> None:
        names = {os.path.basename(name) for name, _ in children[folder]}
        if run_folder.is_run(names):
            walk.runs.append(child)
        else:
            add(folder)

    add(inner)
    return children[inner]


def identity(path: str) -> tuple[int, int]:
    """Numbers that change when a file is replaced.

    Args:
        path: of a file in a folder or an archive.

    Returns:
        The file's size, and its time or checksum; (-1, -1) of a broken link.
    """
    parts = archives.split(path)
    if parts is not None:
        member = archives.opened(parts[0]).members[parts[1]]
        return member.num_bytes, member.identity
    try:
        status = os.stat(path)
    except OSError:  # A broken link, which reading reports as damaged.
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _identity(folder: str) -> tuple[int, int]:
    """What tells a folder from any other, whichever way led there."""
    try:
        status = os.stat(folder)
    except OSError as error:
        raise _unreadable(folder, error) from error
    return status.st_dev, status.st_ino


def _children(folder: str) -> list[tuple[str, bool]]:
    """Lists (path, whether it is a folder) of what lies in a folder.

    A broken link counts as a file, which reading will call damaged. Sockets
    and the like are left out.
    """
    try:
        with os.scandir(folder) as entries:
            return [
                (entry.path, entry.is_dir())
                for entry in entries
                if entry.is_dir() or entry.is_file() or entry.is_symlink()
            ]
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(folder: str, error: OSError) -> errors.UserError:
    return errors.UserError(
        f"{decoding.readable(folder)} cannot be read ({error.strerror}): mend "
        "that, or give another folder"
    )
