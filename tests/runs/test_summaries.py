import contextlib
import errno
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2
import tensorflow as tf

from tf_dcgan.common import errors, files, images
from tf_dcgan.runs import summaries

GRID = np.zeros((4, 4, 1), np.uint8)
needs_a_full_device = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="needs /dev/full"
)


def tensorboard(run_dir):
    """What TensorBoard reads from a run: tag → [(step, tensor), …].

    Sorted, since it reads files in the order of their names, which for files
    that one process opens within one second can be any.
    """
    accumulator = event_accumulator.EventAccumulator(
        str(run_dir / "tensorboard"),
        size_guidance={event_accumulator.TENSORS: 0},
    )
    accumulator.Reload()
    return {
        tag: [
            (event.step, tf.make_ndarray(event.tensor_proto))
            for event in sorted(
                accumulator.Tensors(tag), key=lambda event: event.step
            )
        ]
        for tag in accumulator.Tags()["tensors"]
    }


def hyperparameters(run_dir):
    """What TensorBoard's HPARAMS page reads from a run."""
    accumulator = event_accumulator.EventAccumulator(
        str(run_dir / "tensorboard")
    )
    accumulator.Reload()
    tag = "_hparams_/session_start_info"
    content = accumulator.summary_metadata[tag].plugin_data.content
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    return data.session_start_info.hparams


def lines(run_dir):
    return (run_dir / "metrics.jsonl").read_text().splitlines()


def steps(run_dir):
    return [json.loads(line)["step"] for line in lines(run_dir)]


def grid(value):
    return np.full([4, 6, 1], value, np.uint8)


def write_steps(run_dir, steps):
    with summaries.Summaries(run_dir) as run_summaries:
        for step in steps:
            run_summaries.write_scalars("train", {"loss_d": step}, step=step)
            run_summaries.write_sample_grid(grid(step), step=step)


