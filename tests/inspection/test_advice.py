import shlex

import numpy as np
import PIL.Image
import pytest

from tf_dcgan.commands import command_line
from tf_dcgan.config import recipes, schema
from tf_dcgan.inspection import advice, facts, findings
from tf_dcgan.inspection import survey as surveys
from tf_dcgan.models import families


class _Images:
    """A collection of noise of the sizes given."""

    path, kind, dataset = "noise", "folder", "/noise"
    others: dict = {}
    named: dict = {}
    notes = ()

    def __init__(self, sizes, *, channels=3, classes=0, held_out=()):
        self.sizes, self.channels = sizes, channels
        held_out = dict.fromkeys(held_out, 1)
        self.splits = {"train": len(sizes) - len(held_out), **held_out}
        self.class_names = tuple(map(str, range(classes)))

    def name(self, index):
        return f"image {index}"

    def rows(self):
        from tf_dcgan.inspection import collection, records

        chance = np.random.default_rng(0)
        rows = records.of_images(
            [
                chance.integers(0, 256, (*size, self.channels), dtype=np.uint8)
                for size in self.sizes
            ]
        )
        labels = np.arange(len(rows)) % max(len(self.class_names), 1)
        yield collection.Rows(
            rows, labels if self.class_names else -1 + 0 * labels, {}
        )


def _advice(sizes, **options):
    images = _Images(sizes, **options)
    image_facts = facts.of(images, surveys.take(images))
    return advice.of(image_facts, dataset=images.dataset)


@pytest.mark.parametrize(
    ("height", "width", "recipe", "size"),
    [
        (5, 5, "dcgan_small", (16, 16)),
        (28, 28, "dcgan_small", (28, 28)),
        (27, 30, "dcgan_small", (28, 28)),
        (32, 32, "dcgan_steady", (32, 32)),
        (40, 45, "dcgan_steady", (32, 32)),
        (48, 48, "dcgan_celeba", (64, 64)),
        (300, 310, "dcgan_celeba", (64, 64)),
        (218, 130, "dcgan_celeba", (112, 64)),
        (100, 160, "dcgan_celeba", (64, 96)),
        (80, 512, "dcgan_steady", (32, 208)),
        (300, 60, "dcgan_steady", (160, 32)),
    ],
)
def test_size_and_recipe_follow_from_the_median_size(
    height, width, recipe, size
):
    advised = _advice([(height, width)] * 6)
    assert advised.settings["recipe"] == recipe
    assert advised.image_size == size
    # The networks can make it.
    assert families.image_size(advised.config, (height, width)) == size


def test_every_size_that_can_be_advised_can_be_made():
    for side in (*range(1, 80), 130, 300):
        for aspect in (0.2, 0.3, 0.45, 0.6, 0.8, 1, 1.1, 1.5, 1.9, 2.4, 6):
            image_facts = {
                "sizes": {"shorter_side": {"50": side}},
                "aspects": {
                    "width_by_height": {"50": aspect},
                    "kept_by_a_square": min(aspect, 1 / aspect),
                    "kept_by_the_median": 1.0,
                },
            }
            size = advice._image_size(image_facts, [], False)
            for count in (100, 100_000):
                recipe = advice._recipe(size, [], False, count)
                network = recipes.RECIPES[recipe].network
                assert families.NETWORKS[network].stages(size), (side, aspect)


def test_images_of_varying_shapes_are_padded():
    advised = _advice([(40, 200), (200, 40), (100, 100), (300, 60)] * 3)
    assert advised.settings["fit"] == "pad"
    assert advised.image_size[0] == advised.image_size[1]
    assert "fit" not in _advice([(64, 64), (70, 64)]).settings


def test_few_images_get_small_batches_and_no_endless_training():
    advised = _advice([(64, 64)] * 20)
    assert advised.settings["batch_size"] == 8
    assert advised.total_steps == 2500  # A thousand passes.
    assert advised.settings["augment"] == "color,translation,cutout"
    assert "--augment=color,translation,cutout" in advised.command
    gray = _advice([(64, 64)] * 20, channels=1)
    assert gray.settings["augment"] == "translation,cutout"
    assert advised.cache_bytes == 20 * (64 * 64 * 3 + 8)


def test_a_run_whose_rates_fall_is_not_said_to_grow():
    def reason(size):
        [text] = [
            why
            for what, why in _advice([size] * 40).reasons
            if what.startswith("--steps=")
        ]
        return text

    assert "can be made longer with --steps" in reason((64, 64))
    assert "learning rates fall to 0" in reason((32, 32))


def test_many_small_images_get_the_recipe_that_is_good_soonest(monkeypatch):
    monkeypatch.setattr(findings, "FEW_IMAGES", 10)
    monkeypatch.setattr(advice, "_LEAST_STEPS", 50_000)  # Not a few passes.
    few, many = _advice([(32, 32)] * 9), _advice([(32, 32)] * 20)
    assert few.settings["recipe"] == "dcgan_steady"
    assert few.total_steps == 25_000
    assert many.settings["recipe"] == "dcgan_quick"
    assert "augment" in few.settings and "augment" not in many.settings
    assert many.total_steps == 37_500  # Six epochs of CIFAR-10.
    assert "batch_size" not in many.settings
    (why,) = [w for what, w in many.reasons if what.startswith("--steps=")]
    assert why.endswith("be made longer: for hours take dcgan_steady")
    (night,) = [hint for hint in many.hints if "for a night" in hint]
    assert "--recipe=dcgan_steady --steps=125000, --on_collapse" in night


