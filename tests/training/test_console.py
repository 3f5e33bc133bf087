import contextlib
import dataclasses
import json
import os
import sys

import numpy as np
import pytest

from tf_dcgan.common import terminal
from tf_dcgan.config import schema
from tf_dcgan.runs import runs
from tf_dcgan.training import console as progress
from tf_dcgan.training import cost, meters

MEANS = {
    "loss_d": 1.30214,
    "loss_g": 0.91337,
    "real_score": 0.623,
    "fake_score_before": 0.41,
    "fake_score_after": 0.36,
    "images_per_second": 1234.4,
}


def scalars(*values):
    values = np.array(values, np.float32)
    return {"loss_d": values, "loss_g": 10 * values}


def a_run(tmp_path, **settings):
    facts = runs.DataFacts(32, 32, 1, (2, 2, 28, 28), 60_000, "padded", "abc")
    config = schema.Config(**settings)
    return runs.Run(tmp_path / "run", config, facts, {}, None)


@contextlib.contextmanager
def standard_output(monkeypatch, descriptor):
    """Makes a descriptor the standard output for the length of a block."""
    with (
        open(descriptor, "w") as stdout,
        monkeypatch.context() as patch,
        open(os.devnull, "w") as nowhere,
    ):
        patch.setattr(sys, "stdout", stdout)
        yield stdout
        # What is still in its buffer has somewhere to go.
        os.dup2(nowhere.fileno(), descriptor)


def unread_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def lowest_free_descriptor():
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def test_saying_something_prints_it_at_once(monkeypatch):
    reading, writing = os.pipe()
    with open(reading) as printed:
        with standard_output(monkeypatch, writing):
            terminal.say("hello")
            assert printed.readline() == "hello\n"


def test_a_reader_that_has_gone_does_not_end_a_training(monkeypatch):
    with standard_output(monkeypatch, unread_pipe()) as stdout:
        for _ in range(3):
            terminal.say("hello")
        print("from elsewhere", file=stdout, flush=True)


def test_a_reader_that_has_gone_costs_no_open_file(monkeypatch):
    with standard_output(monkeypatch, unread_pipe()):
        before = lowest_free_descriptor()
        terminal.say("hello")
        assert lowest_free_descriptor() == before


def test_a_terminal_that_has_gone_does_not_end_a_training(
    tmp_path, monkeypatch
):
    def fail(*unused, **unused_too):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    console = progress.Console(a_run(tmp_path), 0, 2000, 100)
    with monkeypatch.context() as patch:
        for name in ("update", "close"):
            patch.setattr(progress.tqdm.tqdm, name, fail)
        console.update(1, meter)
        console.close()
    console.close()


@pytest.mark.parametrize("columns", [80, 100, 160])
def test_the_line_of_the_bar_fits_into_the_terminal(
    tmp_path, monkeypatch, columns
):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", str(columns))
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    console = progress.Console(a_run(tmp_path), 0, 125_000, 100)
    console.update(1, meter)
    console.update(100_000, meter)
    console._bar.dynamic_ncols = lambda _: (columns, 24)
    console._bar.start_t -= 3600
    line = str(console._bar)
    console.close()
    assert "loss_d 1.3021  loss_g 0.9134" in line
    assert ("images/s" in line) == (columns == 160)
    assert len(line) <= columns
    assert "100000/125000" in line


def test_an_interval_is_the_mean_over_its_steps():
    meter = meters.Meter(batch_size=64)
    meter.add(scalars(1.0, 2.0), seconds=0.5)
    meter.add(scalars(6.0), seconds=1.5)
    # (1 + 2 + 6) / 3, and 3 steps of 64 images in 2 s.
    assert meter.interval() == {
        "loss_d": 3.0,
        "loss_g": 30.0,
        "images_per_second": 96.0,
        "elapsed_seconds": 2.0,
    }


def test_looking_at_an_interval_does_not_end_it():
    meter = meters.Meter(batch_size=1)
    meter.add(scalars(1.0), seconds=1.0)
    assert meter.interval() == meter.interval()
    meter.add(scalars(2.0), seconds=1.0)
    assert meter.interval()["loss_d"] == 1.5


