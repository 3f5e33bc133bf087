"""Describes a Keras network so that another framework can build the same.

A description is a dictionary that JSON can hold:

* `name`, `input_shape` and `output_shape` of the network, without the batch;
* `trainable_weights`: how many numbers training changes;
* `layers`: dictionaries in an order in which they can be computed. Each has a
  `kind`, a `name`, the names of its `inputs`, its `output_shape` and what the
  kind needs besides. The input of the network has the name `INPUT`.

Shapes are (height, width, channels) or (features,). A padding is ((top,
bottom), (left, right)) in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import keras

from tf_dcgan.common import errors

INPUT = "input"

_Fields = dict[str, Any]


def describe(model: keras.Model) -> _Fields:
    """Describes a functional network of one input and one output.

    Zero padding before a convolution without padding of its own becomes the
    padding of the convolution: so PyTorch's users write it, and it costs less.

    Args:
        model: built; each of its layers is used once.

    Returns:
        The description, as the module says.

    Raises:
        errors.UserError: a layer is of a kind that cannot be described.
    """
    names = {id(model.inputs[0]): INPUT}
    # Zero padding that waits for its convolution, by what it returns.
    paddings: dict[int, tuple[int, Any]] = {}
    layers = []
    for operation in model.operations:
        if isinstance(operation, keras.layers.InputLayer):
            continue
        inputs = operation.input
        inputs = inputs if isinstance(inputs, list) else [inputs]
        if isinstance(operation, keras.layers.ZeroPadding2D):
            paddings[id(operation.output)] = (id(inputs[0]), operation.padding)
            continue
        fields = _fields(operation)
        sources = []
        for tensor in inputs:
            source = id(tensor)
            if source in paddings:
                source, fields["padding"] = _merged(
                    operation, fields, paddings[source]
                )
            sources.append(names[source])
        names[id(operation.output)] = operation.name
        layers.append(
            {
                "name": operation.name,
                "inputs": sources,
                "output_shape": list(operation.output.shape[1:]),
                **fields,
            }
        )
    return {
        "name": model.name,
        "input_shape": list(model.input_shape[1:]),
        "output_shape": list(model.output_shape[1:]),
        "trainable_weights": sum(
            math.prod(variable.shape) for variable in model.trainable_variables
        ),
        "layers": layers,
    }


def _fields(operation: keras.Operation) -> _Fields:
    """Returns the kind of a layer and what the kind needs besides."""
    for layer_class, fields in _KINDS:
        if isinstance(operation, layer_class):
            return fields(operation)
    if type(operation).__name__ == "Pad":  # What `keras.ops.pad` leaves.
        return _reflection(operation)
    raise _cannot_describe(operation)


def _merged(operation, fields, padding):
    """Adds zero padding to the padding of the convolution after it.

    Returns:
        (source, padding): what the zero padding takes, and the sum.
    """
    if fields["kind"] != "convolution":
        raise _cannot_describe(operation, "after ZeroPadding2D")
    source, sides = padding
    return source, [
        [own + added for own, added in zip(*pair, strict=True)]
        for pair in zip(fields["padding"], sides, strict=True)
    ]


def _dense(layer) -> _Fields:
    _check_linear(layer)
    return {
        "kind": "dense",
        "in_features": layer.kernel.shape[0],
        "out_features": layer.units,
        "use_bias": layer.use_bias,
    }


def _convolution(layer) -> _Fields:
    _check_linear(layer)
    padding = [[0, 0], [0, 0]]
    if layer.padding == "same":
        padding = [
            _same_padding(side, kernel, stride)
            for side, kernel, stride in zip(
                layer.input.shape[1:3],
                layer.kernel_size,
                layer.strides,
                strict=True,
            )
        ]
    return _convolution_fields(layer, "convolution") | {"padding": padding}


def _transposed_convolution(layer) -> _Fields:
    _check_linear(layer)
    fields = _convolution_fields(layer, "transposed_convolution")
    return fields | {"is_same": layer.padding == "same"}


def _convolution_fields(layer, kind) -> _Fields:
    return {
        "kind": kind,
        "in_channels": layer.input.shape[-1],
        "out_channels": layer.filters,
        "kernel": list(layer.kernel_size),
        "stride": list(layer.strides),
        "use_bias": layer.use_bias,
    }


def _same_padding(side: int, kernel: int, stride: int) -> list[int]:
    """Returns the zeros that "same" puts before and after a side."""
    total = max(0, (math.ceil(side / stride) - 1) * stride + kernel - side)
    return [total // 2, total - total // 2]


def _batch_normalization(layer) -> _Fields:
    if not (layer.center and layer.scale):
        raise _cannot_describe(layer, "without offset or scale")
    return {
        "kind": "batch_normalization",
        "channels": layer.input.shape[-1],
        "momentum": layer.momentum,
        "epsilon": layer.epsilon,
    }


def _instance_normalization(layer) -> _Fields:
    channels = layer.input.shape[-1]
    # Keras replaces -1 by the number of channels when it builds the layer.
    if layer.groups not in (-1, channels) or layer.center or layer.scale:
        raise _cannot_describe(layer, "that is no plain instance normalisation")
    return {
        "kind": "instance_normalization",
        "channels": channels,
        "epsilon": layer.epsilon,
    }


def _activation(layer) -> _Fields:
    if layer.activation is not keras.activations.tanh:
        raise _cannot_describe(layer, f"of {layer.activation.__name__}")
    return {"kind": "tanh"}


def _leaky_relu(layer) -> _Fields:
    return {"kind": "leaky_relu", "slope": layer.negative_slope}


def _upsampling(layer) -> _Fields:
    if layer.interpolation != "nearest":
        raise _cannot_describe(layer, f"of kind {layer.interpolation}")
    return {"kind": "upsampling", "factors": list(layer.size)}


def _dropout(layer) -> _Fields:
    return {"kind": "dropout", "rate": layer.rate}


def _spatial_dropout(layer) -> _Fields:
    return {"kind": "spatial_dropout", "rate": layer.rate}


def _reflection(operation) -> _Fields:
    none, *sides, also_none = operation.pad_width
    if operation.mode != "reflect" or (none, also_none) != ((0, 0), (0, 0)):
        raise _cannot_describe(operation, "that reflects no sides")
    return {"kind": "reflection", "padding": [list(side) for side in sides]}


def _of_kind(kind: str) -> Callable[[keras.Operation], _Fields]:
    return lambda _: {"kind": kind}


# The first class that fits counts, so subclasses come before their base.
_KINDS: tuple[tuple[type, Callable[[Any], _Fields]], ...] = (
    (keras.layers.Dense, _dense),
    (keras.layers.Conv2DTranspose, _transposed_convolution),
    (keras.layers.Conv2D, _convolution),
    (keras.layers.BatchNormalization, _batch_normalization),
    (keras.layers.GroupNormalization, _instance_normalization),
    (keras.layers.Activation, _activation),
    (keras.layers.ReLU, _of_kind("relu")),
    (keras.layers.LeakyReLU, _leaky_relu),
    (keras.layers.SpatialDropout2D, _spatial_dropout),
    (keras.layers.Dropout, _dropout),
    (keras.layers.UpSampling2D, _upsampling),
    (keras.layers.Reshape, _of_kind("reshape")),
    (keras.layers.Flatten, _of_kind("reshape")),
    (keras.layers.Add, _of_kind("sum")),
)


def _check_linear(layer) -> None:
    if layer.activation is not keras.activations.linear:
        raise _cannot_describe(layer, "with an activation of its own")
    if getattr(layer, "groups", 1) != 1 or (
        {*getattr(layer, "dilation_rate", ())} - {1}
    ):
        raise _cannot_describe(layer, "with groups or dilation")


def _cannot_describe(operation, what: str = "") -> errors.UserError:
    words = " ".join(filter(None, [type(operation).__name__, what]))
    return errors.UserError(
        f"layer {operation.name} is a {words}, which the comparison of "
        "frameworks cannot build on the other side: leave out the flag that "
        "adds it"
    )
