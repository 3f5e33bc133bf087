"""How far an exported file, in its own runtime, is from the Keras model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses

import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors, randomness
from tf_dcgan.sampling.exports import formats, interface

# The largest difference, in [-1, 1], with which a file counts as the same
# network. Two neighbouring values of 8 bits are 2 / 255 apart: float32 may
# differ by an eighth of that, rounded weights by four such values.
LIMITS = {formats.FLOAT32: 2 / 255 / 8, formats.FLOAT16: 2 / 255 * 4}
_LATENTS = 8
_MOST_CLASSES = 64
_SEED = 0


@dataclasses.dataclass(frozen=True)
class Agreement:
    """The outcome of a comparison.

    Attributes:
        difference: the largest absolute difference of an output, in [-1, 1].
        images: how many images were compared.
    """

    difference: float
    images: int


class Reference:
    """What the Keras model makes of a few inputs, computed once.

    Attributes:
        network: the network.
    """

    def __init__(self, network: interface.Network):
        """Computes the outputs, on the CPU as other runtimes do.

        Args:
            network: its model is called in inference mode.
        """
        self.network = network
        make = _images if network.inputs[0].name == "images" else _latents
        self._batches = [
            (inputs, self._outputs(inputs)) for inputs in make(network)
        ]

    def _outputs(self, inputs: Sequence[np.ndarray]) -> np.ndarray:
        with tf.device("CPU"):
            whole = list(inputs) if len(inputs) > 1 else inputs[0]
            return self.network.model(whole, training=False).numpy()

    def compare(
        self,
        predict: Callable[..., np.ndarray],
        *,
        takes_any_number: bool,
    ) -> Agreement:
        """Compares a file's outputs with the outputs of the Keras model.

        Args:
            predict: from the network's inputs to its output.
            takes_any_number: whether `predict` takes several images, and of
                translations any size; else each image of the trained size is
                given alone.

        Returns:
            The largest difference; infinite if an output is not a number or
            has another shape or dtype.
        """
        largest, images = 0.0, 0
        batches = self._batches if takes_any_number else self._batches[:1]
        for inputs, expected in batches:
            if takes_any_number:
                computed = [predict(*inputs)]
            else:
                computed = [
                    predict(*(each[place : place + 1] for each in inputs))
                    for place in range(len(expected))
                ]
            outputs = np.concatenate(computed)
            if outputs.shape != expected.shape or outputs.dtype != np.float32:
                return Agreement(np.inf, len(expected))
            difference = np.max(np.abs(outputs - expected))
            if not np.isfinite(difference):
                return Agreement(np.inf, len(expected))
            largest = max(largest, float(difference))
            images += len(expected)
        return Agreement(largest, images)


def require(
    agreement: Agreement, name: str, *, precision: str, runtime: str
) -> None:
    """Refuses a file that is not the network that it was made of.

    Args:
        agreement: the outcome.
        name: of the file, for the message.
        precision: in which its weights are stored.
        runtime: what loaded it, with its version.

    Raises:
        errors.UserError: the difference is too large.
    """
    limit = LIMITS[precision]
    if agreement.difference <= limit:
        return
    advice = "install another version of it, or leave this format out"
    if precision == formats.FLOAT16:
        advice = f"give --precision={formats.FLOAT32}"
    raise errors.UserError(
        f"{name}, loaded by {runtime}, differs from the Keras model by "
        f"{agreement.difference:.2g} in [-1, 1], and {limit:.2g} is allowed: "
        f"nothing is written; {advice}"
    )


def _latents(network: interface.Network) -> list[list[np.ndarray]]:
    """Returns latents, and labels of all classes: several, then one alone."""
    latents, *labels = network.inputs
    num_classes = labels[0].range[1] + 1 if labels else 0
    count = max(_LATENTS, min(num_classes, _MOST_CLASSES))
    inputs = [
        randomness.sample_latents(
            _SEED, np.arange(count), latent_dim=latents.shape[-1]
        ).numpy()
    ]
    if labels:
        inputs.append((np.arange(count) % num_classes).astype(np.int32))
    return [inputs, [each[:1] for each in inputs]]


def _images(network: interface.Network) -> list[list[np.ndarray]]:
    """Returns noise and a slope, then an image of another size."""
    height, width = network.size
    channels = network.inputs[0].shape[-1]
    chance = np.random.default_rng(_SEED)
    noise = chance.uniform(-1, 1, (2, height, width, channels))
    noise[1] = np.linspace(-1, 1, width)[:, np.newaxis]
    other = chance.uniform(-1, 1, (1, height + 4, width + 8, channels))
    return [[noise.astype(np.float32)], [other.astype(np.float32)]]