def test_taking_an_interval_starts_the_next_and_not_the_epochs():
    meter = meters.Meter(batch_size=1)
    meter.add(scalars(1.0), seconds=1.0)
    assert meter.take_interval()["loss_d"] == 1.0
    meter.add(scalars(3.0), seconds=0.5)
    taken = meter.take_interval()
    assert taken["loss_d"] == 3.0
    assert taken["images_per_second"] == 2.0
    epoch = meter.take_epoch()
    assert epoch["loss_d"] == 2.0
    assert epoch["images_per_second"] == 1.3333


def test_taking_an_epoch_starts_the_next_and_not_the_intervals():
    meter = meters.Meter(batch_size=1)
    meter.add(scalars(1.0), seconds=1.0)
    meter.take_epoch()
    meter.add(scalars(3.0), seconds=1.0)
    assert meter.interval()["loss_d"] == 2.0
    assert meter.take_epoch()["loss_d"] == 3.0


def test_elapsed_time_is_that_of_the_whole_run():
    meter = meters.Meter(batch_size=1)
    for _ in range(3):
        meter.add(scalars(1.0), seconds=1.25)
        meter.take_interval()
        taken = meter.take_epoch()
    assert taken["elapsed_seconds"] == 3.75


def test_a_meter_that_was_saved_goes_on_to_the_same_numbers():
    values = np.random.default_rng(0).normal(size=[2, 5]).astype(np.float32)
    whole, first = meters.Meter(8), meters.Meter(8)
    for meter in (whole, first):
        meter.add(scalars(*values[0]), seconds=0.3)
        meter.take_interval()
        meter.add(scalars(*values[0]), seconds=0.3)
    second = meters.Meter(8, json.loads(json.dumps(first.to_json())))
    for meter in (whole, second):
        meter.add(scalars(*values[1]), seconds=0.7)
    assert second.interval() == whole.interval()
    assert second.take_epoch() == whole.take_epoch()


def test_how_steps_are_grouped_into_calls_leaves_no_trace():
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    at_once, one_by_one = meters.Meter(8), meters.Meter(8)
    at_once.add(scalars(*values), seconds=0.0)
    for value in values:
        one_by_one.add(scalars(value), seconds=0.0)
    assert at_once.to_json() == one_by_one.to_json()


def test_a_meter_is_saved_as_it_was_at_that_moment():
    meter = meters.Meter(8)
    meter.add(scalars(1.0), seconds=0.5)
    saved = meter.to_json()
    before = json.dumps(saved)
    meter.add(scalars(2.0), seconds=0.5)
    assert json.dumps(saved) == before


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (150, "2 min"),
        (3600, "60 min"),
        (5399, "90 min"),
        (5400, "1.5 h"),
        (100_000, "27.8 h"),
    ],
)
def test_durations_are_told_in_the_unit_one_would_use(seconds, text):
    assert progress.duration(seconds) == text


