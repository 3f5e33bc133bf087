import dataclasses

import pytest

from tf_dcgan import config as configs
from tf_dcgan import models, recipes


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_makes_a_valid_config(name):
    config = configs.from_flags({"recipe": name})
    assert config.recipe == name
    assert config.network in models.NETWORKS


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_lists_only_what_differs_from_the_defaults(name):
    defaults = configs.Config()
    fields = {field.name for field in dataclasses.fields(defaults)}
    for field, value in recipes.RECIPES[name].differences.items():
        assert field in fields
        assert getattr(defaults, field) != value


def test_the_default_recipe_is_the_main_system():
    assert configs.Config() == configs.from_flags({})
    assert configs.Config().recipe == "dcgan"
    assert not recipes.RECIPES["dcgan"].differences


def test_recipes_train_for_their_own_number_of_epochs():
    assert configs.from_flags({"recipe": "dcgan"}).epochs == 50
    assert configs.from_flags({"recipe": "dcgan_small"}).epochs == 20


def test_summaries_are_one_line():
    for recipe in recipes.RECIPES.values():
        assert recipe.summary and "\n" not in recipe.summary
