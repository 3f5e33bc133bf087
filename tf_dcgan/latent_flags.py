"""What the commands over latent vectors have in common: flags and numbers."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

from tf_dcgan import errors, run_flags, runs, settings

_GROUP = "Run"
# `sample` makes ten million images at most, counted from 0.
_LARGEST_INDEX = 9_999_999
_LARGEST_SEED = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class LatentSettings:
    """The flags that say whose generator and which seed; to inherit from."""

    run_dir: str | None = settings.setting(
        None,
        "the run to take the generator from, a folder that train.py made",
        group=_GROUP,
    )
    weights: str = run_flags.weights(_GROUP)
    checkpoint: str = run_flags.checkpoint(_GROUP)
    seed: int = settings.setting(
        0,
        "whose samples the numbers count: number i is image i of "
        "`python -m tf_dcgan.sample` with the same seed",
        group=_GROUP,
        minimum=0,
        maximum=_LARGEST_SEED,
    )
    label: str | None = run_flags.label(
        _GROUP, unset="only of a run that is not conditional"
    )

    def __post_init__(self):
        """Checks every value."""
        settings.check(self)


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


@dataclasses.dataclass(frozen=True, order=True)
class Point:
    """A sample of a seed.

    Attributes:
        seed: at least 0 and below 2^31.
        index: its number, at least 0.
    """

    seed: int
    index: int


def parse_points(text: str, *, flag: str, seed: int) -> list[Point]:
    """Reads numbers of samples, such as `3,17,42` or `3,7:17`.

    Args:
        text: numbers separated by commas; `7:17` is number 17 of seed 7.
        flag: the flag's name, for messages.
        seed: of the numbers that name none.

    Returns:
        The samples, in the order given.

    Raises:
        errors.UserError: something is no such number.
    """
    return [
        _point(word.strip(), text=text, flag=flag, seed=seed)
        for word in text.split(",")
    ]


def show_points(points: Sequence[Point], *, seed: int) -> str:
    """Writes samples as `parse_points` reads them.

    Args:
        points: the samples.
        seed: which need not be named.
    """
    return ",".join(show_point(point, seed=seed) for point in points)


def show_point(point: Point, *, seed: int) -> str:
    """Writes one sample; see `show_points`."""
    return f"{'' if point.seed == seed else f'{point.seed}:'}{point.index}"


def _point(word: str, *, text: str, flag: str, seed: int) -> Point:
    own_seed, colon, number = word.rpartition(":")
    return Point(
        _number(own_seed, "seed", _LARGEST_SEED, f"--{flag}={text}")
        if colon
        else seed,
        _number(number, "sample", _LARGEST_INDEX, f"--{flag}={text}"),
    )


def _number(word: str, what: str, largest: int, given: str) -> int:
    # Not int(word) alone, which takes "1_0", " 1" and Arabic digits as well;
    # and it refuses thousands of digits with an error of its own.
    if not (word.isascii() and word.isdigit()):
        raise errors.UserError(
            f"{given}: {word!r} is not the number of a {what}: give whole "
            "numbers separated by commas, such as 3,17,42 (7:17 is sample 17 "
            "of seed 7)"
        )
    if len(word) > 10 or int(word) > largest:
        raise errors.UserError(
            f"{given}: {word[:20]} is out of range: the number of a {what} is "
            f"0 to {largest:,}"
        )
    return int(word)
