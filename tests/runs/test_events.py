import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator
import tensorflow as tf

from tf_dcgan.runs import events


def write(folder, steps, *, tag="a"):
    """Writes one event file; returns its path."""
    before = set(folder.glob("*"))
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for step in steps:
            tf.summary.scalar(tag, step / 2, step=step)
    writer.close()
    (path,) = set(folder.glob("*")) - before
    # Files opened within one second would be read in any order.
    return path.rename(folder / f"events.out.tfevents.{len(before)}")


def read(folder, tag="a"):
    """What TensorBoard sees: the steps of a tag, in its order."""
    accumulator = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.TENSORS: 0}
    )
    accumulator.Reload()
    if tag not in accumulator.Tags()["tensors"]:
        return []
    for event in accumulator.Tensors(tag):
        value = tf.make_ndarray(event.tensor_proto)
        np.testing.assert_allclose(value, event.step / 2)
    return [event.step for event in accumulator.Tensors(tag)]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "run" / "tensorboard"
    folder.mkdir(parents=True)
    return folder


def test_events_of_later_steps_go_and_the_step_itself_stays(folder):
    write(folder, range(1, 9))
    events.rewind(folder, 5)
    assert read(folder) == [1, 2, 3, 4, 5]


def test_an_early_event_behind_a_late_one_stays(folder):
    write(folder, [1, 9, 2])
    events.rewind(folder, 5)
    assert read(folder) == [1, 2]


def test_rewinding_twice_gives_the_same_bytes(folder):
    path = write(folder, range(9))
    events.rewind(folder, 5)
    once = path.read_bytes()
    events.rewind(folder, 5)
    assert path.read_bytes() == once
    assert read(folder) == [0, 1, 2, 3, 4, 5]


def test_a_file_with_nothing_to_lose_is_not_touched(folder):
    path = write(folder, range(3))
    before = path.stat()
    events.rewind(folder, 2)
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_each_file_of_a_run_resumed_before_is_cut(folder):
    first = write(folder, range(0, 4))
    second = write(folder, range(4, 8))
    third = write(folder, range(8, 12))
    events.rewind(folder, 5)
    assert read(folder) == [0, 1, 2, 3, 4, 5]
    assert first.exists()
    assert second.exists()
    assert not third.exists()  # Only its version was left.


def test_the_version_of_a_cut_file_stays_first(folder):
    path = write(folder, range(9))
    events.rewind(folder, 5)
    record = next(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    assert tf.compat.v1.Event.FromString(record).file_version


def test_minus_one_leaves_no_event(folder):
    write(folder, range(3))
    events.rewind(folder, -1)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("lost_bytes", [1, 20])
def test_a_last_event_cut_short_is_dropped(folder, lost_bytes):
    path = write(folder, [1, 2, 3, 9, 4])
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    events.rewind(folder, 5)
    assert read(folder) == [1, 2, 3]


def test_new_events_follow_a_file_cut_short(folder):
    path = write(folder, range(6))
    path.write_bytes(path.read_bytes()[:-3])  # Cuts step 5.
    events.rewind(folder, 4)
    write(folder, range(5, 8))
    assert read(folder) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_an_empty_file_does_no_harm(folder):
    (folder / "events.out.tfevents.0").touch()
    write(folder, range(9))
    events.rewind(folder, 5)
    assert read(folder) == [0, 1, 2, 3, 4, 5]


def test_an_absent_folder_has_nothing_to_cut(tmp_path):
    events.rewind(tmp_path / "none", 5)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_beside_the_folder(folder):
    write(folder, range(4))
    write(folder, range(4, 8))
    events.rewind(folder, 2)
    assert [path.name for path in folder.parent.iterdir()] == ["tensorboard"]
