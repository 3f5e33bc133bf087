"""MNIST, Fashion-MNIST and KMNIST from the raw files a user may have.

The three sets share their file names, so a file's checksum, or the folder it
lies in, tells whose file it is. Each split is two IDX files; for MNIST it may
also be Keras's `mnist.npz`.

Source of the format: LeCun, Cortes and Burges, "The MNIST database of
handwritten digits", section on file formats.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import math
import pathlib
import zipfile
import zlib

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.data import sources
from tf_dcgan.data.named import known_sets

NAMES = ("mnist", "fashion_mnist", "kmnist")

_PREFIXES = {"train": "train", "test": "t10k"}
_IMAGES, _LABELS = "images-idx3", "labels-idx1"
_MAGIC = {_IMAGES: 0x00000803, _LABELS: 0x00000801}
_IMAGE_SHAPE = (28, 28, 1)
_NUM_CLASSES = 10
_CHUNK = 1024  # Images per chunk.


def find(
    name: str, split: str, *, data_dir: pathlib.Path
) -> sources.Source | None:
    """Looks for a split's raw files in a folder.

    It looks first in folders named after the set (torchvision makes
    `FashionMNIST/raw`), then for `mnist.npz`, then in the folder itself.

    Args:
        name: one of `NAMES`.
        split: `train` or `test`.
        data_dir: an existing folder.

    Returns:
        The source, or None if there are no such files.

    Raises:
        errors.UserError: one of the split's two files is missing.
    """
    folders = [
        folder
        for child in sorted(data_dir.iterdir())
        if _is_named_after(child, name) and child.is_dir()
        for folder in (child, child / "raw")
    ]
    for folder in folders:
        source = _find_raw(name, split, folder=folder)
        if source is not None:
            return source
    if name == "mnist":
        for folder in (data_dir, *folders):
            path = folder / "mnist.npz"
            if path.is_file():
                return sources.Source(
                    fingerprint=sources.files_fingerprint([path], folder),
                    read=functools.partial(_read_npz, path, split),
                )
    return _find_raw(name, split, folder=data_dir)


def _is_named_after(folder: pathlib.Path, name: str) -> bool:
    """Says whether a folder, or the folder above a `raw`, has a set's name."""
    if folder.name == "raw":
        folder = folder.parent
    letters = folder.name.lower().replace("_", "").replace("-", "")
    return letters == name.replace("_", "")


def _find_raw(
    name: str, split: str, *, folder: pathlib.Path
) -> sources.Source | None:
    present = [
        path
        for prefix in _PREFIXES.values()
        for kind in (_IMAGES, _LABELS)
        if (path := _existing(folder, f"{prefix}-{kind}"))
    ]
    if not present:
        return None
    paths = []
    for kind in (_IMAGES, _LABELS):
        stem = f"{_PREFIXES[split]}-{kind}"
        path = _existing(folder, stem)
        if path is None:
            raise errors.UserError(
                f"{folder} has {present[0].name} but no {stem}-ubyte[.gz], "
                f"which the {split} split of {name} needs. Put it there"
            )
        paths.append(path)
    return sources.Source(
        fingerprint=sources.files_fingerprint(paths, folder),
        read=lambda: _read_raw(name, split, paths=paths),
    )


def _existing(folder: pathlib.Path, stem: str) -> pathlib.Path | None:
    for pattern in (f"{stem}-ubyte", f"{stem.replace('-idx', '.idx')}-ubyte"):
        for suffix in ("", ".gz"):
            path = folder / (pattern + suffix)
            if path.is_file():
                return path
    return None


def _read_raw(
    name: str, split: str, *, paths: list[pathlib.Path]
) -> sources.Content:
    arrays = []
    for path, kind in zip(paths, (_IMAGES, _LABELS), strict=True):
        packed = _read_bytes(path)
        unpacked = _unpack(path, packed)
        arrays.append(_parse_idx(path, unpacked, kind=kind))
        _check_identity(
            name,
            f"{_PREFIXES[split]}-{kind}",
            path=path,
            contents=(packed, unpacked),
        )
    images, labels = arrays
    return _content(
        name,
        images.reshape(-1, *_IMAGE_SHAPE),
        labels.astype(np.int64),
        where=f"{paths[0]} and {paths[1].name}",
    )


