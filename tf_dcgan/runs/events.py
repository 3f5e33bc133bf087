"""Takes TensorBoard's event files back to an earlier step.

TensorFlow 2's summary writer cannot remove events. A run that is resumed from
a checkpoint would keep the events of later steps and then write them a second
time, so these events are cut out before a new writer is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
import os
import pathlib

import tensorflow as tf

from tf_dcgan.common import files

# The step given to the record that opens every event file and always stays.
_VERSION = -1


def rewind(folder: os.PathLike | str, step: int) -> None:
    """Removes every event after a step from a folder's event files.

    Each file is cut on its own and replaced in one instant. If a kill
    interrupts the call, some files are not cut yet, and the next call does
    the rest: no event is lost or doubled. A file keeps its name, and so its
    place in the order in which TensorBoard reads the files. A file without
    later events is not touched, and a file without other events is removed.

    Args:
        folder: the folder of the event files; may be absent. No writer may be
            open on it. Its parent takes the unfinished copies.
        step: the last step to keep; -1 keeps nothing.

    Raises:
        OSError: a file cannot be read or replaced.
    """
    for path in files.matching(folder, "*tfevents*"):
        if any(event_step > step for _, event_step in _read(path)):
            _cut(path, step)


def _cut(path: pathlib.Path, step: int) -> None:
    """Replaces an event file by its events up to a step."""
    # TensorBoard reads every file with "tfevents" in its name, anywhere below
    # the log directory. So the unfinished copy has another name. A folder
    # would not hide it, since the run itself may be the log directory.
    copy = path.parent.parent / f"{files.UNFINISHED}{os.getpid()}-cut-events"
    is_empty = True
    with files.atomic_file(copy) as unfinished:
        with tf.io.TFRecordWriter(str(unfinished)) as writer:
            for record, event_step in _read(path):
                if event_step <= step:
                    writer.write(record)
                    is_empty = is_empty and event_step == _VERSION
    if is_empty:
        copy.unlink()
        path.unlink()
    else:
        os.replace(copy, path)


def _read(path: pathlib.Path) -> Iterator[tuple[bytes, int]]:
    """Yields the records of an event file with their steps, one at a time.

    A last record that a kill has cut short ends the file without an error.
    """
    records = tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    try:
        for record in records:
            event = tf.compat.v1.Event.FromString(record)
            is_version = event.WhichOneof("what") == "file_version"
            yield record, _VERSION if is_version else event.step
    except tf.errors.DataLossError:
        return
