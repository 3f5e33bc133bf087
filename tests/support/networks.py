"""Networks to look at, and their layers worked out in NumPy."""

import keras
import numpy as np

from tf_dcgan.config import overrides
from tf_dcgan.models import families


def build(recipe, image_shape, **settings):
    """The networks of a recipe, with its own settings but for some."""
    config = overrides.from_flags({"recipe": recipe, **settings})
    return of_config(config, image_shape)


def of_config(config, image_shape, num_classes=0):
    """All networks of a config: first the generators, then those that judge."""
    arguments = (config, image_shape, num_classes)
    return (
        *families.generators(*arguments),
        *families.discriminators(*arguments),
    )


def trainable_count(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers[1:]]


def layers(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def shapes(model, kind):
    """Output shapes of all layers of a kind, without the batch."""
    return [layer.output.shape[1:] for layer in layers(model, kind)]


def randomize(model, seed=0):
    """Gives every variable numbers that show in the output."""
    chance = np.random.default_rng(seed)
    for variable in model.weights:
        values = chance.normal(size=variable.shape)
        if variable.name in ("moving_variance", "gamma"):
            values = 0.5 + abs(values)
        elif variable.name == "kernel":
            values /= np.prod(variable.shape[:-1]) ** 0.5
        variable.assign(values)


def noise(*shape):
    """Latents or images to pass through a network."""
    return np.random.default_rng(1).normal(size=shape)


def infer(model, inputs):
    """A model's outputs in inference mode, as float64."""
    outputs = model(np.asarray(inputs, np.float32), training=False)
    return keras.ops.convert_to_numpy(outputs).astype(np.float64)


class Reference:
    """A model's layers by name, computed without Keras in float64.

    Every method takes and returns arrays whose first axis is the batch.
    """

    def __init__(self, model):
        self._values = {
            (layer.name, weight.name): weight.numpy().astype(np.float64)
            for layer in model.layers
            for weight in layer.weights
        }

    def _bias(self, name):
        return self._values.get((name, "bias"), 0.0)

    def dense(self, x, name):
        return x @ self._values[name, "kernel"] + self._bias(name)

    def convolution(self, x, name, *, stride=1, padding=0):
        kernel = self._values[name, "kernel"]
        sides = (padding, padding)
        x = np.pad(x, ((0, 0), sides, sides, (0, 0)))
        rows, columns = (
            (side - length) // stride + 1
            for side, length in zip(x.shape[1:3], kernel.shape[:2], strict=True)
        )
        total = self._bias(name)
        for a, b in np.ndindex(kernel.shape[:2]):
            seen = x[:, a::stride, b::stride][:, :rows, :columns]
            total = total + seen @ kernel[a, b]
        return total

    def transposed_convolution(self, x, name, *, stride=1, padding=0):
        kernel = self._values[name, "kernel"]  # [height, width, out, in]
        count, height, width, _ = x.shape
        rows = (height - 1) * stride + kernel.shape[0]
        columns = (width - 1) * stride + kernel.shape[1]
        total = np.zeros((count, rows, columns, kernel.shape[2]))
        for a, b in np.ndindex(kernel.shape[:2]):
            total[
                :,
                a : a + (height - 1) * stride + 1 : stride,
                b : b + (width - 1) * stride + 1 : stride,
            ] += x @ kernel[a, b].T
        total = total[:, padding : rows - padding, padding : columns - padding]
        return total + self._bias(name)

    def normalization(self, x, name):
        mean, variance, gamma, beta = (
            self._values[f"{name}_normalization", kind]
            for kind in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def relu(x):
    return np.maximum(x, 0)


def leaky_relu(x):
    return np.where(x > 0, x, 0.2 * x)
