"""The layers of the network behind published FIDs, as data.

Inception-v3 of 2015-12-05. Scopes, orders and paddings are as in the original
graph; batch normalisation is folded into the convolutions.

Source: Szegedy et al. 2016 (arXiv:1512.00567) for the blocks; the graph in
    inception-2015-12-05.tgz for the scopes and the last block.
"""

from __future__ import annotations

from collections.abc import Collection
import dataclasses

IMAGE_SIDE = 299
NUM_CLASSES = 1008
# The number of features and the stage after which they are averaged.
TAPS = {
    64: "pool",
    192: "pool_1",
    768: "mixed_7",
    1280: "mixed_8",
    2048: "mixed_10",
}
# The first channels of this convolution are the spatial features.
SPATIAL_SCOPE = "mixed_6/conv"
SPATIAL_STAGE = "mixed_6"
SPATIAL_CHANNELS = 7
LOGITS_WEIGHTS = "softmax/weights"
LOGITS_SHAPE = (2048, NUM_CLASSES)


@dataclasses.dataclass(frozen=True)
class Convolution:
    """A convolution, its bias and ReLU."""

    scope: str
    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: str = "same"


@dataclasses.dataclass(frozen=True)
class Pooling:
    """A 3x3 maximum or average."""

    kind: str
    stride: int = 1
    padding: str = "same"


@dataclasses.dataclass(frozen=True)
class Fork:
    """Chains with a common input, whose outputs are joined by channels."""

    chains: tuple[tuple[Step, ...], ...]


Step = Convolution | Pooling | Fork
_HALVE = Pooling("max", stride=2, padding="valid")


def _block_35(scope: str, pool_filters: int) -> tuple[Step, ...]:
    return (
        Fork(
            (
                (Convolution(f"{scope}/conv", 64),),
                (
                    Convolution(f"{scope}/tower/conv", 48),
                    Convolution(f"{scope}/tower/conv_1", 64, (5, 5)),
                ),
                (
                    Convolution(f"{scope}/tower_1/conv", 64),
                    Convolution(f"{scope}/tower_1/conv_1", 96, (3, 3)),
                    Convolution(f"{scope}/tower_1/conv_2", 96, (3, 3)),
                ),
                (
                    Pooling("average"),
                    Convolution(f"{scope}/tower_2/conv", pool_filters),
                ),
            )
        ),
    )


def _block_17(scope: str, filters: int) -> tuple[Step, ...]:
    one = f"{scope}/tower"
    two = f"{scope}/tower_1"
    return (
        Fork(
            (
                (Convolution(f"{scope}/conv", 192),),
                (
                    Convolution(f"{one}/conv", filters),
                    Convolution(f"{one}/conv_1", filters, (1, 7)),
                    Convolution(f"{one}/conv_2", 192, (7, 1)),
                ),
                (
                    Convolution(f"{two}/conv", filters),
                    Convolution(f"{two}/conv_1", filters, (7, 1)),
                    Convolution(f"{two}/conv_2", filters, (1, 7)),
                    Convolution(f"{two}/conv_3", filters, (7, 1)),
                    Convolution(f"{two}/conv_4", 192, (1, 7)),
                ),
                (
                    Pooling("average"),
                    Convolution(f"{scope}/tower_2/conv", 192),
                ),
            )
        ),
    )


def _block_8(scope: str, pooling: str) -> tuple[Step, ...]:
    def halves(tower: str) -> Fork:
        return Fork(
            (
                (Convolution(f"{tower}/mixed/conv", 384, (1, 3)),),
                (Convolution(f"{tower}/mixed/conv_1", 384, (3, 1)),),
            )
        )

    one = f"{scope}/tower"
    two = f"{scope}/tower_1"
    return (
        Fork(
            (
                (Convolution(f"{scope}/conv", 320),),
                (Convolution(f"{one}/conv", 384), halves(one)),
                (
                    Convolution(f"{two}/conv", 448),
                    Convolution(f"{two}/conv_1", 384, (3, 3)),
                    halves(two),
                ),
                (
                    Pooling(pooling),
                    Convolution(f"{scope}/tower_2/conv", 192),
                ),
            )
        ),
    )