def test_an_epochs_line_has_losses_scores_and_speed(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(progress, "_SECONDS_PER_EPOCH_LINE", 0.0)
    console = progress.Console(a_run(tmp_path), 0, 2000, 100)
    console.epoch(3, MEANS, [])
    line = (
        "epoch 3/20  loss_d 1.3021  loss_g 0.9134  D(x) 0.62  "
        "D(G(z)) 0.41/0.36  1234 images/s"
    )
    assert capsys.readouterr().out.splitlines()[1:] == [line]
    console.epoch(3, MEANS, ["D is odd: 1; go on", "G is odd"])
    assert capsys.readouterr().out.splitlines() == [
        line,
        "health: D is odd: 1; go on",
        "health: G is odd",
    ]
    console.health(["D is odd: 2; go on", "G is odd: 3; go on or stop"])
    assert capsys.readouterr().out.splitlines() == [
        "health: D is odd: 2",
        "health: G is odd: 3; go on or stop",
    ]


def test_a_speed_of_less_than_an_image_a_second_is_told(tmp_path, capsys):
    console = progress.Console(a_run(tmp_path), 0, 10, 10)
    console.epoch(1, MEANS | {"images_per_second": 0.234}, [])
    assert capsys.readouterr().out.endswith("  0.23 images/s\n")


def test_short_epochs_have_a_line_every_few_seconds(
    tmp_path, capsys, monkeypatch
):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    console = progress.Console(a_run(tmp_path), 0, 400, 1)
    capsys.readouterr()
    said = {}
    for number in range(1, 401):
        now[0] += 0.175  # 70 s in all.
        # One verdict at all times, another one from the middle on.
        verdicts = [f"D is ahead: {number}; stop"]
        verdicts += [f"G is poor: {number}; go"] * (number >= 201)
        console.epoch(number, MEANS, verdicts)
        lines = capsys.readouterr().out.splitlines()
        if lines:
            said[number] = len(lines)
    assert len(said) < 20  # One in 5 s, the last, and the new verdict's.
    assert {1, 201, 400} <= set(said)
    assert set(said.values()) == {2, 3}


def test_steps_are_not_told_beside_epochs(tmp_path, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    console = progress.Console(a_run(tmp_path), 0, 400, 10)
    for number in range(1, 41):
        now[0] += 6.0
        console.update(10 * number, meter)
        console.epoch(number, MEANS, [])
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 40
    assert all(line.startswith("epoch ") for line in lines)


def test_a_run_that_was_finished_before_says_what_makes_it_longer(
    tmp_path, capsys
):
    run = a_run(tmp_path)
    progress.Console(run, 100, 100, 10).finish(100)
    out = capsys.readouterr().out
    assert "nothing was left to train after step 100 of 100; a larger" in out
    assert f"tf_dcgan train --run_dir={run.path} --steps=200\n" in out
    progress.Console(run, 90, 100, 10).finish(100)
    assert "nothing was left" not in capsys.readouterr().out


def test_a_finished_run_whose_length_is_fixed_says_so(tmp_path, capsys):
    run = a_run(tmp_path, learning_rate_decay="second_half")
    progress.Console(run, 100, 100, 10).finish(100)
    out = capsys.readouterr().out
    assert "--learning_rate_decay=second_half fixes their number" in out
    assert "--steps=" not in out


def test_the_console_says_whether_a_run_starts_or_goes_on(tmp_path, capsys):
    run = a_run(tmp_path)
    progress.Console(run, 0, 2000, 100)
    assert capsys.readouterr().out == f"run: {run.path} starts\n"
    progress.Console(run, 1500, 2000, 100)
    assert capsys.readouterr().out == (
        f"run: {run.path} goes on after step 1,500 of 2,000\n"
    )


def test_plain_lines_come_now_and_then(tmp_path, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    console = progress.Console(a_run(tmp_path), 100, 1100, 50)
    capsys.readouterr()
    now[0] = 14.0
    console.update(140, meter)
    assert capsys.readouterr().out == ""
    console.estimate(0.5)
    capsys.readouterr()
    now[0] = 20.0
    console.update(160, meter)
    # 20 steps took 6 s, so 940 will take 282 s.
    out = capsys.readouterr().out
    assert out.startswith("step 160/1,100  epoch 4/22  loss_d 1.3021")
    assert out.endswith("  5 min left\n")
    console.update(161, meter)
    assert capsys.readouterr().out == ""


def test_no_time_left_is_told_before_it_is_known(tmp_path, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    console = progress.Console(a_run(tmp_path), 0, 1000, 50)
    for step in (1, 2):  # The first traces for a minute.
        now[0] += 60.0
        console.update(step, meter)
        assert " left" not in capsys.readouterr().out
    console.estimate(0.5)
    now[0] += 20.0
    console.update(42, meter)
    # 41 steps took 80 s, so 958 will take 31 minutes.
    assert capsys.readouterr().out.endswith("  31 min left\n")


def test_the_time_left_counts_scores_apart(tmp_path, capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    meter = meters.Meter(1, None)
    meter.add({n: np.float32([v]) for n, v in MEANS.items()}, seconds=1.0)
    run = a_run(tmp_path, evaluate_every=100)
    console = progress.Console(run, 0, 1000, 50)
    console.update(1, meter)
    console.estimate(0.1)
    now[0] = 69.9
    console.leave_out(60.0)
    console.update(100, meter)
    # 99 steps took 9.9 s, so 900 will take 90 s, and nine scores 540 s.
    assert capsys.readouterr().out.endswith("  10 min left\n")


def test_the_time_that_a_run_takes_is_told_once(tmp_path, capsys):
    console = progress.Console(a_run(tmp_path), 0, 1000, 100)
    capsys.readouterr()
    console.estimate(0.5)
    assert capsys.readouterr().out == (
        "time: 1,000 steps of 0.5 s are about 8 min on this machine\n"
    )
    console.estimate(0.5)
    assert capsys.readouterr().out == ""


def test_the_time_is_that_of_the_steps_that_are_left(tmp_path, capsys):
    console = progress.Console(a_run(tmp_path), 900, 1000, 100)
    console.estimate(0.5)
    assert "time: 100 steps of 0.5 s are about 50 s" in capsys.readouterr().out


def test_no_time_is_told_of_a_handful_of_steps(tmp_path, capsys):
    progress.Console(a_run(tmp_path), 0, 9, 100).estimate(0.5)
    assert "time:" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_run_of_hours_is_told_what_would_be_cheaper(tmp_path, capsys):
    console = progress.Console(a_run(tmp_path), 0, 10_000, 100)
    console.estimate(1.0)
    line = capsys.readouterr().out.splitlines()[-1]
    assert "are about 2.8 h on this machine; cheaper per step: " in line
    times = dict(
        part.rstrip(")").removesuffix(" times").split(" (")
        for part in line.split("cheaper per step: ")[1].split(", ")
    )
    assert set(times) == {"--width=0.5", "--width=0.25", "--recipe=dcgan_small"}
    # Half the channels on both sides of a convolution: almost a quarter.
    assert times["--width=0.5"] == "4"
    assert 14 <= int(times["--width=0.25"]) <= 16


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["dcgan_small", "dcgan_upsampling"])
def test_runs_of_no_sibling_are_told_of_no_recipe(tmp_path, capsys, recipe):
    run = a_run(tmp_path, recipe=recipe)
    progress.Console(run, 0, 10_000, 100).estimate(1.0)
    assert "--recipe" not in capsys.readouterr().out


def test_what_is_cheaper_counts_the_labels(tmp_path, capsys, monkeypatch):
    counted = []

    def estimate(config, shape, num_classes):
        counted.append(num_classes)
        return cost.StepCost(1, 1)

    monkeypatch.setattr(cost, "estimate", estimate)
    run = a_run(tmp_path, conditional=True)
    run = dataclasses.replace(
        run, data=dataclasses.replace(run.data, class_names=("a", "b", "c"))
    )
    progress.Console(run, 0, 10_000, 100).estimate(1.0)
    assert counted == [3] * 4


@pytest.mark.slow
def test_nothing_dearer_is_told_as_cheaper(tmp_path, capsys):
    run = a_run(tmp_path, recipe="vanilla_gan")
    progress.Console(run, 0, 10_000, 100).estimate(1.0)
    out = capsys.readouterr().out
    assert "cheaper per step: --width=0.5 (" in out
    run = dataclasses.replace(
        run, config=dataclasses.replace(run.config, width=0.001)
    )
    progress.Console(run, 0, 10_000, 100).estimate(1.0)
    assert "cheaper" not in capsys.readouterr().out


def test_a_finished_run_says_what_it_left(tmp_path, capsys):
    run = a_run(tmp_path)
    progress.Console(run, 0, 100, 10).finish(100)
    out = capsys.readouterr().out
    assert f"finished 100 steps: {run.path} has samples/" in out
    assert f"python -m tf_dcgan sample --run_dir={run.path}" in out


def test_a_run_that_was_finished_before_says_so(tmp_path, capsys):
    run = a_run(tmp_path)
    progress.Console(run, 100, 100, 10).finish(100)
    out = capsys.readouterr().out
    assert f"was finished after 100 steps: {run.path} has samples/" in out


def test_a_stopped_run_says_how_to_go_on(tmp_path, capsys):
    run = a_run(tmp_path)
    progress.Console(run, 0, 100, 10).finish(60)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "stopped after step 60 of 100; to go on: python -m tf_dcgan train "
        f"--run_dir={run.path}"
    )


def test_a_window_is_apart_from_interval_and_epoch_and_survives_saving():
    meter = meters.Meter(batch_size=1)
    meter.add(scalars(1.0, 2.0), seconds=1.0)
    meter.take_epoch()
    meter.take_interval()
    meter = meters.Meter(1, json.loads(json.dumps(meter.to_json())))
    meter.add(scalars(6.0), seconds=1.0)
    assert meter.take_window()["loss_d"] == 3.0
    meter.add(scalars(4.0), seconds=1.0)
    assert meter.take_window()["loss_d"] == 4.0
    assert meter.interval()["loss_d"] == 5.0


def test_a_meter_of_before_there_were_windows_begins_one():
    saved = meters.Meter(batch_size=1).to_json()
    del saved["window"]
    meter = meters.Meter(1, saved)
    meter.add(scalars(4.0), seconds=1.0)
    assert meter.take_window()["loss_d"] == 4.0
