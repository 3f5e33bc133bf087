import errno
import io
import os
import pathlib
import socket
import stat
import subprocess
import sys
import tempfile

import numpy as np
import pytest
import tensorflow as tf

from tf_dcgan.common import errors, files


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


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (tf.errors.PermissionDeniedError, errno.EACCES),
        (tf.errors.PermissionDeniedError, errno.EROFS),
        (tf.errors.NotFoundError, errno.ENOENT),
        (tf.errors.OutOfRangeError, errno.EFBIG),
        (tf.errors.UnknownError, errno.EIO),
    ],
)
def test_disk_errors_finds_the_systems_words_in_tensorflows(
    tmp_path, kind, number
):
    error = kind(None, None, f"/some/file; {os.strerror(number)}")
    with pytest.raises(OSError) as caught, files.disk_errors(tmp_path / "a"):
        raise error
    assert caught.value.errno == number
    assert caught.value.filename == str(tmp_path / "a")


needs_a_full_device = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="needs /dev/full"
)


@needs_a_full_device
@pytest.mark.parametrize(
    "write",
    [
        lambda file: (file.write(b"x"), file.flush()),
        lambda file: np.save(file, np.zeros(10**5)),
    ],
    ids=["python", "numpy"],
)
@pytest.mark.parametrize(
    "wrapped", [files.disk_errors, files.atomic_file, files.atomic_directory]
)
def test_a_full_disk_is_told_with_the_file_that_it_left_no_room_for(
    tmp_path, wrapped, write
):
    with open("/dev/full", "wb", buffering=0) as device:
        with io.BufferedWriter(device) as file:
            with pytest.raises(OSError) as caught, wrapped(tmp_path / "a"):
                write(file)
            device.close()
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.filename == str(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_an_error_of_reading_is_not_put_on_the_file_that_is_written(tmp_path):
    error = OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(OSError) as caught, files.atomic_file(tmp_path / "a"):
        raise error
    assert caught.value is error
    assert error.filename is None


def finished_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("mnist", "mnist"),
        ("T-shirt/top", "T-shirt_top"),
        ("cycle_gan/horse2zebra", "cycle_gan_horse2zebra"),
        ("/data/my photos/", "my_photos"),
        ("/", ""),
        ("猫" * 90, "猫" * 32),
    ],
)
def test_any_name_makes_a_part_of_a_files_name(name, part):
    assert files.safe_name(name) == part
    assert files.safe_name(name, fill="-").replace("-", "_") == (
        part.replace("-", "_")
    )


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


