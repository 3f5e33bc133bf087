"""`--conditional` from the first step to the last command."""

import dataclasses
import io
import json
import re
import shutil
import types

import forked_trainings
import keras
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
import tiny_network

from tf_dcgan.commands import (
    arithmetic,
    evaluate,
    interpolate,
    invert,
    sample,
    train,
)
from tf_dcgan.common import devices, errors, images, randomness
from tf_dcgan.config import schema
from tf_dcgan.evaluation import networks
from tf_dcgan.exploration import explorer
from tf_dcgan.runs import runs
from tf_dcgan.sampling import generators, labels, samplers
from tf_dcgan.training import execution, generation, scoring


@pytest.fixture(scope="module")
def run_dir(tiny_flags, tmp_path_factory):
    """A finished tiny conditional run; tests only read it."""
    folder = tmp_path_factory.mktemp("runs") / "told"
    forked_trainings.train(
        [
            *tiny_flags,
            "--conditional",
            "--steps=30",
            "--latent_dim=12",
            f"--run_dir={folder}",
        ]
    )
    return folder


@pytest.fixture(scope="module")
def run(run_dir):
    return runs.open_run(run_dir)


@pytest.fixture(scope="module")
def generator(run):
    return generators.load_generator(run)[0]


def test_inversion_makes_the_given_class_or_the_best(
    run_dir, run, generator, tmp_path, capsys
):
    sampler = samplers.of_run(run, generator, label=6)
    for number, image in enumerate(sampler(0, 0, 2)):
        images.write_png(tmp_path / "in" / f"{number}.png", image)
    flags = [f"--run_dir={run_dir}", f"--input={tmp_path / 'in'}", "--steps=10"]
    labels = []
    for more in (["--label=4"], []):
        invert.main(["invert", *flags, *more, f"--out={tmp_path / 'out'}"])
        with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
            labels.append(file["labels"].tolist())
            assert file["latents"].shape == (2, 12)
        rows = capsys.readouterr().out.splitlines()[1:3]
        names = [run.data.class_names[label] for label in labels[-1]]
        assert [row.split()[1] for row in rows] == names
    assert labels[0] == [4, 4]
    # The first samples are among the candidates of their own class.
    assert labels[1] == [6, 6]


def test_the_page_makes_the_class_that_is_chosen(
    run_dir, run, generator, tmp_path
):
    shown = explorer.Explorer(run, generator, origin="", out=tmp_path / "out")
    assert shown.facts()["classes"] == list(run.data.class_names)
    query = {"a": "0", "b": "5", "label": "6", "frames": "2"}
    png, count = shown.frames(query)
    assert count == 2
    sampler = samplers.of_run(run, generator, label=6)
    with PIL.Image.open(io.BytesIO(png)) as image:
        pictures = np.asarray(image).reshape(2, 28, 28, 1)
    np.testing.assert_array_equal(pictures, sampler(0, 0, 64)[[0, 5]])
    command = shown.save("walk", query)["command"]
    assert " --label=6 " in command
    with pytest.raises(errors.UserError, match="label=10 is out of range"):
        shown.tiles({"label": "10"})


@pytest.fixture(scope="module")
def served(run_dir):
    return tf.saved_model.load(str(run_dir / "saved_model"))


def made(folder):
    return {
        path.name: images.read_png(path) for path in sorted(folder.iterdir())
    }


def sampled(run_dir, out, *flags):
    sample.main(["sample", f"--run_dir={run_dir}", f"--out={out}", *flags])


