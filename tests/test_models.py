import pytest

from tf_dcgan import config as configs
from tf_dcgan import errors, models


def size(recipe, image_size=None, native=(28, 28)):
    config = configs.Config(recipe=recipe, image_size=image_size)
    return models.image_size(config, native)


@pytest.mark.parametrize(
    "recipe, native, expected",
    [
        ("dcgan", (28, 28), (32, 32)),
        ("dcgan", (32, 32), (32, 32)),
        ("dcgan", (33, 33), (40, 40)),
        ("dcgan", (20, 45), (48, 48)),
        ("dcgan", (218, 178), (64, 64)),
        ("dcgan", (None, None), (64, 64)),
        ("dcgan", (None, 28), (64, 64)),
        ("dcgan", (3, 3), (32, 32)),
        ("dcgan_small", (28, 28), (28, 28)),
        ("dcgan_small", (32, 32), (32, 32)),
        ("dcgan_small", (29, 20), (32, 32)),
        ("dcgan_small", (8, 8), (16, 16)),
        ("dcgan_small", (300, 200), (64, 64)),
    ],
)
def test_the_default_is_the_smallest_square_that_holds_the_images(
    recipe, native, expected
):
    assert size(recipe, native=native) == expected


@pytest.mark.parametrize("recipe", models.NETWORKS)
def test_a_size_that_is_asked_for_wins_over_the_images(recipe):
    assert size(recipe, "48x64") == (48, 64)


@pytest.mark.parametrize(
    "recipe, given, near",
    [
        ("dcgan", "28", "32x32 or 40x40"),
        ("dcgan", "31", "32x32 or 40x40"),
        ("dcgan", "60", "56x56 or 64x64"),
        ("dcgan", "72", "64x64 or 80x80"),
        ("dcgan", "4", "32x32 or 40x40"),
        ("dcgan", "960", "896x896 or 1024x1024"),
        ("dcgan", "33x64", "32x64 or 40x64"),
        ("dcgan", "32x4", "32x32 or 32x40"),
        ("dcgan_small", "30", "28x28 or 32x32"),
        ("dcgan_small", "12", "16x16 or 20x20"),
        ("dcgan_small", "28x30", "28x28 or 28x32"),
    ],
)
def test_a_size_that_cannot_be_made_is_refused_with_the_nearest(
    recipe, given, near
):
    with pytest.raises(errors.UserError) as caught:
        size(recipe, given)
    message = str(caught.value)
    assert f"a size that recipe {recipe} cannot make" in message
    assert message.endswith(f"the nearest it can is {near}")


@pytest.mark.parametrize("side", [*range(4, 130), 500, 700, 1000, 1023, 1024])
@pytest.mark.parametrize("recipe", models.NETWORKS)
def test_every_refusal_names_a_size_that_is_accepted(recipe, side):
    try:
        assert size(recipe, str(side)) == (side, side)
    except errors.UserError as error:
        first = str(error).split("nearest it can is ")[1].split(" or ")[0]
        height, width = size(recipe, first)
        assert first == f"{height}x{width}"


def test_build_makes_the_networks_that_the_recipe_names():
    channels = {
        recipe: models.build(
            configs.Config(recipe=recipe, width=1 / 64), (32, 32, 1)
        )[0]
        .get_layer("reshape")
        .output.shape
        for recipe in models.NETWORKS
    }
    assert channels == {
        "dcgan": (None, 4, 4, 16),
        "dcgan_small": (None, 8, 8, 2),
    }
