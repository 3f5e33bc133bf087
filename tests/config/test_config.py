import dataclasses
import functools
import json
import os

import pytest

from tf_dcgan.common import errors
from tf_dcgan.config import fields as settings
from tf_dcgan.config import kinds, losses, overrides, recipes, schema, sizes
from tf_dcgan.config.schema import Config
from tf_dcgan.metrics.features.inception import layers

FIELDS = dataclasses.fields(Config)
NUMERIC = [
    field
    for field in FIELDS
    if settings.field_type(Config, field.name) in (int, float)
]
WORDS = [field for field in FIELDS if field.metadata["choices"]]
FIXED = {
    "sync_batch_norm": False,
    "recipe": "dcgan_small",
    "width": 0.5,
    "discriminator_width": 0.5,
    "latent_dim": 64,
    "image_size": "64x64",
    "extra_layers": 1,
    "conditional": True,
    "loss": "minimax",
    "init_from": "/runs/00000-mnist-dcgan:best",
    "dataset": "cifar10",
    "labels": "/labels.csv",
    "batch_size": 32,
    "fit": "pad",
    "crop": "24x24",
    "value_range": "0,4095",
    "frames": "all",
    "horizontal_flip": True,
    "real_label": 1.0,
    "fake_label": 0.1,
    "generator_learning_rate": 1e-4,
    "discriminator_learning_rate": 1e-4,
    "beta_1": 0.9,
    "discriminator_updates": "joint",
    "discriminator_loss": "mean",
    "r1_gamma": 1.0,
    "r2_gamma": 1.0,
    "consistency": 10.0,
    "augment": "color,cutout",
    "minibatch_stddev": True,
    "batch_norm_scale": "normal",
    "initial_bias": "uniform",
    "discriminator_batch_norm": False,
    "spectral_norm": True,
    "generator_updates": 1,
    "generator_latents": "new",
    "learning_rate_decay": "second_half",
    "ema_decay": 0.0,
    "seed": 1,
    "deterministic": True,
    "precision": "mixed_bfloat16",
}
# Settings of cyclegan alone.
FIXED_OF_TRANSLATION = {
    "dataset_a": "kmnist",
    "dataset_b": "kmnist",
    "random_crop": False,
    "load_size": "300x400",
    "crop_size": "64x64",
    "residual_blocks": 3,
    "lambda_cycle": 5.0,
    "lambda_identity": 0.0,
}
# Settings that mean something beside another one.
FIXED_BESIDE = {
    "conditioning": ("projection", {"conditional": True}),
    "generator_batch": (2, {"generator_latents": "new"}),
}
FREE = {
    "distribute": "none",
    "devices": 2,
    "data_dir": os.path.abspath("elsewhere"),
    "cache_dir": os.path.abspath("elsewhere"),
    "device": "cpu",
    "xla": "off",
    "profile_steps": "3:9",
    "on_collapse": "stop",
    "max_rollbacks": 7,
    "rollback_rate": 0.1,
    "epochs": 51,
    "steps": 7,
    "log_every": 51,
    "sample_every": 501,
    "checkpoint_every": 501,
    "evaluate_every": 500,
    "evaluate_metric": "kid",
    "evaluate_features": "inception",
    "evaluate_feature_dim": 192,
    "inception_weights": os.path.abspath("elsewhere"),
    "evaluate_samples": 1000,
    "evaluate_split": "validation",
}


def names(fields):
    return [field.name for field in fields]


def refusal(function, *arguments, **values):
    with pytest.raises(errors.UserError) as caught:
        function(*arguments, **values)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_are_those_of_the_main_system():
    config = Config()
    assert (config.recipe, config.dataset) == ("dcgan", "mnist")
    assert (config.latent_dim, config.batch_size) == (100, 64)
    assert (config.real_label, config.fake_label) == (0.9, 0.0)
    assert config.generator_learning_rate == 2e-4
    assert config.discriminator_learning_rate == 2e-4
    assert config.beta_1 == 0.5
    assert config.discriminator_updates == "separate"
    assert config.generator_updates == 2
    assert config.generator_latents == "shared"
    assert config.loss == "non_saturating"
    assert config.ema_decay == 0.999