def test_there_is_no_advice_without_two_images():
    assert _advice([(64, 64)]) is None


def test_mirroring_is_only_a_hint():
    for size in ((28, 28), (32, 32), (64, 64)):
        advised = _advice([size] * 4)
        assert not advised.config.horizontal_flip
        said = " ".join([*advised.hints, *(why for _, why in advised.reasons)])
        assert "left and right mean the same" in said


def test_what_looks_after_a_night_is_hinted_at_where_one_pays(monkeypatch):
    monkeypatch.setattr(findings, "FEW_IMAGES", 10)

    def hints(count, side=16):
        return " ".join(_advice([(side, side)] * count).hints)

    assert "--on_collapse=rollback" in hints(10)
    assert "--on_collapse=rollback" not in hints(9)
    assert "--steps=125000" in hints(10, side=32)
    assert "--steps=125000" not in hints(9, side=32) + hints(10)


@pytest.mark.parametrize(
    ("sizes", "options", "flags"),
    [
        ([(20, 20)] * 12, {"classes": 2}, ""),
        ([(16, 96)] * 12, {"classes": 2}, ""),
        ([(20, 20)] * 12, {}, "inception"),
        ([(20, 20)] * 11 + [(20, 21)], {"classes": 2}, "inception"),
        ([(15, 20)] * 12, {"classes": 2}, "inception"),
        ([(20, 97)] * 12, {"classes": 2}, "inception"),
    ],
)
def test_scores_are_hinted_at_with_features_that_can_be_had(
    sizes, options, flags, monkeypatch
):
    monkeypatch.setattr(findings, "FEW_IMAGES", 10)
    flags = flags and f" --evaluate_features={flags}"
    for held_out, expected in (
        (["test"], f"--evaluate_every=5000{flags}, which"),
        (
            ["validation"],
            "--evaluate_every=5000 --evaluate_split=validation "
            "--evaluate_features=inception, which",
        ),
        ([], f"once images are held out --evaluate_every=5000{flags}, which"),
    ):
        advised = _advice(sizes, held_out=held_out, **options)
        [night] = [hint for hint in advised.hints if "for a night" in hint]
        assert f"and {expected} keeps" in night


@pytest.mark.parametrize(
    ("held_out", "command"),
    [
        (["test"], "evaluate.py --metrics=memorization says"),
        (["validation"], "evaluate.py --split=validation --metrics=memoriz"),
        ([], None),
    ],
)
def test_memorization_is_hinted_at_where_images_are_held_out(held_out, command):
    hints = " ".join(_advice([(20, 20)] * 9, held_out=held_out).hints)
    assert ("--metrics=memorization" in hints) == (command is not None)
    assert ("cannot say whether G repeats" in hints) == (command is None)
    if command is not None:
        assert command in hints


def test_labels_are_hinted_at_where_classes_are_large():
    def hints(count):
        advised = _advice([(16, 16)] * count, classes=2)
        return " ".join(advised.hints)

    assert "--conditional" in hints(200)
    assert "--conditional" not in hints(198)


def test_the_command_can_be_pasted():
    advised = _advice([(64, 64)] * 4)
    advised = advised.__class__(
        **{
            **advised.__dict__,
            "settings": {**advised.settings, "dataset": "/a b/it's"},
        }
    )
    words = shlex.split(advised.command)
    assert words[:4] == ["python", "-m", "tf_dcgan", "train"]
    line = command_line.parse(
        words[3:], schema.Config, summary="", command="train"
    )
    assert line.given == dict(advised.settings)


def test_two_sets_of_a_translation_are_recognised(tmp_path):
    from tf_dcgan.inspection import report

    for name, count in (("trainA", 3), ("trainB", 5), ("testA", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            pixels = np.random.default_rng(number).integers(
                0, 256, (40, 42, 3), dtype=np.uint8
            )
            PIL.Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    advised = report.inspect(str(tmp_path)).advice
    assert advised.settings["recipe"] == "cyclegan"
    assert "augment" not in advised.settings
    assert advised.config.batch_size == 1
    assert advised.train_images == 8
    # A thousand passes over the larger set.
    assert advised.total_steps == 5000
    (why,) = [w for what, w in advised.reasons if what.startswith("--steps=")]
    assert why.startswith("1,000 passes over the images")
    assert "memorization" not in " ".join(advised.hints)
    assert families.image_size(advised.config, (40, 42)) == (40, 40)


def test_a_folder_whose_name_is_no_text_is_told_to_be_renamed():
    images = _Images([(64, 64)] * 4)
    image_facts = facts.of(images, surveys.take(images))
    advised = advice.of(image_facts, dataset="/a\udcff")
    assert "rename this one" in advised.obstacles[0]
    assert advised.config.recipe == "dcgan_celeba"  # It can be measured.
    assert advice.of(image_facts, dataset="/aé").obstacles == ()
