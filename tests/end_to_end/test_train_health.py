"""Verdicts on real trainings, with windows as short as their epochs."""

import json
import pathlib

import keras
import numpy as np
import pytest

from tf_dcgan.commands import train
from tf_dcgan.common import images
from tf_dcgan.models import families
from tf_dcgan.runs import checkpoints, health
from tf_dcgan.training import execution

# An epoch of the tiny data, and two in succession.
WINDOW = 15
WINDOWS = 2


@pytest.fixture
def main(tmp_path, monkeypatch, no_exports):
    """train.py's main in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    # It would make the other tests' operations deterministic as well.
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")
    monkeypatch.setattr(health, "WINDOW_STEPS", WINDOW)
    monkeypatch.setattr(health, "SUSTAINED_WINDOWS", WINDOWS)
    monkeypatch.setattr(health, "YOUNG_WINDOWS", WINDOWS)

    def call(*flags):
        train.main(["train.py", *flags])

    return call


def lines(run_dir="run", kind="epoch"):
    with open(pathlib.Path(run_dir) / "metrics.jsonl") as file:
        records = [json.loads(line) for line in file]
    return [line for line in records if line["kind"] == kind]


def verdicts(run_dir="run"):
    """What each epoch's line finds wrong."""
    return [health.kinds(line) for line in lines(run_dir)]


class Constant(keras.layers.Layer):
    """Gives every image of a batch the same latents."""

    def call(self, latents):
        return 0.0 * latents + 1.0


@pytest.fixture
def g_ignores_its_latents(monkeypatch):
    def ignoring(build):
        def build_other(*arguments):
            (generator,) = build(*arguments)
            # Latents, and in a conditional run labels.
            inputs = [
                keras.Input(x.shape[1:], dtype=x.dtype)
                for x in generator.inputs
            ]
            tensors = [Constant()(inputs[0]), *inputs[1:]]
            tensors = tensors if len(tensors) > 1 else tensors[0]
            return (keras.Model(inputs, generator(tensors)),)

        return build_other

    for name in ("generators", "averaged_generators"):
        build = getattr(families, name)
        monkeypatch.setattr(families, name, ignoring(build))


def test_a_generator_that_ignores_its_latents_is_told_of(
    main, tiny_flags, g_ignores_its_latents, capsys, monkeypatch
):
    monkeypatch.setattr(health, "WINDOW_STEPS", 2)
    main(*tiny_flags, "--steps=15", "--run_dir=run")
    assert [line["diversity"] for line in lines(kind="samples")] == [0.0, 0.0]
    (line,) = lines()
    assert "samples are collapsing" in health.kinds(line)
    text = "they differ by 0 % of what real images do; look at samples/"
    assert text in line["health"]
    _, _, below = capsys.readouterr().out.partition("epoch 1/1 ")
    messages = [
        text.removeprefix("health: ")
        for text in below.splitlines()
        if text.startswith("health: ")
    ]
    assert "; ".join(messages) == line["health"]


def test_a_conditional_generator_that_only_heeds_the_label_is_told_of(
    main, tiny_flags, g_ignores_its_latents, monkeypatch
):
    monkeypatch.setattr(health, "WINDOW_STEPS", 2)
    main(*tiny_flags, "--conditional", "--steps=15", "--run_dir=run")
    grid = images.read_png(pathlib.Path("run/samples/step_0000015.png"))
    # The classes differ, the images of a class do not.
    assert np.any(grid[2:30, 2:30] != grid[32:60, 2:30])
    assert [line["diversity"] for line in lines(kind="samples")] == [0.0, 0.0]
    assert "samples are collapsing" in verdicts()[0]


def test_a_collapse_stops_a_run_that_is_to_stop(
    main, tiny_flags, g_ignores_its_latents, monkeypatch, capsys
):
    monkeypatch.setattr(health, "WINDOW_STEPS", 2)
    main(*tiny_flags, "--steps=30", "--on_collapse=stop", "--run_dir=run")
    told = "--on_collapse=stop: samples are collapsing: they differ by 0 %"
    assert told in capsys.readouterr().out
    # The third window, which is the first with enough before it.
    last = checkpoints.last(pathlib.Path("run/checkpoints"))
    assert checkpoints.step_of(last) == 6


