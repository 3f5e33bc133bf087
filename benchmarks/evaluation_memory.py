"""Measures the memory that scores of many images take.

    python -m benchmarks.evaluation_memory

Computes fid, kid, precision, recall, density and coverage of two sets of
random features, as evaluate.py does once it has them. After each it prints the
seconds and the peak of the process's memory, TensorFlow and the features
included. Ends with exit status 1 if the peak is above `--limit_gib`.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import resource
import sys
import time

import numpy as np

from benchmarks import command_flags
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_METRICS = ("fid", "kid", "precision_recall", "density_coverage")


@dataclasses.dataclass(frozen=True)
class MemorySettings:
    """The flags of this command."""

    num_samples: int = setting(
        50_000,
        "features in each set",
        group=_GROUP,
        minimum=40,
        maximum=10_000_000,
    )
    dimension: int = setting(
        768, "length of the features", group=_GROUP, minimum=2, maximum=8192
    )
    limit_gib: float = setting(
        4.0,
        "what the peak should stay below",
        group=_GROUP,
        minimum=0.0,
        maximum=1e6,
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
        arguments, MemorySettings, name="evaluation_memory", doc=__doc__
    )
    quiet_import.import_tensorflow()
    from tf_dcgan.metrics import feature_sets, scores

    chance = np.random.default_rng(settings.seed)
    shape = (settings.num_samples, settings.dimension)
    real, fake = (
        {"features": chance.standard_normal(shape, np.float32)}
        for _ in range(2)
    )
    sets = feature_sets.FeatureSets(real, fake, seed=settings.seed)
    print(
        f"two sets of {shape[0]:,} x {shape[1]:,} float32: "
        f"{_peak_gib():.2f} GiB with TensorFlow",
        flush=True,
    )
    for metric in _METRICS:
        started = time.monotonic()
        computed = scores.compute([metric], sets)
        seconds = time.monotonic() - started
        values = ", ".join(f"{s.name} {s.value:.4g}" for s in computed)
        print(
            f"{metric:17} {seconds:7.1f} s  peak {_peak_gib():.2f} GiB  "
            f"{values}",
            flush=True,
        )
    if _peak_gib() > settings.limit_gib:
        raise SystemExit(f"more than {settings.limit_gib:g} GiB")


def _peak_gib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Kibibytes, but on macOS bytes.
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


if __name__ == "__main__":
    command_line.run(main)
