"""Training on a folder of images, from the flags to the files it leaves."""

import json
import shutil

import forked_trainings
import numpy as np
import PIL.Image
import pytest
import tiny_network

from benchmarks import trainings
from tf_dcgan.commands import evaluate
from tf_dcgan.common import devices, images
from tf_dcgan.config import schema
from tf_dcgan.evaluation import networks
from tf_dcgan.training import generation

_FLAGS = (
    "--recipe=dcgan_small",
    "--image_size=16",
    "--width=0.06",
    "--batch_size=8",
    "--crop=20x20",
    "--horizontal_flip",
    "--log_every=2",
    "--sample_every=2",
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """22 images of several sizes in two classes, one of them damaged."""
    folder = tmp_path_factory.mktemp("data") / "my photos"
    chance = np.random.default_rng(0)
    for number in range(22):
        height, width = chance.integers(20, 40, 2)
        pixels = chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
        path = folder / ("cat", "dog")[number % 2] / f"{number}.PNG"
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:200])
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A run of four steps, and what it printed."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    output = forked_trainings.train(
        [*_FLAGS, f"--dataset={photos}", "--steps=4", f"--run_dir={folder}"]
    )
    return folder, output


def test_the_start_tells_what_was_found_and_done(run, photos):
    assert (
        f"data: {photos}, 21 images of 2 classes, varying sizes, 3 channels, "
        "centre crop of at most 20x20, cropped to the centre and resized to "
        "16x16 (antialiased bicubic)\n"
        "note: 1 of 22 files are damaged and left out: dog/21.PNG\n"
    ) in run[1]


def test_the_run_knows_its_folder_crop_and_flips(run, photos):
    config = json.loads((run[0] / "config.json").read_text())
    settings = config["settings"]
    assert settings["dataset"] == str(photos)
    assert (settings["crop"], settings["horizontal_flip"]) == ("20x20", True)
    assert config["data"]["num_images"] == 21
    assert "centre crop of at most 20x20" in config["data"]["preparation"]
    grid = images.read_png(run[0] / "samples" / "real.png")
    assert grid.shape == (5 * 18 + 2, 5 * 18 + 2, 3)


def test_a_run_is_evaluated_against_images_cropped_as_its_own(
    run, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    shutil.copytree(run[0], folder)
    monkeypatch.setattr(devices, "choose", lambda device: None)
    seen = []

    def network(request, dataset, *, read_as):
        seen.append(read_as.crop)
        return tiny_network.create()

    monkeypatch.setattr(networks, "create", network)
    evaluate.main(
        [
            "evaluate",
            f"--run_dir={folder}",
            "--split=train",
            "--metrics=fid",
            "--num_samples=20",
        ]
    )
    protocol = json.loads((folder / "evaluation.json").read_text())["protocol"]
    assert "centre crop of at most 20x20" in protocol["real"]
    assert seen == [(20, 20)]


def test_a_run_in_two_parts_on_a_moved_folder_is_bit_identical_to_one(
    run, photos, tmp_path
):
    moved = tmp_path / "elsewhere"
    shutil.copytree(photos, moved)
    parts = tmp_path / "parts"
    flags = [*_FLAGS, f"--dataset={photos}", f"--run_dir={parts}"]
    forked_trainings.train([*flags, "--steps=2"], exports=False)
    forked_trainings.train(
        [f"--run_dir={parts}", "--steps=4", f"--dataset={moved}"],
        exports=False,
    )
    assert trainings.differences(run[0], parts) == []


def test_a_run_whose_folder_has_changed_is_refused(run, photos, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(photos, changed)
    (changed / "cat" / "0.PNG").unlink()
    with pytest.raises(RuntimeError) as caught:
        forked_trainings.train([f"--run_dir={run[0]}", f"--dataset={changed}"])
    assert "put them back as they were, or start a new run" in str(caught.value)


@pytest.mark.parametrize(
    ("dataset", "crop", "resolved", "shape"),
    [
        ("celeb_a", None, "178x178", (64, 64, 3)),
        ("celeb_a", "20", "20x20", (20, 20, 3)),
        ("cifar10", None, None, (32, 32, 3)),
        ("cifar10", "24x20", "24x20", (24, 24, 3)),
    ],
)
def test_only_celeb_a_has_a_crop_by_itself_and_the_size_follows_it(
    tmp_path, dataset, crop, resolved, shape
):
    config = schema.Config(
        recipe="dcgan_small",
        dataset=dataset,
        crop=crop,
        width=0.06,
        data_dir=str(tmp_path),
    )
    facts = generation.resolve(config)
    assert facts.config.crop == resolved
    assert (facts.image_shape, facts.num_classes) == (shape, 0)
