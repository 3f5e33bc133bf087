"""Refuses a training that the machine would kill for its memory later."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping
import dataclasses
from typing import Any

from tf_dcgan.common import devices, errors
from tf_dcgan.config import fields, overrides, schema, sizes
from tf_dcgan.models import families
from tf_dcgan.training import cost, system

# What memory depends on beside the sizes of images and batches.
_OF_NETWORKS = (
    "width",
    "discriminator_width",
    "latent_dim",
    "extra_layers",
    "residual_blocks",
)
# Smaller values are tried in parts of what the user chose.
_PARTS = 32
_FEWER = range(_PARTS - 1, 0, -1)


def check(
    chosen: schema.Config, resolved: system.Resolved, *, is_new: bool = True
) -> cost.StepCost:
    """Checks that the machine has the memory of a training.

    Args:
        chosen: the settings as the user chose them.
        resolved: what follows from them.
        is_new: whether these settings may still become others.

    Returns:
        What a step costs.

    Raises:
        errors.UserError: it needs more than the machine has; names what the
            user chose, and values of these settings that would fit.
    """
    step = _cost(resolved.config, resolved)
    available = devices.memory_bytes()
    if available is None or step.memory_bytes <= available:
        return step
    needed_words, available_words = told_apart(step.memory_bytes, available)
    if is_new:
        advice = "; ".join(_advice(chosen, resolved, available))
        advice = advice or "take a smaller recipe, or another machine"
    else:
        advice = "go on with the run on a machine that has more"
    raise errors.UserError(
        f"{_in_words(chosen, resolved)} need about {needed_words} GiB of "
        f"memory, this machine has {available_words}: {advice}"
    )


def told_apart(needed: int, available: int) -> tuple[str, str]:
    """Writes two numbers of bytes in GiB, so that the larger one looks larger.

    Args:
        needed: bytes, more than `available`.
        available: bytes.

    Returns:
        Both, with as few digits as tell them apart.
    """
    for digits in range(1, 4):
        texts = [f"{b / 2**30:.{digits}f}" for b in (needed, available)]
        if texts[0] != texts[1]:
            break
    return texts[0], texts[1]


def _cost(config: schema.Config, resolved: system.Resolved) -> cost.StepCost:
    height, width = resolved.image_shape[:2]
    if config.image_size is not None:
        height, width = sizes.parse("image_size", config.image_size)
    shape = (height, width, resolved.image_shape[2])
    return cost.estimate(config, shape, resolved.num_classes)


def _in_words(chosen: schema.Config, resolved: system.Resolved) -> str:
    """Names the size and the batch, and what else differs from the recipe."""
    usual = overrides.from_flags({"recipe": chosen.recipe})
    idle = fields.idle_for(schema.Config, chosen.kind)
    *first, last = (
        _flags({_size_flag(chosen, name): getattr(resolved.config, name)})
        for name in ("image_size", *_OF_NETWORKS, "batch_size")
        if name not in _OF_NETWORKS
        or (name not in idle and getattr(chosen, name) != getattr(usual, name))
    )
    return f"{', '.join(first)} and {last}"


def _advice(
    chosen: schema.Config, resolved: system.Resolved, available: int
) -> Iterator[str]:
    """Yields for each setting the largest value that would fit by itself.

    If there is none, all of them together.
    """
    config = resolved.config
    usual = overrides.from_flags({"recipe": config.recipe})

    def fits(**changes):
        if "image_size" in changes:
            changes["crop_size"] = None  # It would contradict the size.
        smaller = dataclasses.replace(config, **changes)
        return _cost(smaller, resolved).memory_bytes <= available

    smallest = 2 if config.minibatch_stddev else 1
    batch_sizes = _powers_below(config.batch_size)
    single_changes = [
        ("batch_size", [size for size in batch_sizes if size >= smallest]),
        ("image_size", _sizes(config, resolved.image_shape[:2])),
        ("width", [config.width * part / _PARTS for part in _FEWER]),
    ]
    for name in ("discriminator_width", "latent_dim"):
        if getattr(config, name) > getattr(usual, name):
            single_changes.append((name, [getattr(usual, name)]))
    advised = False
    for name, values in single_changes:
        # Memory falls along the values.
        first = bisect.bisect_left(
            values, True, key=lambda value, name=name: fits(**{name: value})
        )
        if first < len(values):
            advised = True
            flag = _size_flag(chosen, name)
            yield _flags({flag: values[first]}) + " would fit"
    usual_values = {
        name: getattr(usual, name)
        for name in _OF_NETWORKS
        if getattr(config, name) != getattr(usual, name)
    }
    for batch_size in [] if advised else [usual.batch_size, smallest]:
        changes = {**usual_values, "batch_size": batch_size}
        if fits(**changes):
            yield _flags(changes) + " would fit"
            return


def _size_flag(chosen: schema.Config, name: str) -> str:
    """Names the flag by which the user gives a setting."""
    by_crops = name == "image_size" and chosen.crop_size is not None
    return "crop_size" if by_crops else name


def _flags(values: Mapping[str, Any]) -> str:
    return " ".join(
        f"--{name}={value:.9g}"
        if isinstance(value, float)
        else f"--{name}={value}"
        for name, value in values.items()
    )


def _powers_below(number: int) -> list[int]:
    """Lists the powers of two below a number, the largest first."""
    return [2**power for power in range(16, -1, -1) if 2**power < number]


def _sizes(config: schema.Config, image_size: tuple[int, int]) -> list[str]:
    """Lists smaller sizes of about the same shape, the largest first."""
    stages = families.NETWORKS[config.network].stages
    sides = [
        (image_size[0] * part // _PARTS, image_size[1] * part // _PARTS)
        for part in _FEWER
    ]
    return [f"{size[0]}x{size[1]}" for size in sides if stages(size)]