def test_every_numeric_field_is_bounded_on_both_sides():
    assert len(NUMERIC) >= 16
    for field in NUMERIC:
        assert field.metadata["maximum"] is not None, field.name
        lower = field.metadata["minimum"], field.metadata["above"]
        assert lower.count(None) == 1, field.name


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), -1, 10**400]
)
@pytest.mark.parametrize("name", names(NUMERIC))
def test_numbers_that_make_no_sense_are_refused(name, value):
    message = refusal(Config, **{name: value})
    assert message.startswith(f"--{name}={value} is")


@pytest.mark.parametrize(
    "name",
    names(
        field
        for field in NUMERIC
        if field.metadata["above"] == 0 or (field.metadata["minimum"] or 0) > 0
    ),
)
def test_zero_is_refused_where_nothing_would_happen(name):
    assert f"--{name}=0 is out of range" in refusal(Config, **{name: 0})


def test_zero_is_allowed_only_where_it_means_something():
    allowed = [f.name for f in NUMERIC if f.metadata["minimum"] == 0]
    assert allowed == [
        "extra_layers",
        "evaluate_every",
        "real_label",
        "fake_label",
        "beta_1",
        "r1_gamma",
        "r2_gamma",
        "consistency",
        "lambda_cycle",
        "lambda_identity",
        "ema_decay",
        "seed",
    ]


@pytest.mark.parametrize(
    "name",
    [n for n in names(NUMERIC) if n not in ("real_label", "fake_label")],
)
def test_the_bounds_themselves_are_allowed_and_the_next_number_is_not(name):
    field = next(field for field in FIELDS if field.name == name)
    is_int = settings.field_type(Config, name) is int
    maximum, minimum = (field.metadata[m] for m in ("maximum", "minimum"))
    # Without these `devices` and `generator_batch` mean nothing.
    config = functools.partial(
        Config, distribute="mirrored", generator_latents="new"
    )
    assert getattr(config(**{name: maximum}), name) == maximum
    refusal(config, **{name: maximum + 1 if is_int else maximum * 1.001})
    if minimum is not None:
        assert getattr(config(**{name: minimum}), name) == minimum
        refusal(config, **{name: minimum - 1 if is_int else -1e-9})


@pytest.mark.parametrize(
    "name, allowed, refused",
    [
        # At 1 an average never moves.
        ("beta_1", 0.9999, 1.0),
        ("ema_decay", 0.999999, 1.0),
        ("generator_learning_rate", 1.0, 1.01),
        ("discriminator_learning_rate", 1.0, 1.01),
        ("width", 16.0, 16.1),
        ("discriminator_width", 16.0, 16.1),
        ("latent_dim", 65_536, 65_537),
        ("residual_blocks", 64, 65),
        ("extra_layers", 16, 17),
        ("batch_size", 65_536, 65_537),
        ("generator_updates", 16, 17),
        # A score of fewer images says little.
        ("evaluate_samples", 100, 99),
        ("evaluate_samples", 1_000_000, 1_000_001),
        # Random keys have room for 31 bits of the seed.
        ("seed", 2**31 - 1, 2**31),
    ],
)
def test_bounds_have_the_values_that_their_reasons_give(name, allowed, refused):
    assert getattr(Config(**{name: allowed}), name) == allowed
    message = refusal(Config, **{name: refused})
    assert message.startswith(f"--{name}={refused} is out of range")


@pytest.mark.parametrize("name", names(WORDS))
def test_a_misspelt_word_is_refused_with_the_nearest(name):
    word = next(
        iter(next(f for f in WORDS if f.name == name).metadata["choices"])
    )
    message = refusal(Config, **{name: word + "x"})
    assert message.startswith(f"--{name}={word}x is not known: did you mean")
    assert word in message.split("allowed: ")[0]


def test_labels_may_lie_anywhere_in_zero_to_one_but_not_be_swapped():
    config = Config(real_label=1.0, fake_label=0.0)
    assert (config.real_label, config.fake_label) == (1.0, 0.0)
    assert Config(real_label=0.2, fake_label=0.1).fake_label == 0.1
    for real, fake in ((0.1, 0.9), (0.5, 0.5), (0.0, 0.0)):
        message = refusal(Config, real_label=real, fake_label=fake)
        assert f"--real_label={real} must be above" in message
        assert f"--fake_label={fake}" in message


