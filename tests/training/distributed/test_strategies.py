"""Which devices a step is split over."""

import types

import pytest
import tensorflow as tf

from tf_dcgan.common import devices, errors
from tf_dcgan.config import schema
from tf_dcgan.training.distributed import strategies


@pytest.fixture
def device_names(monkeypatch):
    """The names of devices that a strategy was made of; nothing is made."""
    names = []

    def mirrored(devices_of_strategy):
        names.extend(devices_of_strategy)
        return types.SimpleNamespace(num_replicas_in_sync=len(names))

    monkeypatch.setattr(tf.distribute, "MirroredStrategy", mirrored)
    monkeypatch.setattr(devices, "split_cpu", lambda count: None)
    return names


@pytest.fixture
def gpus(monkeypatch):
    machine_gpus = []
    monkeypatch.setattr(devices, "gpus", lambda: machine_gpus)
    return machine_gpus


def _create(**settings):
    return strategies.create(schema.Config(**settings))


def test_by_default_a_step_is_not_split():
    assert _create() is tf.distribute.get_strategy()


def test_all_gpus_are_taken_or_the_first(device_names, gpus, capsys):
    gpus.extend(["one", "two", "three", "four"])
    _create(distribute="mirrored")
    assert device_names == ["/gpu:0", "/gpu:1", "/gpu:2", "/gpu:3"]
    line = "each step is split over 4 GPUs, 16 images each"
    assert line in capsys.readouterr().out
    device_names.clear()
    _create(distribute="mirrored", devices=2)
    assert device_names == ["/gpu:0", "/gpu:1"]


def test_without_a_gpu_the_cpu_is_parted(device_names, gpus, capsys):
    _create(distribute="mirrored", devices=2)
    assert device_names == ["/cpu:0", "/cpu:1"]
    output = capsys.readouterr().out
    assert output.endswith("over 2 parts of the CPU, 32 images each\n")
    _create(distribute="mirrored", devices=2, sync_batch_norm=False)
    output = capsys.readouterr().out
    assert output.endswith("takes the statistics of each part\n")


def test_one_device_is_not_called_a_split(device_names, gpus, capsys):
    gpus.append("one")
    _create(distribute="mirrored")
    assert device_names == ["/gpu:0"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "num_gpus, settings, message",
    [
        (0, {}, "TensorFlow sees none: give --devices=N for N parts of the"),
        (2, {"devices": 3}, "--devices=3 is more than this machine's 2 GPUs"),
        (
            3,
            {},
            "--batch_size=64 cannot be split evenly over 3 devices: give "
            "--batch_size=63 or 66, or --devices=2",
        ),
        (
            0,
            {"devices": 128},
            "over 128 devices: give --batch_size=128, or --devices=64",
        ),
    ],
)
def test_what_cannot_be_split_is_refused(
    device_names, gpus, num_gpus, settings, message
):
    gpus.extend(range(num_gpus))
    with pytest.raises(errors.UserError) as raised:
        _create(distribute="mirrored", **settings)
    assert message in str(raised.value)
    assert device_names == []


def test_a_cluster_whose_port_is_taken_is_told(gpus, monkeypatch):
    def cannot():
        raise tf.errors.UnknownError(None, None, "Could not start gRPC server")

    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", cannot)
    monkeypatch.setenv(
        "TF_CONFIG",
        '{"cluster": {"worker": ["a:1", "b:1"]}, '
        '"task": {"type": "worker", "index": 1}}',
    )
    with pytest.raises(errors.UserError, match="worker 1 cannot join the") as r:
        _create(distribute="multi_worker")
    assert "at b:1 (Could not start gRPC server)" in str(r.value)
    with pytest.raises(errors.UserError, match="=63 cannot be split evenly"):
        _create(distribute="multi_worker", batch_size=63)
