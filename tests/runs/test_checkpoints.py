import errno
import io
import json
import os
import pathlib
import tempfile

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import errors, files
from tf_dcgan.runs import checkpoints

PROGRESS = {"meter": {"total": 0.1 + 0.2}}


def some_variables(seed=0):
    chance = np.random.default_rng(seed)
    return {
        "step": tf.Variable(2**62 + seed, dtype=tf.int64),
        "a/kernel": tf.Variable(chance.normal(size=[40, 50]), dtype=tf.float32),
        "a/bias": tf.Variable(chance.normal(size=[50]), dtype=tf.float32),
    }


def zeros_like(variables):
    return {n: tf.Variable(tf.zeros_like(v)) for n, v in variables.items()}


def data_file(path):
    return next(path.glob("weights.data-*"))


def saved(folder, *steps, seed=0):
    for step in steps:
        path = checkpoints.save(
            folder,
            step,
            variables=some_variables(seed),
            progress=PROGRESS,
        )
    return path


def names(paths):
    return [path.name for path in paths]


def forbid(monkeypatch, path):
    """Lets the system refuse to read a file or a folder, as to another user.

    Root, whom file modes do not stop, can run these tests too.
    """

    def guarded(function):
        def call(target=".", *arguments, **more):
            if not isinstance(target, int) and pathlib.Path(target) == path:
                reason = os.strerror(errno.EACCES)
                raise PermissionError(errno.EACCES, reason, os.fspath(path))
            return function(target, *arguments, **more)

        return call

    for module, name in ((io, "open"), (os, "listdir"), (os, "scandir")):
        monkeypatch.setattr(module, name, guarded(getattr(module, name)))


def refusal(path, variables=None):
    """Says why a checkpoint cannot be restored."""
    if variables is None:
        variables = zeros_like(some_variables())
    with pytest.raises(errors.UserError) as caught:
        checkpoints.restore(path, variables)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_what_is_restored_is_what_was_saved_bit_for_bit(tmp_path):
    special = [0.0, -0.0, 1e-45, np.inf, -np.inf, np.nan, np.pi, 3.4e38]
    variables = some_variables() | {
        "special": tf.Variable(special, dtype=tf.float32),
        "half": tf.Variable([1 / 3, 5e-8], dtype=tf.float16),
    }
    path = checkpoints.save(tmp_path, 7, variables=variables, progress={})
    restored = zeros_like(variables)
    checkpoints.restore(path, restored)
    for name, variable in variables.items():
        assert restored[name].numpy().tobytes() == variable.numpy().tobytes()


@pytest.mark.parametrize(
    "name", ["exp [lr=1e-4]", "[ab]", "a*b?", "back\\slash", "[", "x]{y}"]
)
def test_characters_of_patterns_in_a_path_are_taken_as_they_are(tmp_path, name):
    folder = tmp_path / name / "checkpoints"
    path = saved(folder, 3)
    restored = zeros_like(some_variables())
    assert checkpoints.restore(path, restored)["step"] == 3
    np.testing.assert_array_equal(
        restored["a/kernel"], some_variables()["a/kernel"]
    )


def test_a_path_of_pattern_characters_needs_room_for_a_link(
    tmp_path, monkeypatch
):
    path = saved(tmp_path / "[ab]", 3)
    for place in (tmp_path / "absent", tmp_path / "[ab]"):
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        message = refusal(path)
        assert "set TMPDIR to a folder that can be written to" in message
        assert "damaged" not in message


def test_progress_comes_back_with_the_step(tmp_path):
    path = saved(tmp_path, 12)
    progress = checkpoints.restore(path, zeros_like(some_variables()))
    assert progress == {"step": 12, **PROGRESS}


def test_a_checkpoint_is_named_after_its_step(tmp_path):
    path = saved(tmp_path, 500)
    assert path == tmp_path / "step_0000500"
    assert sorted(file.name.split(".")[0] for file in path.iterdir()) == [
        "progress",
        "weights",
        "weights",
    ]


def test_the_last_three_checkpoints_are_kept(tmp_path):
    saved(tmp_path, 1, 2, 3)
    assert len(checkpoints.all_checkpoints(tmp_path)) == 3
    saved(tmp_path, 4)
    assert names(tmp_path.iterdir()) != []
    assert sorted(names(tmp_path.iterdir())) == [
        "step_0000002",
        "step_0000003",
        "step_0000004",
    ]


