"""Features of images that do not change, computed once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import hashlib
import json
import pathlib
import tokenize

from absl import logging
import numpy as np

from tf_dcgan.common import files
from tf_dcgan.data import cache
from tf_dcgan.evaluation import image_sources
from tf_dcgan.metrics import checks
from tf_dcgan.metrics.features import feature_network

_VERSION = 1  # Raise it when equal images and settings give other features.


def extract(
    source: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    outputs: Sequence[str],
    *,
    batch_size: int,
    cache_dir: str | None,
    title: str,
) -> dict[str, np.ndarray]:
    """Reads features from the cache, or computes them and keeps them there.

    Args:
        source: the images.
        network: makes the features.
        outputs: some of the network's outputs; all that the cache lacks are
            computed in one pass.
        batch_size: images at once; does not change the features.
        cache_dir: the cache's folder, or None for the default.
        title: begins what is shown of the progress.

    Returns:
        For each output [images, k] float32.

    Raises:
        errors.UserError: the cache cannot be written to, or features are NaN
            or infinite.
    """
    paths = {
        name: cache.file(cache_dir, _name(source, network, name))
        for name in outputs
    }
    features, missing = _read(paths, source.count)
    if not missing:
        return features
    # The same command in another process lacks the same.
    what = f"features of {title}"
    with cache.alone(paths[missing[0]], what) as may_be_there:
        if may_be_there:
            features, missing = _read(paths, source.count)
        if not missing:
            return features
        computed = network.extract(
            source.batches(),
            batch_size=batch_size,
            outputs=missing,
            total=source.count,
            progress=title,
        )
        for name, values in computed.items():
            checks.features(values, what=title, metric="a score", needed=0)
            with files.atomic_file(paths[name]) as unfinished:
                np.save(unfinished, values)
            cache.seal(paths[name])
    return features | computed


def _name(
    source: image_sources.ImageSource,
    network: feature_network.FeatureNetwork,
    output: str,
) -> str:
    """Names the file after everything that shaped the features."""
    key = json.dumps(
        [
            _VERSION,
            source.fingerprint,
            source.count,
            network.protocol,
            output,
            network.digests[output],
        ],
        sort_keys=True,
    )
    digest = hashlib.sha256(key.encode()).hexdigest()[:24]
    return f"features-{network.key}-{output}-{digest}.npy"


def _read(
    paths: Mapping[str, pathlib.Path], count: int
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Returns the features that are there, and the names of the others."""
    loaded = {name: _load(path, count) for name, path in paths.items()}
    there = {name: each for name, each in loaded.items() if each is not None}
    return there, [name for name in paths if name not in there]


def _load(path: pathlib.Path, count: int) -> np.ndarray | None:
    try:
        if cache.is_damaged(path):
            logging.warning(
                "%s is damaged and will be made again: it has other bytes "
                "than were written",
                path,
            )
            return None
        values = np.load(path, allow_pickle=False)
    except PermissionError as error:
        raise cache.unreadable(path, error) from error
    except (OSError, ValueError, EOFError, SyntaxError, tokenize.TokenError):
        return None  # Not there, or damaged by hand: it is computed again.
    is_whole = (
        isinstance(values, np.ndarray)
        and values.ndim == 2
        and len(values) == count
        and values.dtype == np.float32
        and bool(np.isfinite(values).all())
    )
    if not is_whole:
        return None
    cache.seal_old(path)
    return values