def test_a_line_holds_kind_and_step_and_then_the_values(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars(
            "train", {"epoch": 1, "loss_d": 1.25}, step=500
        )
    assert lines(tmp_path) == [
        '{"kind": "train", "step": 500, "epoch": 1, "loss_d": 1.25}'
    ]


def test_values_of_tensors_are_written_in_their_shortest_digits(tmp_path):
    values = {"a": tf.constant(0.1), "b": np.float32(1.3), "c": np.int64(7)}
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars("train", values, step=np.int64(2))
    assert lines(tmp_path) == [
        '{"kind": "train", "step": 2, "a": 0.1, "b": 1.3, "c": 7}'
    ]


def test_numbers_that_are_not_finite_become_null(tmp_path):
    values = {"a": float("nan"), "b": np.float32("inf"), "c": 1.0}
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars("train", values, step=2)
    (line,) = lines(tmp_path)
    assert json.loads(line) == {
        "kind": "train",
        "step": 2,
        "a": None,
        "b": None,
        "c": 1.0,
    }


def test_text_stays_out_of_tensorboard(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars(
            "evaluation", {"fid": 3.5, "protocol": "10,000 images"}, step=1
        )
    (line,) = lines(tmp_path)
    assert json.loads(line)["protocol"] == "10,000 images"
    assert list(tensorboard(tmp_path)) == ["evaluation/fid"]


def test_values_may_not_be_named_like_the_line_itself(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        with pytest.raises(ValueError, match="Received: .*'step'"):
            run_summaries.write_scalars("train", {"step": 3}, step=2)
    assert lines(tmp_path) == []


def test_a_value_that_is_no_scalar_is_refused(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        with pytest.raises(TypeError, match=r"Received: \[1, 2\]"):
            run_summaries.write_scalars("train", {"a": [1, 2]}, step=2)
    assert lines(tmp_path) == []


def test_a_line_can_be_read_before_the_next_flush(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars("train", {"a": 1}, step=2)
        assert steps(tmp_path) == [2]


def test_tensorboard_shows_numbers_under_kind_and_key(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars("train", {"loss_d": 1.5}, step=10)
        run_summaries.write_scalars("train", {"loss_d": 0.5}, step=20)
        run_summaries.write_scalars("epoch", {"loss_d": 1.0}, step=20)
    assert tensorboard(tmp_path) == {
        "train/loss_d": [(10, 1.5), (20, 0.5)],
        "epoch/loss_d": [(20, 1.0)],
    }


def test_flush_waits_for_the_disk_and_makes_events_readable(
    tmp_path, monkeypatch
):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_scalars("train", {"a": 1.0}, step=2)
        run_summaries.flush()
        assert len(synced) == 1
        assert tensorboard(tmp_path) == {"train/a": [(2, 1.0)]}


class FullWriter:
    """A writer of events that finds no space, as TensorFlow says it."""

    def __init__(self):
        self.closed = False

    @contextlib.contextmanager
    def as_default(self):
        yield
        self.flush()

    def flush(self):
        raise tf.errors.ResourceExhaustedError(
            None, None, f"/a/file; {os.strerror(errno.ENOSPC)}"
        )

    def close(self):
        self.closed = True


@pytest.mark.parametrize(
    "write",
    [
        lambda log: log.write_scalars("train", {"loss_d": 1.0}, step=1),
        lambda log: log.write_sample_grid(GRID, step=1),
        lambda log: log.write_hyperparameters({"width": 1.0}),
        lambda log: log.flush(),
        lambda log: log.close(),
    ],
)
def test_events_that_find_no_space_are_told_with_their_folder(
    tmp_path, monkeypatch, write
):
    monkeypatch.setattr(
        tf.summary, "create_file_writer", lambda path: FullWriter()
    )
    log = summaries.Summaries(tmp_path)
    with pytest.raises(OSError) as caught:
        write(log)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "tensorboard")
    with contextlib.suppress(OSError):
        log.close()
    assert log._metrics.closed
    assert log._writer.closed


@needs_a_full_device
def test_lines_that_find_no_space_are_told_with_their_file(tmp_path):
    (tmp_path / "metrics.jsonl").symlink_to("/dev/full")
    log = summaries.Summaries(tmp_path)
    for write in (
        lambda: log.write_scalars("train", {"loss_d": 1.0}, step=1),
        log.close,
    ):
        with pytest.raises(OSError) as caught:
            write()
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(tmp_path / "metrics.jsonl")
    log.close()


def test_events_that_cannot_be_opened_or_cut_are_told_with_their_folder(
    tmp_path, monkeypatch
):
    with summaries.Summaries(tmp_path) as log:
        log.write_scalars("train", {"loss_d": 1.0}, step=5)

    def fail(*unused, **unused_too):
        raise tf.errors.PermissionDeniedError(
            None, None, f"/a/file; {os.strerror(errno.EACCES)}"
        )

    monkeypatch.setattr(tf.data, "TFRecordDataset", fail)
    monkeypatch.setattr(tf.summary, "create_file_writer", fail)
    for call in (
        lambda: summaries.rewind(tmp_path, 2),
        lambda: summaries.Summaries(tmp_path),
    ):
        with pytest.raises(PermissionError) as caught:
            call()
        assert caught.value.filename == str(tmp_path / "tensorboard")


def test_closing_twice_does_no_harm(tmp_path):
    run_summaries = summaries.Summaries(tmp_path)
    run_summaries.close()
    run_summaries.close()


def test_grids_become_files_and_tensorboard_images(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_real_grid(grid(7))
        run_summaries.write_sample_grid(grid(9), step=500)
    shown = tensorboard(tmp_path)
    for tag, step, value, name in (
        ("real", 0, 7, "real.png"),
        ("samples", 500, 9, "step_0000500.png"),
    ):
        path = tmp_path / "samples" / name
        np.testing.assert_array_equal(images.read_png(path), grid(value))
        ((shown_step, (width, height, png)),) = shown[tag]
        assert (shown_step, int(width), int(height)) == (step, 6, 4)
        np.testing.assert_array_equal(tf.io.decode_png(png), grid(value))


def test_hyperparameters_reach_tensorboard(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_hyperparameters(
            {"beta_1": 0.5, "flip": True, "recipe": "dcgan", "size": (28, 28)}
        )
    shown = hyperparameters(tmp_path)
    assert shown["beta_1"].number_value == 0.5
    assert shown["flip"].bool_value is True
    assert shown["recipe"].string_value == "dcgan"
    assert shown["size"].string_value == "(28, 28)"


def test_sample_grids_come_in_the_order_of_their_steps(tmp_path):
    write_steps(tmp_path, [3, 1])
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_sample_grid(grid(0), step=12345678)
        run_summaries.write_real_grid(grid(0))
    (tmp_path / "samples" / "step_mine.png").touch()
    grids = summaries.sample_grids(tmp_path)
    assert [step for step, _ in grids] == [1, 3, 12345678]
    assert grids[0][1] == tmp_path / "samples" / "step_0000001.png"


def test_rewind_cuts_lines_events_and_samples_after_the_step(tmp_path):
    write_steps(tmp_path, range(6))
    summaries.rewind(tmp_path, 3)
    assert steps(tmp_path) == [0, 1, 2, 3]
    shown = tensorboard(tmp_path)
    assert shown["train/loss_d"] == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert [step for step, _ in shown["samples"]] == [0, 1, 2, 3]
    assert [s for s, _ in summaries.sample_grids(tmp_path)] == [0, 1, 2, 3]


def test_rewind_keeps_hyperparameters_and_real_images(tmp_path):
    with summaries.Summaries(tmp_path) as run_summaries:
        run_summaries.write_hyperparameters({"beta_1": 0.5})
        run_summaries.write_real_grid(grid(7))
    write_steps(tmp_path, range(6))
    summaries.rewind(tmp_path, 3)
    assert hyperparameters(tmp_path)["beta_1"].number_value == 0.5
    assert [step for step, _ in tensorboard(tmp_path)["real"]] == [0]
    assert (tmp_path / "samples" / "real.png").exists()


def test_rewinding_twice_gives_the_same(tmp_path):
    write_steps(tmp_path, range(6))
    summaries.rewind(tmp_path, 3)
    once = contents(tmp_path)
    summaries.rewind(tmp_path, 3)
    assert contents(tmp_path) == once


def test_a_resumed_run_has_neither_gaps_nor_doubles(tmp_path):
    write_steps(tmp_path, range(0, 6))
    summaries.rewind(tmp_path, 3)
    write_steps(tmp_path, range(4, 9))
    summaries.rewind(tmp_path, 6)
    write_steps(tmp_path, range(7, 10))
    assert steps(tmp_path) == list(range(10))
    shown = tensorboard(tmp_path)
    for tag in ("train/loss_d", "samples"):
        assert [step for step, _ in shown[tag]] == list(range(10))


def test_rewinding_before_the_start_forgets_everything(tmp_path):
    write_steps(tmp_path, range(3))
    summaries.rewind(tmp_path, -1)
    assert lines(tmp_path) == []
    assert tensorboard(tmp_path) == {}
    assert summaries.sample_grids(tmp_path) == []


def test_rewind_removes_what_a_killed_process_left_unfinished(tmp_path):
    write_steps(tmp_path, [1])
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    name = f"{files.UNFINISHED}{process.pid}-a.png"
    for folder in (tmp_path, tmp_path / "samples"):
        (folder / name).touch()
    summaries.rewind(tmp_path, 3)
    assert list(tmp_path.rglob(name)) == []


def test_rewinding_a_run_without_logs_does_nothing(tmp_path):
    summaries.rewind(tmp_path, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_line_cut_short_by_a_kill_is_dropped(tmp_path):
    write_steps(tmp_path, range(3))
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"kind": "train", "st')
    assert [v["step"] for v in summaries.read_metrics(tmp_path)] == [0, 1, 2]
    summaries.rewind(tmp_path, 3)
    write_steps(tmp_path, [3])
    assert steps(tmp_path) == [0, 1, 2, 3]


def test_a_whole_line_that_lacks_only_its_end_stays(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}')
    summaries.rewind(tmp_path, 3)
    assert path.read_text() == '{"step": 1}\n{"step": 2}\n'


@pytest.mark.parametrize(
    "damage", [b"{oops", b"\xff\xfe\x00", b"[1]", b'{"kind": "train"}', b""]
)
def test_a_damaged_line_is_named_and_nothing_is_cut(tmp_path, damage):
    path = tmp_path / "metrics.jsonl"
    content = b'{"step": 1}\n' + damage + b'\n{"step": 9}\n'
    path.write_bytes(content)
    with pytest.raises(errors.UserError, match="metrics.jsonl, line 2 "):
        summaries.rewind(tmp_path, 3)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_reading_metrics_of_a_run_that_has_none_gives_none(tmp_path):
    assert summaries.read_metrics(tmp_path) == []


class Killed(BaseException):
    """Ends a process so that no code of its own runs any more."""


def kill_at(monkeypatch, instant):
    """Makes the file system stop answering at its `instant`-th change."""
    remaining = iter(range(instant))

    def stopping(function):
        def stop(*args, **kwargs):
            if next(remaining, None) is None:
                raise Killed
            return function(*args, **kwargs)

        return stop

    monkeypatch.setattr(os, "replace", stopping(os.replace))
    monkeypatch.setattr(pathlib.Path, "unlink", stopping(pathlib.Path.unlink))


def contents(run_dir):
    return {
        str(path.relative_to(run_dir)): path.read_bytes()
        for path in run_dir.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_kill_at_any_instant_of_a_rewind_is_made_good_by_the_next(
    tmp_path, monkeypatch
):
    write_steps(tmp_path, range(0, 3))
    write_steps(tmp_path, range(3, 6))
    write_steps(tmp_path, range(6, 8))
    before = contents(tmp_path)
    summaries.rewind(tmp_path, 4)
    rewound = contents(tmp_path)
    kills = 0
    while True:
        for name in contents(tmp_path):
            (tmp_path / name).unlink()
        for name, content in before.items():
            (tmp_path / name).write_bytes(content)
        with monkeypatch.context() as patch:
            kill_at(patch, kills)
            try:
                summaries.rewind(tmp_path, 4)
                break
            except Killed:
                kills += 1
        # Whatever is half done, TensorBoard sees each early event once, and
        # no unfinished file passes for one of its own.
        shown = [step for step, _ in tensorboard(tmp_path)["train/loss_d"]]
        assert shown[:5] == [0, 1, 2, 3, 4]
        assert shown == sorted(set(shown))
        names = {path.parent.name for path in tmp_path.rglob("*tfevents*")}
        assert names == {"tensorboard"}
        summaries.rewind(tmp_path, 4)
        assert contents(tmp_path) == rewound
    # A replacement of metrics.jsonl; none of the first event file; two for the
    # second; one and two removals for the third, which is left empty; the
    # removal of three samples.
    assert kills == 9


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"kind": "train", "step": -(10**30)}, "step is -1000"),
        ({"kind": "train", "step": True}, "step is True: allowed is a whole"),
        ({"kind": 1, "step": 1}, "kind is 1: allowed is a text or null"),
        (
            {"kind": "train", "step": 1, "loss_d": "x"},
            "loss_d is 'x': allowed is a number or null",
        ),
        ({"kind": "evaluation", "step": 1, "fid": [1]}, r"fid is \[1\]"),
        ({"kind": "samples", "step": 1, "diversity": 10**400}, "diversity is"),
        ({"kind": "\ud800", "step": 1}, "it has half of a letter"),
    ],
)
def test_a_strange_value_is_named_with_line_field_and_what_is_allowed(
    tmp_path, line, reason
):
    first = '{"kind": "train", "step": 1, "loss_d": 1}\n'
    (tmp_path / "metrics.jsonl").write_text(first + json.dumps(line) + "\n")
    with pytest.raises(
        errors.UserError, match=rf"metrics.jsonl, line 2 is damaged: {reason}"
    ):
        summaries.read_metrics(tmp_path)