def test_last_is_the_highest_step_as_a_number(tmp_path):
    assert checkpoints.last(tmp_path) is None
    saved(tmp_path, 9_999_999, 10_000_000)
    assert checkpoints.last(tmp_path).name == "step_10000000"


def test_last_of_a_folder_that_does_not_exist_is_none(tmp_path):
    assert checkpoints.last(tmp_path / "checkpoints") is None


def test_what_a_kill_cut_short_is_not_a_checkpoint(tmp_path):
    path = saved(tmp_path, 1)
    saved(tmp_path, 2).rename(tmp_path / f"{files.UNFINISHED}1-step_0000002")
    assert checkpoints.all_checkpoints(tmp_path) == [path]
    assert checkpoints.last(tmp_path) == path


def test_what_a_user_put_beside_the_checkpoints_is_not_one(tmp_path):
    path = saved(tmp_path, 1)
    (tmp_path / "step_0000002").write_text("a file")
    (tmp_path / "step_0000001 (copy)").mkdir()
    assert checkpoints.all_checkpoints(tmp_path) == [path]


def cut_data(path):
    file = data_file(path)
    file.write_bytes(file.read_bytes()[:-1000])


def empty_data(path):
    data_file(path).write_bytes(b"")


def flip_a_bit_of_the_data(path):
    file = data_file(path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def flip_a_bit_of_the_index(path):
    file = path / "weights.index"
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)


def remove_data(path):
    data_file(path).unlink()


def remove_index(path):
    (path / "weights.index").unlink()


def remove_progress(path):
    (path / "progress.json").unlink()


DAMAGES = [
    cut_data,
    empty_data,
    flip_a_bit_of_the_data,
    flip_a_bit_of_the_index,
    remove_data,
    remove_index,
    remove_progress,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_with_the_one_before(tmp_path, damage):
    saved(tmp_path, 1, 2)
    path = saved(tmp_path, 3)
    damage(path)
    message = refusal(path)
    assert "is damaged or of another program" in message
    assert message.endswith(
        f"move that folder out of {tmp_path.name}/ to go on from step_0000002"
    )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "{}", '{"step": "x"}', "\udcff"]
)
def test_damaged_progress_is_refused(tmp_path, text):
    path = saved(tmp_path, 3)
    content = text.encode(errors="surrogateescape")
    (path / "progress.json").write_bytes(content)
    assert "is damaged" in refusal(path)


def test_a_checkpoint_under_another_steps_name_is_refused(tmp_path):
    path = saved(tmp_path, 3).rename(tmp_path / "step_0000004")
    message = refusal(path)
    assert "is damaged" in message
    assert "progress.json is of another step" in message
    with pytest.raises(errors.UserError, match="of another step"):
        checkpoints.restore_some(path, {})


def test_what_is_wrong_with_a_checkpoint_is_told_in_one_line(tmp_path):
    saved(tmp_path, 1)
    path = saved(tmp_path, 2)
    way_out = (
        f"move that folder out of {tmp_path.name}/ to go on from step_0000001"
    )
    for error, reason in (
        (ValueError("NaN in a/bias\nand more"), "NaN in a/bias"),
        (IndexError(), "IndexError"),
    ):
        user_error = checkpoints.damaged(path, error)
        assert isinstance(user_error, errors.UserError)
        assert str(user_error) == (
            f"checkpoint {path} is damaged or of another program ({reason}): "
            f"{way_out}"
        )


def test_a_damaged_first_checkpoint_has_no_older_one_to_go_on_from(tmp_path):
    path = saved(tmp_path, 3)
    remove_index(path)
    assert refusal(path).endswith("there is no older one; start a new run")


@pytest.mark.parametrize("name", ["weights.index", "progress.json"])
def test_a_checkpoint_that_may_not_be_read_is_not_called_damaged(
    tmp_path, monkeypatch, name
):
    path = saved(tmp_path, 2, 3)
    forbid(monkeypatch, path / name)
    with pytest.raises(PermissionError) as caught:
        checkpoints.restore(path, zeros_like(some_variables()))
    assert caught.value.filename == str(path / name)


def test_checkpoints_that_may_not_be_listed_are_not_taken_for_none(
    tmp_path, monkeypatch
):
    saved(tmp_path, 3)
    forbid(monkeypatch, tmp_path)
    with pytest.raises(PermissionError):
        checkpoints.last(tmp_path)


