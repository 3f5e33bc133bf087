"""Files with mean and covariance of features, which replace real images."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import json
import os
from typing import Any

import numpy as np

from tf_dcgan.common import errors, files
from tf_dcgan.config import value_ranges
from tf_dcgan.metrics import moments as metric_moments


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Moments of the features of real images, read from a file.

    Attributes:
        description: the file, and whose features they are if the file tells.
        moments: mean, covariance, and the number of images if the file tells.
        protocol: how the features were made; None in files of other tools.
        notes: what a reader of the scores should know, one line each.
        value_range: (low, high), the values that were black and white, of
            images of more than 8 bits; else None.
    """

    description: str
    moments: metric_moments.Moments
    protocol: Mapping[str, Any] | None
    notes: tuple[str, ...] = ()
    value_range: value_ranges.Range | None = None

    def check_protocol(
        self, protocol: Mapping[str, Any], dimension: int
    ) -> None:
        """Refuses a feature network other than the one used for the file.

        Args:
            protocol: of the feature network.
            dimension: numbers in its feature vectors.

        Raises:
            errors.UserError: the file's features were made in another way.
        """
        if self.moments.dimension != dimension:
            raise errors.UserError(
                f"{self.description} has {self.moments.dimension:,} "
                f"dimensions, the features {dimension:,}: give the --features "
                "and --feature_dim that it was made with"
            )
        if self.protocol is None:
            return
        now = json.loads(json.dumps(protocol))
        differing = [
            f"{name} ({self.protocol.get(name)}, now {now.get(name)})"
            for name in sorted(set(self.protocol) | set(now))
            if self.protocol.get(name) != now.get(name)
        ]
        if differing:
            raise errors.UserError(
                f"{self.description} was made by another protocol: "
                f"{', '.join(differing)}; give the same flags as then, or "
                "images as --real"
            )


def from_arrays(arrays: Mapping[str, np.ndarray], path: str) -> Statistics:
    """Checks what a statistics file holds.

    Args:
        arrays: with `mu` [n] and `sigma` [n, n]; perhaps `count`, `protocol`
            (JSON text), `of` (text) and `value_range` [2].
        path: the file, for messages.

    Raises:
        errors.UserError: the arrays are no mean and covariance, or the
            protocol is no JSON.
    """
    try:
        for name in ("mu", "sigma"):
            if arrays[name].dtype.kind not in "fiu":
                raise ValueError(f"{name} is {arrays[name].dtype}")
        count = arrays.get("count")
        moments = metric_moments.Moments.from_statistics(
            arrays["mu"],
            arrays["sigma"],
            count=None if count is None else int(count),
        )
        moments.factor()  # Finds out now whether sigma can be a covariance.
        text = arrays.get("protocol")
        protocol = None if text is None else dict(json.loads(str(text)))
        value_range = None
        if "value_range" in arrays:
            low, high = arrays["value_range"].tolist()
            value_range = (float(low), float(high))
    except errors.UserError as error:
        raise errors.UserError(f"{path}: {error}") from error
    except (ValueError, TypeError) as error:
        raise errors.UserError(
            f"{path} holds no statistics that can be used ({error}): it "
            "should have mu [n] and sigma [n, n] of numbers"
        ) from error
    notes = ()
    if protocol is None:
        notes = (
            f"{path} does not say how it was made; that it fits these "
            "features and their resize is taken on trust",
        )
    of = f" of {arrays['of']}" if "of" in arrays else ""
    return Statistics(f"{path}{of}", moments, protocol, notes, value_range)


def write(
    path: os.PathLike | str,
    moments: metric_moments.Moments,
    *,
    protocol: Mapping[str, Any],
    of: str,
    value_range: value_ranges.Range | None = None,
) -> None:
    """Writes mean, covariance, count and protocol as an .npz.

    Args:
        path: a name that ends in .npz.
        moments: of the features.
        protocol: of the network that made the features.
        of: whose features they are, in words.
        value_range: of the images, as `Statistics` has it.

    Raises:
        OSError: the file cannot be written.
    """
    with files.atomic_file(path) as unfinished:
        np.savez(
            unfinished,
            mu=moments.mean,
            sigma=moments.covariance(),
            count=moments.count,
            protocol=json.dumps(dict(protocol)),
            of=of,
            **({"value_range": value_range} if value_range else {}),
        )
