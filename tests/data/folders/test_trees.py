import os

import pytest

from tf_dcgan.common import errors
from tf_dcgan.data.folders import trees


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def found(folder):
    return [os.path.relpath(p, folder) for p in trees.read(folder).images()]


def test_images_are_found_at_every_depth_in_the_order_of_their_parts(tmp_path):
    for name in (
        "b.PNG",
        "a.Jpeg",
        "a b/x.png",
        "a/d/y.TIF",
        "ü.webp",
        "n.txt",
    ):
        touch(tmp_path / name)
    assert found(tmp_path) == [
        "a/d/y.TIF",
        "a b/x.png",
        "a.Jpeg",
        "b.PNG",
        "ü.webp",
    ]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    for name in ("a.png", "._a.png", ".thumbs/b.png", "__MACOSX/c.png"):
        touch(tmp_path / name)
    assert found(tmp_path) == ["a.png"]


def test_links_are_followed_but_never_in_a_circle(tmp_path):
    touch(tmp_path / "elsewhere" / "deep" / "a.png")
    folder = tmp_path / "folder"
    touch(folder / "sub" / "b.png")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "file.png").symlink_to(tmp_path / "elsewhere/deep/a.png")
    (folder / "sub" / "circle").symlink_to(folder)
    (folder / "broken.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "pipe.png")
    assert found(folder) == [
        "broken.png",
        "file.png",
        "link/deep/a.png",
        "sub/b.png",
    ]


def test_a_folder_without_images_says_what_it_has(tmp_path):
    with pytest.raises(errors.UserError, match="it is empty: give another"):
        trees.read(tmp_path).images()
    for number in range(3):
        touch(tmp_path / f"{number}.HEIC")
    touch(tmp_path / "README")
    with pytest.raises(
        errors.UserError, match="only 3 .heic, 1 without suffix: convert them"
    ):
        trees.read(tmp_path).images()


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(errors.UserError, match="Permission denied"):
        trees.read(tmp_path).images()


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((".thumbs/a.png", ".git/b"), "only .git, .thumbs, and hidden folders"),
        (("runs/0/config.json", "runs/0/metrics.jsonl"), "only runs/0, made"),
    ],
)
def test_a_folder_of_hidden_folders_or_runs_alone_says_so(tmp_path, names, why):
    for name in names:
        touch(tmp_path / name)
    with pytest.raises(errors.UserError, match=f"has no images, {why}"):
        trees.read(tmp_path).images()


@pytest.mark.parametrize("proof", ["metrics.jsonl", "checkpoints/1/index"])
def test_runs_are_left_out_with_a_note(tmp_path, proof):
    touch(tmp_path / "a.png")
    for run in ("runs/00000-folder-dcgan", "mine"):
        for name in ("config.json", proof, "samples/real.png", "curves.png"):
            touch(tmp_path / run / name)
    assert found(tmp_path) == ["a.png"]
    assert trees.read(tmp_path).notes == (
        "left out: mine, runs/00000-folder-dcgan, which are runs and no data",
    )


def test_a_config_json_alone_makes_no_run(tmp_path):
    for name in ("model/config.json", "model/samples/a.png", "config.json"):
        touch(tmp_path / name)
    assert found(tmp_path) == ["model/samples/a.png"]
    assert trees.read(tmp_path).notes == ()