def test_a_discriminator_that_is_held_lets_the_generator_win(main, tiny_flags):
    main(
        *tiny_flags,
        "--discriminator_learning_rate=1e-9",
        "--generator_learning_rate=0.01",
        "--steps=45",
        "--run_dir=run",
    )
    assert "generator is winning" in verdicts()[-1]


def test_a_generator_that_is_held_lets_the_discriminator_win(main, tiny_flags):
    main(
        *tiny_flags,
        "--generator_learning_rate=1e-9",
        "--discriminator_learning_rate=0.002",
        "--steps=75",
        "--run_dir=run",
    )
    kinds = verdicts()
    assert "discriminator is winning" not in kinds[0] + kinds[1]
    assert "discriminator is winning" in kinds[-1]


@pytest.mark.parametrize("updates", ["separate", "joint"])
def test_a_discriminator_that_sees_nothing_is_dead(
    main, tiny_flags, updates, monkeypatch
):
    build = families.discriminators

    def build_other(*arguments):
        (discriminator,) = build(*arguments)
        for layer in discriminator.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.gamma.assign(0.0 * layer.gamma)
                layer.trainable = False
        return (discriminator,)

    monkeypatch.setattr(families, "discriminators", build_other)
    main(
        *tiny_flags,
        f"--discriminator_updates={updates}",
        "--discriminator_learning_rate=1e-3",
        "--steps=15",
        "--run_dir=run",
    )
    assert "discriminator is dead" in verdicts()[-1]


def test_nothing_is_said_of_a_healthy_dcgan_small(
    main, tiny_flags, monkeypatch
):
    monkeypatch.setattr(health, "WINDOW_STEPS", 60)
    main(*tiny_flags, "--width=0.12", "--steps=180", "--run_dir=run")
    assert len(verdicts()) == 12
    assert not any(verdicts())
    assert lines(kind="health") == []


def test_a_run_that_ends_within_an_epoch_is_told_of_too(
    main, tiny_flags, g_ignores_its_latents, capsys, monkeypatch
):
    monkeypatch.setattr(health, "WINDOW_STEPS", 1)
    main(*tiny_flags, "--steps=9", "--run_dir=run")
    assert lines() == []
    (line,) = lines(kind="health")
    assert line["step"] == 9
    assert health.kinds(line) == ["samples are collapsing"]
    assert f"health: {line['health']}\n" in capsys.readouterr().out


def test_a_run_that_was_stopped_has_the_verdicts_of_one_that_was_not(
    main, tiny_flags
):
    flags = [*tiny_flags, "--generator_learning_rate=1e-9"]
    main(*flags, "--steps=75", "--run_dir=whole")
    # Within the third window, when the second is known.
    main(*flags, "--steps=40", "--run_dir=halves")
    main("--steps=75", "--run_dir=halves")
    texts = [line.get("health") for line in lines("whole")]
    assert any(texts)
    assert texts == [line.get("health") for line in lines("halves")]


def test_diversity_is_logged_with_each_grid(trained):
    logged = lines(trained[0], "samples")
    assert [line["step"] for line in logged] == [1, 20, 40, 45]
    path = trained[0] / "samples"

    def tiles(name, count=64):
        grid = images.read_png(path / name)
        return np.stack(
            [
                grid[r : r + 28, c : c + 28]
                for r in range(2, grid.shape[0], 30)
                for c in range(2, grid.shape[1], 30)
            ]
        )[:count]

    def distance(pictures):
        pictures = pictures.reshape(len(pictures), -1).astype(float)
        return np.mean(
            [
                np.sqrt(np.mean((pictures[a] - pictures[b]) ** 2))
                for a in range(len(pictures))
                for b in range(a)
            ]
        )

    ratio = distance(tiles("step_0000045.png")) / distance(tiles("real.png"))
    # The same but for the number of real images, 256 instead of 64.
    assert logged[-1]["diversity"] == pytest.approx(ratio, rel=0.1)
