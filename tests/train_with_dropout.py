"""train.py whose `dcgan_small` has dropout in both networks."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from tf_dcgan import command_line, quiet  # noqa: E402
import train  # noqa: E402

quiet.import_tensorflow()

import keras  # noqa: E402

from tf_dcgan import models  # noqa: E402
from tf_dcgan.models import dcgan  # noqa: E402


def with_dropout(config, image_shape):
    """Puts dropout before D's last layer and before G's first."""
    generator, discriminator = dcgan.dcgan_small(config, image_shape)
    latents = keras.Input((config.latent_dim,))
    dropped = keras.layers.Dropout(0.3)(latents)
    images = keras.Input(image_shape)
    noisy = keras.layers.Dropout(0.3)(images)
    return (
        keras.Model(latents, generator(dropped)),
        keras.Model(images, discriminator(noisy)),
    )


models.NETWORKS["dcgan_small"] = models.Network(
    with_dropout, dcgan.dcgan_small_stages
)

if __name__ == "__main__":
    command_line.run(train.main)
