"""How TensorFlow executes a run here: devices, determinism, XLA."""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.config import schema


def set_up(config: schema.Config) -> str:
    """Configures TensorFlow for a run.

    Must be called before the first operation. TensorFlow takes GPU memory
    only as it needs it, so that other programs can use the rest. Operations
    are made deterministic where the config asks for it.

    Args:
        config: `deterministic`, `precision` and `xla` are used.

    Returns:
        One line that names the machine's devices and how they are used.
    """
    devices.share_gpus()
    deterministic = is_deterministic(config)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    return "device: " + ", ".join(
        [
            devices.name(),
            f"TensorFlow {tf.__version__}",
            config.precision,
            "XLA on" if uses_xla(config) else "XLA off",
            "deterministic" if deterministic else "not deterministic",
        ]
    )


def resolve(config: schema.Config) -> schema.Config:
    """Fixes the settings that a config leaves to the machine.

    A run keeps them when it continues on another machine.

    Returns:
        The config with `deterministic` and `xla` as they are used here.
    """
    return dataclasses.replace(
        config,
        deterministic=is_deterministic(config),
        xla="on" if uses_xla(config) else "off",
    )


def is_deterministic(config: schema.Config) -> bool:
    """Says whether operations are made deterministic: by default on a CPU."""
    if config.deterministic is None:
        return not tf.config.list_physical_devices("GPU")
    return config.deterministic


def uses_xla(config: schema.Config) -> bool:
    """Says whether XLA compiles the step: with `auto`, on a GPU.

    On a CPU it makes 5x5 transposed convolutions some twenty times slower.
    """
    if config.xla == "auto":
        return bool(tf.config.list_physical_devices("GPU"))
    return config.xla == "on"
