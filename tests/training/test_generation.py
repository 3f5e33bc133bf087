import dataclasses

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import overrides, schema
from tf_dcgan.data.folders import listings
from tf_dcgan.gan import lead
from tf_dcgan.runs import health, runs
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


def _resolved(data_dir, cache_dir, **settings):
    config = overrides.from_flags(
        {
            "recipe": "vanilla_gan",
            "dataset": "mnist",
            "data_dir": str(data_dir),
            "cache_dir": str(cache_dir),
            "batch_size": 4,
            "evaluate_every": 5,
            **settings,
        }
    )
    return generation.resolve(config)


def _loaded(data_dir, cache_dir, split):
    return generation.load(_resolved(data_dir, cache_dir, evaluate_split=split))


def test_images_are_held_out_but_those_that_d_learns_from(tiny_mnist, tmp_path):
    loaded = _loaded(tiny_mnist, tmp_path, "test")
    assert loaded.held_out.split == "test"
    assert not any("held-out" in line for line in loaded.lines)
    loaded = _loaded(tiny_mnist, tmp_path, "train")
    assert loaded.held_out is None
    assert (
        "note: D learns from --evaluate_split=train, so that D's lead on "
        "held-out images is not measured: name a split that is held out to see "
        "it"
    ) in loaded.lines


@pytest.mark.parametrize("conditional", [False, True])
def test_the_lead_of_a_run_is_its_own_images_over_those_held_out(
    tiny_mnist, tmp_path, conditional
):
    resolved = _resolved(
        tiny_mnist,
        tmp_path,
        conditional=conditional,
        conditioning="projection" if conditional else "concatenation",
    )
    loaded = generation.load(resolved)
    run = runs.new(tmp_path, resolved.config, *loaded.facts)
    trained = generation.System(run, loaded)
    expected = lead.discriminator_lead(
        trained.state.discriminator,
        *(
            (each.images, each.labels if conditional else None)
            for each in (*loaded.train, loaded.held_out)
        ),
    )
    assert abs(expected) > 1e-5
    assert trained.lead() == {health.LEAD: expected}


@pytest.mark.slow
def test_a_rollback_alone_changes_the_noise(tiny_mnist, tmp_path):
    resolved = _resolved(
        tiny_mnist, tmp_path, on_collapse="rollback", rollback_rate=1.0
    )
    loaded, losses = generation.load(resolved), []
    run = runs.new(tmp_path, resolved.config, *loaded.facts)
    for rollbacks in ((), (), (runs.Rollback(9, 0, ""),)):
        gone_back = dataclasses.replace(run, rollbacks=rollbacks)
        trained = generation.System(gone_back, loaded)
        trained.batches.prefetch(0, 1)
        batch = trained.batches.take()
        losses.append(float(trained.train_steps(batch)["loss_g"][0]))
        trained.batches.close()
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize(
    ("y_test", "labels", "note"),
    [
        (["c", "b", "c", "b"], [2, 1, 2, 1], None),
        (None, None, "the images of --evaluate_split=test have no labels"),
        (
            ["a", "b", "x", "y"],
            None,
            "--evaluate_split=test has the class x, which D does not learn",
        ),
    ],
)
def test_held_out_labels_are_those_that_a_conditional_d_learns(
    tmp_path, y_test, labels, note
):
    arrays = {
        "x_train": np.zeros((6, 28, 28), np.uint8),
        "y_train": np.array(list("abcabc")),
        "x_test": np.ones((4, 28, 28), np.uint8),
    }
    if y_test is not None:
        arrays["y_test"] = np.array(y_test)
    np.savez(tmp_path / "set.npz", **arrays)
    config = overrides.from_flags(
        {
            "recipe": "dcgan_28",
            "dataset": str(tmp_path / "set.npz"),
            "cache_dir": str(tmp_path / "cache"),
            "batch_size": 4,
            "conditional": True,
            "evaluate_every": 5,
        }
    )
    loaded = generation.load(generation.resolve(config))
    told = [line for line in loaded.lines if "held-out images" in line]
    if note is None:
        assert loaded.held_out.labels.tolist() == labels
        assert told == []
    else:
        assert loaded.held_out is None
        assert [line.partition(", so that")[0] for line in told] == [
            f"note: {note}"
        ]


def test_a_split_that_cannot_score_is_told_with_both_flags(
    tiny_mnist, tmp_path
):
    with pytest.raises(errors.UserError) as raised:
        _loaded(tiny_mnist, tmp_path, "val")
    assert str(raised.value) == (
        "--evaluate_every cannot score on --evaluate_split=val: mnist has no "
        "split 'val': allowed: test, train; or leave --evaluate_every out"
    )
