import dataclasses
import json
import math
import pathlib

import pytest

from tf_dcgan.commands import train
from tf_dcgan.common import errors, images
from tf_dcgan.config import kinds, overrides, recipes, schema
from tf_dcgan.gan import gan
from tf_dcgan.models import families
from tf_dcgan.runs import runs
from tf_dcgan.training import execution

AIRIS = {"dcgan", "dcgan_small"}
OF_NOISE = {
    name
    for name, recipe in recipes.RECIPES.items()
    if recipe.kind is kinds.GENERATION
}


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_makes_a_valid_config(name):
    config = overrides.from_flags({"recipe": name})
    assert config.recipe == name
    assert config.network in families.NETWORKS


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_lists_only_what_differs_from_the_defaults(name):
    defaults = schema.Config()
    fields = {field.name for field in dataclasses.fields(defaults)}
    for field, value in recipes.RECIPES[name].differences.items():
        assert field in fields
        assert getattr(defaults, field) != value


def test_the_default_recipe_is_the_main_system():
    assert schema.Config() == overrides.from_flags({})
    assert schema.Config().recipe == "dcgan"
    assert not recipes.RECIPES["dcgan"].differences


@pytest.mark.parametrize(
    "recipe, dataset, batch_size, epochs",
    [
        ("dcgan", "mnist", 64, 50),
        ("dcgan_small", "mnist", 64, 20),
        ("vanilla_gan", "mnist", 64, 50),
        ("dcgan_upsampling", "mnist", 64, 50),
        ("dcgan_cifar10", "cifar10", 64, 20),
        ("dcgan_quick", "cifar10", 8, 6),
        ("dcgan_steady", "cifar10", 16, 40),
        ("dcgan_celeba", "celeb_a", 128, 100),
        ("dcgan_28", "mnist", 128, 50),
        ("lsgan_28", "mnist", 128, 50),
        ("cyclegan", "cycle_gan/horse2zebra", 1, 200),
    ],
)
def test_recipes_train_on_their_own_data_for_their_own_epochs(
    recipe, dataset, batch_size, epochs
):
    config = overrides.from_flags({"recipe": recipe})
    assert config.dataset == dataset
    assert config.batch_size == batch_size
    assert config.epochs == epochs
    assert config.total_steps(468) == 468 * epochs


@pytest.mark.parametrize("recipe", sorted(OF_NOISE - AIRIS))
def test_all_but_airis_update_both_networks_once_with_labels_1_and_0(recipe):
    config = overrides.from_flags({"recipe": recipe})
    assert (config.real_label, config.fake_label) == (1.0, 0.0)
    assert config.discriminator_updates == "joint"
    assert config.generator_updates == 1
    of_generator = 4e-4 if recipe == "dcgan_quick" else 2e-4
    assert config.generator_learning_rate == of_generator
    assert (config.discriminator_learning_rate, config.beta_1) == (2e-4, 0.5)
    has_own_noise = recipe.endswith("_28") or recipe == "sndcgan"
    own_noise = "new" if has_own_noise else "shared"
    assert config.generator_latents == own_noise
    latent_dims = {"dcgan_28": 64, "lsgan_28": 64, "sndcgan": 128}
    assert config.latent_dim == latent_dims.get(recipe, 100)


def test_the_28s_differ_in_the_loss_alone_and_average_ds_halves():
    entropy = overrides.from_flags({"recipe": "dcgan_28"})
    squares = overrides.from_flags({"recipe": "lsgan_28"})
    assert (entropy.loss, squares.loss) == ("non_saturating", "least_squares")
    assert entropy.discriminator_loss == "mean"
    assert squares == dataclasses.replace(
        entropy, recipe="lsgan_28", loss="least_squares"
    )


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_photos_alone_are_mirrored(recipe):
    config = overrides.from_flags({"recipe": recipe})
    of_photos = {"dcgan_quick", "dcgan_steady", "dcgan_celeba", "cyclegan"}
    assert config.horizontal_flip == (recipe in of_photos)


def test_cyclegan_trains_as_its_authors_do():
    config = overrides.from_flags({"recipe": "cyclegan"})
    assert (config.real_label, config.fake_label) == (1.0, 0.0)
    assert config.loss == "least_squares"
    assert (config.lambda_cycle, config.lambda_identity) == (10.0, 0.5)
    both = (config.generator_learning_rate, config.discriminator_learning_rate)
    assert (*both, config.beta_1) == (2e-4, 2e-4, 0.5)
    assert config.learning_rate_decay == "second_half"
    assert config.random_crop
    assert config.ema_decay == 0.0


