r"""Trains the pair of `dcgan_28` and `lsgan_28` beside a copy in PyTorch.

    python -m benchmarks.pytorch.training --recipe=lsgan_28 \
        --torch_python=/path/to/venv/bin/python

Both sides begin with the same weights and see the same images and the same
noise at every step, in float32. Two things can be seen. While rounding has not
yet parted them, their losses are the same: the networks, losses, schedule and
optimizers are what PyTorch computes too. And what a training comes to, such as
a collapse of the samples, comes of the recipe if it is the same on both sides.

PyTorch needs a Python environment of its own: `pip install torch`.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import pathlib
import tempfile

import numpy as np

from benchmarks import command_flags
from benchmarks.pytorch import processes
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors, quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_THEIR_SIDE = pathlib.Path(__file__).with_name("training_side.py")
_SAMPLES = 64


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """The flags of this command."""

    torch_python: str | None = setting(
        None, "a Python that has PyTorch", group=_GROUP
    )
    recipe: str = setting(
        "lsgan_28", "the loss", group=_GROUP, choices=("dcgan_28", "lsgan_28")
    )
    dataset: str = setting("mnist", "where the images are from", group=_GROUP)
    data_dir: str | None = setting(
        None, "its files", group=_GROUP, unset="TFDS's own folder"
    )
    steps: int = setting(
        1500, "steps of both", group=_GROUP, minimum=1, maximum=5000
    )
    interval: int = setting(
        250,
        "steps whose means are printed",
        group=_GROUP,
        minimum=1,
        maximum=5000,
    )
    seed: int = setting(
        0,
        "determines weights, order and noise",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)
        if self.interval > self.steps:
            raise errors.UserError(
                f"--interval={self.interval} is more than "
                f"--steps={self.steps}: give at most as many"
            )


def main(arguments: Sequence[str]) -> None:
    """Runs the comparison.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: the images or the other side are missing.
    """
    settings = command_flags.parse(
        arguments, TrainingSettings, name="pytorch.training", doc=__doc__
    )
    quiet_import.import_tensorflow()
    import tensorflow as tf

    from tf_dcgan.common import randomness
    from tf_dcgan.config import overrides
    from tf_dcgan.data import batches, loading
    from tf_dcgan.gan import gan
    from tf_dcgan.metrics import diversity

    config = overrides.from_flags(
        {"recipe": settings.recipe, "seed": settings.seed}
    )
    images = loading.load(
        settings.dataset, image_size=(28, 28), data_dir=settings.data_dir
    ).images
    state = gan.create_state(config, images.shape[1:])
    indices = batches.batch_indices(
        0,
        settings.steps,
        batch_size=config.batch_size,
        num_images=len(images),
        seed=config.seed,
    )
    sample_latents = randomness.sample_latents(
        config.seed, np.arange(_SAMPLES), latent_dim=config.latent_dim
    ).numpy()
    with tempfile.TemporaryDirectory() as folder:
        _write(
            pathlib.Path(folder),
            state,
            images=images,
            indices=indices,
            latents=_training_latents(config, settings.steps),
            sample_latents=sample_latents,
            interval=settings.interval,
            learning_rate=config.generator_learning_rate,
            beta_1=config.beta_1,
        )
        process, version = processes.start(
            settings.torch_python,
            _THEIR_SIDE,
            [folder, config.loss],
            needs="PyTorch (`pip install torch`)",
        )
        print(
            f"{settings.recipe}, {settings.dataset}, seed {settings.seed}, "
            f"TensorFlow {tf.__version__}, {version}",
            flush=True,
        )
        # One after the other: both would want all cores.
        _, complaint = process.communicate()
        if process.returncode:
            raise RuntimeError(complaint)
        theirs = np.load(pathlib.Path(folder, "results.npz"))
    losses, samples = _train(
        state,
        config,
        (images[batch] for batch in indices),
        sample_latents,
        settings.interval,
    )
    measure = diversity.Diversity(images[: diversity.REAL_IMAGES])
    _show(
        settings,
        {"losses": losses, "diversity": [*map(measure, samples)]},
        {
            "losses": theirs["losses"],
            "diversity": [*map(measure, theirs["samples"])],
        },
    )


def _write(folder: pathlib.Path, state, **data) -> None:
    """Writes what the other side reads: the data and the initial weights."""
    np.savez(folder / "data.npz", **data)
    for network in (state.generator, state.discriminator):
        np.savez(folder / f"{network.name}.npz", *network.get_weights())


def _training_latents(config, steps: int) -> np.ndarray:
    """Draws what `gan.update` draws: [steps, 2, batch, latent_dim] float32."""
    from tf_dcgan.common import randomness

    return np.array(
        [
            [
                randomness.training_latents(
                    config.seed,
                    step,
                    batch_size=config.batch_size,
                    latent_dim=config.latent_dim,
                    draw=draw,
                )
                for draw in (0, 1)
            ]
            for step in range(steps)
        ]
    )


def _train(
    state, config, batches, sample_latents, interval: int
) -> tuple[np.ndarray, list]:
    """Trains our side.

    Returns:
        [steps, 2] float32, the losses of G and D; and after each interval
        the samples, [64, 28, 28, channels] uint8.
    """
    import tensorflow as tf

    from tf_dcgan.common import images
    from tf_dcgan.gan import gan

    @tf.function
    def update(uint8_images):
        measured = gan.update(state, config, images.to_float(uint8_images))
        return tf.stack([measured["loss_g"], measured["loss_d"]])

    losses, samples = [], []
    for step, batch in enumerate(batches, 1):
        losses.append(update(tf.constant(batch)).numpy())
        if step % interval == 0:
            outputs = state.generator(sample_latents, training=False)
            samples.append(images.to_uint8(outputs).numpy())
    return np.array(losses), samples


def _show(settings, ours, theirs) -> None:
    apart = np.abs(ours["losses"] - theirs["losses"]).max(axis=1)
    for count in (1, 10, 30, 100):
        if count <= settings.steps:
            print(
                f"losses of the first {count} steps differ by at most "
                f"{apart[:count].max():.1e}"
            )
    print(
        f"\nmeans of {settings.interval} steps, here / in PyTorch, and the "
        f"diversity of {_SAMPLES} samples after them"
    )
    print("  step           loss_g           loss_d        diversity")
    for position in range(settings.steps // settings.interval):
        last = (position + 1) * settings.interval
        means = [
            side["losses"][last - settings.interval : last].mean(axis=0)
            for side in (ours, theirs)
        ]
        pairs = [*zip(*means, strict=True)]
        pairs.append([s["diversity"][position] for s in (ours, theirs)])
        columns = "  ".join(f"{a:6.3f} / {b:6.3f}" for a, b in pairs)
        print(f"{last:6}  {columns}")


if __name__ == "__main__":
    command_line.run(main)
