import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.commands import train
from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.gan import gan
from tf_dcgan.runs import checkpoints, logs, runs
from tf_dcgan.training import initial, resuming


def _refusal(function, *arguments):
    with pytest.raises(errors.UserError) as caught:
        function(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def like(trained):
    """Makes a config that begins with the trained run, but for some fields."""
    config = runs.open_run(trained[0]).config

    def make(word="", **changed):
        text = f"{trained[0]}{word}"
        return dataclasses.replace(config, init_from=text, **changed)

    return make


def test_a_run_without_another_has_nothing_to_check():
    initial.check_settings(schema.Config())
    initial.check_shapes(schema.Config(), (32, 32, 1), 0)
    assert initial.find(schema.Config()) is None


def test_what_networks_do_not_follow_from_may_differ(like):
    config = like(loss="hinge", seed=5, dataset="kmnist", batch_size=7)
    initial.check_settings(config)
    initial.check_shapes(config, (28, 28, 1), 0)


def test_each_setting_of_networks_is_told_with_the_flag_to_give(like, trained):
    config = like(width=0.5, recipe="dcgan", conditional=True)
    assert _refusal(initial.check_settings, config) == (
        f"--init_from={trained[0]} has other networks than this run: recipe "
        "dcgan, there dcgan_small; width 0.5, there 0.06; conditional True, "
        "there False: give --recipe=dcgan_small --width=0.06 "
        "--conditional=false, or leave --init_from out"
    )


@pytest.mark.parametrize(
    ("shape", "classes", "words"),
    [
        ((28, 28, 3), 0, "images of 28x28x3, there 28x28x1 (height x"),
        ((32, 28, 1), 0, "images of 32x28x1, there 28x28x1 (height x"),
        ((28, 28, 1), 11, "11 classes, there 0"),
    ],
)
def test_other_images_and_classes_are_refused(like, shape, classes, words):
    message = _refusal(initial.check_shapes, like(), shape, classes)
    assert words in message


def test_a_run_that_is_not_there_is_told(tmp_path):
    config = schema.Config(init_from=f"{tmp_path}/gone:best")
    assert _refusal(initial.check_settings, config) == (
        f"--init_from={tmp_path}/gone:best: {tmp_path}/gone does not exist: "
        "give the folder of a run, or RUN:best for its best checkpoint"
    )


def test_a_checkpoint_that_is_not_there_is_told(like, trained):
    message = _refusal(initial.find, like(":best"))
    assert "has no best checkpoint, since it was not trained with" in message
    assert message.endswith(f"give --init_from={trained[0]} for its last one")


def test_the_weights_are_told_by_their_fingerprint(like, trained):
    weights = initial.find(like(":last"))
    assert weights == initial.find(like())
    path = checkpoints.last(trained[0] / "checkpoints")
    assert weights == runs.InitialWeights(
        str(trained[0]), "last", 45, checkpoints.fingerprint(path)
    )
    other = checkpoints.all_checkpoints(trained[0] / "checkpoints")[0]
    assert checkpoints.fingerprint(other) != weights.fingerprint


def test_networks_and_averages_are_taken_and_optimizers_are_not(
    like, trained, capsys
):
    run = runs.open_run(trained[0])
    theirs = gan.create_state(run.config, run.data.image_shape)
    path = checkpoints.last(run.checkpoints)
    checkpoints.restore(path, theirs.variables())
    own = gan.create_state(run.config, run.data.image_shape)
    initial.restore(initial.find(like()), own)
    for name, value in own.variables().items():
        expected = theirs.variables()[name].numpy()
        if "optimizer" in name or name == "step":
            # The rates are the same, all else begins at 0.
            assert "learning_rate" in name or not value.numpy().any()
        else:
            np.testing.assert_array_equal(value.numpy(), expected)
    assert capsys.readouterr().out == (
        f"weights: of {trained[0]}, its last checkpoint, step 45\n"
    )


def test_weights_that_have_changed_are_refused(like, trained, tmp_path):
    weights = initial.find(like())
    copy = tmp_path / "copy"
    shutil.copytree(trained[0], copy)
    moved = dataclasses.replace(weights, run=str(copy))
    for changed in (
        dataclasses.replace(moved, fingerprint="0" * 64),
        dataclasses.replace(moved, step=46),
    ):
        message = _refusal(initial.restore, changed, None)
        assert message.endswith(
            "is gone or has changed: put it back, or start a new run"
        )
    shutil.rmtree(copy)
    assert _refusal(initial.restore, moved, None).startswith(
        "the weights that the run begins with: "
    )


def test_a_run_that_was_killed_at_its_start_begins_with_the_same_weights(
    like, trained, tmp_path
):
    old = runs.open_run(trained[0])
    run = runs.create(
        tmp_path, like(), old.data, initial_weights=initial.find(like())
    )
    assert runs.open_run(tmp_path) == run
    state = gan.create_state(run.config, run.data.image_shape)
    progress = resuming.resume(run, state, num_replicas=1)
    assert progress.step == state.step.numpy() == 0
    saved = _weights(checkpoints.last(old.checkpoints))
    drawn = state.averaged_generator.variables[0].numpy().tobytes()
    assert drawn in saved.values()


@pytest.mark.slow
def test_a_run_begins_where_another_ended(
    trained, tiny_flags, tmp_path, no_exports, capsys
):
    folder, other = tmp_path / "new", tmp_path / "other"
    shutil.copytree(trained[0], other)
    begin = [
        "train",
        *tiny_flags,
        f"--init_from={other}",
        "--seed=0",
        "--steps=1",
        f"--run_dir={folder}",
    ]
    train.main(begin)
    run = runs.open_run(folder)
    assert run.initial_weights.step == 45
    content = json.loads((folder / "config.json").read_text())
    assert content["initial_weights"]["run"] == str(other)
    assert content["settings"]["init_from"] == str(other)
    # The grid before the first step is the other run's last one.
    grid = (folder / "samples" / "step_0000000.png").read_bytes()
    assert grid == (other / "samples" / "step_0000045.png").read_bytes()
    assert [line["step"] for line in logs.read_metrics(folder)][:2] == [0, 1]
    paths = checkpoints.all_checkpoints(run.checkpoints)
    assert [checkpoints.step_of(path) for path in paths] == [0, 1]
    # Without its later checkpoint the run makes the same step again, even if
    # the other run is gone.
    first = _weights(paths[1])
    shutil.rmtree(paths[1])
    shutil.rmtree(other)
    shutil.rmtree(folder / "saved_model", ignore_errors=True)
    train.main([*begin[:1], f"--run_dir={folder}"])
    assert _weights(paths[1]) == first
    with pytest.raises(errors.UserError, match="only as it began; changed: --"):
        train.main([*begin, f"--init_from={trained[0]}"])


def _weights(path):
    reader = tf.train.load_checkpoint(str(path / "weights"))
    return {
        name: reader.get_tensor(name).tobytes()
        for name in reader.get_variable_to_shape_map()
        if name.startswith("variables/")
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [("run", 3), ("checkpoint", "first"), ("step", -1), ("fingerprint", None)],
)
def test_damage_in_what_a_run_began_with_is_told(
    like, trained, tmp_path, name, value
):
    old = runs.open_run(trained[0])
    runs.create(
        tmp_path, like(), old.data, initial_weights=initial.find(like())
    )
    file = tmp_path / "config.json"
    content = json.loads(file.read_text())
    content["initial_weights"][name] = value
    file.write_text(json.dumps(content))
    assert "is damaged (ValueError: impossible initial weights: " in _refusal(
        runs.open_run, tmp_path
    )
