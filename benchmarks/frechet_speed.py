"""Measures the Fréchet distance against one by `scipy.linalg.sqrtm`.

    python -m benchmarks.frechet_speed

Both get the same moments of correlated features whose variances fall as
1 / position, and take turns. Printed are the median seconds of each, their
ratio, and the relative difference of the results. Moments are taken before;
the factor of a covariance that repeated distances keep is not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
import statistics
import time

import numpy as np
import scipy.linalg

from benchmarks import command_flags
from tf_dcgan.commands import command_line
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting
from tf_dcgan.metrics import frechet
from tf_dcgan.metrics.moments import Moments

_GROUP = "Benchmark"


@dataclasses.dataclass(frozen=True)
class SpeedSettings:
    """The flags of this command."""

    dimension: int = setting(
        2048, "length of the features", group=_GROUP, minimum=2, maximum=8192
    )
    num_samples: int = setting(
        10_000,
        "features in each set; with fewer than dimensions, singular values "
        "are taken",
        group=_GROUP,
        minimum=2,
        maximum=1_000_000,
    )
    repetitions: int = setting(
        3, "times that each is measured", group=_GROUP, minimum=1, maximum=1000
    )
    seed: int = setting(
        0,
        "of the features",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.
    """
    settings = command_flags.parse(
        arguments, SpeedSettings, name="frechet_speed", doc=__doc__
    )
    chance = np.random.default_rng(settings.seed)
    features = [_features(settings, chance) for _ in range(2)]
    ours, theirs = [], []
    for repetition in range(settings.repetitions):
        # New moments, so that no factor is at hand.
        first, second = map(Moments.from_features, features)
        seconds, distance = _timed(
            lambda a=first, b=second: frechet.frechet_distance(a, b).value
        )
        ours.append(seconds)
        seconds, reference = _timed(
            lambda a=first, b=second: _by_square_root(a, b)
        )
        theirs.append(seconds)
        print(
            f"{repetition + 1}: frechet_distance {ours[-1]:.2f} s, "
            f"scipy.linalg.sqrtm {theirs[-1]:.2f} s, "
            f"{theirs[-1] / ours[-1]:.1f} times",
            flush=True,
        )
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    print(
        f"medians of {settings.repetitions}: {ours:.2f} s and {theirs:.2f} s, "
        f"{theirs / ours:.1f} times faster at {settings.dimension:,} "
        f"dimensions, {settings.num_samples:,} samples; results "
        f"{distance:.9g} and {reference:.9g}, relative difference "
        f"{abs(distance / reference - 1):.1e}"
    )


def _features(
    settings: SpeedSettings, chance: np.random.Generator
) -> np.ndarray:
    size = settings.dimension
    deviations = np.arange(1, size + 1) ** -0.5
    mixing = np.eye(size) + 0.3 * chance.standard_normal((size, size)) / (
        np.sqrt(size)
    )
    samples = chance.standard_normal((settings.num_samples, size)) * deviations
    return samples @ mixing


def _by_square_root(first: Moments, second: Moments) -> float:
    """Computes what the classic scripts compute."""
    covariances = first.covariance(), second.covariance()
    shift = first.mean - second.mean
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    traces = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(shift @ shift + traces - 2 * np.trace(root).real)


def _timed(function: Callable[[], float]) -> tuple[float, float]:
    began = time.monotonic()
    result = function()
    return time.monotonic() - began, result


if __name__ == "__main__":
    command_line.run(main)
