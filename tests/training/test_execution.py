import dataclasses
import os
import platform

import pytest
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.config.schema import Config
from tf_dcgan.training import execution


class Machine:
    """What TensorFlow was told, and the GPUs it is made to find."""

    def __init__(self, monkeypatch, gpus):
        self.grown, self.deterministic = [], 0
        found = [
            tf.config.PhysicalDevice(f"/physical_device:GPU:{i}", "GPU")
            for i in range(gpus)
        ]
        experimental = tf.config.experimental
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind: found
        )
        monkeypatch.setattr(
            experimental,
            "set_memory_growth",
            lambda gpu, on: self.grown.append((gpu.name[-1], on)),
        )
        monkeypatch.setattr(
            experimental, "enable_op_determinism", self._determinism
        )
        monkeypatch.setattr(
            experimental,
            "get_device_details",
            lambda gpu: {"device_name": f"Model {gpu.name[-1]}"},
        )

    def _determinism(self):
        self.deterministic += 1


@pytest.fixture
def machine(monkeypatch):
    return lambda gpus: Machine(monkeypatch, gpus)


def test_a_cpu_is_deterministic_and_without_xla_by_default(
    machine, monkeypatch
):
    cpu = machine(0)
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda process: {0, 2, 5}, raising=False
    )
    line = execution.set_up(Config())
    assert cpu.deterministic == 1
    assert line == (
        f"device: CPU with 3 cores ({platform.machine()}), no GPU "
        f"found, TensorFlow {tf.__version__}, float32, XLA off, deterministic"
    )


def test_a_gpu_is_named_and_uses_xla_by_default(machine):
    gpu = machine(1)
    line = execution.set_up(Config(precision="mixed_float16"))
    assert gpu.deterministic == 0
    assert line == (
        f"device: GPU Model 0, TensorFlow {tf.__version__}, mixed_float16, "
        "XLA on, not deterministic"
    )


def test_memory_grows_on_every_gpu(machine):
    gpus = machine(2)
    line = execution.set_up(Config())
    assert gpus.grown == [("0", True), ("1", True)]
    assert "GPU Model 0 (of 2 GPUs, the first is used)" in line


@pytest.mark.parametrize("gpus", [0, 1])
@pytest.mark.parametrize("value", [True, False])
def test_deterministic_can_be_asked_for_and_left_off(machine, gpus, value):
    told = machine(gpus)
    execution.set_up(Config(deterministic=value))
    assert told.deterministic == value
    assert execution.is_deterministic(Config(deterministic=value)) is value


@pytest.mark.parametrize(
    "xla, gpus, expected",
    [
        ("auto", 0, False),
        ("auto", 1, True),
        ("on", 0, True),
        ("on", 1, True),
        ("off", 0, False),
        ("off", 1, False),
    ],
)
def test_xla_is_for_gpus_unless_told_otherwise(machine, xla, gpus, expected):
    machine(gpus)
    assert execution.uses_xla(Config(xla=xla)) is expected


@pytest.mark.parametrize("gpus", [0, 2])
def test_sharing_gpus_makes_memory_grow_and_names_them(machine, gpus):
    told = machine(gpus)
    names = [gpu.name[-1] for gpu in devices.share_gpus()]
    assert names == ["0", "1"][:gpus]
    assert told.grown == [(name, True) for name in names]
    assert told.deterministic == 0


@pytest.mark.parametrize(
    "gpus, deterministic, xla", [(0, True, "off"), (1, False, "on")]
)
def test_resolve_fixes_what_is_left_to_the_machine(
    machine, gpus, deterministic, xla
):
    machine(gpus)
    config = Config(seed=3)
    assert execution.resolve(config) == dataclasses.replace(
        config, deterministic=deterministic, xla=xla
    )


@pytest.mark.parametrize("gpus", [0, 1])
@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("xla", ["on", "off"])
def test_resolve_keeps_what_was_asked_for(machine, gpus, deterministic, xla):
    machine(gpus)
    config = Config(deterministic=deterministic, xla=xla)
    assert execution.resolve(config) == config