def test_the_way_out_is_the_older_step_as_a_number(tmp_path):
    saved(tmp_path, 9_999_999)
    path = saved(tmp_path, 10_000_000)
    remove_index(path)
    assert refusal(path).endswith("go on from step_9999999")


def test_a_checkpoint_without_one_of_the_variables_is_refused(tmp_path):
    path = saved(tmp_path, 1)
    variables = zeros_like(some_variables()) | {"more": tf.Variable(0.0)}
    assert "damaged or of another program" in refusal(path, variables)


def test_a_checkpoint_with_additional_variables_is_refused(tmp_path):
    path = saved(tmp_path, 1)
    variables = zeros_like(some_variables())
    del variables["a/bias"]
    assert "damaged or of another program" in refusal(path, variables)


def test_a_checkpoint_with_other_shapes_is_refused(tmp_path):
    path = saved(tmp_path, 1)
    variables = zeros_like(some_variables()) | {"a/bias": tf.Variable([0.0])}
    assert "damaged or of another program" in refusal(path, variables)


def test_restore_some_reads_only_the_variables_it_is_given(tmp_path):
    path = saved(tmp_path, 6)
    variables = {"a/kernel": tf.Variable(tf.zeros([40, 50]))}
    assert checkpoints.restore_some(path, variables) == 6
    np.testing.assert_array_equal(
        variables["a/kernel"], some_variables()["a/kernel"]
    )


def test_restore_some_refuses_a_checkpoint_that_lacks_a_variable(tmp_path):
    path = saved(tmp_path, 6)
    with pytest.raises(errors.UserError, match="is damaged or of another"):
        checkpoints.restore_some(path, {"more": tf.Variable(0.0)})


def fail_half_way(monkeypatch, error):
    write = tf.train.Checkpoint.write

    def failing(self, prefix):
        write(self, prefix)
        raise error

    monkeypatch.setattr(tf.train.Checkpoint, "write", failing)


def test_a_failed_write_leaves_the_older_checkpoints_and_nothing_else(
    tmp_path, monkeypatch
):
    saved(tmp_path, 1, 2)
    path = saved(tmp_path, 3)
    with monkeypatch.context() as patch:
        fail_half_way(patch, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            saved(tmp_path, 4, seed=1)
    assert sorted(names(tmp_path.iterdir())) == [
        "step_0000001",
        "step_0000002",
        "step_0000003",
    ]
    restored = zeros_like(some_variables())
    assert checkpoints.restore(path, restored)["step"] == 3
    np.testing.assert_array_equal(
        restored["a/kernel"], some_variables()["a/kernel"]
    )


def test_a_disk_that_tensorflow_finds_full_is_a_full_disk(
    tmp_path, monkeypatch
):
    saved(tmp_path, 1)
    fail_half_way(
        monkeypatch, tf.errors.ResourceExhaustedError(None, None, "No space")
    )
    with pytest.raises(OSError) as caught:
        saved(tmp_path, 2)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "step_0000002")
    assert names(tmp_path.iterdir()) == ["step_0000001"]


def test_a_checkpoint_may_be_written_again(tmp_path):
    saved(tmp_path, 5, seed=0)
    path = saved(tmp_path, 5, seed=1)
    restored = zeros_like(some_variables())
    checkpoints.restore(path, restored)
    assert restored["step"].numpy() == 2**62 + 1


def test_progress_is_readable_json(tmp_path):
    text = (saved(tmp_path, 5) / "progress.json").read_text()
    assert json.loads(text)["step"] == 5
    assert text.endswith("\n")


def test_a_rewind_removes_what_is_later_than_its_step(tmp_path):
    saved(tmp_path, 5, 10, 15)
    (tmp_path / f"{files.UNFINISHED}999999999-step_0000010").mkdir()
    checkpoints.rewind(tmp_path, 10)
    assert sorted(names(tmp_path.iterdir())) == ["step_0000005", "step_0000010"]
    checkpoints.rewind(tmp_path, 9)
    assert names(tmp_path.iterdir()) == ["step_0000005"]


def test_a_folder_that_is_not_there_has_nothing_to_rewind(tmp_path):
    checkpoints.rewind(tmp_path / "best", 10)
    assert not (tmp_path / "best").exists()
