"""The HTML page that a command writes: where it goes, and the writing."""

from __future__ import annotations

import pathlib

from tf_dcgan.common import errors, files


def check_out(name: str) -> pathlib.Path:
    """Finds out early whether a page can be written at a place.

    Args:
        name: the value of `--out`.

    Returns:
        The page's path.

    Raises:
        errors.UserError: the name is no page's, or cannot be written.
    """
    out = pathlib.Path(name).expanduser()
    if out.suffix.lower() not in (".html", ".htm"):
        raise errors.UserError(
            f"--out={name} is no page: give a name ending in .html"
        )
    files.require_writable(out, f"--out={name}")
    return out


def write(out: pathlib.Path, text: str) -> str:
    """Writes a page; the file is whole or absent.

    Args:
        out: as `check_out` returned it.
        text: the page.

    Returns:
        The page's size in words, such as "1.2 MB".

    Raises:
        OSError: the disk is full.
    """
    # A folder's name need not be text in UTF-8.
    page = text.encode(errors="replace")
    with files.atomic_file(out) as unfinished:
        unfinished.write_bytes(page)
    return f"{len(page) / 1e6:.1f} MB"