@pytest.mark.parametrize("name", ["real_label", "fake_label"])
@pytest.mark.parametrize("value", [-0.001, 1.001])
def test_labels_outside_zero_to_one_are_refused(name, value):
    assert "allowed is 0 to 1" in refusal(Config, **{name: value})


@pytest.mark.parametrize("loss", ["hinge", "wasserstein_gp", "relativistic"])
def test_losses_without_targets_have_the_labels_1_and_0(loss):
    for config in (Config(loss=loss), overrides.from_flags({"loss": loss})):
        assert (config.real_label, config.fake_label) == (1.0, 0.0)
    flags = {"loss": loss, "real_label": 1, "fake_label": 0.0}
    more = losses.LOSSES[loss].differences
    assert overrides.from_flags(flags) == Config(loss=loss, **more)


def test_wasserstein_updates_g_once_and_sums_d_unless_asked_otherwise():
    flags = {"loss": "wasserstein_gp", "recipe": "dcgan_28"}
    config = overrides.from_flags(flags)
    assert config.discriminator_loss == "sum"
    config = overrides.from_flags({"loss": "wasserstein_gp"})
    assert config.generator_updates == 1
    config = overrides.from_flags(
        {"loss": "wasserstein_gp", "generator_updates": 3}
    )
    assert config.generator_updates == 3


@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "least_squares"])
def test_the_other_losses_keep_their_smoothing(loss):
    config = overrides.from_flags({"loss": loss, "fake_label": 0.1})
    assert (config.real_label, config.fake_label) == (0.9, 0.1)


@pytest.mark.parametrize("loss", ["hinge", "wasserstein_gp", "relativistic"])
@pytest.mark.parametrize(
    "name, value, needed", [("real_label", 0.9, 1.0), ("fake_label", 0.1, 0.0)]
)
def test_smoothing_is_refused_only_where_it_was_asked_for(
    loss, name, value, needed
):
    expected = (
        f"--{name}={value} does not go with --loss={loss}, which has no "
        f"labels to smooth: give --{name}={needed}, or leave it out"
    )
    assert (
        refusal(overrides.from_flags, {"loss": loss, name: value}) == expected
    )
    # A run that goes on names no loss.
    assert (
        refusal(overrides.resume, Config(loss=loss), {name: value}) == expected
    )


def test_wasserstein_makes_the_update_joint_unless_separate_is_asked_for():
    assert Config(loss="wasserstein_gp").discriminator_updates == "joint"
    assert Config(loss="hinge").discriminator_updates == "separate"
    flags = {"loss": "wasserstein_gp", "discriminator_updates": "separate"}
    assert refusal(overrides.from_flags, flags) == (
        "--discriminator_updates=separate does not go with "
        "--loss=wasserstein_gp, which needs one update of D on all parts of "
        "its loss: give --discriminator_updates=joint, or leave it out"
    )


@pytest.mark.parametrize(
    "augment, written",
    [
        ("cutout", "cutout"),
        ("cutout, color", "color,cutout"),
        ("translation,cutout,color,color", "color,translation,cutout"),
    ],
)
def test_augmentations_are_written_in_one_way(augment, written):
    config = Config(augment=augment)
    assert config.augment == written
    assert config.augmentations == tuple(written.split(","))
    assert Config().augmentations == ()


@pytest.mark.parametrize("text", ["colour", "color,", "", "color;cutout"])
def test_augmentations_that_do_not_exist_are_refused(text):
    message = refusal(Config, augment=text)
    assert message.startswith(f"--augment={text} has ")
    assert "color, translation, cutout, separated by commas" in message


def test_a_larger_batch_of_g_needs_latents_of_its_own():
    assert refusal(Config, generator_batch=2) == (
        "--generator_batch=2 needs more latent vectors than D's update has: "
        "give --generator_latents=new too"
    )
    assert Config(generator_batch=2, generator_latents="new")


def test_a_batch_of_one_has_no_images_to_compare():
    flags = {"minibatch_stddev": True, "batch_size": 1}
    assert refusal(overrides.from_flags, flags) == (
        "--minibatch_stddev compares the images of a batch, and "
        "--batch_size=1 has one: give --batch_size=2 or more, or leave "
        "--minibatch_stddev out"
    )
    assert overrides.from_flags({**flags, "batch_size": 2})