@pytest.mark.parametrize("recipe", sorted(AIRIS))
def test_airis_update_d_separately_and_g_twice_with_smoothed_labels(recipe):
    config = overrides.from_flags({"recipe": recipe})
    assert (config.real_label, config.fake_label) == (0.9, 0.0)
    assert config.discriminator_updates == "separate"
    assert config.generator_updates == 2


@pytest.mark.parametrize("recipe", sorted(set(recipes.RECIPES) - AIRIS))
def test_extra_layers_are_refused_where_there_are_none(recipe):
    with pytest.raises(errors.UserError) as caught:
        overrides.from_flags({"recipe": recipe, "extra_layers": 2})
    assert str(caught.value) == (
        f"--extra_layers=2 means nothing to recipe {recipe}: give it to dcgan "
        "or dcgan_small, or leave it out"
    )
    assert overrides.from_flags({"recipe": recipe, "extra_layers": 0})


@pytest.mark.parametrize("recipe", ["vanilla_gan", "sndcgan"])
def test_batch_norm_is_not_left_out_where_there_is_none(recipe):
    with pytest.raises(errors.UserError) as caught:
        overrides.from_flags(
            {"recipe": recipe, "discriminator_batch_norm": False}
        )
    assert str(caught.value) == (
        f"--nodiscriminator_batch_norm means nothing to recipe {recipe}, whose "
        "D has none anyway: leave it out, or take another --recipe, such as "
        "dcgan"
    )


@pytest.mark.parametrize(
    "recipe, native, expected",
    [
        ("vanilla_gan", (28, 28), (28, 28)),
        ("dcgan_upsampling", (28, 28), (32, 32)),
        ("dcgan_cifar10", (32, 32), (32, 32)),
        ("dcgan_celeba", (218, 178), (64, 64)),
        ("dcgan_celeba", (32, 32), (64, 64)),
        ("dcgan_28", (28, 28), (28, 28)),
    ],
)
def test_a_recipe_makes_the_size_of_its_source(recipe, native, expected):
    config = overrides.from_flags({"recipe": recipe})
    assert families.image_size(config, native) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags, shape",
    [
        (("--recipe=vanilla_gan",), (28, 28, 1)),
        (("--recipe=dcgan_upsampling",), (32, 32, 1)),
        (("--recipe=dcgan_cifar10", "--image_size=32x40"), (32, 40, 1)),
        (("--recipe=dcgan_celeba",), (64, 64, 1)),
        (("--recipe=dcgan_28", "--latent_dim=10"), (28, 28, 1)),
        (("--recipe=lsgan_28",), (28, 28, 1)),
        (("--recipe=sndcgan",), (32, 32, 1)),
    ],
    ids=lambda value: value[0][9:] if str(value[0]).startswith("--") else None,
)
def test_every_recipe_trains_through_its_flag(
    flags, shape, tiny_mnist, tmp_path, monkeypatch, no_exports
):
    monkeypatch.chdir(tmp_path)
    # It would make the other tests' operations deterministic as well.
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")
    common_flags = [
        "--dataset=mnist",
        f"--data_dir={tiny_mnist}",
        "--width=0.06",
    ]
    common_flags += [
        "--batch_size=20",
        "--steps=3",
        "--log_every=3",
        "--run_dir=run",
    ]
    train.main(["train.py", *common_flags, *flags])
    assert runs.open_run("run").data.image_shape == shape
    lines = pathlib.Path("run/metrics.jsonl").read_text().splitlines()
    (line,) = [
        line for line in map(json.loads, lines) if line["kind"] == "train"
    ]
    assert line["step"] == 3
    scalars = gan.scalars(runs.open_run("run").config)
    assert all(math.isfinite(line[name]) for name in scalars)
    last = images.read_png("run/samples/step_0000003.png")
    first = images.read_png("run/samples/step_0000001.png")
    # These begin as gray squares.
    grays = ("--recipe=dcgan_28", "--recipe=lsgan_28", "--recipe=sndcgan")
    assert (last != first).any() or flags[0] in grays
