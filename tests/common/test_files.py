import errno
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

from tf_dcgan.common import files


def contents(folder):
    return sorted(path.name for path in pathlib.Path(folder).iterdir())


def test_atomic_file_replaces_an_older_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with files.atomic_file(path) as unfinished:
        unfinished.write_text("new")
    assert path.read_text() == "new"
    assert contents(tmp_path) == ["a.txt"]


def test_atomic_file_is_absent_until_the_block_ends(tmp_path):
    path = tmp_path / "a.txt"
    with files.atomic_file(path) as unfinished:
        unfinished.write_text("new")
        assert not path.exists()
    assert path.exists()


def test_atomic_file_makes_the_folder_and_keeps_the_suffix(tmp_path):
    path = tmp_path / "deep" / "er" / "a.png"
    with files.atomic_file(str(path)) as unfinished:
        assert unfinished.suffix == ".png"
        assert unfinished.parent == path.parent
        unfinished.write_bytes(b"x")
    assert path.read_bytes() == b"x"


def test_atomic_file_leaves_the_older_file_when_the_block_raises(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), files.atomic_file(path) as new:
        new.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert contents(tmp_path) == ["a.txt"]


def test_atomic_file_reaches_the_disk_before_it_gets_its_name(
    tmp_path, monkeypatch
):
    happened = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(
        os, "fsync", lambda d: (happened.append("sync"), sync(d))
    )
    monkeypatch.setattr(
        os, "replace", lambda *p: (happened.append("name"), replace(*p))
    )
    with files.atomic_file(tmp_path / "a.txt") as unfinished:
        unfinished.write_text("new")
    assert happened == ["sync", "name", "sync"]


def test_atomic_directory_is_absent_until_the_block_ends(tmp_path):
    path = tmp_path / "folder"
    with files.atomic_directory(path) as unfinished:
        (unfinished / "inside").mkdir()
        (unfinished / "inside" / "a.txt").write_text("new")
        assert not path.exists()
    assert (path / "inside" / "a.txt").read_text() == "new"
    assert contents(tmp_path) == ["folder"]


