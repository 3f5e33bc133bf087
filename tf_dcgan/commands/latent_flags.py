"""What the commands over latent vectors have in common: flags and numbers."""

from __future__ import annotations

import dataclasses

from tf_dcgan.commands import run_flags
from tf_dcgan.common import errors
from tf_dcgan.config import fields
from tf_dcgan.runs import runs
from tf_dcgan.sampling import latents

_GROUP = "Run"


@dataclasses.dataclass(frozen=True)
class LatentSettings:
    """The flags that say whose generator and which seed; to inherit from."""

    run_dir: str | None = fields.setting(
        None,
        "the run to take the generator from, a folder that train.py made",
        group=_GROUP,
    )
    weights: str = run_flags.weights(_GROUP)
    checkpoint: str = run_flags.checkpoint(_GROUP)
    seed: int = fields.setting(
        0,
        "whose samples the numbers count: number i is image i of "
        "`python -m tf_dcgan sample` with the same seed",
        group=_GROUP,
        minimum=0,
        maximum=latents.LARGEST_SEED,
    )
    label: str | None = run_flags.label(
        _GROUP, unset="only of a run that is not conditional"
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def find_label(run: runs.Run, wanted: LatentSettings) -> int | None:
    """Finds the class in which latent vectors are shown.

    Args:
        run: the run.
        wanted: has the flag.

    Returns:
        The class's number, or None where the run is not conditional.

    Raises:
        errors.UserError: there is no such class, or none is given.
    """
    label = run_flags.find_label(run, wanted.label)
    if run.num_classes and label is None:
        raise errors.UserError(
            f"{run.path} is conditional, and its latents show everything but "
            "the class: give that as --label, such as "
            f"--label={run.data.class_names[0]}"
        )
    return label
