"""Generators without training and convolutions, and runs they could be of."""

import keras

from tf_dcgan.config import schema
from tf_dcgan.models import conditional, families
from tf_dcgan.runs import runs

LATENT_DIM = 6
# Large enough that float16 changes how they are stored.
_INITIALIZER = keras.initializers.RandomNormal(0, 0.5, seed=1)


def generator(num_classes=0):
    """Latents, and labels if there are classes, to images [n, 28, 28, 1]."""
    network = keras.Sequential(
        [
            keras.Input((LATENT_DIM + num_classes,), name="latents"),
            keras.layers.Dense(
                784, activation="tanh", kernel_initializer=_INITIALIZER
            ),
            keras.layers.Reshape((28, 28, 1)),
        ]
    )
    return (
        conditional.generator(network, num_classes) if num_classes else network
    )


def run(path, num_classes=0, *, content_box=(0, 0, 28, 28), **settings):
    """The run of a folder, whose config.json is not written."""
    path.mkdir(exist_ok=True)
    facts = runs.DataFacts(
        28,
        28,
        1,
        content_box,
        6400,
        "as they are",
        "f" * 64,
        tuple(f"class {number}" for number in range(num_classes)),
    )
    defaults = {"recipe": "dcgan_small", "dataset": "glyphs", "steps": 100}
    config = schema.Config(
        **{**defaults, "conditional": num_classes > 0, **settings}
    )
    facts_b = facts if config.translates else None
    return runs.Run(path, config, facts, {}, None, "abacus", facts_b)


def translation(path):
    """A run that translates, and both of its generators."""
    translating = run(
        path,
        recipe="cyclegan",
        dataset=None,
        dataset_a="/home/me/cats",
        dataset_b="dogs",
        width=0.06,
        residual_blocks=1,
        loss="least_squares",
        real_label=1.0,
    )
    models = families.averaged_generators(
        translating.config, translating.data.image_shape, 0
    )
    return translating, models