def test_settings_of_rollbacks_need_rollbacks():
    flags = {"max_rollbacks": 5, "rollback_rate": 0.25}
    assert refusal(overrides.from_flags, flags) == (
        "--max_rollbacks=5 and --rollback_rate=0.25 would do nothing with "
        "--on_collapse=warn: give --on_collapse=rollback, or leave them out"
    )
    assert overrides.from_flags({**flags, "on_collapse": "rollback"})


def test_projection_is_for_conditional_networks():
    assert refusal(Config, conditioning="projection") == (
        "--conditioning=projection means something with --conditional alone: "
        "give that too, or leave it out"
    )
    assert Config(conditioning="projection", conditional=True)


def test_resume_names_only_the_flags_that_were_given():
    message = refusal(overrides.resume, Config(), {"loss": "wasserstein_gp"})
    assert message.count("(was") == 1
    assert "--loss (was non_saturating, now wasserstein_gp)" in message


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_a_run_of_every_loss_goes_on(loss):
    config = overrides.from_flags({"loss": loss, "r1_gamma": 0.5})
    text = json.dumps(schema.to_json(config))
    again = schema.from_json(json.loads(text))
    assert again == config
    assert overrides.resume(again, {"loss": loss, "epochs": 99}).epochs == 99


@pytest.mark.parametrize(
    "text, size",
    [
        ("32", (32, 32)),
        ("48x64", (48, 64)),
        (" 28 ", (28, 28)),
        ("4", (4, 4)),
        ("4096x4", (4096, 4)),
        ("80X512", (80, 512)),
        ("80×512", (80, 512)),
    ],
)
def test_image_sizes_are_height_then_width(text, size):
    assert sizes.parse("image_size", text) == size


@pytest.mark.parametrize(
    "text",
    ["", "x", "32x", "x32", "3", "4097", "32x3", "4x4097", "-32", "32.0",
     "32x32x1", "0", "big", "32 x 32", "nan", "99999"],
)  # fmt: skip
def test_what_is_no_image_size_is_refused(text):
    message = refusal(Config, image_size=text)
    assert message.startswith(f"--image_size={text} is not a size")
    assert "48x64" in message


@pytest.mark.parametrize(
    "text", ["", "0", "178x", "178x0", "10000", "-1", "178.5", "face"]
)
def test_what_is_no_crop_is_refused(text):
    message = refusal(Config, crop=text)
    assert message.startswith(
        f"--crop={text} is not a size: give one side of 1"
    )


def test_a_crop_is_kept_in_one_spelling():
    assert Config(crop="178").crop == "178x178"
    assert Config(crop="1x9999").central_crop == (1, 9999)
    assert Config().central_crop is None


def test_image_size_is_kept_in_one_spelling():
    assert Config(image_size="32").image_size == "32x32"
    assert Config(image_size="32") == Config(image_size="32x32")
    assert Config(image_size="80X512").image_size == "80x512"
    assert Config().image_size is None


def test_an_image_size_may_be_left_to_the_images_but_no_crop():
    assert Config(image_size="auto").image_size == "auto"
    assert refusal(Config, crop="auto").startswith("--crop=auto is not a size")


def test_random_crops_have_the_size_of_the_networks():
    flags = {"recipe": "cyclegan", "crop_size": "64X128", "load_size": "300"}
    config = overrides.from_flags(flags)
    assert (config.crop_size, config.load_size) == ("64x128", "300x300")
    assert config.image_size == "64x128"
    assert schema.from_json(schema.to_json(config)) == config
    message = refusal(overrides.from_flags, flags | {"image_size": "64"})
    assert message == (
        "--image_size=64x64 and --crop_size=64x128 both give the size of the "
        "networks: give one of them"
    )
    message = refusal(overrides.from_flags, flags | {"random_crop": False})
    assert message == (
        "--load_size=300x300 and --crop_size=64x128 would do nothing with "
        "--random_crop=false: leave one of them out"
    )
    message = refusal(overrides.from_flags, {"load_size": "300"})
    assert message.startswith("--load_size=300 would do nothing in recipe")


def test_a_run_keeps_the_size_that_it_took_from_the_images():
    config = Config(image_size="48x64")
    again = overrides.resume(config, {"image_size": "auto"})
    assert again.image_size == "48x64"


