import dataclasses
import os
import platform

import made_up_gpus
import pytest
import tensorflow as tf

from tf_dcgan.common import devices
from tf_dcgan.config.schema import Config
from tf_dcgan.training import execution


@pytest.fixture
def machine(monkeypatch):
    """Makes a machine with some GPUs."""
    return lambda gpus, **facts: made_up_gpus.Machine(
        monkeypatch, gpus, **facts
    )


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
    device = machine(gpus)
    execution.set_up(Config(deterministic=value))
    assert device.deterministic == value
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


def test_a_hidden_gpu_counts_for_nothing(machine):
    machine(1, cudnn=(9, 5))
    line = execution.set_up(Config(device="cpu"))
    assert "GPU not used" in line
    assert "XLA off, deterministic" in line


def test_an_old_cudnn_turns_xla_off_and_says_so(machine, capsys):
    machine(1, cudnn=(9, 23))
    assert "XLA off" in execution.set_up(Config())
    assert capsys.readouterr().err == (
        "note: XLA cannot compile some convolutions with cuDNN 9.23, only "
        "with 9.24 or newer: XLA stays off; pip install -r "
        "requirements-gpu.txt brings a newer one\n"
    )
    assert execution.resolve(Config()).xla == "off"


def test_xla_on_with_an_old_cudnn_is_a_warning(machine, capsys):
    machine(1, cudnn=(9, 5))
    assert "XLA on" in execution.set_up(Config(xla="on"))
    assert capsys.readouterr().err == (
        "warning: XLA cannot compile some convolutions with cuDNN 9.5, only "
        "with 9.24 or newer: XLA is on all the same, and the training may end "
        "in its first step; pip install -r requirements-gpu.txt brings a "
        "newer one\n"
    )


@pytest.mark.parametrize(
    ("gpus", "xla", "cudnn"),
    [
        (1, "auto", (9, 24)),
        (1, "auto", (10, 0)),
        (1, "auto", None),
        (1, "on", (9, 28)),
        (1, "off", (9, 5)),
        (0, "on", (9, 5)),  # Not used.
    ],
)
def test_a_cudnn_that_does_no_harm_is_not_told(
    machine, gpus, xla, cudnn, capsys
):
    machine(gpus, cudnn=cudnn)
    line = execution.set_up(Config(xla=xla))
    assert ("XLA off" in line) == (xla == "off")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("gpus", "precision", "multiplies", "is_told"),
    [
        (0, "mixed_bfloat16", False, True),
        (0, "mixed_bfloat16", True, False),
        (0, "mixed_bfloat16", None, False),
        (0, "float32", False, False),
        (1, "mixed_bfloat16", False, False),
    ],
)
def test_a_cpu_that_must_emulate_bfloat16_is_told(
    machine, monkeypatch, capsys, gpus, precision, multiplies, is_told
):
    machine(gpus)
    monkeypatch.setattr(devices, "multiplies_bfloat16", lambda: multiplies)
    execution.set_up(Config(precision=precision, xla="off"))
    assert capsys.readouterr().err == is_told * (
        "note: this CPU has no instructions for bfloat16, so that "
        "--precision=mixed_bfloat16 is likely slower than float32\n"
    )


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
