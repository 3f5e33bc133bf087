"""The class that a conditional run shall make, as a user names it."""

from __future__ import annotations

from tf_dcgan.common import errors, terminal
from tf_dcgan.runs import runs


def find(
    run: runs.Run, given: str | None, *, is_needed: bool = False
) -> int | None:
    """Finds the class that `--label` names.

    Args:
        run: a conditional run, where there is a label.
        given: a class's name, or its number from 0; a name comes first. None
            without the flag.
        is_needed: whether a conditional run cannot do without a class.

    Returns:
        The class's number, or None without a class.

    Raises:
        errors.UserError: the run is not conditional or has no such class, or
            a class is needed and none is given.
    """
    names = run.data.class_names
    if given is None:
        if is_needed and run.num_classes:
            raise errors.UserError(
                f"{run.path} is conditional, and its latents show everything "
                "but the class: give the class as --label, such as "
                + terminal.flag("label", names[0])
            )
        return None
    if not run.num_classes:
        raise errors.UserError(
            f"--label={given}: {run.path} is not conditional: leave --label "
            "out, or train a run with --conditional"
        )
    if given in names:
        return names.index(given)
    if given.isascii() and given.isdigit() and len(given) < 10:
        if int(given) < len(names):
            return int(given)
    raise errors.UserError(
        f"--label={given} is no class of {run.config.dataset}: "
        + errors.suggestion(given, names)
        + f"; or a number from 0 to {len(names) - 1}"
    )
