import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import overrides, schema
from tf_dcgan.data.folders import listings
from tf_dcgan.training import generation


def test_all_that_a_start_asks_of_a_folder_is_one_listing(
    tmp_path, monkeypatch
):
    for name in "ab":
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(3):
            values = np.full((8 + 2 * number, 12), 1000 * number, np.uint16)
            image = PIL.Image.fromarray(values)
            image.save(tmp_path / "set" / name / f"{number}.png")
    asked = []
    find = listings.find
    monkeypatch.setattr(
        listings,
        "find",
        lambda *args, **kw: asked.append(1) or find(*args, **kw),
    )
    config = schema.Config(
        recipe="dcgan_small",
        dataset=str(tmp_path / "set"),
        cache_dir=str(tmp_path / "cache"),
        image_size="auto",
        conditional=True,
    )
    resolved = generation.resolve(config)
    assert resolved.num_classes == 2
    assert resolved.config.value_range == "0,2000"
    assert resolved.image_shape == (16, 20, 1)
    assert len(asked) == 1


def _loaded(data_dir, cache_dir, split):
    config = overrides.from_flags(
        {
            "recipe": "vanilla_gan",
            "dataset": "mnist",
            "data_dir": str(data_dir),
            "cache_dir": str(cache_dir),
            "batch_size": 4,
            "evaluate_every": 5,
            "evaluate_split": split,
        }
    )
    return generation.load(generation.resolve(config))


def test_images_are_held_out_but_those_that_d_learns_from(tiny_mnist, tmp_path):
    loaded = _loaded(tiny_mnist, tmp_path, "test")
    assert loaded.held_out.split == "test"
    assert not any("held-out" in line for line in loaded.lines)
    loaded = _loaded(tiny_mnist, tmp_path, "train")
    assert loaded.held_out is None
    assert (
        "note: D learns from --evaluate_split=train, so that its lead on "
        "held-out images is not measured: name a split that is held out to see "
        "it"
    ) in loaded.lines


def test_a_split_that_cannot_score_is_told_with_both_flags(
    tiny_mnist, tmp_path
):
    with pytest.raises(errors.UserError) as raised:
        _loaded(tiny_mnist, tmp_path, "val")
    assert str(raised.value) == (
        "--evaluate_every cannot score on --evaluate_split=val: mnist has no "
        "split 'val': allowed: test, train; or leave --evaluate_every out"
    )
