import pytest

from tf_dcgan.config import overrides
from tf_dcgan.training import length


def note(num_images, **flags):
    return length.note(overrides.from_flags(flags), num_images)


def test_the_epochs_of_a_few_images_are_told_as_few_steps():
    assert note(75) == (
        "note: 50 epochs of 75 images are only 50 steps; recipe dcgan means "
        "46,850, 50 epochs of mnist: give --steps=46850 for as many"
    )
    assert note(1, batch_size=1, epochs=1).startswith(
        "note: 1 epoch of 1 image are only 1 step; "
    )


@pytest.mark.parametrize(
    "recipe, steps, own_set",
    [
        ("dcgan_small", "18,740", "20 epochs of mnist"),
        ("dcgan_cifar10", "15,620", "20 epochs of cifar10"),
        ("dcgan_celeba", "127,100", "100 epochs of celeb_a"),
        ("lsgan_28", "23,400", "50 epochs of mnist"),
        ("cyclegan", "266,800", "200 epochs of cycle_gan/horse2zebra"),
    ],
)
def test_each_recipe_means_the_steps_of_its_own_set(recipe, steps, own_set):
    text = note(200, recipe=recipe)
    assert f"recipe {recipe} means {steps}, {own_set}: give" in text


@pytest.mark.parametrize(
    "num_images, flags",
    [
        (75, {"steps": 50}),  # The user has said how many.
        (75, {"epochs": 20_000}),
        (60_000, {"epochs": 1}),  # Such a trial is not the set's fault.
        (30_000, {}),
    ],
)
def test_who_trains_long_enough_or_says_how_long_reads_nothing(
    num_images, flags
):
    assert note(num_images, **flags) is None
