"""What goes into an exported network, and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from typing import Any

import keras
import tensorflow as tf

from tf_dcgan.models import cyclegan
from tf_dcgan.runs import runs

# Stands in a shape where any number goes.
BATCH, HEIGHT, WIDTH = "batch", "height", "width"
_PIXELS = (
    "-1 is black and 1 is white; a pixel of 8 bits is "
    "round((value + 1) * 127.5)"
)


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An input or an output of a network.

    Attributes:
        name: its name in the file.
        shape: a number for each axis, or a word where any number goes.
        dtype: "float32" or "int32".
        range: (lowest, highest) value, both included; None for all numbers.
        meaning: what it is, in words.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str
    range: tuple[int, int] | None
    meaning: str


@dataclasses.dataclass(frozen=True)
class Network:
    """A network to export.

    Attributes:
        name: begins the names of its files.
        model: in float32; takes `inputs` in their order, as a list if there
            are several.
        endpoint: its function in a SavedModel.
        inputs: what goes in.
        output: what comes out.
        size: (height, width) in pixels that it was trained at.
    """

    name: str
    model: keras.Model
    endpoint: str
    inputs: tuple[Tensor, ...]
    output: Tensor
    size: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Describes the network for `model.json`."""
        return {
            "name": self.name,
            "inputs": [dataclasses.asdict(each) for each in self.inputs],
            "outputs": [dataclasses.asdict(self.output)],
        }

    def signature(self, *, is_fixed: bool = False) -> list:
        """Returns what Keras exports the model for.

        Args:
            is_fixed: whether it is one image of the trained size; else any
                number, and of a translation any size.
        """
        fixed = {BATCH: 1, HEIGHT: self.size[0], WIDTH: self.size[1]}
        if not is_fixed:
            fixed = dict.fromkeys(fixed)
        specs = [
            tf.TensorSpec(
                [fixed.get(length, length) for length in tensor.shape],
                tensor.dtype,
                tensor.name,
            )
            for tensor in self.inputs
        ]
        return [specs] if len(specs) > 1 else specs


def of_generation(run: runs.Run, generator: keras.Model) -> list[Network]:
    """Describes the generator of a run that makes images from noise.

    Args:
        run: its facts of the data are used.
        generator: latents, and labels if the run is conditional, to images.

    Returns:
        One network.
    """
    latent_dim = generator.inputs[0].shape[-1]
    inputs = [
        Tensor(
            "latents",
            (BATCH, latent_dim),
            "float32",
            None,
            "independent standard normal numbers, new ones for each image",
        )
    ]
    if run.num_classes:
        inputs.append(
            Tensor(
                "labels",
                (BATCH,),
                "int32",
                (0, run.num_classes - 1),
                "the class of each image, its place in `classes`",
            )
        )
    images = _images("images", (BATCH, *run.data.image_shape), "the images")
    return [
        Network(
            "generator",
            generator,
            "serve",
            tuple(inputs),
            images,
            run.data.image_shape[:2],
        )
    ]


def of_translation(
    run: runs.Run, generators: Sequence[keras.Model]
) -> list[Network]:
    """Describes both generators of a run that translates.

    Args:
        run: its settings and its facts of the data are used.
        generators: A to B and B to A, of the size that they were trained at.

    Returns:
        Two networks, which take images of any size whose sides are multiples
        of 4 and at least 8.
    """
    shape = (BATCH, HEIGHT, WIDTH, run.data.channels)
    sides = (
        f"height and width are multiples of {cyclegan.SIDE_MULTIPLE} and at "
        f"least {cyclegan.SMALLEST_SIDE}"
    )
    networks = []
    for direction, model in zip(
        cyclegan.DIRECTIONS,
        cyclegan.for_any_size(run.config, generators, run.data.image_shape),
        strict=True,
    ):
        source, target = direction.upper().split("_TO_")
        networks.append(
            Network(
                f"generator_{direction}",
                model,
                direction,
                (_images("images", shape, f"images of {source}, {sides}"),),
                _images(
                    "translations",
                    shape,
                    f"the same images as if they were of {target}",
                ),
                run.data.image_shape[:2],
            )
        )
    return networks


def _images(name: str, shape: tuple[int | str, ...], words: str) -> Tensor:
    colours = "RGB" if shape[-1] == 3 else "gray"
    return Tensor(
        name, shape, "float32", (-1, 1), f"{words}, {colours}; {_PIXELS}"
    )
