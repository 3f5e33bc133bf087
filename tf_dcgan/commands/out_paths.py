"""Whether pictures can be written where a user wants them, found out early."""

from __future__ import annotations

import os
import pathlib
import tempfile

from tf_dcgan.common import errors, files

_OTHER_IMAGES = {".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}


def check_suffix(
    out: pathlib.Path, advice: str, *, written: tuple[str, ...] = (".png",)
) -> None:
    """Refuses the names of kinds of images that are not written.

    Args:
        out: what `--out` names.
        advice: what to give instead.
        written: the endings of what is.

    Raises:
        errors.UserError: the name ends like an image of another kind.
    """
    suffix = out.suffix.lower()
    if suffix in _OTHER_IMAGES | {".gif"} - set(written):
        kinds = " and ".join(kind[1:].upper() for kind in written)
        raise errors.UserError(
            f"--out={out} asks for a {suffix} image: only {kinds} can be "
            f"written; {advice}"
        )


def check_files(*paths: pathlib.Path) -> None:
    """Finds out whether files can be written; makes their folder.

    Args:
        *paths: in one folder.

    Raises:
        errors.UserError: there is a folder in the place of one, or the folder
            that they shall be in cannot be written to.
    """
    for path in paths:
        if os.path.isdir(path):
            raise errors.UserError(
                f"--out={path} is a folder already: give another name"
            )
        make_folder(path, path.parent, name=path.name)


def make_folder(
    out: pathlib.Path, folder: pathlib.Path, *, name: str = ""
) -> None:
    """Makes a folder, if need be, and finds out whether it takes files.

    Args:
        out: what `--out` names, for the message.
        folder: where the files shall be.
        name: of one of them, which may be too long.

    Raises:
        errors.UserError: they cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # As long a name as `files.atomic_file` takes for the unfinished file.
        with tempfile.NamedTemporaryFile(
            dir=folder, prefix=files.UNFINISHED, suffix=f"-{name}"
        ):
            pass
    except OSError as error:
        problem = error.strerror
        if isinstance(error, FileExistsError | NotADirectoryError):
            way = (folder, *folder.parents)
            file = next(path for path in way if os.path.exists(path))
            problem = f"{file} is a file, not a folder"
        raise errors.UserError(
            f"--out={out} cannot be written ({problem}): give another name"
        ) from error
