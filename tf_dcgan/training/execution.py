"""How TensorFlow executes a run here: devices, determinism, XLA."""

from __future__ import annotations

import dataclasses
import sys

import tensorflow as tf

from tf_dcgan.common import devices, nvidia, terminal, words
from tf_dcgan.config import schema

# With an older cuDNN, TensorFlow 2.21's XLA finds no way to compute some
# convolutions: github.com/aws/deep-learning-containers/pull/6418.
_CUDNN_FOR_XLA = (9, 24)


def set_up(config: schema.Config) -> str:
    """Configures TensorFlow for a run.

    Must be called before the first operation. Operations are made
    deterministic where the config asks for it. What the user should know of
    the device is told on standard error.

    Args:
        config: `device`, `deterministic`, `precision` and `xla` are used.

    Returns:
        One line that names the machine's devices and how they are used.

    Raises:
        errors.UserError: the machine has no such device, or TensorFlow was
            not built for it.
    """
    devices.choose(config.device)
    deterministic = is_deterministic(config)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    for note in filter(None, (_cudnn_note(config), _bfloat16_note(config))):
        terminal.show(note, file=sys.stderr)
    return "device: " + ", ".join(
        [
            devices.name(is_split=config.is_split),
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
        return not devices.gpus()
    return config.deterministic


def uses_xla(config: schema.Config) -> bool:
    """Says whether XLA compiles the step: with `auto`, on most GPUs.

    On a CPU it makes 5x5 transposed convolutions some twenty times slower. On
    a GPU it fails with an old cuDNN. It does not compile what several devices
    do together.
    """
    if config.xla == "auto":
        return (
            not config.is_split
            and bool(devices.gpus())
            and _old_cudnn() is None
        )
    return config.xla == "on"


def _old_cudnn() -> str | None:
    """Returns the version of a cuDNN that is too old for XLA, else None."""
    version = nvidia.cudnn_version()
    if version is None or version >= _CUDNN_FOR_XLA:
        return None
    return words.dotted(version)


def _cudnn_note(config: schema.Config) -> str | None:
    """Says what an old cuDNN means for XLA, where XLA would be on."""
    if config.xla == "off" or not devices.gpus():
        return None
    version = _old_cudnn()
    if version is None:
        return None
    advice = f"{devices.INSTALL} brings a newer one"
    fails = (
        f"XLA cannot compile some convolutions with cuDNN {version}, only "
        f"with {words.dotted(_CUDNN_FOR_XLA)} or newer"
    )
    if config.xla == "auto":
        return f"note: {fails}: XLA stays off; {advice}"
    return (
        f"warning: {fails}: XLA is on all the same, and the training may end "
        f"in its first step; {advice}"
    )


def _bfloat16_note(config: schema.Config) -> str | None:
    """Says what bfloat16 costs on a CPU that must emulate its products."""
    if (
        config.precision != "mixed_bfloat16"
        or devices.gpus()
        or devices.multiplies_bfloat16() is not False
    ):
        return None
    return (
        "note: this CPU has no instructions for bfloat16, so that "
        "--precision=mixed_bfloat16 is likely slower than float32"
    )