def test_atomic_directory_takes_the_place_of_an_older_one(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old.txt").write_text("old")
    with files.atomic_directory(path) as unfinished:
        (unfinished / "new.txt").write_text("new")
    assert contents(path) == ["new.txt"]
    assert contents(tmp_path) == ["folder"]


def test_atomic_directory_leaves_the_older_one_when_the_block_raises(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), files.atomic_directory(path) as new:
        (new / "half.txt").write_text("half")
        raise ZeroDivisionError
    assert contents(path) == ["old.txt"]
    assert contents(tmp_path) == ["folder"]


def test_atomic_directory_syncs_every_file_before_it_gets_its_name(
    tmp_path, monkeypatch
):
    synced = []
    sync = files._sync
    monkeypatch.setattr(
        files, "_sync", lambda path: (synced.append(path.name), sync(path))
    )
    with files.atomic_directory(tmp_path / "folder") as unfinished:
        (unfinished / "a").write_text("a")
        (unfinished / "inside").mkdir()
        (unfinished / "inside" / "b").write_text("b")
        inside = unfinished.name
    assert set(synced[:-1]) == {"a", "b", "inside", inside}
    assert synced[-1] == tmp_path.name


def test_atomic_directory_begins_empty(tmp_path):
    left = tmp_path / f"{files.UNFINISHED}{os.getpid()}-folder"
    left.mkdir()
    (left / "half.txt").write_text("half")
    with files.atomic_directory(tmp_path / "folder") as unfinished:
        assert contents(unfinished) == []


def before_the_new_one_gets_its_name(monkeypatch, path, act):
    """Calls `act` in the instant before `path` is taken."""
    replace = os.replace

    def racing(source, target):
        if target == path and "-old-" not in source.name:
            act()
        replace(source, target)

    monkeypatch.setattr(os, "replace", racing)


@pytest.mark.parametrize("is_there", [False, True])
def test_atomic_directory_gives_way_to_a_process_that_was_faster(
    tmp_path, monkeypatch, is_there
):
    path = tmp_path / "folder"
    if is_there:
        path.mkdir()

    def be_faster():
        path.mkdir()
        (path / "theirs.txt").write_text("theirs")

    before_the_new_one_gets_its_name(monkeypatch, path, be_faster)
    with files.atomic_directory(path) as unfinished:
        (unfinished / "ours.txt").write_text("ours")
    assert contents(path) == ["theirs.txt"]
    assert contents(tmp_path) == ["folder"]


@pytest.mark.parametrize("is_there", [False, True])
def test_atomic_directory_puts_the_older_one_back_when_the_new_one_cannot_be(
    tmp_path, monkeypatch, is_there
):
    path = tmp_path / "folder"
    if is_there:
        path.mkdir()
        (path / "old.txt").write_text("old")

    def fail():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    before_the_new_one_gets_its_name(monkeypatch, path, fail)
    with pytest.raises(PermissionError), files.atomic_directory(path) as new:
        (new / "new.txt").write_text("new")
    assert contents(tmp_path) == ["folder"][: int(is_there)]
    assert not is_there or contents(path) == ["old.txt"]


def test_disk_errors_turns_tensorflows_word_into_pythons(tmp_path):
    full = tf.errors.ResourceExhaustedError(None, None, "No space")
    with pytest.raises(OSError) as caught, files.disk_errors(tmp_path / "a"):
        raise full
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.errno in files.DISK_FULL
    assert caught.value.filename == str(tmp_path / "a")
    assert caught.value.__cause__ is full


@pytest.mark.parametrize(
    "error",
    [tf.errors.NotFoundError(None, None, "gone"), OSError(5, "broken")],
)
def test_disk_errors_leaves_other_errors_alone(tmp_path, error):
    with pytest.raises(type(error)) as caught, files.disk_errors(tmp_path):
        raise error
    assert caught.value is error


def finished_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_remove_unfinished_removes_what_dead_processes_left(tmp_path):
    dead = finished_process()
    (tmp_path / f"{files.UNFINISHED}{dead}-a.txt").write_text("half")
    (tmp_path / f"{files.UNFINISHED}{dead}-folder").mkdir()
    (tmp_path / f"{files.UNFINISHED}{dead}-folder" / "b").write_text("half")
    (tmp_path / "whole.txt").write_text("whole")
    files.remove_unfinished(tmp_path)
    assert contents(tmp_path) == ["whole.txt"]


def test_remove_unfinished_removes_what_this_process_gave_up(tmp_path):
    (tmp_path / f"{files.UNFINISHED}{os.getpid()}-a").write_text("half")
    files.remove_unfinished(tmp_path)
    assert contents(tmp_path) == []


def test_remove_unfinished_leaves_what_a_live_process_is_writing(tmp_path):
    name = f"{files.UNFINISHED}{os.getppid()}-a.txt"
    (tmp_path / name).write_text("half")
    files.remove_unfinished(tmp_path)
    assert contents(tmp_path) == [name]


def test_remove_unfinished_leaves_what_another_user_is_writing(
    tmp_path, monkeypatch
):
    def refuse(process, number):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "kill", refuse)
    name = f"{files.UNFINISHED}{finished_process()}-a.txt"
    (tmp_path / name).write_text("half")
    files.remove_unfinished(tmp_path)
    assert contents(tmp_path) == [name]


def test_remove_unfinished_does_not_mind_what_another_process_removed(
    tmp_path, monkeypatch
):
    path = tmp_path / f"{files.UNFINISHED}{finished_process()}-a.txt"
    monkeypatch.setattr(pathlib.Path, "glob", lambda *unused: [path])
    files.remove_unfinished(tmp_path)
    assert contents(tmp_path) == []


def test_whether_a_file_can_be_written_is_found_out_without_making_any(
    tmp_path,
):
    files.require_writable(tmp_path / "new" / "folder" / "x.json")
    (tmp_path / "old.json").write_text("old")
    files.require_writable(tmp_path / "old.json")
    assert (tmp_path / "old.json").read_text() == "old"
    for path in (tmp_path, tmp_path / "old.json" / "x.json"):
        with pytest.raises(OSError):
            files.require_writable(path)
    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]
