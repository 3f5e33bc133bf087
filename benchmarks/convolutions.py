"""Times each convolution of a recipe as it is trained beside TensorFlow's.

    python -m benchmarks.convolutions --recipe=dcgan

For each layer of G and of D: forward, the gradient of the input and the
gradient of the kernel, through `tf.nn.conv2d` or `tf.nn.conv2d_transpose` and
through `tf_dcgan.models.fast.convolutions`, in turns. Printed are the medians
in milliseconds, what the second form gains, and its operations a second as a
share of the rate of large matrix products. A first layer whose input needs no
gradient, such as D's in its own update, has the time of that gradient too.
`--flags=--precision=mixed_bfloat16` times them in bfloat16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import math
import os
import statistics
import time

from benchmarks import command_flags, matrix_rate, noise_images, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields, recipes
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_PARTS = ("forward", "gradient of the input", "gradient of the kernel")


@dataclasses.dataclass(frozen=True)
class ConvolutionSettings:
    """The flags of this command."""

    recipe: str = setting(
        "dcgan", "whose layers", group=_GROUP, choices=[*recipes.RECIPES]
    )
    flags: str = setting("", "flags of the training", group=_GROUP)
    rounds: int = setting(
        15,
        "how often each form is timed",
        group=_GROUP,
        minimum=1,
        maximum=10_000,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


@dataclasses.dataclass(frozen=True)
class Layer:
    """A convolution of a network.

    Attributes:
        name: of the network and the layer.
        is_transposed: whether the small map is the input.
        inputs: the shape of a batch of its input.
        kernel: the shape of its kernel.
        stride: in both directions.
        padding: `same` or `valid`.
        outputs: the shape of a batch of its output.
    """

    name: str
    is_transposed: bool
    inputs: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: int
    padding: str
    outputs: tuple[int, ...]

    @property
    def operations(self) -> int:
        """Products and sums of a pass; where padding is read, too many."""
        small = self.inputs if self.is_transposed else self.outputs
        return 2 * math.prod(small[:3]) * math.prod(self.kernel)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag is wrong.
    """
    settings = command_flags.parse(
        arguments, ConvolutionSettings, name="convolutions", doc=__doc__
    )
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    quiet_import.import_tensorflow()
    import keras

    from tf_dcgan.models import families

    config = trainings.config(
        [f"--recipe={settings.recipe}", *settings.flags.split()]
    )
    rate = matrix_rate.measure(config.precision)
    dtype = keras.DTypePolicy(config.precision).compute_dtype
    print(f"matrix products: {rate / 1e9:.0f} billion operations a second")
    *native, channels = noise_images.shape_for(settings.recipe)
    size = families.image_size(config, tuple(native))
    for layer in layers_of(config, (*size, channels)):
        for part, forms in zip(_PARTS, parts_of(layer, dtype), strict=True):
            plain, ours = medians(forms, settings.rounds)
            share = layer.operations / ours / rate
            print(
                f"{layer.name:40} {part:22} {1e3 * plain:8.2f} ms -> "
                f"{1e3 * ours:8.2f} ms  {plain / ours:5.2f} times  "
                f"{share:4.0%} of the rate",
                flush=True,
            )


def layers_of(config, image_shape: tuple[int, int, int]) -> Iterator[Layer]:
    """Finds the convolutions of a config's networks.

    Args:
        config: the networks and the size of a batch.
        image_shape: (height, width, channels).
    """
    import keras

    from tf_dcgan.models import families, layers

    models = (
        *families.averaged_generators(config, image_shape),
        *families.discriminators(config, image_shape),
    )
    for model in models:
        for layer in layers.all_of(model):
            if isinstance(
                layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose
            ):
                yield Layer(
                    f"{model.name}/{layer.name}",
                    isinstance(layer, keras.layers.Conv2DTranspose),
                    (config.batch_size, *layer.input.shape[1:]),
                    tuple(layer.kernel.shape),
                    layer.strides[0],
                    layer.padding,
                    (config.batch_size, *layer.output.shape[1:]),
                )


def parts_of(
    layer: Layer, dtype: str = "float32"
) -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Yields for each part of a layer's work both forms, compiled.

    Args:
        layer: drawn at random are its input, its kernel and the gradient.
        dtype: that it computes in.
    """
    import tensorflow as tf

    from tf_dcgan.models.fast import convolutions

    chance = (
        tf.cast(tf.random.stateless_normal(shape, [0, number]), dtype)
        for number, shape in enumerate(
            (layer.inputs, layer.kernel, layer.outputs)
        )
    )
    inputs, kernel, upstream = map(tf.Variable, chance)
    large = layer.outputs if layer.is_transposed else layer.inputs
    geometry = convolutions.geometry(
        large[1:3],
        layer.kernel[:2],
        stride=layer.stride,
        padding=layer.padding,
    )

    def plain(inputs, kernel):
        padding = layer.padding.upper()
        if layer.is_transposed:
            return tf.nn.conv2d_transpose(
                inputs, kernel, layer.outputs, layer.stride, padding
            )
        return tf.nn.conv2d(inputs, kernel, layer.stride, padding)

    def ours(inputs, kernel):
        if layer.is_transposed:
            return convolutions.conv2d_transpose(inputs, kernel, geometry)
        return convolutions.conv2d(inputs, kernel, geometry)

    def forward(form):
        return tf.function(
            lambda: form(inputs.value(), kernel.value()), autograph=False
        )

    def gradient(form, place):
        def call():
            operands = (inputs.value(), kernel.value())
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(operands[place])
                outputs = form(*operands)
            return tape.gradient(outputs, operands[place], upstream.value())

        return tf.function(call, autograph=False)

    yield forward(plain), forward(ours)
    for place in (0, 1):
        yield gradient(plain, place), gradient(ours, place)


def medians(
    calls: Sequence[Callable[[], object]], rounds: int
) -> tuple[float, ...]:
    """Times several calls in turns, after a call of each that traces it.

    Returns:
        The median seconds of each.
    """
    seconds: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, of_call in zip(calls, seconds, strict=True):
            started = time.perf_counter()
            call()
            of_call.append(time.perf_counter() - started)
    return tuple(statistics.median(of_call) for of_call in seconds)


if __name__ == "__main__":
    command_line.run(main)