def test_a_fit_is_one_of_three_or_left_open():
    assert Config().fit is None
    assert Config(fit="pad").fit == "pad"
    assert "crop, pad, stretch" in refusal(Config, fit="squash")


def test_an_epoch_has_only_whole_batches():
    assert Config(batch_size=64).steps_per_epoch(60_000) == 937
    assert Config(batch_size=64).steps_per_epoch(64) == 1


def test_a_batch_larger_than_the_set_is_refused():
    message = refusal(Config(batch_size=65).steps_per_epoch, 64)
    assert message == (
        "--batch_size=65 is more than the 64 images of mnist: allowed is 1 "
        "to 64; the command inspect recommends settings for so few"
    )


def test_steps_win_over_epochs():
    assert Config(epochs=3).total_steps(937) == 2811
    assert Config(epochs=3, steps=5).total_steps(937) == 5


def test_flags_win_over_the_recipe():
    config = overrides.from_flags({"recipe": "dcgan_small", "epochs": 7})
    assert (config.recipe, config.epochs) == ("dcgan_small", 7)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data_dir", "cache_dir", "inception_weights"])
@pytest.mark.parametrize(
    "function",
    [overrides.from_flags, lambda g: overrides.resume(Config(), g)],
)
def test_paths_mean_the_same_from_another_place(
    function, name, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("USERPROFILE", "/home/someone")
    here = os.getcwd()
    for path, absolute in (
        ("x/../data", os.path.join(here, "data")),
        ("~/data", os.path.abspath("/home/someone/data")),
        (None, None),
    ):
        values = {name: path, "evaluate_every": 5}
        assert getattr(function(values), name) == absolute


@pytest.mark.slow
@pytest.mark.parametrize(
    "function",
    [overrides.from_flags, lambda g: overrides.resume(Config(), g)],
)
def test_how_to_evaluate_a_run_that_shall_not_be_is_refused(function):
    # Also where it is what would be taken anyway.
    flags = {"evaluate_metric": "fid", "evaluate_samples": 1000}
    assert refusal(function, flags) == (
        "--evaluate_metric=fid and --evaluate_samples=1000 would do nothing "
        "without --evaluate_every: give an interval in steps, such as "
        "--evaluate_every=1000, or leave them out"
    )
    assert "--inception_weights" in refusal(
        function, {"inception_weights": "x.npz", "evaluate_every": 0}
    )
    assert function({**flags, "evaluate_every": 9}).evaluate_samples == 1000
    assert function({"evaluate_every": 0}).evaluate_every == 0


def test_only_paths_are_made_absolute():
    config = overrides.from_flags({"dataset": "mine/small", "image_size": "32"})
    assert (config.dataset, config.image_size) == ("mine/small", "32x32")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("./photos", "photos"),
        ("./missing", "missing"),
        (".", ""),
        ("sub/../photos", "photos"),
        ("photos/", "photos"),
        ("sub/photos", "sub/photos"),
        ("~/photos", "/home/someone/photos"),
        ("/data/photos/", "/data/photos"),
    ],
)
def test_a_path_is_a_folder_and_means_the_same_from_another_place(
    tmp_path, monkeypatch, path, folder
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("USERPROFILE", "/home/someone")
    for name in ("photos", "sub/photos"):
        (tmp_path / name).mkdir(parents=True)
    expected = os.path.abspath(os.path.join(os.getcwd(), folder))
    assert overrides.from_flags({"dataset": path}).dataset == expected


@pytest.mark.parametrize("name", ["mnist", "cats_vs_dogs", "photos", "a/small"])
def test_a_name_stays_the_sets_also_beside_a_folder_that_is_called_so(
    tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    for folder in ("mnist", "cats_vs_dogs", "photos"):
        (tmp_path / folder).mkdir()
    assert overrides.from_flags({"dataset": name}).dataset == name


def test_a_folder_that_was_moved_can_be_named_on_resume(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config(dataset="/old/photos")
    moved = overrides.resume(config, {"dataset": "./photos"})
    assert moved.dataset == os.path.join(os.getcwd(), "photos")
    message = refusal(overrides.resume, config, {"dataset": "mnist"})
    assert "--dataset (was /old/photos, now mnist)" in message
    message = refusal(overrides.resume, Config(), {"dataset": "/photos"})
    assert "--dataset (was mnist, now /photos)" in message


def test_a_layer_that_inception_does_not_have_is_refused():
    message = refusal(Config, evaluate_feature_dim=100)
    assert "--evaluate_feature_dim=100 is no layer: give 64, 192" in message


def test_the_layers_to_score_by_are_those_of_the_network():
    assert set(schema.FEATURE_DIMS) == set(layers.TAPS)
    assert schema.FEATURE_DIMS_IN_WORDS == "64, 192, 768, 1280 or 2048"


def test_an_unknown_recipe_is_refused_with_the_nearest():
    message = refusal(overrides.from_flags, {"recipe": "dcgan_smal"})
    assert "--recipe=dcgan_smal is not known: did you mean dcgan_small" in (
        message
    )


@pytest.mark.parametrize(
    "function",
    [overrides.from_flags, lambda g: overrides.resume(Config(), g)],
)
def test_epochs_and_steps_together_are_refused(function):
    message = refusal(function, {"epochs": 3, "steps": 5})
    assert "--epochs=3 and --steps=5 both say how long to train" in message


def test_a_setting_of_other_kinds_of_system_is_refused():
    assert FIXED_OF_TRANSLATION.keys() == {
        field.name
        for field in FIELDS
        if field.metadata["kinds"] == (kinds.TRANSLATION,)
    }
    assert names(
        f for f in FIELDS if f.metadata["kinds"] == (kinds.GENERATION,)
    ) == [
        "latent_dim",
        "extra_layers",
        "batch_norm_scale",
        "initial_bias",
        "discriminator_batch_norm",
        "conditional",
        "conditioning",
        "labels",
        "evaluate_split",
        "discriminator_updates",
        "discriminator_loss",
        "minibatch_stddev",
        "generator_updates",
        "generator_latents",
        "generator_batch",
    ]
    assert refusal(overrides.from_flags, {"lambda_cycle": 5.0}) == (
        "--lambda_cycle=5.0 would do nothing in recipe dcgan: leave it out, "
        "or take another --recipe, such as cyclegan"
    )
    flags = {"recipe": "cyclegan", "latent_dim": 5, "generator_updates": 1}
    assert refusal(overrides.from_flags, flags) == (
        "--latent_dim=5 and --generator_updates=1 would do nothing in recipe "
        "cyclegan: leave them out, or take another --recipe, such as dcgan"
    )


@pytest.mark.parametrize("loss", ["hinge", "minimax", "wasserstein_gp"])
def test_a_loss_that_no_translation_has_is_refused(loss):
    flags = {"recipe": "cyclegan", "loss": loss}
    assert refusal(overrides.from_flags, flags) == (
        f"--loss={loss} does not train recipe cyclegan: give least_squares "
        "or non_saturating"
    )


def test_every_field_is_either_fixed_or_free_on_resume():
    for field in FIELDS:
        expected = "free" if field.name in FREE else "fixed"
        assert field.metadata["on_resume"] == expected, field.name
    named = FIXED.keys() | FIXED_OF_TRANSLATION.keys() | FREE.keys()
    assert named | FIXED_BESIDE.keys() == {field.name for field in FIELDS}


def pair():
    return overrides.from_flags(
        {"recipe": "cyclegan", "dataset_a": "glyphs", "dataset_b": "mnist"}
    )


@pytest.mark.parametrize(
    "make, name, now",
    [(Config, *item) for item in FIXED.items()]
    + [(pair, *item) for item in FIXED_OF_TRANSLATION.items()]
    + [
        (functools.partial(Config, **beside), name, now)
        for name, (now, beside) in FIXED_BESIDE.items()
    ],
)
def test_resume_refuses_by_name_what_would_change_the_training(make, name, now):
    message = refusal(overrides.resume, make(), {name: now})
    was = getattr(make(), name)
    assert f"--{name} (was {was}, now {now})" in message
    assert message.count("(was") == 1


@pytest.mark.parametrize("name", FREE)
def test_resume_takes_over_what_may_change(name):
    old = Config(
        evaluate_every=5, distribute="mirrored", on_collapse="rollback"
    )
    new = overrides.resume(old, {name: FREE[name]})
    assert new == dataclasses.replace(old, **{name: FREE[name]})


def test_a_run_that_goes_on_alone_needs_no_devices():
    old = Config(distribute="mirrored", devices=2)
    for distribute in ("none", "multi_worker"):
        new = overrides.resume(old, {"distribute": distribute})
        assert new == Config(distribute=distribute)
    assert overrides.resume(old, {}) == old


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"devices": 2}, "--devices=2 means something to --distribute=mirr"),
        (
            {"devices": 2, "distribute": "multi_worker"},
            "give that too, or leave it out",
        ),
        (
            {"distribute": "mirrored", "xla": "on"},
            "--xla=on cannot be combined with --distribute=mirrored: give "
            "--xla=off",
        ),
        (
            {"distribute": "multi_worker", "precision": "mixed_float16"},
            "give --precision=float32 or mixed_bfloat16",
        ),
    ],
)
def test_what_several_devices_cannot_do_is_refused(settings, message):
    assert message in refusal(Config, **settings)


