import os

import made_up_gpus
import pytest
import tensorflow as tf

from tf_dcgan.common import devices, errors, nvidia


@pytest.fixture
def limit(tmp_path, monkeypatch):
    """The file of a container's limit, absent until it is written."""
    path = tmp_path / "memory.max"
    monkeypatch.setattr(devices, "_CONTAINER_LIMIT", path)
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1_000_000}
    monkeypatch.setattr(os, "sysconf", pages.__getitem__)
    return path


def test_memory_is_the_machines(limit):
    assert devices.memory_bytes() == 4_096_000_000


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1000000000\n", 1_000_000_000),
        ("9000000000\n", 4_096_000_000),
        ("max\n", 4_096_000_000),
    ],
)
def test_memory_is_at_most_the_containers(limit, text, expected):
    limit.write_text(text)
    assert devices.memory_bytes() == expected


def test_memory_is_the_containers_where_the_machines_is_not_told(
    limit, monkeypatch
):
    monkeypatch.delattr(os, "sysconf")  # As on Windows.
    limit.write_text("1000000000\n")
    assert devices.memory_bytes() == 1_000_000_000


def test_memory_is_none_where_it_is_not_told(limit, monkeypatch):
    def refuse(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", refuse)
    assert devices.memory_bytes() is None


@pytest.fixture
def machine(monkeypatch):
    """Makes a machine with some GPUs."""
    return lambda gpus, **facts: made_up_gpus.Machine(
        monkeypatch, gpus, **facts
    )


def refusal(device):
    with pytest.raises(errors.UserError) as caught:
        devices.choose(device)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize("gpus", [1, 2])
def test_the_memory_of_every_gpu_grows(machine, device, gpus, capsys):
    state = machine(gpus)
    devices.choose(device)
    assert state.grown == [(str(i), True) for i in range(gpus)]
    assert [gpu.name[-1] for gpu in devices.gpus()] == ["0", "1"][:gpus]
    assert capsys.readouterr() == ("", "")


def test_the_cpu_is_used_beside_a_gpu_where_it_is_asked_for(machine, capsys):
    state = machine(2, capability=(12, 0))
    devices.choose("cpu")
    assert devices.gpus() == state.visible == state.grown == []
    assert devices.name().startswith("CPU with")
    assert devices.name().endswith(", GPU not used")
    assert capsys.readouterr() == ("", "")


def _too_late(*arguments):
    raise RuntimeError("cannot be modified after being initialized")


def test_a_notebook_that_has_computed_keeps_its_memory(machine, monkeypatch):
    state = machine(1)
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", _too_late)
    devices.choose("auto")
    assert devices.gpus() == state.visible


@pytest.mark.parametrize(
    ("call", "flag"),
    [
        (lambda: devices.choose("cpu"), "--device=cpu"),
        (lambda: devices.split_cpu(2), "--devices=2"),
    ],
)
def test_devices_are_refused_once_tensorflow_has_computed(
    machine, monkeypatch, call, flag
):
    machine(1)
    for name in ("set_visible_devices", "set_logical_device_configuration"):
        monkeypatch.setattr(tf.config, name, _too_late)
    with pytest.raises(errors.UserError, match=f"^{flag} comes too late: "):
        call()


def test_without_a_gpu_and_a_driver_nothing_is_said(machine, capsys):
    machine(0)
    devices.choose("auto")
    assert devices.name().endswith(", no GPU found")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (
            nvidia.Driver(1),
            "NVIDIA's driver has 1 GPU, and TensorFlow sees none, since "
            "libraries are missing: pip install -r requirements-gpu.txt",
        ),
        (
            nvidia.Driver(2),
            "NVIDIA's driver has 2 GPUs, and TensorFlow sees none, since "
            "libraries are missing: pip install -r requirements-gpu.txt",
        ),
        (
            nvidia.Driver(0, "it does not start, with CUDA's error 803"),
            "there is an NVIDIA driver, but it does not start, with CUDA's "
            "error 803: see that nvidia-smi lists the GPU, and start a "
            "container with --gpus=all",
        ),
    ],
)
def test_a_gpu_that_tensorflow_does_not_see_is_told(
    machine, driver, words, capsys
):
    machine(0, driver=driver)
    devices.choose("auto")
    assert capsys.readouterr() == (
        "",
        f"note: {words}; the CPU computes (--device=cpu does so without this "
        "note)\n",
    )
    assert refusal("gpu") == (f"--device=gpu: {words}; or give --device=cpu")