def refusal(path, **options):
    with pytest.raises(errors.UserError) as caught:
        files.require_writable(path, "--out=x", **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_place_that_can_be_written_is_passed_and_nothing_is_made(
    tmp_path, is_folder
):
    deep = tmp_path / "new" / "folder" / "x"
    files.require_writable(deep, "--out=x", is_folder=is_folder)
    assert contents(tmp_path) == []


def test_an_older_file_or_folder_may_be_written_and_stays_as_it_is(tmp_path):
    (tmp_path / "old.json").write_text("old")
    files.require_writable(tmp_path / "old.json", "--out=x")
    files.require_writable(tmp_path, "--out=x", is_folder=True)
    assert (tmp_path / "old.json").read_text() == "old"
    assert contents(tmp_path) == ["old.json"]


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    assert refusal(tmp_path) == (
        f"--out=x cannot be written ({tmp_path} is a folder, not a file): "
        "give another name"
    )


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("below", ["x", "deep/er/x"])
def test_a_file_in_the_way_of_a_folder_is_refused(tmp_path, is_folder, below):
    file = tmp_path / "file"
    file.write_text("old")
    message = refusal(file / below, is_folder=is_folder, advice="do better")
    assert message == (
        f"--out=x cannot be written ({file} is a file, not a folder): do better"
    )
    assert file.read_text() == "old"


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("old")
    message = refusal(tmp_path / "file", is_folder=True)
    assert f"({tmp_path / 'file'} is a file, not a folder)" in message


def test_a_link_to_nowhere_in_the_way_of_a_folder_is_refused(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    for path, is_folder in ((link, True), (link / "x", False)):
        message = refusal(path, is_folder=is_folder)
        assert f"({link} is a link to nowhere, not a folder)" in message
    # A file takes the place of such a link.
    files.require_writable(link, "--out=x")


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize(
    "name",
    ["x" * 300, f"new/{'x' * 300}", f"{'x' * 300}/new", "new/" * 2000],
)
def test_a_name_that_is_too_long_is_refused(tmp_path, is_folder, name):
    message = refusal(tmp_path / name, is_folder=is_folder)
    assert message.startswith("--out=x cannot be written (File name too long)")
    assert contents(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "x" * 255,
        "x" * 251 + ".png",
        "猫" * 84 + ".x",
        "x." + "y" * 253,
        "é" * 100 + "x.tar.gz",
    ],
)
def test_a_name_as_long_as_the_system_allows_is_written(tmp_path, name):
    files.require_writable(tmp_path / name, "--out=x")
    files.require_writable(tmp_path / name, "--out=x", is_folder=True)
    with files.atomic_file(tmp_path / name) as unfinished:
        unfinished.write_text("x")
    assert contents(tmp_path) == [name]
    (tmp_path / name).unlink()
    for content in ("old", "new"):
        with files.atomic_directory(tmp_path / name) as unfinished:
            (unfinished / "a.txt").write_text(content)
    assert (tmp_path / name / "a.txt").read_text() == "new"
    assert contents(tmp_path) == [name]


def test_long_names_are_unfinished_under_different_names(tmp_path):
    long = "x" * 200
    with files.atomic_file(tmp_path / f"{long}1.png") as first:
        with files.atomic_file(tmp_path / f"{long}2.png") as second:
            assert first != second
            assert first.suffix == second.suffix == ".png"
            first.write_text("1")
            second.write_text("2")
    assert (tmp_path / f"{long}1.png").read_text() == "1"


def write(path, text="new"):
    with files.atomic_file(path) as unfinished:
        unfinished.write_text(text)


def test_a_fifo_is_refused_before_the_work_and_stays(tmp_path):
    fifo = tmp_path / "fifo.png"
    os.mkfifo(fifo)
    link = tmp_path / "link.png"
    link.symlink_to(fifo)
    for path in (fifo, link):
        assert f"({path} is a FIFO, not a file)" in refusal(path)
        with pytest.raises(errors.UserError, match="is a FIFO, not a file"):
            write(path)
    assert stat.S_ISFIFO(os.stat(fifo).st_mode)
    assert "is a FIFO, not a folder" in refusal(fifo, is_folder=True)


def test_a_socket_is_refused_before_the_work_and_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # The name of a socket is short.
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.json")
        path = tmp_path / "socket.json"
        assert f"({path} is a socket, not a file)" in refusal(path)
        with pytest.raises(errors.UserError, match="is a socket"):
            write(path)
        assert stat.S_ISSOCK(os.stat(path).st_mode)


def test_a_device_takes_the_bytes_and_stays(tmp_path):
    null = tmp_path / "null.json"
    try:
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        null = pathlib.Path(os.devnull)
    link = tmp_path / "link.json"
    link.symlink_to(null)
    for path in (null, link):
        files.require_writable(path, "--out=x")
        write(path)
        assert stat.S_ISCHR(os.stat(path).st_mode)
    assert link.is_symlink()
    assert os.listdir(tmp_path) in (
        ["link.json"],
        ["null.json", "link.json"],
        ["link.json", "null.json"],
    )


@pytest.mark.skipif(not hasattr(os, "mknod"), reason="needs POSIX devices")
def test_a_disk_is_refused(tmp_path):
    disk = tmp_path / "disk"
    try:
        # A number that no driver has: nothing could be written there.
        os.mknod(disk, 0o666 | stat.S_IFBLK, os.makedev(259, 1048575))
    except PermissionError:
        pytest.skip("may make no block device here")
    assert "is a device, not a file" in refusal(disk)
    with pytest.raises(errors.UserError, match="is a device, not a file"):
        write(disk)


OWN_DESCRIPTORS = pytest.mark.skipif(
    not os.path.exists("/proc/self/fd/0"), reason="needs /proc/self/fd"
)


@OWN_DESCRIPTORS
def test_a_pipe_that_is_open_takes_the_bytes(tmp_path):
    reading, writing = os.pipe()
    try:
        path = f"/dev/fd/{writing}"
        files.require_writable(path, "--out=x")
        write(path)
        os.close(writing)
        assert os.read(reading, 99) == b"new"
    finally:
        os.close(reading)


@OWN_DESCRIPTORS
def test_standard_output_is_written_into_also_where_it_is_a_file(tmp_path):
    printed = tmp_path / "printed.txt"
    link = tmp_path / "link.json"
    link.symlink_to("/dev/stdout")
    program = (
        "import sys; from tf_dcgan.common import files\n"
        "print('before', flush=True)\n"
        "for path in sys.argv[1:]:\n"
        "    files.require_writable(path, '--out=x')\n"
        "    with files.atomic_file(path) as new:\n"
        "        new.write_text(new.suffix + 'content;')\n"
        "print('after')\n"
    )
    with open(printed, "w") as output:
        subprocess.run(
            [sys.executable, "-c", program, "/dev/stdout", link],
            stdout=output,
            check=True,
        )
    assert printed.read_text() == "before\ncontent;.jsoncontent;after\n"
    assert link.is_symlink()
    assert os.path.islink("/dev/stdout")


def test_a_link_to_a_file_is_replaced_and_the_file_stays(tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("old")
    link = tmp_path / "link.txt"
    link.symlink_to(outside)
    write(link)
    assert outside.read_text() == "old"
    assert not link.is_symlink() and link.read_text() == "new"


def test_a_folder_takes_the_place_of_a_link_and_not_of_its_target(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "old.txt").write_text("old")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "outside")
    with files.atomic_directory(link) as unfinished:
        (unfinished / "new.txt").write_text("new")
    assert not link.is_symlink() and contents(link) == ["new.txt"]
    assert contents(tmp_path / "outside") == ["old.txt"]
    assert contents(tmp_path) == ["link", "outside"]


def test_a_link_to_itself_is_refused(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    words = "is a link that leads back to itself"
    assert f"({loop} {words})" in refusal(loop)
    assert f"({loop / 'x'} {words})" in refusal(loop / "x")
    assert f"({loop} {words}, not a folder)" in refusal(loop, is_folder=True)
    with pytest.raises(errors.UserError, match=words):
        write(loop)
    assert loop.is_symlink()


@pytest.fixture
def forbidden_folder():
    """A folder in which this process may make nothing, also as root."""
    with tempfile.TemporaryDirectory() as name:
        user = os.geteuid()
        os.chmod(name, 0o555)
        if user == 0:
            os.seteuid(65534)
        try:
            yield pathlib.Path(name)
        finally:
            os.seteuid(user)
            os.chmod(name, 0o755)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX users")
@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("name", ["x", "new/x"])
def test_a_folder_without_permission_is_refused(
    forbidden_folder, is_folder, name
):
    message = refusal(forbidden_folder / name, is_folder=is_folder)
    assert message.startswith("--out=x cannot be written (Permission denied): ")


def failing_probe(monkeypatch, number):
    def fail(*, dir):
        raise OSError(number, os.strerror(number), dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)


def test_a_read_only_disk_is_refused(tmp_path, monkeypatch):
    failing_probe(monkeypatch, errno.EROFS)
    assert "(Read-only file system)" in refusal(tmp_path / "x")


def test_a_full_disk_is_no_matter_of_the_place(tmp_path, monkeypatch):
    failing_probe(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError) as caught:
        files.require_writable(tmp_path / "x", "--out=x")
    assert caught.value.errno == errno.ENOSPC