def test_resume_lists_all_that_differs():
    message = refusal(overrides.resume, Config(), {"seed": 1, "width": 0.5})
    assert "--width (was 1.0, now 0.5), --seed (was 0, now 1)" in message


def test_resume_accepts_flags_that_repeat_what_the_run_has():
    config = Config(image_size="32x32", steps=9)
    flags = {"recipe": "dcgan", "width": 1.0, "image_size": "32"}
    assert overrides.resume(config, flags) == config


@pytest.mark.parametrize("xla", ["on", "off"])
def test_resume_takes_auto_for_what_the_run_has(xla):
    config = Config(xla=xla)
    assert overrides.resume(config, {"xla": "auto"}) == config
    other = {"on": "off", "off": "on"}[xla]
    assert overrides.resume(config, {"xla": other}).xla == other


def test_resume_with_epochs_replaces_an_earlier_number_of_steps():
    new = overrides.resume(Config(steps=5), {"epochs": 60})
    assert (new.epochs, new.steps) == (60, None)


def test_resume_checks_the_new_values():
    assert "out of range" in refusal(overrides.resume, Config(), {"epochs": 0})


def test_json_gives_back_the_same_config():
    config = Config(recipe="dcgan_small", image_size="48x64", steps=3)
    text = json.dumps(schema.to_json(config))
    assert schema.from_json(json.loads(text)) == config


