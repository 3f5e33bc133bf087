import dataclasses
import errno
import json
import os
import pathlib
import shutil
import subprocess

import fake_runs
import pytest

import tf_dcgan
from tf_dcgan.common import devices, errors, files
from tf_dcgan.config import overrides, schema
from tf_dcgan.runs import folder, runs

CONFIG = schema.Config(recipe="dcgan_small", image_size="28", steps=3)
DATA = runs.DataFacts(
    height=32,
    width=48,
    channels=3,
    content_box=(2, 10, 28, 28),
    num_images=300,
    preparation="padded",
    fingerprint="abc",
)


def edited(run, **changes):
    """Changes config.json; a value of None removes the key."""
    file = run.path / "config.json"
    content = json.loads(file.read_text()) | changes
    content = {k: v for k, v in content.items() if v is not None}
    file.write_text(json.dumps(content))
    return run.path


def refusal(function, *arguments):
    with pytest.raises(errors.UserError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def create(path, config=CONFIG, *facts):
    return runs.create(folder.make(path, config), config, *facts or [DATA])


@pytest.fixture
def run(tmp_path):
    return create(tmp_path / "run")


def test_a_run_that_was_created_can_be_opened(run):
    assert runs.open_run(run.path) == run
    assert runs.open_run(str(run.path)).data.content_box == (2, 10, 28, 28)


def test_image_shape_is_height_width_channels():
    assert DATA.image_shape == (32, 48, 3)


def test_a_new_run_is_nothing_but_its_config(run):
    assert os.listdir(run.path) == ["config.json"]


def test_a_new_run_remembers_what_it_was_started_with(run, monkeypatch):
    monkeypatch.setattr(runs, "_git_commit", lambda: "1234-dirty")
    new = create(run.path / "new")
    assert new.started_with == runs.versions()
    assert new.git_commit == "1234-dirty"
    assert new.device == devices.name()
    assert runs.open_run(new.path) == new


def test_a_run_written_again_keeps_what_it_was_started_with(run):
    old = dataclasses.replace(
        run,
        started_with={"tf_dcgan": "0.1"},
        git_commit="old",
        device="abacus",
    )
    runs.write_config(old)
    content = json.loads((run.path / "config.json").read_text())
    assert content["versions"] == {"tf_dcgan": "0.1"}
    assert content["git_commit"] == "old"
    assert content["device"] == "abacus"
    assert runs.open_run(run.path) == old


def test_a_run_of_before_devices_were_recorded_can_be_opened(run):
    edited(run, device=None)
    assert runs.open_run(run.path).device is None


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A folder that the package is made to believe it runs from."""
    folder = tmp_path / "source"
    (folder / "tf_dcgan").mkdir(parents=True)
    monkeypatch.setattr(
        tf_dcgan, "__file__", str(folder / "tf_dcgan" / "__init__.py")
    )
    return folder


def git(folder, *words):
    if shutil.which("git") is None:
        pytest.skip("needs git")
    names = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    return subprocess.run(
        ["git", *names, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_commit_is_that_of_the_source_and_says_if_it_was_changed(source):
    git(source, "init")
    (source / "a.py").write_text("a")
    git(source, "add", ".")
    git(source, "commit", "--no-gpg-sign", "--message=a")
    commit = git(source, "rev-parse", "HEAD")
    assert len(commit) >= 40
    assert runs._git_commit() == commit
    (source / "a.py").write_text("b")
    assert runs._git_commit() == f"{commit}-dirty"


def test_an_installed_package_has_no_commit_of_the_tree_around_it(source):
    git(source.parent, "init")
    git(source.parent, "commit", "--no-gpg-sign", "--allow-empty", "-m", "a")
    assert runs._git_commit() is None


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("git"),
        subprocess.TimeoutExpired("git", 10),
        subprocess.CalledProcessError(128, "git"),
    ],
)
def test_without_a_working_git_the_commit_is_not_known(
    source, monkeypatch, error
):
    def fail(*unused, **unused_too):
        raise error

    (source / ".git").mkdir()
    monkeypatch.setattr(subprocess, "run", fail)
    assert runs._git_commit() is None


def test_config_json_holds_settings_data_and_versions(run):
    content = json.loads((run.path / "config.json").read_text())
    assert content["format"] == 1
    assert content["settings"] == schema.to_json(CONFIG)
    assert content["data"]["fingerprint"] == "abc"
    assert content["versions"]["tf_dcgan"] == tf_dcgan.__version__
    assert set(content["versions"]) >= {
        "python",
        "tensorflow",
        "keras",
        "numpy",
        "tensorflow_datasets",
    }
    assert set(content) == {
        "format",
        "settings",
        "data",
        "versions",
        "git_commit",
        "device",
        "written",
    }


def test_a_run_without_a_place_gets_the_next_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, second = (create(None) for _ in range(2))
    assert str(first.path) == "runs/00000-mnist-dcgan_small"
    assert str(second.path) == "runs/00001-mnist-dcgan_small"
    assert runs.open_run(second.path) == second


def test_runs_that_is_a_file_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    message = refusal(create, None)
    assert message.startswith("runs cannot be written (")


def test_a_run_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "run"
    message = refusal(create, path)
    assert message.startswith(f"{path} cannot be written (Not a directory)")


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EROFS, errno.ENAMETOOLONG]
)
def test_a_directory_that_cannot_be_written_is_refused(
    tmp_path, monkeypatch, number
):
    def fail(*unused, **unused_too):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "atomic_file", fail)
    message = refusal(create, tmp_path / "run")
    assert f"cannot be written ({os.strerror(number)}): give another" in message


def test_a_full_disk_stays_a_full_disk(tmp_path, monkeypatch):
    def fail(*unused, **unused_too):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "atomic_file", fail)
    with pytest.raises(OSError) as caught:
        create(tmp_path / "run")
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_in_which_another_process_began_a_run_is_refused(run):
    before = (run.path / "config.json").read_bytes()
    message = refusal(runs.create, run.path, PAIR, DATA, DATA_B)
    assert "another process has begun a run in" in message
    assert (run.path / "config.json").read_bytes() == before


def test_a_run_that_another_process_changed_is_refused(run):
    runs.check_unchanged(run)
    runs.write_config(
        dataclasses.replace(
            run, config=dataclasses.replace(CONFIG, sample_every=7)
        )
    )
    message = refusal(runs.check_unchanged, run)
    assert "another process has changed" in message


def test_opening_what_does_not_exist_is_refused(tmp_path):
    message = refusal(runs.open_run, tmp_path / "none")
    assert message.startswith(f"--run_dir={tmp_path / 'none'} does not exist")
    assert not (tmp_path / "none").exists()


def test_opening_an_empty_folder_is_refused(tmp_path):
    assert "is empty" in refusal(runs.open_run, tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", "\udcff"])
def test_a_damaged_config_is_refused(run, text):
    file = run.path / "config.json"
    file.write_bytes(text.encode(errors="surrogateescape"))
    message = refusal(runs.open_run, run.path)
    assert message.startswith(f"{file} is damaged (")
    assert message.endswith("restore it from a copy or start a new run")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_config_that_cannot_be_read_is_not_called_damaged(
    run, monkeypatch, number
):
    def fail(path, *unused, **unused_too):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(pathlib.Path, "read_text", fail)
    with pytest.raises(OSError) as caught:
        runs.open_run(run.path)
    assert caught.value.errno == number
    assert caught.value.filename == str(run.path / "config.json")


@pytest.mark.parametrize(
    "key", ["format", "settings", "data", "versions", "git_commit"]
)
def test_a_config_without_a_part_is_damaged(run, key):
    assert "is damaged" in refusal(runs.open_run, edited(run, **{key: None}))


def test_the_range_of_deep_images_is_kept(tmp_path, run):
    facts = dataclasses.replace(run.data, value_range=(-0.5, 4095.0))
    runs.create(tmp_path / "deep", run.config, facts)
    assert runs.open_run(tmp_path / "deep").data == facts


def test_data_facts_with_a_field_too_many_or_too_few_are_damaged(run):
    facts = dataclasses.asdict(DATA)
    path = edited(run, data=facts | {"colour": 1})
    assert "is damaged" in refusal(runs.open_run, path)
    del facts["height"]
    assert "is damaged" in refusal(runs.open_run, edited(run, data=facts))


@pytest.mark.parametrize(
    "change",
    [
        {"height": 0},
        {"height": "32"},
        {"height": 32.0},
        {"height": 29},
        {"width": None},
        {"width": 37},
        {"channels": 2},
        {"channels": "1"},
        {"content_box": (2, 10, 28)},
        {"content_box": (2, 10, 28, 28, 1)},
        {"content_box": (-1, 10, 28, 28)},
        {"content_box": (2, 10, 28.0, 28)},
        {"content_box": (2, 10, True, 28)},
        {"content_box": (2, 10, 31, 28)},
        {"content_box": (2, 10, 28, 39)},
        {"content_box": (0, 10, 0, 28)},
        {"value_range": (0, 0)},
        {"value_range": (0, "1")},
        {"value_range": (0, 1, 2)},
        {"value_range": 7},
        {"content_box": (2, 0, 28, 0)},
        {"num_images": 0},
        {"num_images": -1},
        {"num_images": "300"},
        {"num_images": True},
    ],
)
def test_facts_that_cannot_be_are_damaged(run, change):
    with pytest.raises((ValueError, TypeError)):
        dataclasses.replace(DATA, **change)
    facts = dataclasses.asdict(DATA) | change
    assert "is damaged" in refusal(runs.open_run, edited(run, data=facts))


def test_a_content_box_may_fill_the_image():
    facts = dataclasses.replace(DATA, content_box=(0, 0, 32, 48))
    assert facts.content_box == (0, 0, 32, 48)


def test_versions_that_are_none_are_damaged(run):
    assert "is damaged" in refusal(runs.open_run, edited(run, versions="x"))


def test_a_run_of_another_format_names_the_version_that_wrote_it(run):
    path = edited(run, format=2, versions={"tf_dcgan": "7.1"})
    message = refusal(runs.open_run, path)
    assert "of format 2, this version of tf_dcgan reads format 1" in message
    assert "(7.1)" in message
    assert message.count("config.json") == 1


def test_a_run_of_another_format_without_versions_is_refused(run):
    path = edited(run, format=2, versions=None)
    assert "(unknown)" in refusal(runs.open_run, path)
    assert "config.json" in refusal(
        runs.open_run, edited(run, format=2, versions="x")
    )


@pytest.mark.parametrize(
    "change, text",
    [
        ({"alpha": 1}, "does not know its settings alpha: use the"),
        ({"seed": -1}, "--seed=-1 is out of range"),
        ({"width": "1"}, "--width='1' is not a number"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_the_file(run, change, text):
    settings = schema.to_json(CONFIG) | change
    message = refusal(runs.open_run, edited(run, settings=settings))
    assert message.startswith(f"{run.path / 'config.json'}: ")
    assert text in message


def test_a_setting_that_an_older_run_lacks_takes_its_default(run):
    settings = schema.to_json(CONFIG)
    del settings["beta_1"]
    opened = runs.open_run(edited(run, settings=settings))
    assert opened.config.beta_1 == schema.Config.beta_1


def everything_in(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_run_goes_on_with_its_new_settings(run):
    longer = dataclasses.replace(CONFIG, steps=9)
    new = runs.continued(run, longer, DATA)
    assert new == dataclasses.replace(run, config=longer)


def test_a_run_that_goes_on_is_not_written_yet(run):
    before = everything_in(run.path)
    runs.continued(run, dataclasses.replace(CONFIG, steps=9), DATA)
    assert everything_in(run.path) == before
    assert runs.open_run(run.path) == run


@pytest.mark.parametrize(
    "before, now",
    [
        ({"steps": 1200}, {"steps": 1199}),
        # 300 images are four batches of 64.
        ({"epochs": 300}, {"epochs": 299}),
        ({"epochs": 300}, {"steps": 1199}),
        ({"steps": 1200}, {"epochs": 299}),
    ],
)
def test_a_run_cannot_become_shorter(run, before, now):
    config = schema.Config(recipe="dcgan_small")
    old = dataclasses.replace(run, config=dataclasses.replace(config, **before))
    new = dataclasses.replace(config, **now)
    steps = new.total_steps(4)
    message = refusal(runs.continued, old, new, DATA)
    assert message.startswith(
        f"{run.path} is planned for 1,200 steps and cannot become shorter "
        f"({steps:,} now): "
    )


@pytest.mark.parametrize(
    "now", [{"steps": 1200}, {"epochs": 300}, {"steps": 1201}]
)
def test_a_run_may_stay_as_long_as_it_was_or_grow(run, now):
    config = schema.Config(recipe="dcgan_small", epochs=300)
    old = dataclasses.replace(run, config=config)
    new = dataclasses.replace(config, **now)
    assert runs.continued(old, new, DATA).config == new


def test_a_run_whose_rate_falls_to_its_end_cannot_become_longer(run):
    config = schema.Config(
        recipe="dcgan_small", steps=1200, learning_rate_decay="second_half"
    )
    old = dataclasses.replace(run, config=config)
    assert runs.continued(old, config, DATA).config == config
    longer = dataclasses.replace(config, steps=1201)
    message = refusal(runs.continued, old, longer, DATA)
    assert message.startswith(
        f"{run.path} is planned for 1,200 steps and cannot become longer "
        "(1,201 now), since its learning rate falls"
    )


PAIR = overrides.from_flags(
    {
        "recipe": "cyclegan",
        "dataset_a": "glyphs",
        "dataset_b": "/photos",
        "batch_size": 3,
        "epochs": 2,
    }
)
DATA_B = dataclasses.replace(DATA, num_images=200, fingerprint="b")


@pytest.fixture
def pair(tmp_path):
    return create(tmp_path / "pair", PAIR, DATA, DATA_B)


def test_a_translation_remembers_both_sets(pair):
    assert runs.open_run(pair.path) == pair
    assert pair.datasets == (DATA, DATA_B)


def test_an_epoch_is_as_long_as_the_larger_set(pair):
    assert (pair.steps_per_epoch, pair.total_steps) == (100, 200)
    other = dataclasses.replace(pair, data=DATA_B, data_b=DATA)
    assert other.steps_per_epoch == 100


def test_a_batch_larger_than_the_smaller_set_is_refused(pair):
    large = dataclasses.replace(
        pair, config=dataclasses.replace(PAIR, batch_size=201)
    )
    with pytest.raises(errors.UserError, match="more than the 200 images"):
        large.steps_per_epoch  # noqa: B018


def test_other_images_of_b_are_told_apart_from_those_of_a(pair):
    other = dataclasses.replace(DATA_B, fingerprint="c")
    message = refusal(runs.continued, pair, PAIR, DATA, other)
    assert message.startswith("the images of /photos are not those")
    assert "put them back" in message
    other = dataclasses.replace(DATA, fingerprint="c")
    message = refusal(runs.continued, pair, PAIR, other, DATA_B)
    assert message.startswith("the images of glyphs are not those")


def test_other_held_out_images_are_refused(pair):
    other = dataclasses.replace(DATA_B, shown_fingerprint="e")
    message = refusal(runs.continued, pair, PAIR, DATA, other)
    assert message.startswith("the held-out images of /photos are not those")


@pytest.mark.parametrize("config, has_data_b", [(PAIR, False), (CONFIG, True)])
def test_one_set_too_many_or_too_few_is_damage(pair, config, has_data_b):
    file = pair.path / "config.json"
    content = json.loads(file.read_text())
    content["settings"] = schema.to_json(config)
    if not has_data_b:
        del content["data_b"]
    file.write_text(json.dumps(content))
    with pytest.raises(errors.UserError, match="is damaged"):
        runs.open_run(pair.path)


def test_a_run_goes_on_only_with_the_same_images(run):
    before = (run.path / "config.json").read_text()
    other = dataclasses.replace(DATA, fingerprint="abd", num_images=1200)
    message = refusal(runs.continued, run, CONFIG, other)
    assert "(1,200 now, 300 then)" in message
    assert "give the same --data_dir" in message
    assert (run.path / "config.json").read_text() == before


def test_the_parts_of_a_run_have_their_places(run):
    assert run.checkpoints == run.path / "checkpoints"


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("git_commit", 1, "a text or null"),
        ("device", ["cpu"], "a text or null"),
        ("versions", {"tensorflow": 2}, "an object of texts"),
        ("data.fingerprint", True, "a text"),
        ("data.preparation", None, "a text"),
        ("data.shown_fingerprint", 1.5, "a text or null"),
        ("data.class_names", "abc", "a list of texts or null"),
    ],
)
def test_a_strange_value_is_named_with_file_field_and_what_is_allowed(
    tmp_path, field, value, allowed
):
    run = fake_runs.make(tmp_path / "run")
    content = json.loads((run / "config.json").read_text())
    *above, name = field.split(".")
    (content[above[0]] if above else content)[name] = value
    (run / "config.json").write_text(json.dumps(content))
    with pytest.raises(errors.UserError) as refusal:
        runs.open_run(run)
    message = str(refusal.value)
    assert message.startswith(f"{run / 'config.json'} is damaged (")
    assert f"{field} is " in message
    assert f": allowed is {allowed})" in message


def test_half_of_a_letter_in_the_settings_is_refused(tmp_path):
    run = fake_runs.make(tmp_path / "run")
    text = (run / "config.json").read_text()
    (run / "config.json").write_text(text.replace('"mnist"', r'"\udcff"'))
    with pytest.raises(errors.UserError, match="half of a letter"):
        runs.open_run(run)