def _from_35_to_17(scope: str) -> tuple[Step, ...]:
    tower = f"{scope}/tower"
    return (
        Fork(
            (
                (Convolution(f"{scope}/conv", 384, (3, 3), 2, "valid"),),
                (
                    Convolution(f"{tower}/conv", 64),
                    Convolution(f"{tower}/conv_1", 96, (3, 3)),
                    Convolution(f"{tower}/conv_2", 96, (3, 3), 2, "valid"),
                ),
                (_HALVE,),
            )
        ),
    )


def _from_17_to_8(scope: str) -> tuple[Step, ...]:
    one = f"{scope}/tower"
    two = f"{scope}/tower_1"
    return (
        Fork(
            (
                (
                    Convolution(f"{one}/conv", 192),
                    Convolution(f"{one}/conv_1", 320, (3, 3), 2, "valid"),
                ),
                (
                    Convolution(f"{two}/conv", 192),
                    Convolution(f"{two}/conv_1", 192, (1, 7)),
                    Convolution(f"{two}/conv_2", 192, (7, 1)),
                    Convolution(f"{two}/conv_3", 192, (3, 3), 2, "valid"),
                ),
                (_HALVE,),
            )
        ),
    )


# From the image up; the keys are scopes of the original graph.
STAGES: dict[str, tuple[Step, ...]] = {
    "pool": (
        Convolution("conv", 32, (3, 3), 2, "valid"),
        Convolution("conv_1", 32, (3, 3), 1, "valid"),
        Convolution("conv_2", 64, (3, 3)),
        _HALVE,
    ),
    "pool_1": (
        Convolution("conv_3", 80, (1, 1), 1, "valid"),
        Convolution("conv_4", 192, (3, 3), 1, "valid"),
        _HALVE,
    ),
    "mixed": _block_35("mixed", 32),
    "mixed_1": _block_35("mixed_1", 64),
    "mixed_2": _block_35("mixed_2", 64),
    "mixed_3": _from_35_to_17("mixed_3"),
    "mixed_4": _block_17("mixed_4", 128),
    "mixed_5": _block_17("mixed_5", 160),
    "mixed_6": _block_17("mixed_6", 160),
    "mixed_7": _block_17("mixed_7", 192),
    "mixed_8": _from_17_to_8("mixed_8"),
    "mixed_9": _block_8("mixed_9", "average"),
    "mixed_10": _block_8("mixed_10", "max"),
}


def stages_until(last: str) -> list[str]:
    """Returns the names of the stages from the image to `last`, inclusive."""
    names = list(STAGES)
    return names[: names.index(last) + 1]


def weight_shapes(last: str = "mixed_10") -> dict[str, tuple[int, ...]]:
    """Returns the shape of every array from the image to a stage.

    Args:
        last: the last stage that is wanted.

    Returns:
        `<scope>/weights` to (height, width, in, out) and `<scope>/biases` to
        (out,), in the order of the layers.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for stage in stages_until(last):
        channels = _add_shapes(shapes, STAGES[stage], channels)
    return shapes


def taps_in(names: Collection[str]) -> list[int]:
    """Returns the taps that can be computed from these arrays.

    Args:
        names: of arrays, as `weight_shapes` has them.
    """
    return [
        tap
        for tap, stage in TAPS.items()
        if all(name in names for name in weight_shapes(stage))
    ]


def _add_shapes(shapes, chain: tuple[Step, ...], channels: int) -> int:
    """Adds the shapes of a chain; returns the channels that come out."""
    for step in chain:
        if isinstance(step, Convolution):
            shapes[f"{step.scope}/weights"] = (
                *step.kernel,
                channels,
                step.filters,
            )
            shapes[f"{step.scope}/biases"] = (step.filters,)
            channels = step.filters
        elif isinstance(step, Fork):
            channels = sum(
                _add_shapes(shapes, branch, channels) for branch in step.chains
            )
    return channels
