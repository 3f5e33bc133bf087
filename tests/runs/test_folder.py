import dataclasses
import errno
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

from tf_dcgan.common import errors, files, locks
from tf_dcgan.config import schema
from tf_dcgan.runs import folder as run_folders
from tf_dcgan.runs import runs

CONFIG = schema.Config(recipe="dcgan_small", image_size="28", steps=3)


def refusal(function, *arguments):
    with pytest.raises(errors.UserError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.fixture
def run(tmp_path):
    """A folder that is a run, as far as can be told from outside."""
    path = tmp_path / "run"
    path.mkdir()
    (path / "config.json").write_text("{}")
    return path


def test_exists_tells_a_run_from_a_free_place(run, tmp_path):
    assert run_folders.exists(run)
    assert run_folders.exists(str(run))
    assert not run_folders.exists(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    assert not run_folders.exists(tmp_path / "empty")


def test_a_folder_that_a_killed_start_left_behind_is_free(tmp_path):
    name = f"{files.UNFINISHED}{os.getpid()}-config.json"
    (tmp_path / name).write_text("{")
    assert not run_folders.exists(tmp_path)
    assert os.listdir(tmp_path) == [name]


def test_a_folder_of_other_things_is_neither_run_nor_free(tmp_path):
    (tmp_path / "photo.png").write_text("")
    message = refusal(run_folders.exists, tmp_path)
    problem = f"--run_dir={tmp_path} is not a run: it has files but no config"
    assert message == (
        f"{problem}.json; name a run's folder to go on with it, or a new one "
        "to start"
    )
    assert refusal(runs.open_run, tmp_path) == (
        f"{problem}.json; give a folder that train.py made"
    )
    assert os.listdir(tmp_path) == ["photo.png"]


def test_a_file_is_neither_run_nor_free(tmp_path):
    path = tmp_path / "photo.png"
    path.write_text("")
    message = refusal(run_folders.exists, path)
    assert message.startswith(f"--run_dir={path} is a file, not a folder; name")
    assert refusal(runs.open_run, path) == (
        f"--run_dir={path} is a file, not a folder; give a folder that "
        "train.py made"
    )


def test_a_name_that_no_folder_can_have_is_refused(tmp_path):
    message = refusal(run_folders.exists, tmp_path / ("x" * 300))
    assert "cannot be read (File name too long)" in message


def test_new_runs_get_the_next_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = (run_folders.make_next(CONFIG) for _ in range(2))
    assert str(first) == "runs/00000-mnist-dcgan_small"
    assert str(second) == "runs/00001-mnist-dcgan_small"
    assert os.listdir(first) == os.listdir(second) == []


def test_a_number_is_never_given_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("00007-a-b", "00003-c-d", "notes", "12-x"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    path = run_folders.make_next(CONFIG)
    assert path.name == "00008-mnist-dcgan_small"


@pytest.mark.parametrize(
    "dataset, name",
    [
        ("/data/my photos/", "my_photos"),
        ("/data/фото", "фото"),
        ("/data/" + 80 * "写", 32 * "写"),
        ("/", "folder"),
        ("mine/small", "mine_small"),
        ("cifar10:horse", "cifar10_horse"),
        ("../up", ".._up"),
    ],
)
def test_a_run_is_named_after_its_data_in_one_word(
    tmp_path, monkeypatch, dataset, name
):
    monkeypatch.chdir(tmp_path)
    config = dataclasses.replace(CONFIG, dataset=dataset)
    path = run_folders.make_next(config)
    assert str(path) == f"runs/00000-{name}-dcgan_small"


def test_a_number_that_another_process_takes_first_is_left_to_it(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    mkdir = pathlib.Path.mkdir
    raced = []

    def racing(path, *arguments, **options):
        if not raced:
            raced.append(path)
            mkdir(path)
        mkdir(path, *arguments, **options)

    monkeypatch.setattr(pathlib.Path, "mkdir", racing)
    path = run_folders.make_next(CONFIG)
    assert str(raced[0]) == "runs/00000-mnist-dcgan_small"
    assert str(path) == "runs/00001-mnist-dcgan_small"


def test_runs_that_is_a_link_to_nowhere_is_not_tried_for_ever(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        run_folders.make_next(CONFIG)


def test_a_new_place_may_be_several_folders_deep(tmp_path):
    run_folders.check_place(tmp_path / "a" / "b" / "c")
    assert os.listdir(tmp_path) == []


def test_a_run_is_a_place_for_itself(run):
    for folder in ("checkpoints", "samples", "tensorboard"):
        (run / folder).mkdir()
    run_folders.check_place(run)
    run_folders.check_place(str(run))


@pytest.mark.parametrize("name", ["checkpoints", "samples", "tensorboard"])
def test_a_place_with_a_file_where_a_run_has_a_folder_is_refused(run, name):
    (run / name).write_text("")
    assert refusal(run_folders.check_place, run) == (
        f"{run} cannot be written ({run / name} is not a folder, and a run "
        "needs that name): give another --run_dir"
    )


@pytest.mark.parametrize(
    "name",
    [
        "metrics.jsonl",
        "config.json",
        "evaluation.json",
        "memorization.png",
        "curves.png",
        "progress.gif",
        "generator.keras",
        "samples/step_0000007.png",
        "samples",
        "tensorboard",
        "checkpoints",
        "saved_model",
    ],
)
def test_a_run_with_a_link_to_itself_is_refused_at_the_start(run, name):
    (run / name).parent.mkdir(exist_ok=True)
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(pathlib.Path(name).name)
    message = refusal(run_folders.check_place, run)
    assert message.startswith(f"{run} cannot be written ({run / name} is ")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["metrics.jsonl", "samples/step_1.png"])
def test_a_run_with_a_fifo_in_place_of_a_file_is_refused(run, name):
    (run / name).parent.mkdir(exist_ok=True)
    os.mkfifo(run / name)
    assert "is a FIFO, not a file" in refusal(run_folders.check_place, run)


def test_a_log_that_is_a_link_is_refused_since_it_would_be_followed(
    run, tmp_path
):
    (tmp_path / "outside").write_text("")
    (run / "metrics.jsonl").symlink_to(tmp_path / "outside")
    assert "metrics.jsonl is a link" in refusal(run_folders.check_place, run)


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "deep" / "run"
    message = refusal(run_folders.check_place, place)
    assert message == (
        f"{place} cannot be written ({tmp_path / 'file'} is a file, not a "
        "folder): give another --run_dir"
    )


def test_a_place_without_permission_is_refused(tmp_path, monkeypatch):
    tried = []

    def refuse(*, dir):
        tried.append(dir)
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), dir)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    place = tmp_path / "a" / "run"
    assert refusal(run_folders.check_place, place) == (
        f"{place} cannot be written (Permission denied): give another --run_dir"
    )
    assert tried == [tmp_path]


def test_without_a_place_runs_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_folders.check_place(None)
    (tmp_path / "runs").write_text("")
    message = refusal(run_folders.check_place, None)
    assert message.startswith(f"{tmp_path / 'runs'} cannot be written (")


needs_locks = pytest.mark.skipif(
    not locks.ARE_SUPPORTED, reason="needs a system with flock"
)


@needs_locks
def test_a_run_that_is_locked_is_refused(run):
    with run_folders.locked(run):
        message = refusal(run_folders.locked(run).__enter__)
    assert message == (
        f"another process is training {run}: wait for it or stop it"
    )


def test_a_lock_ends_with_its_block(run):
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), run_folders.locked(run):
            raise KeyboardInterrupt
    with run_folders.locked(run):
        pass


def test_a_lock_leaves_nothing_in_the_folder(run):
    with run_folders.locked(run):
        assert os.listdir(run) == ["config.json"]


def test_a_lock_keeps_nobody_from_another_run(run, tmp_path):
    (tmp_path / "other").mkdir()
    with run_folders.locked(run), run_folders.locked(tmp_path / "other"):
        pass


@pytest.mark.slow
@needs_locks
def test_a_lock_ends_with_its_process(run):
    code = (
        "import pathlib, sys\n"
        "from tf_dcgan.runs import folder\n"
        "with folder.locked(pathlib.Path(sys.argv[1])):\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(run)],
        cwd=pathlib.Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "locked\n"
        assert "another process" in refusal(run_folders.locked(run).__enter__)
        process.kill()
        process.wait(timeout=300)
        with run_folders.locked(run):
            pass


def test_without_locks_nothing_is_refused(run, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with run_folders.locked(run), run_folders.locked(run):
        pass


@needs_locks
def test_a_file_system_without_locks_is_told(run, monkeypatch, capsys):
    def fail(*unused):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks.fcntl, "flock", fail)
    with run_folders.locked(run):
        pass
    assert "cannot be locked" in capsys.readouterr().out
