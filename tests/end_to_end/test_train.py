"""`python train.py`, called as its users call it."""

import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import forked_trainings
import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.tsl.profiler.protobuf import xplane_pb2

from benchmarks import trainings
from tf_dcgan.commands import train
from tf_dcgan.common import errors, images
from tf_dcgan.gan import gan
from tf_dcgan.runs import checkpoints, folder, runs, summaries
from tf_dcgan.training import console, execution, launch

_PROJECT = pathlib.Path(__file__).resolve().parents[2]


def _lines(run_dir, kind):
    lines = (run_dir / "metrics.jsonl").read_text().splitlines()
    lines = [json.loads(line) for line in lines]
    return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def main_with_exports(tmp_path, monkeypatch):
    """train.py's main in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    # It would make the other tests' operations deterministic as well.
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")

    def call(*flags):
        train.main(["train.py", *flags])

    return call


@pytest.fixture
def main(main_with_exports, no_exports):
    """The same, for tests that do not read exports and charts."""
    return main_with_exports


def test_an_interruption_before_the_first_step_says_what_it_cost(
    main, monkeypatch
):
    def pressed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "launch", pressed)
    with pytest.raises(KeyboardInterrupt, match="nothing was trained"):
        main("--dataset=glyphs")


# What a run leaves.


def test_a_run_has_the_files_that_people_script_against(trained):
    names = {path.name for path in trained[0].iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "tensorboard",
        "samples",
        "checkpoints",
        "curves.png",
        "progress.gif",
        "saved_model",
        "generator.keras",
    }


def test_config_json_holds_settings_data_and_versions(trained):
    config = json.loads((trained[0] / "config.json").read_text())
    assert config["settings"]["recipe"] == "dcgan_small"
    assert config["settings"]["width"] == 0.06
    assert config["settings"]["image_size"] == "28x28"
    assert config["data"]["num_images"] == 300
    assert config["versions"]["tensorflow"] == tf.__version__


def test_samples_follow_the_first_step_the_interval_and_the_last(trained):
    names = sorted(path.name for path in (trained[0] / "samples").iterdir())
    steps = [1, 20, 40, 45]
    assert names == ["real.png", *(f"step_{s:07d}.png" for s in steps)]
    grid = images.read_png(trained[0] / "samples" / names[1])
    assert grid.shape == (8 * 30 + 2, 8 * 30 + 2, 1)


def test_the_last_three_checkpoints_are_kept(trained):
    names = sorted(p.name for p in (trained[0] / "checkpoints").iterdir())
    assert names == ["step_0000030", "step_0000040", "step_0000045"]


def test_scalars_are_logged_at_the_interval(trained):
    steps = [line["step"] for line in _lines(trained[0], "train")]
    assert steps == list(range(5, 46, 5))


def test_an_epochs_line_is_the_mean_of_its_steps(trained):
    interval_lines = _lines(trained[0], "train")
    epoch_lines = _lines(trained[0], "epoch")
    assert [line["step"] for line in epoch_lines] == [15, 30, 45]
    assert [line["epoch"] for line in epoch_lines] == [1, 2, 3]
    for name in gan.scalars(runs.open_run(trained[0]).config):
        means = [line[name] for line in interval_lines[3:6]]
        assert epoch_lines[1][name] == pytest.approx(np.mean(means), rel=1e-9)


def test_each_epoch_prints_one_line(trained):
    pattern = (
        r"epoch 3/3  loss_d \d+\.\d{4}  loss_g \d+\.\d{4}  D\(x\) 0\.\d\d  "
        r"D\(G\(z\)\) 0\.\d\d/0\.\d\d  \d+ images/s"
    )
    matches = [
        line for line in trained[1].splitlines() if re.fullmatch(pattern, line)
    ]
    assert len(matches) == 1


def test_the_output_names_the_device_the_data_and_the_time(trained):
    output = trained[1]
    assert re.search(r"^device: (CPU|GPU) .*TensorFlow", output, re.M)
    assert "data: mnist, 300 images" in output
    assert re.search(r"^time: 45 steps of .* s are about", output, re.M)


def test_the_output_is_free_of_tensorflows_noise(trained):
    for noise in ("oneDNN", "cuda", "absl::InitializeLog", "WARNING"):
        assert noise not in trained[1]


def test_training_changes_every_weight_and_nothing_is_left_behind(trained):
    first = gan.create_state(
        runs.open_run(trained[0]).config, (28, 28, 1)
    ).variables()
    last = tf.train.load_checkpoint(
        str(checkpoints.last(trained[0] / "checkpoints") / "weights")
    )
    for name, variable in first.items():
        key = "variables/" + name.replace("/", ".S")
        after = last.get_tensor(f"{key}/.ATTRIBUTES/VARIABLE_VALUE")
        is_constant = name.endswith("learning_rate")
        assert np.array_equal(after, variable.numpy()) == is_constant, name


# What can be chosen.


@pytest.mark.parametrize(
    "flags",
    [
        ("--precision=mixed_bfloat16",),
        ("--precision=mixed_float16",),
        ("--precision=mixed_float16", "--xla=on"),
        ("--discriminator_updates=joint", "--generator_updates=1"),
        ("--recipe=dcgan", "--width=0.01"),
    ],
    ids=lambda flags: "".join(flags).removeprefix("--"),
)
def test_it_trains_with(flags, tiny_flags, tmp_path):
    run_dir = tmp_path / "run"
    forked_trainings.train(
        [*tiny_flags, "--steps=5", *flags, f"--run_dir={run_dir}"]
    )
    (line,) = _lines(run_dir, "train")
    assert line["step"] == 5
    config = runs.open_run(run_dir).config
    assert all(np.isfinite(line[name]) for name in gan.scalars(config))


def test_xla_changes_a_training_by_no_more_than_rounding(
    trained, tiny_flags, tmp_path
):
    run_dir = tmp_path / "run"
    forked_trainings.train(
        [*tiny_flags, "--steps=5", "--xla=on", f"--run_dir={run_dir}"],
        exports=False,
    )
    (line,) = _lines(run_dir, "train")
    expected = _lines(trained[0], "train")[0]
    assert runs.open_run(run_dir).config.xla == "on"
    assert runs.open_run(trained[0]).config.xla == "off"
    for name in gan.scalars(runs.open_run(run_dir).config):
        assert line[name] == pytest.approx(expected[name], rel=1e-4), name


def test_a_run_whose_steps_xla_cannot_compile_is_one_without_xla(
    main, quick_flags, tmp_path, monkeypatch, capsys
):
    update = gan.update

    def update_with_text(state, *arguments):
        scalars = update(state, *arguments)
        tf.strings.as_string(state.step)  # XLA has no texts.
        return scalars

    flags = [*quick_flags, "--checkpoint_every=2", "--run_dir"]
    main(*flags, str(tmp_path / "plain"), "--steps=4")
    monkeypatch.setattr(gan, "update", update_with_text)
    capsys.readouterr()
    main(*flags, str(tmp_path / "run"), "--steps=3", "--xla=on")
    output = capsys.readouterr().out
    assert output.count("note: XLA fails in the first step (Inv") == 1
    assert runs.open_run(tmp_path / "run").config.xla == "off"
    main("--run_dir", str(tmp_path / "run"), "--steps=4")
    output = capsys.readouterr().out
    assert "XLA fails" not in output
    assert "has other settings than" not in output  # As checkpoints have it.
    first, second = (
        (checkpoints.path_of(tmp_path / name / "checkpoints", 4) / "weights")
        for name in ("plain", "run")
    )
    expected = tf.train.load_checkpoint(str(first))
    actual = tf.train.load_checkpoint(str(second))
    names = actual.get_variable_to_shape_map()
    assert names == expected.get_variable_to_shape_map()
    for name in set(names) - {"_CHECKPOINTABLE_OBJECT_GRAPH"}:
        np.testing.assert_array_equal(
            actual.get_tensor(name), expected.get_tensor(name), err_msg=name
        )


def _traced_calls(path):
    """The first step of each call into TensorFlow that a trace has."""
    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    steps = []
    for plane in space.planes:
        stats = plane.stat_metadata
        for line in plane.lines:
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name
                if name == "train":
                    (step,) = [
                        stat.int64_value or stat.uint64_value
                        for stat in event.stats
                        if stats[stat.metadata_id].name == "step_num"
                    ]
                    steps.append(step)
    return sorted(steps)


def test_steps_are_profiled_for_tensorboard_also_by_a_run_that_is_stopped(
    main, quick_flags, tmp_path, monkeypatch, capsys
):
    run_dir = tmp_path / "run"
    update = console.Console.update
    finished = []

    def stop_after_8(self, step, meter):
        finished.append(step)
        if step == 8:
            signal.raise_signal(signal.SIGTERM)
        update(self, step, meter)

    monkeypatch.setattr(console.Console, "update", stop_after_8)
    flags = ["--checkpoint_every=2", f"--run_dir={run_dir}"]
    main(*quick_flags, *flags, "--steps=20", "--profile_steps=4:13")
    assert finished[-1] == 8
    assert "profile: the trace of steps 4 to 8 is in" in capsys.readouterr().out
    folder = run_dir / "tensorboard" / "plugins" / "profile"
    (first,) = folder.glob("*/*.xplane.pb")
    calls = _traced_calls(first)
    # Calls begin and end at the bounds, and no other call is traced.
    assert calls == [4, *(step + 1 for step in finished if 4 <= step < 8)]
    assert 3 in finished
    time.sleep(1.1)  # The folders are named by the second.
    main(f"--run_dir={run_dir}")
    assert finished[-1] == 20
    assert 13 in finished
    output = capsys.readouterr().out
    assert "profile: the trace of steps 9 to 13 is in" in output
    (second,) = set(folder.glob("*/*.xplane.pb")) - {first}
    assert _traced_calls(second)[0] == 9
    assert _traced_calls(second)[-1] <= 13
    assert runs.open_run(run_dir).config.profile_steps == "4:13"


def test_steps_to_profile_beyond_the_run_are_refused(
    main, quick_flags, tmp_path
):
    with pytest.raises(errors.UserError) as caught:
        main(
            *quick_flags,
            "--steps=9",
            "--profile_steps=5:10",
            f"--run_dir={tmp_path / 'run'}",
        )
    assert str(caught.value) == (
        "--profile_steps=5:10 goes beyond the 9 steps of the run: give steps "
        "up to 9, or leave it out"
    )
    assert not (tmp_path / "run").exists()


def test_28_pixel_sets_are_padded_for_dcgan_and_shown_without(main, tiny_mnist):
    main(
        f"--data_dir={tiny_mnist}",
        "--width=0.01",
        "--batch_size=20",
        "--steps=1",
        "--run_dir=run",
    )
    run = runs.open_run("run")
    assert run.data.image_shape == (32, 32, 1)
    assert run.data.content_box == (2, 2, 28, 28)
    grid = images.read_png("run/samples/step_0000001.png")
    assert grid.shape == (8 * 30 + 2, 8 * 30 + 2, 1)


def test_new_runs_are_numbered(main, quick_flags):
    for _ in range(2):
        main(*quick_flags, "--steps=1")
    names = sorted(path.name for path in pathlib.Path("runs").iterdir())
    assert names == ["00000-mnist-vanilla_gan", "00001-mnist-vanilla_gan"]


def test_a_dry_run_tells_all_and_touches_no_data(main, capsys, cache_home):
    before = sorted(cache_home.rglob("*"))
    main("--recipe=dcgan", "--dataset=cifar10", "--dry_run")
    output = capsys.readouterr().out
    assert '"image_size": "32x32"' in output
    assert "18,059,523" in output  # 32x32x3: two channels more than MNIST's.
    assert "billion floating-point operations" in output
    assert "GiB" in output
    assert "device:" in output
    assert os.listdir() == []
    assert sorted(cache_home.rglob("*")) == before


# What goes wrong.


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--recipe=dcgna"], "did you mean dcgan"),
        (["--dataset=mnits"], "did you mean mnist"),
        (["--loss=minmax"], "did you mean minimax"),
        (["--image_size=30"], "the nearest it can is 28x28 or 32x32"),
        (["--batch_size=301"], "301"),
        (["--epochs=0"], "1 to 1,000,000"),
        (["--steps=-3"], "1 to 1,000,000,000"),
        (["--generator_learning_rate=nan"], "above 0"),
        (["--width=16", "--latent_dim=65536"], "GiB of memory"),
        (["--real_label=0.1", "--fake_label=0.1"], "must be above"),
        (["--data_dir=nowhere"], "nowhere"),
        (["--run_dir=/dev/null"], "is a file"),
        (["--run_dir=/dev/null/run"], "/dev/null is a device"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_one_line_and_leaves_nothing(
    main, tiny_flags, flags, message
):
    with pytest.raises(errors.UserError) as raised:
        main(*tiny_flags, *flags)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert os.listdir() == []


def test_a_mistake_ends_the_script_with_status_2_and_no_traceback(tmp_path):
    ended = subprocess.run(
        [sys.executable, _PROJECT / "train.py", "--epoch=3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: unknown flag --epoch: did you mean")
    assert ended.stderr.count("\n") == 1


def test_a_folder_of_other_things_is_not_taken_for_a_run(main, quick_flags):
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/letter.txt").write_text("dear")
    with pytest.raises(errors.UserError, match="is not a run"):
        main(*quick_flags, "--run_dir=mine")
    assert os.listdir("mine") == ["letter.txt"]


def test_changed_settings_are_refused_by_name(main, trained):
    with pytest.raises(errors.UserError) as raised:
        main(f"--run_dir={trained[0]}", "--width=0.5", "--seed=3")
    assert "--width (was 0.06, now 0.5)" in str(raised.value)
    assert "--seed (was 0, now 3)" in str(raised.value)


def test_repeating_a_runs_own_settings_is_no_change(quick_flags, tmp_path):
    flags = [*quick_flags, "--steps=1", f"--run_dir={tmp_path / 'run'}"]
    forked_trainings.train(flags, exports=False)
    output = forked_trainings.train(flags, exports=False)
    assert "goes on after step 1 of 1" in output


def test_other_data_are_refused_on_resume(main, quick_flags, tmp_path):
    main(*quick_flags, "--steps=1", "--run_dir=run")
    other = tmp_path / "other"
    other.mkdir()
    arrays = {
        "x_train": np.zeros((300, 28, 28), np.uint8),
        "y_train": np.zeros(300, np.uint8),
        "x_test": np.zeros((20, 28, 28), np.uint8),
        "y_test": np.zeros(20, np.uint8),
    }
    np.savez(other / "mnist.npz", **arrays)
    with pytest.raises(errors.UserError, match="are not those that run was"):
        main("--run_dir=run", f"--data_dir={other}", "--steps=2")


def test_a_damaged_checkpoint_is_named_with_the_way_out(main, quick_flags):
    main(*quick_flags, "--steps=20", "--run_dir=run")
    (data,) = pathlib.Path("run/checkpoints/step_0000020").glob("*.data-*")
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)
    with pytest.raises(errors.UserError) as raised:
        main("--run_dir=run", "--steps=30")
    assert "step_0000020" in str(raised.value)
    assert "to go on from step_0000010" in str(raised.value)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_its_checkpoint(
    main, quick_flags, monkeypatch
):
    update = gan.update

    def broken(state, config, batch):
        scalars = update(state, config, batch)
        is_bad = tf.equal(state.step, 13)
        scalars["loss_g"] = tf.where(is_bad, np.nan, scalars["loss_g"])
        return scalars

    monkeypatch.setattr(gan, "update", broken)
    with pytest.raises(errors.UserError) as raised:
        main(*quick_flags, "--steps=20", "--run_dir=run")
    assert "loss_g is nan at step 13 (of the steps " in str(raised.value)
    assert "run/checkpoints/step_0000010" in str(raised.value)
    paths = checkpoints.all_checkpoints(pathlib.Path("run/checkpoints"))
    assert [path.name for path in paths] == ["step_0000010"]


def test_a_full_disk_leaves_the_older_checkpoint_to_go_on_from(
    main, quick_flags, tmp_path, monkeypatch
):
    write = tf.train.Checkpoint.write

    def full_at_step_20(checkpoint, path, *arguments, **keywords):
        if "step_0000020" in path:
            raise tf.errors.ResourceExhaustedError(None, None, "No space left")
        return write(checkpoint, path, *arguments, **keywords)

    monkeypatch.setattr(tf.train.Checkpoint, "write", full_at_step_20)
    with pytest.raises(OSError) as raised:
        main(*quick_flags, "--steps=20", "--run_dir=run")
    assert raised.value.errno == errno.ENOSPC
    assert os.listdir("run/checkpoints") == ["step_0000010"]
    monkeypatch.undo()
    run_dir = tmp_path / "run"
    output = forked_trainings.train([f"--run_dir={run_dir}"], exports=False)
    assert "goes on after step 10 of 20" in output


def test_weights_that_are_not_finite_are_not_saved(
    main, tiny_flags, monkeypatch
):
    update = gan.update

    def broken(state, config, batch):
        scalars = update(state, config, batch)
        kernel = state.generator.get_layer("project").kernel
        is_bad = tf.equal(state.step, 20)
        kernel.assign(tf.where(is_bad, np.nan, kernel.value))
        return scalars

    monkeypatch.setattr(gan, "update", broken)
    with pytest.raises(errors.UserError) as raised:
        main(*tiny_flags, "--steps=20", "--run_dir=run")
    assert "generator/project/kernel is not finite" in str(raised.value)
    assert "step_0000010" in str(raised.value)
    assert os.listdir("run/checkpoints") == ["step_0000010"]


def test_a_signal_while_samples_are_written_loses_no_step(
    main, quick_flags, monkeypatch
):
    write = summaries.Summaries.write_sample_grid

    def interrupted(self, grid, *, step):
        if step == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        write(self, grid, step=step)

    monkeypatch.setattr(summaries.Summaries, "write_sample_grid", interrupted)
    main(*quick_flags, "--steps=40", "--sample_every=7", "--run_dir=run")
    assert os.listdir("run/checkpoints") == ["step_0000007"]


def test_a_reader_that_has_gone_does_not_end_the_training(
    quick_flags, tmp_path
):
    process = trainings.start(
        [*quick_flags, "--steps=30", f"--run_dir={tmp_path / 'run'}"]
    )
    process.stdout.close()
    assert process.wait() == 0
    assert (tmp_path / "run" / "checkpoints" / "step_0000030").exists()


def test_a_full_disk_during_the_export_is_pythons_error(
    main_with_exports, quick_flags, monkeypatch
):
    def full(*arguments, **keywords):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left")

    make = keras.export.ExportArchive

    def make_full():
        archive = make()
        monkeypatch.setattr(archive, "write_out", full)
        return archive

    monkeypatch.setattr(keras.export, "ExportArchive", make_full)
    with pytest.raises(OSError) as raised:
        main_with_exports(*quick_flags, "--steps=2", "--run_dir=run")
    assert raised.value.errno == errno.ENOSPC
    assert not pathlib.Path("run/saved_model").exists()
    assert os.listdir("run/checkpoints") == ["step_0000002"]


def test_a_run_does_not_become_shorter(main, trained):
    with pytest.raises(errors.UserError, match="planned for 45 steps .*30 now"):
        main(f"--run_dir={trained[0]}", "--epochs=2")
    assert len(_lines(trained[0], "epoch")) == 3


def test_a_trained_run_whose_checkpoints_are_gone_is_not_begun_anew(
    main, quick_flags
):
    main(*quick_flags, "--steps=20", "--run_dir=run")
    shutil.rmtree("run/checkpoints")
    before = pathlib.Path("run/metrics.jsonl").read_text()
    with pytest.raises(errors.UserError, match="has no checkpoint left"):
        main("--run_dir=run")
    assert pathlib.Path("run/metrics.jsonl").read_text() == before


def test_a_run_goes_on_from_another_folder(
    main, quick_flags, tiny_mnist, tmp_path, monkeypatch
):
    shutil.copytree(tiny_mnist, "data")
    flags = [flag for flag in quick_flags if "data_dir" not in flag]
    main(*flags, "--data_dir=data", "--steps=1", "--run_dir=run")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    main("--run_dir=../run", "--steps=2")
    assert os.listdir("../run/samples").count("step_0000002.png") == 1


def test_a_run_that_is_being_trained_is_left_alone(main, quick_flags, trained):
    with folder.locked(trained[0]):
        with pytest.raises(errors.UserError, match="another process is"):
            main(f"--run_dir={trained[0]}")


def test_nothing_is_written_where_another_process_begins(main, quick_flags):
    os.mkdir("run")
    with folder.locked(pathlib.Path("run")):
        with pytest.raises(errors.UserError, match="another process is"):
            main(*quick_flags, "--seed=5", "--run_dir=run")
    assert os.listdir("run") == []


def test_choices_of_the_machine_are_fixed_when_a_run_starts(trained):
    config = runs.open_run(trained[0]).config
    assert config.xla in ("on", "off")
    assert config.deterministic in (True, False)


def test_a_refused_change_leaves_config_json_as_it_was(main, quick_flags):
    main(*quick_flags, "--steps=20", "--run_dir=run")
    before = pathlib.Path("run/config.json").read_text()
    progress_file = "run/checkpoints/step_0000020/progress.json"
    pathlib.Path(progress_file).write_text('{"step": 20}')
    with pytest.raises(errors.UserError, match="step_0000020 is damaged"):
        main("--run_dir=run", "--steps=30")
    assert pathlib.Path("run/config.json").read_text() == before
