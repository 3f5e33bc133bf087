"""Does a few steps of several systems, on one device or split over some."""

import pathlib

import numpy as np

from tf_dcgan.config import overrides
from tf_dcgan.runs import runs
from tf_dcgan.training import generation, translation
from tf_dcgan.training.distributed import crew as crews

BATCH = 4
_STEPS = 3
# Batch normalisation and labels; pairs, dropout and what D sees of each image;
# buffers and two sets. By name, which is the recipe's if none is given.
SYSTEMS = {
    "dcgan_small": {
        "r1_gamma": 0.1,  # The derivative of a derivative.
        "conditional": True,
        "horizontal_flip": True,
        "generator_batch": 2,  # Of the classes of the images.
        "generator_latents": "new",
        "width": 0.06,
        "dataset": "mnist",
    },
    "pairs": {
        "recipe": "vanilla_gan",
        "loss": "relativistic",
        "augment": "color,translation,cutout",
        "minibatch_stddev": True,
        "spectral_norm": True,
        "conditional": True,
        "conditioning": "projection",
        "generator_batch": 2,  # Twice as many pairs for G.
        "generator_latents": "new",
        "width": 0.1,
        "dataset": "mnist",
    },
    "cyclegan": {
        "width": 0.06,
        "residual_blocks": 1,
        "lambda_identity": 0.0,
        "r1_gamma": 0.1,
        "consistency": 1.0,
        "augment": "color,translation,cutout",
        "dataset": "pair",
    },
}


def _settings(name, distribute, **more):
    return overrides.from_flags(
        {
            "recipe": name,
            "batch_size": BATCH,
            "steps": _STEPS,
            "distribute": distribute,
            "devices": 2 if distribute == "mirrored" else None,
            **SYSTEMS[name],
            **more,
        }
    )


def _steps(config, crew, *, chance):
    """Returns a system's variables and scalars after its steps."""
    side = 24 if config.translates else 28
    shape = (side, side, 3 if config.translates else 1)
    names = tuple("0123456789") if config.conditional else ()
    facts = runs.DataFacts(
        *shape, (0, 0, side, side), 100, "as is", "abc", class_names=names
    )
    run = runs.Run(pathlib.Path("none"), config, facts, {}, None)
    images = [_STEPS, BATCH, *shape]
    if config.translates:
        state = translation.cyclegan_state.create_state(config, shape)
        call = translation.train_steps(state, run, shapes=[shape, shape])
        batches = [chance.integers(0, 256, images, np.uint8) for _ in "AB"]
    else:
        state = generation.gan.create_state(config, shape, len(names))
        call = generation.train_steps(state, run)
        batches = [chance.integers(0, 256, images, np.uint8)]
    if config.conditional:
        batches.append(chance.integers(0, 10, images[:2]).astype(np.int32))
    scalars = call(tuple(batches))
    yield from state.variables().items()
    yield from ((f"scalar/{name}", value) for name, value in scalars.items())
    crew.compare(state.variables())


def main(distribute, output):
    """Does the steps of all systems and writes what they end with.

    Args:
        distribute: `none`, `mirrored` or `multi_worker`, which needs TF_CONFIG.
        output: the .npz to write all variables to, and each step's scalars; of
            several processes the first one writes.
    """
    configs = {name: _settings(name, distribute) for name in SYSTEMS}
    crew = crews.join(configs["dcgan_small"])
    variables = {}
    for system, config in configs.items():
        chance = np.random.default_rng(0)
        with crew.strategy.scope():
            for name, value in _steps(config, crew, chance=chance):
                variables[f"{system}/{name}"] = value.numpy()
    # Each part normalised by itself is another training, whose copies agree.
    apart = _settings("dcgan_small", distribute, sync_batch_norm=False)
    with crew.strategy.scope():
        list(_steps(apart, crew, chance=np.random.default_rng(0)))
    if crew.is_chief:
        arrays = {k.replace("/", "|"): v for k, v in variables.items()}
        np.savez(output, **arrays)
