"""Weights for tests of the FID network, made here."""

import numpy as np
import pytest

from tf_dcgan.metrics.features.inception import layers


def random_weights(last="mixed_10"):
    """Arrays of the true shapes that keep the scale of the maps."""
    chance = np.random.default_rng(0)
    arrays = {}
    for name, shape in layers.weight_shapes(last).items():
        spread = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) == 4 else 0.1
        arrays[name] = (
            chance.standard_normal(shape, np.float32) * spread
        ).astype(np.float32)
    if last == "mixed_10":
        arrays[layers.LOGITS_WEIGHTS] = 0.1 * chance.standard_normal(
            layers.LOGITS_SHAPE, np.float32
        )
    return arrays


def given_weights(shared_data):
    path = shared_data / "inception" / "inception-2015-12-05-to-mixed_8.npz"
    if not path.exists():
        pytest.skip(f"needs {path}")
    return path