def test_who_asks_for_the_cpu_is_not_told_of_a_driver(machine, capsys):
    machine(0, driver=nvidia.Driver(1))
    devices.choose("cpu")
    assert capsys.readouterr() == ("", "")


def test_a_gpu_is_refused_where_there_is_none(machine):
    machine(0)
    assert refusal("gpu") == (
        "--device=gpu: TensorFlow sees no GPU on this machine; or give "
        "--device=cpu"
    )


@pytest.mark.parametrize("device", ["auto", "gpu"])
@pytest.mark.parametrize(
    ("capability", "built_for", "newest"),
    [
        ((12, 0), ("sm_60", "sm_89", "compute_90"), "9.0"),
        ((9, 0), ("sm_60", "sm_89"), "8.9"),
        ((12, 1), ("compute_90", "sm_90a", "sm_120"), "12.0"),
    ],
)
def test_a_gpu_newer_than_tensorflow_is_refused(
    machine, device, capability, built_for, newest
):
    state = machine(1, capability=capability, built_for=built_for)
    assert refusal(device) == (
        f"Model 0 has compute capability {capability[0]}.{capability[1]}, and "
        f"this TensorFlow {tf.__version__} is built for {newest} at most: "
        "install a TensorFlow that is built for the GPU, such as the one in "
        "NVIDIA's container nvcr.io/nvidia/tensorflow, or give --device=cpu"
    )
    assert state.grown == []


@pytest.mark.parametrize(
    ("capability", "built_for"),
    [
        ((9, 0), ("sm_60", "sm_89", "compute_90")),
        ((8, 6), ("sm_60", "sm_89")),
        ((12, 0), ("sm_89", "sm_120a")),
        ((12, 0), ()),  # Not told by this build.
        ((12, 0), ("gfx90a",)),
        (None, ("sm_60",)),  # Not told by this device.
    ],
)
def test_a_gpu_that_tensorflow_was_built_for_is_used(
    machine, capability, built_for
):
    state = machine(1, capability=capability, built_for=built_for)
    devices.choose("gpu")
    assert state.grown == [("0", True)]


def test_this_tensorflow_tells_what_it_was_built_for():
    names = tf.sysconfig.get_build_info().get("cuda_compute_capabilities", [])
    newest = devices._newest_capability()
    assert (newest is None) == (not names)
    assert newest is None or newest >= (8, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model name\t: X\nflags\t\t: fpu avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16\n", True),
        ("flags\t\t: fpu avx512f\nbugs\t\t: bf16\n", False),
        ("model name\t: X\n", None),
        (None, None),
    ],
)
def test_what_multiplies_bfloat16_is_read_from_the_cpus_flags(
    tmp_path, monkeypatch, text, expected
):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(devices, "_CPU_INFO", path)
    assert devices.multiplies_bfloat16() is expected


@pytest.mark.parametrize(
    ("features", "kind"),
    [
        ("fpu amx_bf16 amx_tile avx512_bf16", devices.Cpu.AMX),
        ("fpu avx512f avx512_bf16", devices.Cpu.BFLOAT16),
        ("fp asimd bf16", devices.Cpu.OTHER),
        ("fpu avx2", devices.Cpu.OTHER),
    ],
)
def test_the_kind_of_a_cpu_is_read_from_its_flags(
    tmp_path, monkeypatch, features, kind
):
    path = tmp_path / "cpuinfo"
    path.write_text(f"flags\t\t: {features}\n")
    monkeypatch.setattr(devices, "_CPU_INFO", path)
    assert devices.cpu() is kind