def test_json_with_an_unknown_field_is_refused():
    values = schema.to_json(Config()) | {"widht": 1.0, "alpha": 2}
    assert refusal(schema.from_json, values) == (
        "this version of tf_dcgan does not know its settings alpha, widht: "
        "use the version that wrote them"
    )


def test_json_from_before_a_setting_means_what_was_done_then():
    values = schema.to_json(Config(recipe="dcgan_small", epochs=20))
    for name in ("crop", "evaluate_every", "r1_gamma", "conditional"):
        del values[name]
    config = schema.from_json(values)
    assert config == Config(recipe="dcgan_small", epochs=20)
    assert (config.crop, config.evaluate_every) == (None, 0)
    assert (config.r1_gamma, config.conditional) == (0, False)


@pytest.mark.parametrize("name", names(FIELDS))
def test_json_without_a_setting_has_its_default(name):
    values = schema.to_json(Config(recipe="dcgan_small"))
    del values[name]
    config = schema.from_json(values)
    assert getattr(config, name) == getattr(Config, name)


@pytest.mark.parametrize("recipe", recipes.RECIPES)
def test_json_from_before_a_setting_never_takes_the_recipes_value(recipe):
    # `dcgan_celeba` did not mirror images before there was a setting for it.
    config = overrides.from_flags({"recipe": recipe})
    has_labels = losses.LOSSES[config.loss].has_labels
    for name in recipes.RECIPES[recipe].differences:
        if name == "real_label" and not has_labels:
            continue  # The loss fixes it.
        values = schema.to_json(config)
        del values[name]
        loaded = schema.from_json(values)
        assert getattr(loaded, name) == getattr(Config, name)


def test_json_with_a_value_of_another_type_is_refused():
    values = schema.to_json(Config()) | {"seed": "0"}
    assert refusal(schema.from_json, values) == (
        "--seed='0' is not a whole number"
    )


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1