def tiles(path, *, columns):
    """Cuts a grid of 28x28 images; [rows, columns, 28, 28, 1]."""
    grid = images.read_png(path)
    rows = (grid.shape[0] - 2) // 30
    assert grid.shape[1] == columns * 30 + 2
    return np.stack(
        [
            [
                grid[2 + 30 * r : 30 + 30 * r, 2 + 30 * c : 30 + 30 * c]
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


def close(one, other):
    """Whether images are the same but for the rounding of other batches."""
    return abs(one.astype(int) - other.astype(int)).max() <= 1


# The run and its samples.


def test_the_run_knows_its_classes(run_dir, run):
    content = json.loads((run_dir / "config.json").read_text())
    assert content["settings"]["conditional"] is True
    assert content["data"]["class_names"] == list("0123456789")
    assert run.num_classes == 10


def test_a_run_that_is_not_conditional_tells_its_networks_none(trained):
    run = runs.open_run(trained[0])
    assert run.data.class_names == tuple("0123456789")
    assert run.num_classes == 0


def test_the_fixed_grid_has_a_row_for_each_class_and_a_latent_for_each_column(
    run_dir, generator
):
    grid = tiles(run_dir / "samples" / "step_0000030.png", columns=8)
    assert len(grid) == 10
    sampler = samplers.Sampler(generator, (0, 0, 28, 28), num_classes=10)
    for label in (0, 7):
        one = samplers.Sampler(
            generator, (0, 0, 28, 28), num_classes=10, label=label
        )
        assert close(grid[label], one(0, 0, 8))
    # Image 3 is of class 3 in either order; image 4 of a row is not.
    assert close(grid[3, 3], sampler(0, 3, 1)[0])
    assert not close(grid[0], grid[1])


def test_the_sample_command_repeats_the_last_grid(run_dir, tmp_path, capsys):
    sampled(run_dir, tmp_path / "g.png")
    last = images.read_png(run_dir / "samples" / "step_0000030.png")
    np.testing.assert_array_equal(images.read_png(tmp_path / "g.png"), last)
    assert "80 images of 10 classes, seed 0" in capsys.readouterr().out
    with PIL.Image.open(run_dir / "progress.gif") as progress:
        frames = progress.n_frames
    assert frames == len(list((run_dir / "samples").glob("step_*.png")))


def test_a_grids_last_column_is_filled(run_dir, tmp_path, capsys):
    sampled(run_dir, tmp_path / "g.png", "--num_images=12")
    assert tiles(tmp_path / "g.png", columns=2).shape[0] == 10
    assert "20 images of 10 classes" in capsys.readouterr().out


def test_single_images_have_the_classes_in_turn(run_dir, generator, tmp_path):
    sampled(run_dir, tmp_path / "many", "--num_images=12", "--seed=5")
    pictures = made(tmp_path / "many")
    assert list(pictures)[::11] == [
        "seed5_000000_label0.png",
        "seed5_000011_label1.png",
    ]
    of_one = samplers.Sampler(
        generator, (0, 0, 28, 28), num_classes=10, label=1
    )
    assert close(pictures["seed5_000011_label1.png"], of_one(5, 11, 1)[0])


@pytest.mark.parametrize("flag", ["--label=7", "--label=07"])
def test_a_label_chooses_the_class_of_all_images(
    run_dir, generator, tmp_path, flag, capsys
):
    sampled(run_dir, tmp_path / "seven.png", flag, "--num_images=4")
    of_seven = samplers.Sampler(
        generator, (0, 0, 28, 28), num_classes=10, label=7
    )
    pictures = tiles(tmp_path / "seven.png", columns=2).reshape(4, 28, 28, 1)
    assert close(pictures, of_seven(0, 0, 4))
    assert "4 images of class 7, seed 0" in capsys.readouterr().out


def fake_run(*names, conditional=True):
    config = schema.Config(conditional=conditional)
    facts = runs.DataFacts(
        28, 28, 1, (0, 0, 28, 28), 9, "as they are", "f", names
    )
    return runs.Run(None, config, facts, {}, None)


def test_a_class_is_named_before_it_is_numbered():
    run = fake_run("10", "2", "cat")
    assert labels.find(run, "2") == 1
    assert labels.find(run, "0") == 0
    assert labels.find(run, "10") == 0
    assert labels.find(run, "cat") == 2
    assert labels.find(run, None) is None


@pytest.mark.parametrize("label", ["3", "-1", "", "1.0", "²", "9" * 5000])
def test_what_is_no_class_is_refused(label):
    with pytest.raises(errors.UserError, match="is no class of mnist"):
        labels.find(fake_run("a", "b", "c"), label)


def test_a_slip_in_a_class_s_name_is_set_right():
    with pytest.raises(errors.UserError) as caught:
        labels.find(fake_run("dog", "horse"), "hosre")
    assert str(caught.value) == (
        "--label=hosre is no class of mnist: did you mean horse? allowed: "
        "dog, horse; or a number from 0 to 1"
    )


def test_a_run_that_is_not_conditional_has_no_label(trained, tmp_path):
    for command in (
        sample,
        interpolate,
    ):
        with pytest.raises(errors.UserError, match="is not conditional: leave"):
            command.main(["it", f"--run_dir={trained[0]}", "--label=7"])


def test_grids_of_many_classes_show_the_first_twenty():
    latents = keras.Input((2,))
    labels = keras.Input((), dtype="int32")
    wide = keras.layers.Reshape((1, 1, 30))(keras.ops.one_hot(labels, 30))
    model = keras.Model([latents, labels], 2 * wide[..., 18:21] - 1)
    sampler = samplers.Sampler(model, (0, 0, 1, 1), num_classes=30)
    assert sampler.columns() == 8 and sampler.columns(41) == 3
    grid = sampler.grid(0, 41)
    assert grid.shape == (60, 1, 1, 3)
    shown = np.argwhere(grid[:, 0, 0] == 255)
    # Rows 18 and 19, each of three columns; never class 20.
    assert shown.tolist() == [[54, 0], [55, 0], [56, 0]] + [
        [57, 1],
        [58, 1],
        [59, 1],
    ]


# The exports.


def test_serve_takes_latents_and_labels(generator, served):
    latents = np.random.default_rng(0).standard_normal((3, 12), np.float32)
    labels = np.array([9, 0, 4], np.int32)
    expected = generator([tf.constant(latents), tf.constant(labels)])
    np.testing.assert_allclose(
        served.serve(latents, labels), expected, rtol=0, atol=1e-5
    )
    signature = served.signatures["serving_default"]
    (output,) = signature(
        latents=tf.constant(latents), labels=tf.constant(labels)
    ).values()
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-5)


def test_generate_makes_the_images_of_the_sample_command(
    run, generator, served
):
    in_turn = samplers.of_run(run, generator)(3, 0, 12)
    np.testing.assert_array_equal(served.generate(12, 3, -1), in_turn)
    fours = samplers.of_run(run, generator, label=4)(3, 0, 5)
    np.testing.assert_array_equal(served.generate(5, 3, 4), fours)
    assert not np.array_equal(in_turn[:4], fours[:4])


@pytest.mark.parametrize("label", [-2, 10])
def test_the_export_refuses_what_is_no_class(served, label):
    refused = tf.errors.InvalidArgumentError
    with pytest.raises(refused, match="a label is 0 to 9, or -1"):
        served.generate(1, 0, label)
    with pytest.raises(refused, match="labels are 0 to 9"):
        served.serve(np.zeros((1, 12), np.float32), np.array([label], np.int32))


def test_keras_alone_loads_the_generator(run_dir, generator):
    loaded = keras.models.load_model(run_dir / "generator.keras")
    inputs = [tf.random.stateless_normal([2, 12], (0, 0)), tf.constant([3, 8])]
    np.testing.assert_array_equal(
        loaded(inputs, training=False), generator(inputs, training=False)
    )


# Latent tools.


def test_a_walk_keeps_to_its_class(
    run_dir, generator, tmp_path, monkeypatch, capsys
):
    seen = []
    monkeypatch.setattr(
        images, "write_gif", lambda path, frames, **more: seen.append(frames)
    )
    interpolate.main(
        [
            "interpolate",
            f"--run_dir={run_dir}",
            "--indices=0,5",
            "--frames=3",
            "--label=6",
            f"--out={tmp_path / 'walk.gif'}",
        ]
    )
    assert "spherical, seed 0, class 6, ema" in capsys.readouterr().out
    of_six = samplers.Sampler(
        generator, (0, 0, 28, 28), num_classes=10, label=6
    )
    ends = [of_six(0, index, 1)[0] for index in (0, 5)]
    (frames,) = seen
    factor = frames[0].shape[0] // 28
    for frame, end in ((frames[0], ends[0]), (frames[-1], ends[1])):
        assert close(np.asarray(frame)[::factor, ::factor], end)


def test_arithmetic_keeps_to_its_class(run_dir, tmp_path, capsys):
    flags = ["--a=0,1,2", "--b=3,4,5", "--c=6,7,8"]
    pictures = []
    for label in (2, 3):
        out = tmp_path / f"{label}.png"
        arithmetic.main(
            [
                "arithmetic",
                f"--run_dir={run_dir}",
                *flags,
                f"--label={label}",
                f"--out={out}",
            ]
        )
        pictures.append(images.read_png(out))
        assert f"--c=6,7,8 --label={label} --seed=0" in capsys.readouterr().out
    assert not np.array_equal(*pictures)


@pytest.mark.parametrize(
    ("command", "flags", "message"),
    [
        (interpolate, [], "give the class as --label, such as --label=0"),
        (arithmetic, ["--a=1", "--b=2", "--c=3"], "give the class as --label"),
        (
            arithmetic,
            ["--a=1", "--b=class:2", "--c=3", "--label=3"],
            "--b=class:2: .* the class is not in the latents",
        ),
    ],
)
def test_latents_are_shown_in_one_class_alone(
    run_dir, tmp_path, command, flags, message
):
    with pytest.raises(errors.UserError, match=message):
        command.main(
            ["it", f"--run_dir={run_dir}", f"--out={tmp_path}/x", *flags]
        )
    assert list(tmp_path.iterdir()) == []


# Evaluation.


@pytest.fixture
def evaluated(run_dir, tmp_path, monkeypatch):
    """Evaluates a copy of the run with a classifier that is not one."""
    folder = tmp_path / "run"
    shutil.copytree(run_dir, folder)
    monkeypatch.setattr(devices, "choose", lambda device: None)
    network = tiny_network.create()
    network.protocol["test_accuracy"] = 0.75
    network.protocol |= {"dataset": "mnist", "test_images": 40}
    monkeypatch.setattr(networks, "create", lambda *_, **__: network)

    def call(*flags):
        evaluate.main(
            [
                "evaluate",
                f"--run_dir={folder}",
                "--features=classifier",
                "--num_samples=45",
                *flags,
            ]
        )
        return json.loads((folder / "evaluation.json").read_text())

    return call, network, folder


def test_the_share_of_wanted_classes_is_scored_with_its_interval(
    evaluated, generator, capsys
):
    call, network, _ = evaluated
    content = call("--metrics=label_accuracy,fid", "--per_class")
    sampler = samplers.Sampler(generator, (0, 0, 28, 28), num_classes=10)
    logits = network.extract([sampler(0, 0, 45)], outputs=["logits"])["logits"]
    right = np.sum(logits.argmax(axis=1) == np.arange(45) % 10)
    score = content["scores"][0]
    assert score["name"] == "label_accuracy"
    assert score["value"] == pytest.approx(right / 45)
    assert score["low"] <= score["value"] < score["high"]
    assert score["ideal"] == 0.75
    assert score["details"]["right"] == right
    assert "classes in turn" in content["protocol"]["fake"]
    assert content["protocol"]["classes_of_generated_images"] == "their labels"
    by_class = {
        one["class"]: (one["fake_images"], one["scores"][0]["value"])
        for one in content["per_class"]
    }
    assert [count for count, _ in by_class.values()] == [5] * 5 + [4] * 5
    assert [share for _, share in by_class.values()] == (
        score["details"]["by_class"]
    )
    printed = capsys.readouterr().out
    assert re.search(r"^label_accuracy +0\.\d+ +\[0.*\] +0.75$", printed, re.M)


def test_images_without_labels_have_no_label_accuracy(
    evaluated, trained, monkeypatch
):
    call, _, folder = evaluated
    shutil.rmtree(folder)
    shutil.copytree(trained[0], folder)
    # Nor is the classifier, which may take minutes, made ready.
    monkeypatch.setattr(networks, "create", None)
    with pytest.raises(errors.UserError, match="trained with --conditional"):
        call("--metrics=label_accuracy")


def test_labelled_folders_have_a_label_accuracy_too(evaluated, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "fake.npz", images=pixels, labels=np.arange(6))
    evaluate.main(
        [
            "evaluate",
            f"--real={tmp_path / 'fake.npz'}",
            f"--fake={tmp_path / 'fake.npz'}",
            "--features=classifier",
            "--metrics=label_accuracy",
            f"--output={tmp_path / 'e.json'}",
        ]
    )
    (score,) = json.loads((tmp_path / "e.json").read_text())["scores"]
    assert score["details"]["images"] == 6


def test_scores_during_training_are_of_the_classes_in_turn(run, generator):
    evaluations = scoring.Evaluations(
        run,
        types.SimpleNamespace(name="score", num_samples=12, protocol={}),
        generation.images_to_score(run, generator),
        step=0,
        total=30,
    )
    (seen,) = evaluations._batches(types.SimpleNamespace(requested=False))
    purpose = randomness.Purpose.EVALUATION_LATENTS
    for label, place in ((1, 1), (1, 11), (3, 3)):
        one = samplers.of_run(run, generator, label=label, purpose=purpose)
        assert close(seen[place], one(0, place, 1)[0])


# What is refused.


@pytest.fixture
def main(tmp_path, monkeypatch, no_exports):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")

    def call(*flags):
        train.main(["train.py", *flags])

    return call


def photos(folder):
    folder.mkdir()
    for number in range(3):
        pixels = np.full((32, 32, 3), 80 * number, np.uint8)
        PIL.Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("dry", [[], ["--dry_run"]])
def test_images_without_labels_are_refused_before_training(
    main, tmp_path, dry, monkeypatch
):
    folder = photos(tmp_path / "photos")
    monkeypatch.setattr(generation.loading, "load", None)
    with pytest.raises(errors.UserError) as caught:
        main(f"--dataset={folder}", "--conditional", "--batch_size=2", *dry)
    assert str(caught.value) == (
        f"--conditional needs class labels, and {folder} has none, since no "
        "image lies in a sub-folder: leave it out, or give a labelled "
        "--dataset such as mnist, a folder with a folder for each class, or "
        "--labels=FILE.csv"
    )
    assert not (tmp_path / "runs").exists()


def test_celeb_a_has_no_classes(main):
    with pytest.raises(errors.UserError, match="celeb_a has none"):
        main("--recipe=dcgan_celeba", "--conditional", "--dry_run")


def test_raw_files_without_labels_are_refused(main, monkeypatch, tiny_mnist):
    load = generation.loading.load

    def without_labels(*arguments, **more):
        dataset = load(*arguments, **more)
        return dataclasses.replace(dataset, labels=None, class_names=())

    monkeypatch.setattr(generation.loading, "load", without_labels)
    with pytest.raises(errors.UserError, match="mnist has none"):
        main(
            "--conditional",
            f"--data_dir={tiny_mnist}",
            "--recipe=dcgan_small",
            "--batch_size=8",
        )


def test_a_translation_is_told_no_classes(main):
    with pytest.raises(errors.UserError, match="which is told no classes: "):
        main("--recipe=cyclegan", "--conditional")


def test_a_network_without_maps_is_refused(main):
    with pytest.raises(errors.UserError) as caught:
        main("--recipe=vanilla_gan", "--conditional")
    assert str(caught.value) == (
        "--conditioning=concatenation needs a discriminator that sees maps, "
        "and recipe vanilla_gan has none: give --conditioning=projection"
    )


def test_a_run_stays_as_conditional_as_it_began(main, run_dir):
    with pytest.raises(errors.UserError, match=r"--conditional \(was True"):
        main(f"--run_dir={run_dir}", "--noconditional")


def test_a_dry_run_shows_the_wider_networks(main, capsys):
    flags = ["--recipe=dcgan_small", "--dataset=glyphs", "--dry_run"]
    main(*flags, "--conditional")
    shown = capsys.readouterr().out
    assert '"conditional": true' in shown
    assert "902,721" in shown and "229,057" in shown
    assert "label_maps" in shown and "down_1" in shown


def test_a_config_without_class_names_is_damaged(run_dir, tmp_path):
    content = json.loads((run_dir / "config.json").read_text())
    del content["data"]["class_names"]
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(errors.UserError, match="without class names"):
        runs.open_run(tmp_path)


def test_a_run_from_before_there_were_labels_still_opens(trained, tmp_path):
    content = json.loads((trained[0] / "config.json").read_text())
    del content["data"]["class_names"]
    del content["settings"]["conditional"]
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert runs.open_run(tmp_path).num_classes == 0
