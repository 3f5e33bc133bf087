import pytest

from tf_dcgan.common import devices
from tf_dcgan.config import overrides
from tf_dcgan.inspection import machine
from tf_dcgan.training import cost, execution, translation


@pytest.fixture
def config(monkeypatch):
    """Tiny settings; TensorFlow stays as the other tests have it."""
    monkeypatch.setattr(execution, "set_up", lambda config: "")
    monkeypatch.setattr(machine, "_SECONDS", 0.0)
    return overrides.from_flags(
        {
            "recipe": "dcgan_small",
            "dataset": "glyphs",
            "image_size": "16",
            "width": 0.06,
            "batch_size": 2,
        }
    )


@pytest.mark.slow
def test_steps_of_the_very_training_are_measured(config):
    measured = machine.measure(config, (16, 16, 3))
    assert measured.steps == 3
    assert 0 < measured.seconds_per_step < 60
    estimate = cost.estimate(config, (16, 16, 3))
    assert measured.memory_bytes == estimate.memory_bytes
    assert measured.operations == estimate.operations
    assert measured.fits


def test_what_does_not_fit_is_not_tried(config, monkeypatch):
    monkeypatch.setattr(devices, "memory_bytes", lambda: 2**20)
    measured = machine.measure(config, (16, 16, 3))
    assert not measured.fits
    assert measured.seconds_per_step is None


class _Trained:
    """Stands for a system; remembers what it was made of."""

    def __init__(self, run, loaded):
        self.run, self.loaded = run, loaded
        self.batches = self
        self.closed = False

    def prefetch(self, step, count):
        pass

    def take(self):
        return ()

    def train_steps(self, batch):
        return {"loss_d": [0.0]}

    def close(self):
        self.closed = True


def test_a_translation_is_measured_on_two_sets(config, monkeypatch):
    systems = []

    def system(run, loaded):
        systems.append(_Trained(run, loaded))
        return systems[-1]

    monkeypatch.setattr(translation, "System", system)
    config = overrides.from_flags(
        {
            "recipe": "cyclegan",
            "dataset_a": "cifar10:horse",
            "dataset_b": "cifar10:deer",
            "image_size": "256",
        }
    )
    times = machine._step_times(config, (256, 256, 3))
    assert len(times) == 3
    (trained,) = systems
    assert trained.closed
    assert len(trained.loaded.train) == len(trained.loaded.shown) == 2
    # Before the random crop of the recipe.
    assert trained.loaded.train[0].images.shape[1:] == (286, 286, 3)
    assert trained.loaded.shown[0].shape[1:] == (256, 256, 3)
    assert trained.run.datasets[1].image_shape == (256, 256, 3)
