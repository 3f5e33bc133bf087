import dataclasses
import json
import types

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import changed_training, silent_choices, trainings
from tf_dcgan.common import errors
from tf_dcgan.config import recipes
from tf_dcgan.data import batches
from tf_dcgan.gan import gan, optimizers, states
from tf_dcgan.models import layers


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_what_a_recipe_or_its_source_does_anyway_is_not_tried(recipe):
    tried = silent_choices.choices(recipe)
    assert tried[:3] == ["as it is", "seed 1", "seed 2"]
    if recipe == "cyclegan":
        assert tried[3:] == ["epsilon 1e-8 in Adam"]
    elif recipe == "sndcgan":
        assert len(tried) == 7
        assert not any("kernel" in choice for choice in tried)
    else:
        assert len(tried) == len(silent_choices._CHOICES) - 1
        is_uniform = recipes.RECIPES[recipe].differences.get("initial_bias")
        assert ("biases by fan-in" in tried) != bool(is_uniform)


def test_every_choice_is_a_training():
    for change, flags in silent_choices._CHOICES.values():
        assert change in changed_training.CHANGES
        trainings.config(flags)


@pytest.fixture
def changed(monkeypatch):
    """Makes the networks of a recipe with a change, which the test undoes."""
    for owner, name in [
        (layers.Start, "weights"),
        (layers.Start, "normalization"),
        (optimizers, "Adam"),
    ]:
        monkeypatch.setattr(owner, name, getattr(owner, name))

    def build(change):
        changed_training.CHANGES[change]()
        return networks.build("dcgan_28", (28, 28, 1))

    return build


def normalization(model):
    return networks.layers(model, keras.layers.BatchNormalization)[0]


def test_batch_normalisation_changes(changed):
    assert normalization(changed("nothing")[0]).epsilon == 1e-5
    for model in changed("batch_norm_epsilon"):
        assert normalization(model).epsilon == 1e-3
        assert normalization(model).momentum == 0.9
    for model in changed("batch_norm_momentum"):
        assert normalization(model).momentum == 0.99


def test_adam_changes(changed):
    changed("adam_epsilon")
    config = trainings.config([])
    optimizer = states.create_optimizer(config, [], 2e-4)
    assert optimizer.epsilon == 1e-8


def test_the_images_that_fill_no_batch_end_an_epoch(monkeypatch):
    seen = []

    def update(state, config, images, labels=None):
        seen.append((images.shape[0], labels.shape[0]))
        return tf.reduce_sum(images)

    monkeypatch.setattr(batches, "Reader", batches.Reader)
    monkeypatch.setattr(gan, "update", update)
    changed_training.CHANGES["incomplete_batches"]()
    values = np.arange(10, dtype=np.uint8)
    reader = batches.Reader(
        values[:, None, None, None], values, batch_size=4, seed=0
    )
    reader.prefetch(1, 5)
    images, labels = reader.take()
    assert images.shape == (5, 4, 1, 1, 1)
    state = types.SimpleNamespace(step=tf.Variable(1))
    epochs = [[], []]
    for image, label in zip(images, labels, strict=True):
        total = gan.update(
            state, None, tf.constant(image, tf.float32), tf.constant(label)
        )
        is_last = int(state.step) % 3 == 2
        assert seen[-1] == ((2, 2) if is_last else (4, 4))
        used = label[: seen[-1][0]]
        assert total == used.sum()
        epochs[int(state.step) // 3].extend(used)
        state.step.assign_add(1)
    assert len(set(epochs[0])) == 6
    assert sorted(epochs[1]) == list(range(10))


def test_kernels_change(changed):
    discriminator = changed("kernels_by_fan_in")[1]
    kernel = networks.layers(discriminator, keras.layers.Conv2D)[0].kernel
    assert 0.2 < np.abs(kernel).max() <= 1 / 4
    kernel = networks.layers(changed("kernels_glorot")[1], keras.layers.Conv2D)[
        0
    ].kernel
    bound = (6 / (4 * 4 * (1 + 16))) ** 0.5
    assert 0.9 * bound < np.abs(kernel).max() <= bound


def test_a_row_has_means_of_the_last_quarter(tmp_path):
    lines = [
        {"kind": "train", "step": step, "loss_d": step / 1000, "loss_g": 2.0}
        | {"real_score": 0.5, "fake_score_before": 0.25}
        for step in range(50, 401, 50)
    ]
    lines += [
        {"kind": "samples", "step": 1, "diversity": 0.0},
        {"kind": "samples", "step": 400, "diversity": 0.5},
        {"kind": "evaluation", "step": 200, "fid_classifier_2048": 50.0},
        {
            "kind": "evaluation",
            "step": 400,
            "fid_classifier_2048": 9.87,
            "fid_classifier_2048_low": 9.0,
            "fid_classifier_2048_floor": 0.1,
        },
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "metrics.jsonl").write_text(text)
    assert silent_choices._results(
        tmp_path, 400, ("loss_d", "loss_g", "real_score", "fake_score_before")
    ) == [
        "0.375",
        "2.000",
        "0.500",
        "0.250",
        "0.50",
        "9.9",
    ]


def test_the_same_command_goes_on_where_it_was(tmp_path, monkeypatch):
    settings = silent_choices.ChoicesSettings(folder=str(tmp_path), steps=400)
    run_dir = tmp_path / "dcgan_28-seed_1"
    run_dir.mkdir()
    calls = []

    def train(flags, *, script):
        calls.append(flags)
        if len(calls) > 1:  # The first is stopped.
            line = {"kind": "evaluation", "step": 400, "fid_x_8": 1.0}
            (run_dir / "metrics.jsonl").write_text(json.dumps(line) + "\n")

    monkeypatch.setattr(trainings, "train", train)
    with pytest.raises(errors.UserError, match="was stopped: the same command"):
        silent_choices._train(settings, "dcgan_28", "seed 1")
    for _ in range(2):
        trained = silent_choices._train(settings, "dcgan_28", "seed 1")
        assert trained == run_dir
    assert len(calls) == 2
    assert "--seed=1" in calls[0] and "--recipe=dcgan_28" in calls[0]
    fewer = dataclasses.replace(settings, steps=300)
    with pytest.raises(errors.UserError, match="more than --steps=300"):
        silent_choices._train(fewer, "dcgan_28", "seed 1")
