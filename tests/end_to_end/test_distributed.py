"""A step on several devices and in several processes is the step on one."""

import re
import signal
import sys
import time

import forked_trainings
import numpy as np
import pytest
import split_steps

from benchmarks import trainings

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are forked, which needs Linux"
)

_PATIENCE = 300  # Seconds; a busy machine is slow, not broken.
# Weights whose gradients are 0 but for rounding, such as biases before a
# normalisation, go where Adam's quotient of two roundings points: by the
# learning rate a step.
_RATE = 2e-4
_STEPS = 3


def _do_steps(distribute, folder, *configs):
    """Does the steps in one process, or in one for each TF_CONFIG."""
    output = folder / f"{distribute}.npz"
    processes = [
        forked_trainings.ForkedTraining(
            (distribute, str(output)),
            # Who does without several processes does not read it.
            {"TF_CONFIG": config},
            main=split_steps.main,
        )
        for config in configs or ["nonsense"]
    ]
    printed = _outputs(processes)
    assert not any(each.returncode for each in processes), printed
    return dict(np.load(output))


@pytest.fixture(scope="module")
def on_one(tmp_path_factory):
    output = tmp_path_factory.mktemp("steps") / "steps.npz"
    split_steps.main("none", output)
    return dict(np.load(output))


def _assert_same(arrays, expected):
    assert arrays.keys() == expected.keys()
    for name, value in expected.items():
        difference = np.abs(arrays[name].astype(float) - value)
        largest = np.abs(value).max()
        if "scalar" in name or "moving" in name or "buffer" in name:
            assert difference.max() < 1e-5 * max(1, largest), name
        elif "momentum" in name or "velocity" in name:
            of_network = max(
                np.abs(other).max()
                for key, other in expected.items()
                if key.split("adam")[0] == name.split("adam")[0]
                and key[-8:] == name[-8:]
            )
            assert difference.max() < 1e-4 * of_network, name
        else:
            assert difference.max() <= 2 * _STEPS * _RATE, name
            sees_gradient = np.abs(value).max() > 2 * _STEPS * _RATE
            if sees_gradient and name.endswith("kernel"):
                assert np.median(difference) < 1e-6, name


def test_two_parts_of_the_cpu_do_the_steps_of_one(on_one, tmp_path):
    _assert_same(_do_steps("mirrored", tmp_path), on_one)


def test_two_processes_do_the_steps_of_one(on_one, tmp_path):
    arrays = _do_steps("multi_worker", tmp_path, *trainings.clusters(2))
    _assert_same(arrays, on_one)


def _start(*flags_of_workers, exports=False):
    """Starts a training in a process for each list of flags."""
    return [
        forked_trainings.start(
            ["--distribute=multi_worker", *flags],
            exports=exports,
            TF_CONFIG=config,
        )
        for flags, config in zip(
            flags_of_workers,
            trainings.clusters(len(flags_of_workers)),
            strict=True,
        )
    ]


def _outputs(processes):
    return [each.communicate(timeout=_PATIENCE)[0] for each in processes]


# Which training, how many steps, and which of the two workers is killed.
@pytest.mark.parametrize(
    ("fixture", "steps", "victim"),
    [("quick_flags", 200, 0), ("translation_flags", 30, 1)],
)
def test_a_worker_that_dies_ends_the_job_which_goes_on_exactly(
    fixture, steps, victim, tmp_path, request
):
    flags = [*request.getfixturevalue(fixture), f"--steps={steps}"]
    flags.append("--checkpoint_every=10")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    processes = _start(*[[*flags, f"--run_dir={whole}"]] * 2)
    outputs = _outputs(processes)
    assert [each.returncode for each in processes] == [0, 0], outputs
    assert "each step is split over 2 workers, " in outputs[0]
    assert outputs[1].endswith(f"the training has ended after step {steps}\n")

    processes = _start(*[[*flags, f"--run_dir={killed}"]] * 2)
    forked_trainings.wait_for_checkpoint(processes[0], killed)
    processes[victim].kill()
    processes[victim].communicate()
    died = time.monotonic()
    other = processes[1 - victim]
    output = other.communicate(timeout=_PATIENCE)[0]
    assert time.monotonic() - died < 60
    assert other.returncode == 2
    assert re.search(
        rf"error: another worker of the 2 has gone, and worker {1 - victim} "
        r"stops \(.+\): see what that worker said; the last checkpoint is "
        r"\S*/step_\d+: start the same command on all workers to go on\n$",
        output,
    ), output
    processes = _start(*[[f"--run_dir={killed}"]] * 2)
    outputs = _outputs(processes)
    assert [each.returncode for each in processes] == [0, 0], outputs
    assert "goes on after step" in outputs[0]
    assert trainings.differences(whole, killed) == []


def test_a_signal_to_any_worker_stops_all_and_one_device_goes_on(
    tiny_flags, tmp_path
):
    run_dir = tmp_path / "run"
    flags = [*tiny_flags, "--steps=4000", "--checkpoint_every=5"]
    chief, follower = _start(
        *[[*flags, f"--run_dir={run_dir}"]] * 2, exports=True
    )
    forked_trainings.wait_for_checkpoint(chief, run_dir)
    follower.send_signal(signal.SIGTERM)
    outputs = _outputs([chief, follower])
    assert [chief.returncode, follower.returncode] == [0, 0], outputs
    step = int(trainings.last_checkpoint(run_dir).name[5:])
    assert f"stopped after step {step:,} of 4,000" in outputs[0]
    assert (run_dir / "saved_model" / "saved_model.pb").exists()

    alone = forked_trainings.start(
        [f"--run_dir={run_dir}", "--distribute=none", "--checkpoint_every=1"],
        exports=False,
    )
    forked_trainings.wait_for_checkpoint(alone, run_dir, after=step)
    alone.send_signal(signal.SIGTERM)
    output = alone.communicate(timeout=_PATIENCE)[0]
    assert (
        "split over 2 devices up to its last checkpoint, now over 1" in output
    )
    assert f"goes on after step {step:,} of 4,000" in output


def test_workers_of_other_settings_begin_nothing(tiny_flags, tmp_path):
    flags = [*tiny_flags, "--steps=5", f"--run_dir={tmp_path / 'run'}"]
    processes = _start([*flags, "--seed=3"], [*flags, "--seed=4"])
    outputs = _outputs(processes)
    assert [each.returncode for each in processes] == [2, 2], outputs
    for index, output in enumerate(outputs):
        assert output.endswith(
            "error: the workers do not train the same as worker 0: seed (of "
            f"worker 1) is another; worker {index} has seed {index + 3}: start "
            "all of them with the same command\n"
        )
    assert not (tmp_path / "run").exists()
