"""Downloads a TFDS set, or says at once and in one line why that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import hashlib
import pathlib
import shutil

import requests

from tf_dcgan.common import errors, files
from tf_dcgan.config import schema
from tf_dcgan.data.named import known_sets, mnist_files
from tf_dcgan.data.tfds import reading, wanted_files

_TIMEOUT_SECONDS = 8
# More files are not all named.
_FEW_FILES = 8
_CATALOGUE = "https://www.tensorflow.org/datasets/catalog"


def download(
    name: str, root: pathlib.Path, *, flag: str | None, is_data_dir: bool
) -> None:
    """Downloads a set and prepares it, with TFDS's own progress bars.

    Args:
        name: the set's name in TFDS.
        root: where TFDS keeps its sets; made if need be.
        flag: the flag that names the set, for the advice to give another one;
            None if no other one can be given.
        is_data_dir: whether the user named that folder as `--data_dir`.

    Raises:
        errors.UserError: there is no such set, it must be fetched by hand,
            its host is out of reach, the download broke off, or files that
            were fetched by hand have wrong checksums. Nothing half-made is
            left.
        OSError: the disk is full. Nothing half-made is left.
    """
    where = _where(name, root, is_data_dir=is_data_dir)
    with reading.quiet():
        builder = reading.new_builder(name, root)
        reading.image_shape(name, builder)  # Raises if it has no images.
        if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and not any(
            _below(_manual_folder(root))[1:]
        ):
            base = name.partition("/")[0]
            raise errors.UserError(
                f"{where} and cannot be downloaded: its files must be fetched "
                f"by hand and placed in {_manual_folder(root)}, as "
                f"{_CATALOGUE}/{base} says; or give --data_dir=FOLDER, one "
                "with the set prepared by TFDS"
            )
    wanted = wanted_files.find(builder, _manual_folder(root))
    missing = {
        url: file
        for url, file in wanted.items()
        if file is None or not (_manual_folder(root) / file).is_file()
    }
    advice = _advice(name, root, missing, flag=flag)
    for url in list(missing)[:1]:
        problem = _unreachable(url)
        if problem:
            raise errors.UserError(
                f"{where} and cannot be downloaded: {url}: {problem}. {advice}"
            )
    with _nothing_left_on_failure(root, name.partition("/")[0]):
        try:
            builder.download_and_prepare()
        # The set's own code may raise anything.
        except Exception as error:
            if getattr(error, "errno", None) in files.DISK_FULL:
                raise
            wrong = _wrong(builder, wanted, root)
            if wrong:
                one = len(wrong) == 1
                raise errors.UserError(
                    f"{', '.join(wrong)} in {_manual_folder(root)} "
                    f"{'is' if one else 'are'} not what {name} is made of, by "
                    f"{'its checksum' if one else 'their checksums'}: fetch "
                    f"{'it' if one else 'them'} again{_other_set(name, flag)}"
                ) from error
            raise errors.UserError(
                f"the download of {name} to {root} failed: "
                f"{reading.first_line(error)}. {advice}"
            ) from error


def _manual_folder(root: pathlib.Path) -> pathlib.Path:
    """The folder where TFDS looks for a file before it downloads the file."""
    return root / "downloads" / "manual"


def _wrong(
    builder, wanted: Mapping[str, str | None], root: pathlib.Path
) -> list[str]:
    """The names of files placed by hand that have a wrong checksum."""
    wrong = []
    for url, name in wanted.items():
        if name is None or not (_manual_folder(root) / name).is_file():
            continue
        with open(_manual_folder(root) / name, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != builder.url_infos[url].checksum:
            wrong.append(name)
    return sorted(wrong)


def _unreachable(url: str) -> str | None:
    """Tries in seconds whether a file can be reached; TFDS takes minutes.

    It uses the proxies of the environment, as the download does.

    Args:
        url: the URL of one of the set's files.

    Returns:
        What went wrong, or None if the file can be reached.
    """
    try:
        # Some hosts refuse HEAD, so their answer to GET counts.
        for method in ("HEAD", "GET"):
            with requests.request(
                method,
                url,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=True,
                stream=True,
            ) as response:
                if response.ok:
                    return None
                problem = f"{response.status_code} {response.reason}"
        return f"the host answers {problem}"
    except requests.exceptions.Timeout:
        return f"no answer within {_TIMEOUT_SECONDS} seconds"
    except requests.exceptions.ProxyError:
        return "the proxy does not let it through"
    except requests.exceptions.RequestException as error:
        return f"no connection ({type(error).__name__})"


def _where(name: str, root: pathlib.Path, *, is_data_dir: bool) -> str:
    if not is_data_dir:
        return f"{name} is not in {root}"
    empty = "" if any(root.iterdir()) else " (the folder is empty)"
    return f"{name} is not in --data_dir={root}{empty}"


def _advice(
    name: str,
    root: pathlib.Path,
    missing: Mapping[str, str | None],
    *,
    flag: str | None,
) -> str:
    """Says what the user can do where a set cannot be downloaded."""
    if name in mnist_files.NAMES:
        raw = ", or one with the raw *-ubyte[.gz] files"
        raw += " or mnist.npz" if name == "mnist" else ""
        embedded = f" or --{flag}=glyphs, which needs no download"
        return (
            f"Give --data_dir=FOLDER (a folder with {name} prepared by TFDS"
            f"{raw})" + embedded * (flag is not None)
        )
    by_hand = ""
    names = sorted(name for name in missing.values() if name)
    if 0 < len(names) == len(missing):
        listed = ", ".join(names[:_FEW_FILES])
        if len(names) > _FEW_FILES:
            listed = f"{len(names)} files ({listed}, …)"
        by_hand = (
            f"; or fetch {listed} by hand and place "
            f"{'it' if len(names) == 1 else 'them'} in {_manual_folder(root)}"
        )
    return (
        f"Give --data_dir=FOLDER (a folder with {name} prepared by TFDS)"
        f"{by_hand}{_other_set(name, flag)}"
    )


def _other_set(name: str, flag: str | None) -> str:
    """Says which images the user can give in place of a set of TFDS."""
    if flag is None:
        return ""
    is_trained_on = flag in schema.DATASETS
    crop = known_sets.DEFAULT_CROPS.get(name) if is_trained_on else None
    cropped = f" --crop={crop}" if crop else ""
    unpacked = " (img_align_celeba.zip unpacked)" if name == "celeb_a" else ""
    embedded = f"--{flag}=glyphs, which needs no download"
    if name.partition("/")[0] == "cycle_gan" and is_trained_on:
        # These are two sets to translate between.
        embedded = "--dataset_a=glyphs --dataset_b=PATH, which need no download"
    return (
        f"; or give --{flag}=PATH{cropped}, a folder of the images{unpacked}; "
        f"or {embedded}"
    )


@contextlib.contextmanager
def _nothing_left_on_failure(root: pathlib.Path, name: str) -> Iterator[None]:
    """Removes what a failing block has added to TFDS's folders."""
    folders = (root / name, root / "downloads")
    before = {path for folder in folders for path in _below(folder)}
    new_parents = [path for path in (root, *root.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        for folder in folders:
            for path in _below(folder):
                if path in before:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        for path in new_parents:  # The deepest comes first.
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _below(folder: pathlib.Path) -> list[pathlib.Path]:
    """A folder and everything in it; nothing if it does not exist."""
    return [folder, *folder.rglob("*")] if folder.exists() else []
