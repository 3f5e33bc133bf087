"""The flag `--format` of commands that write animations, and their `--out`."""

from __future__ import annotations

import pathlib

from tf_dcgan.commands import run_flags
from tf_dcgan.common import animations, errors
from tf_dcgan.config import fields

_ENDINGS = tuple(f".{kind}" for kind in animations.FORMATS)


def field(group: str):
    """Makes the field `format`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        None,
        "the kind of animation",
        group=group,
        choices=animations.FORMATS,
        unset="as --out ends, else gif",
    )


def outs(
    given_out: str, kind: str | None, *, still: str | None = None
) -> list[pathlib.Path]:
    """Reads `--out` and `--format`.

    Args:
        given_out: the value of `--out`.
        kind: the value of `--format`; None without it.
        still: the ending of a picture that is written beside the animation,
            or alone where `--out` ends so; None where there is none.

    Returns:
        The files to write, the picture first.

    Raises:
        errors.UserError: the two flags contradict each other, the name is
            another picture's, or there is no encoder for the animation.
    """
    endings = (*([still] if still else []), *_ENDINGS)
    advice = "give a name without an ending, or one ending in " + (
        " or ".join(endings)
    )
    out = run_flags.picture_path(given_out, advice=advice, endings=endings)
    ending = out.suffix.lower()
    if ending == ".png" and still is None:
        raise errors.UserError(
            f"--out={given_out} asks for a still picture: {advice}"
        )
    if ending == still:
        if kind is not None:
            raise errors.UserError(
                f"--out={given_out} asks for the picture alone, and "
                f"--format={kind} for an animation: leave one of them out"
            )
        return [out]
    if ending in _ENDINGS:
        if kind not in (None, ending[1:]):
            raise errors.UserError(
                f"--out={given_out} and --format={kind} ask for different "
                "animations: leave one of them out"
            )
        animations.check(ending[1:])
        return [out]
    kind = kind or "gif"
    animations.check(kind)
    names = [f"{out.name}{end}" for end in (still, f".{kind}") if end]
    return [out.with_name(name) for name in names]
