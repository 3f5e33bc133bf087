"""Networks in PyTorch, built from the descriptions of `description`.

Imported by `torch_side`, which runs without this project: PyTorch is all that
this module needs.
"""

from __future__ import annotations

import math

import torch
from torch import nn

_INPUT = "input"


class Network(nn.Module):
    """A network as a description has it."""

    def __init__(
        self, description: dict, *, channels_last: bool, bfloat16: bool
    ):
        """Builds the layers; their weights are random.

        Args:
            description: of `description.describe`.
            channels_last: how the numbers of maps lie in memory.
            bfloat16: whether autocast computes in bfloat16. It spans a pass
                and not a step, since it keeps its copies of weights until it
                ends, and an update would not reach them.

        Raises:
            ValueError: the output would have another shape, or the number of
                trainable weights is another one.
        """
        super().__init__()
        self._autocast = bfloat16
        self._steps = [
            (layer["name"], layer["inputs"]) for layer in description["layers"]
        ]
        self._layers = nn.ModuleList(
            [_layer(layer, channels_last) for layer in description["layers"]]
        )
        self._check(description)
        if channels_last:
            self.to(memory_format=torch.channels_last)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Passes latents [n, features] or images [n, channels, h, w] on.

        Returns:
            float32, whatever the layers compute in.
        """
        values = {_INPUT: x}
        with torch.autocast("cpu", torch.bfloat16, enabled=self._autocast):
            for (name, inputs), layer in zip(
                self._steps, self._layers, strict=True
            ):
                x = layer(*[values[each] for each in inputs])
                values[name] = x
        return x.float()

    def _check(self, description: dict) -> None:
        weights = trainable_weights(self)
        if weights != description["trainable_weights"]:
            raise ValueError(
                f"{description['name']} has {weights} trainable weights here "
                f"and {description['trainable_weights']} in Keras"
            )
        input_shape, keras_shape = (
            _channels_first(tuple(description[f"{end}_shape"]))
            for end in ("input", "output")
        )
        with torch.no_grad():
            shape = tuple(self(torch.zeros(2, *input_shape)).shape[1:])
        if shape != keras_shape:
            raise ValueError(
                f"{description['name']} makes {shape} here and {keras_shape} "
                "in Keras"
            )


def trainable_weights(network: nn.Module) -> int:
    """Returns how many numbers training changes."""
    return sum(parameter.numel() for parameter in network.parameters())


class _Reshape(nn.Module):
    """Gives what lies in a row, or in a map, another shape."""

    def __init__(self, shape: tuple[int, ...], channels_last: bool):
        """Takes the shape without the batch, channels last as in Keras."""
        super().__init__()
        self._shape = shape
        self._channels_last = channels_last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # Chosen so that nothing is moved in memory.
        if self._channels_last and x.dim() == 4:
            x = x.permute(0, 2, 3, 1)
        if len(self._shape) == 1 or not self._channels_last:
            return x.reshape(-1, *_channels_first(self._shape))
        return x.reshape(-1, *self._shape).permute(0, 3, 1, 2)


class _Sum(nn.Module):
    """Adds two maps."""

    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return one + other


def _layer(fields: dict, channels_last: bool) -> nn.Module:
    """Builds one layer of a description."""
    kind = fields["kind"]
    if kind == "dense":
        return nn.Linear(
            fields["in_features"],
            fields["out_features"],
            bias=fields["use_bias"],
        )
    if kind == "convolution":
        return nn.Conv2d(
            *_convolution(fields),
            # Uneven padding would cost a copy: the nearest even one, in which
            # the size of the output stays as it is.
            padding=tuple(max(side) for side in fields["padding"]),
            bias=fields["use_bias"],
        )
    if kind == "transposed_convolution":
        return nn.ConvTranspose2d(
            *_convolution(fields),
            **_cropping(fields),
            bias=fields["use_bias"],
        )
    if kind == "batch_normalization":
        of_maps = len(fields["output_shape"]) == 3
        normalization = nn.BatchNorm2d if of_maps else nn.BatchNorm1d
        return normalization(
            fields["channels"],
            eps=fields["epsilon"],
            momentum=1 - fields["momentum"],
        )
    if kind == "instance_normalization":
        return nn.InstanceNorm2d(fields["channels"], eps=fields["epsilon"])
    if kind == "leaky_relu":
        return nn.LeakyReLU(fields["slope"], inplace=True)
    if kind == "relu":
        return nn.ReLU(inplace=True)
    if kind == "tanh":
        return nn.Tanh()
    if kind == "dropout":
        return nn.Dropout(fields["rate"])
    if kind == "spatial_dropout":
        return nn.Dropout2d(fields["rate"])
    if kind == "upsampling":
        return nn.Upsample(scale_factor=tuple(fields["factors"]))
    if kind == "reflection":
        (top, bottom), (left, right) = fields["padding"]
        return nn.ReflectionPad2d((left, right, top, bottom))
    if kind == "reshape":
        return _Reshape(tuple(fields["output_shape"]), channels_last)
    if kind == "sum":
        return _Sum()
    raise ValueError(f"PyTorch's side knows no layer of kind {kind}")


def _convolution(fields: dict) -> tuple:
    """Returns channels in and out, kernel and stride."""
    kernel, stride = tuple(fields["kernel"]), tuple(fields["stride"])
    return fields["in_channels"], fields["out_channels"], kernel, stride


def _cropping(fields: dict) -> dict:
    """Returns what crops a transposed convolution to the size of "same"."""
    if not fields["is_same"]:
        return {}
    pairs = [*zip(fields["kernel"], fields["stride"], strict=True)]
    padding = [math.ceil(max(0, kernel - step) / 2) for kernel, step in pairs]
    return {
        "padding": tuple(padding),
        "output_padding": tuple(
            step - kernel + 2 * cropped
            for (kernel, step), cropped in zip(pairs, padding, strict=True)
        ),
    }


def _channels_first(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[-1], *shape[:-1])
