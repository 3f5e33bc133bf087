"""The files of an exported folder beside the networks, by their names.

Loads no TensorFlow, so that a command finds out early whether it can write.
"""

from __future__ import annotations

import hashlib
import pathlib

from tf_dcgan.common import errors, files, json_values

DESCRIPTION = "model.json"
CARD = "MODEL.md"
GRID = "grid.png"


def check_out(out: pathlib.Path, *, place: str) -> None:
    """Finds out early whether a folder can take an export.

    Args:
        out: the folder; an earlier export is replaced as a whole.
        place: what the user calls it, such as `--out=exported`.

    Raises:
        errors.UserError: it cannot be written, holds something else, or its
            `MODEL.md` was edited.
    """
    advice = "give another folder"
    files.require_writable(out, place, is_folder=True, advice=advice)
    if not out.is_dir() or not any(out.iterdir()):
        return
    try:
        text = (out / DESCRIPTION).read_text(encoding="utf-8")
        earlier = json_values.loads(text)
        written = {file["path"] for file in earlier["files"]}
        card = earlier["card_sha256"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise errors.UserError(
            f"{place} is a folder of other things ({DESCRIPTION} of an "
            f"earlier export is not in it): {advice}"
        ) from error
    written |= {DESCRIPTION, CARD, GRID}
    strange = sorted({path.name for path in out.iterdir()} - written)
    if strange:
        raise errors.UserError(
            f"{place} has {strange[0]!r} in it, which no export wrote and "
            f"which would be lost: move it away, or {advice}"
        )
    if (out / CARD).exists() and sha256(out / CARD) != card:
        raise errors.UserError(
            f"{place} has a {CARD} that was edited and would be lost: move "
            f"it away, or {advice}"
        )


def sha256(path: pathlib.Path) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
