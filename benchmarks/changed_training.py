r"""Trains with one constant changed that no flag changes.

    python -m benchmarks.changed_training CHANGE --recipe=dcgan --steps=1000

A helper of `silent_choices`: the words after CHANGE are those of `train.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import functools

from tf_dcgan.commands import command_line
from tf_dcgan.commands import train as train_command
from tf_dcgan.common import quiet_import


def _normalization(**constants: float) -> None:
    """Changes constants of batch normalisation, such as `epsilon`."""
    from tf_dcgan.models import layers

    original = layers.Start.normalization

    def changed(self, name):
        layer = original(self, name)
        for constant, value in constants.items():
            getattr(layer, constant)  # Keras has it by this name.
            setattr(layer, constant, value)
        return layer

    layers.Start.normalization = changed


def _adam(**constants: float) -> None:
    """Changes constants of both optimizers."""
    from tf_dcgan.gan import optimizers

    optimizers.Adam = functools.partial(optimizers.Adam, **constants)


def _kernels(made: Callable) -> None:
    """Draws kernels otherwise.

    Args:
        made: returns an initializer for a fan_in and a seed.
    """
    from tf_dcgan.models import layers

    original = layers.Start.weights

    def changed(self, fan_in):
        arguments = original(self, fan_in)
        seed = arguments["kernel_initializer"].seed
        return {**arguments, "kernel_initializer": made(fan_in, seed)}

    layers.Start.weights = changed


def _by_fan_in(fan_in, seed):
    """As PyTorch draws kernels: uniform in ±1/sqrt(fan_in)."""
    import keras

    bound = fan_in**-0.5
    return keras.initializers.RandomUniform(-bound, bound, seed=seed)


def _glorot(fan_in, seed):
    """As Keras draws kernels."""
    del fan_in
    import keras

    return keras.initializers.GlorotUniform(seed=seed)


def _incomplete_batches() -> None:
    """Ends each epoch of images with those that fill no batch."""
    import numpy as np
    import tensorflow as tf

    from tf_dcgan.data import batches
    from tf_dcgan.gan import gan

    original = gan.update
    sizes = {}

    class Reader(batches.Reader):
        def __init__(self, uint8_images, labels=None, *, batch_size, **order):
            super().__init__(
                uint8_images, labels, batch_size=batch_size, **order
            )
            sizes["rest"] = len(uint8_images) % batch_size
            sizes["steps"] = -(-len(uint8_images) // batch_size)
            # A call may touch two epochs.
            self._permutation = functools.lru_cache(maxsize=2)(self._permuted)

        def _read(self, step, count):
            return self._gather(
                np.stack([self._indices(s) for s in range(step, step + count)])
            )

        def _indices(self, step):
            """Returns those of a batch, of which `update` takes the first."""
            epoch, position = divmod(step, sizes["steps"])
            first = position * self._batch_size
            return np.resize(
                self._permutation(epoch)[first : first + self._batch_size],
                self._batch_size,
            )

        def _permuted(self, epoch):
            (order,) = batches.batch_indices(
                epoch, 1, batch_size=self._order["num_images"], **self._order
            )
            return order

    def update(state, config, images, labels=None):
        if not sizes["rest"]:
            return original(state, config, images, labels)
        is_last = state.step.value() % sizes["steps"] == sizes["steps"] - 1
        some_labels = None if labels is None else labels[: sizes["rest"]]
        return tf.cond(
            is_last,
            lambda: original(
                state, config, images[: sizes["rest"]], some_labels
            ),
            lambda: original(state, config, images, labels),
        )

    batches.Reader = Reader
    gan.update = update


CHANGES: dict[str, Callable[[], None]] = {
    "nothing": lambda: None,
    "batch_norm_epsilon": lambda: _normalization(epsilon=1e-3),
    "batch_norm_momentum": lambda: _normalization(momentum=0.99),
    "adam_epsilon": lambda: _adam(epsilon=1e-8),
    "incomplete_batches": _incomplete_batches,
    "kernels_by_fan_in": lambda: _kernels(_by_fan_in),
    "kernels_glorot": lambda: _kernels(_glorot),
}


def main(arguments: Sequence[str]) -> None:
    """Trains.

    Args:
        arguments: this command, the name of the change, flags of `train.py`.
    """
    command, change, *flags = arguments
    quiet_import.import_tensorflow()
    CHANGES[change]()
    train_command.main([command, *flags])


if __name__ == "__main__":
    command_line.run(main)