def _read_bytes(path: pathlib.Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise errors.UserError(
            f"{path} cannot be read ({error.strerror}). Make it readable, or "
            "give another --data_dir"
        ) from error


def _unpack(path: pathlib.Path, packed: bytes) -> bytes:
    if path.suffix != ".gz":
        return packed
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise errors.UserError(
            f"{path} is damaged: gzip says {str(error).rstrip('.')!r}. "
            "Download it again"
        ) from error


def _parse_idx(path: pathlib.Path, content: bytes, *, kind: str) -> np.ndarray:
    """Reads an IDX file: a magic number, the dimensions, the bytes.

    Args:
        path: the file's path, for the error.
        content: the file's bytes, without compression.
        kind: `_IMAGES` or `_LABELS`.

    Returns:
        [n, 28, 28] or [n] uint8.

    Raises:
        errors.UserError: the file is no IDX file of this kind, or not whole.
    """
    rank = 3 if kind == _IMAGES else 1
    header_bytes = 4 + 4 * rank
    problem = None
    if not content.startswith(_MAGIC[kind].to_bytes(4, "big")):
        problem = f"does not begin like an IDX file of {kind.split('-')[0]}"
    elif len(content) < header_bytes:
        problem = f"is truncated: {len(content)} bytes"
    else:
        header = np.frombuffer(content[4:header_bytes], ">u4")
        shape = tuple(int(dimension) for dimension in header)
        expected = header_bytes + math.prod(shape)
        if shape[1:] != _IMAGE_SHAPE[:2][: rank - 1]:
            problem = f"holds images of {shape[1]}x{shape[2]}, not 28x28"
        elif shape[0] == 0:
            problem = "is empty: its header says 0"
        elif len(content) != expected:
            what = "truncated" if len(content) < expected else "too long"
            problem = f"is {what}: {len(content)} bytes, not {expected}"
    if problem:
        raise errors.UserError(f"{path} {problem}. Download it again")
    return np.frombuffer(content, np.uint8, offset=header_bytes).reshape(shape)


def _check_identity(
    name: str,
    stem: str,
    *,
    path: pathlib.Path,
    contents: tuple[bytes, bytes],
) -> None:
    """Refuses another set's file, and one that could be any set's.

    Args:
        name: the set that the user asked for.
        stem: the published file's name, such as `train-images-idx3`.
        path: the file's path.
        contents: the file's bytes as they are, and without compression.

    Raises:
        errors.UserError: the file belongs to another set, or may do so.
    """
    for content in contents:
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        known = SOURCES.get(checksum)
        if known == (name, stem):
            return
        if known is not None:
            raise errors.UserError(
                f"{path} is {known[0]}'s {known[1]}-ubyte, not {name}'s {stem}"
                f"-ubyte. Give --data_dir the folder with {name}'s files, or "
                f"choose the set {known[0]}"
            )
    if not _is_named_after(path.parent, name):
        raise errors.UserError(
            f"{path} may be any of {', '.join(NAMES)}: its checksum is none of "
            f"the published ones. If it is {name}'s, move the files to "
            f"{path.parent / name}"
        )


def _read_npz(path: pathlib.Path, split: str) -> sources.Content:
    try:
        # Opened here, since np.load leaves a damaged file open.
        with (
            open(path, "rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            images, labels = archive[f"x_{split}"], archive[f"y_{split}"]
    except (
        OSError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        reason = " ".join(str(error).split()).strip("'\"").rstrip(".")
        raise errors.UserError(
            f"{path} is not Keras's mnist.npz or is damaged ({reason}). "
            "Download it again"
        ) from error
    if (
        images.dtype != np.uint8
        or images.shape[1:] != _IMAGE_SHAPE[:2]
        or len(images) == 0
        or labels.ndim != 1
        or labels.dtype.kind not in "iu"
    ):
        raise errors.UserError(
            f"{path} is not Keras's mnist.npz: x_{split} is {images.dtype} "
            f"{images.shape} and y_{split} is {labels.dtype} {labels.shape}, "
            "not uint8 (n, 28, 28) and integers (n,). Download it again"
        )
    images = images.reshape(-1, *_IMAGE_SHAPE)
    return _content("mnist", images, labels.astype(np.int64), where=str(path))


def _content(
    name: str, images: np.ndarray, labels: np.ndarray, *, where: str
) -> sources.Content:
    """Makes the content of images and labels that belong together."""
    if len(images) != len(labels):
        raise errors.UserError(
            f"{where} do not belong together: {len(images)} images and "
            f"{len(labels)} labels. Download them again"
        )
    if labels.min() < 0 or labels.max() >= _NUM_CLASSES:
        raise errors.UserError(
            f"{where}: labels go from {labels.min()} to {labels.max()}, not "
            f"from 0 to {_NUM_CLASSES - 1}. Download them again"
        )
    return sources.Content(
        num_images=len(images),
        shape=_IMAGE_SHAPE,
        class_names=known_sets.SETS[name].class_names,
        chunks=(
            (images[start : start + _CHUNK], labels[start : start + _CHUNK])
            for start in range(0, len(images), _CHUNK)
        ),
    )


# MD5 of the published files, in the order of `_STEMS`: one row for the files as
# they are published (.gz), one for the unpacked files. KMNIST has published no
# checksums of unpacked files.
_STEMS = (
    "train-images-idx3",
    "train-labels-idx1",
    "t10k-images-idx3",
    "t10k-labels-idx1",
)


_PUBLISHED = (
    (
        "mnist",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
    (
        "mnist",
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    (
        "fashion_mnist",
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
    (
        "fashion_mnist",
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
    (
        "kmnist",
        "bdb82020997e1d708af4cf47b453dcf7",
        "e144d726b3acfaa3e44228e80efcd344",
        "5c965bf0a639b31b8f53240b1b52f4d7",
        "7320c461ea6c1c855c0b718fb2a4b134",
    ),
)


# MD5 → (set, file name without `-ubyte`).
SOURCES = {
    checksum: (name, stem)
    for name, *checksums in _PUBLISHED
    for checksum, stem in zip(checksums, _STEMS, strict=True)
}
