"""What a training of a config takes on this machine, measured.

Operations alone say little: networks run at a fifth to nine tenths of a
machine's matrix rate, as their layers are. So a few steps of the very training
are run, on noise, and their median is taken.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import statistics
import time
from typing import Any

import numpy as np

from tf_dcgan.common import devices
from tf_dcgan.config import schema
from tf_dcgan.data import augmentation, loading
from tf_dcgan.inspection import advice
from tf_dcgan.runs import runs
from tf_dcgan.training import cost, execution, kinds, system

_SECONDS = 6.0
_LEAST_STEPS, _MOST_STEPS = 3, 30
_MOST_SECONDS = 30.0


def measure(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> advice.Cost:
    """Computes the memory of a training, and runs some of its steps.

    Args:
        config: the settings, with `image_size` set.
        image_shape: (height, width, channels) of the networks' images.
    """
    execution.set_up(config)
    config = execution.resolve(config)
    estimate = cost.estimate(config, image_shape)
    result = advice.Cost(
        device=devices.name(),
        memory_bytes=estimate.memory_bytes,
        available_bytes=devices.memory_bytes(),
        operations=estimate.operations,
        seconds_per_step=None,
        steps=0,
        is_busy=_is_busy(),
    )
    if not result.fits:
        return result
    times = _step_times(config, image_shape)
    return dataclasses.replace(
        result, seconds_per_step=statistics.median(times), steps=len(times)
    )


def _is_busy() -> bool:
    """Says whether other programs have kept the cores busy for a minute."""
    if not hasattr(os, "getloadavg"):
        return False
    return os.getloadavg()[0] > 0.75 * (os.cpu_count() or 1)


def _step_times(
    config: schema.Config, image_shape: tuple[int, int, int]
) -> list[float]:
    """Seconds of each of some steps; the first call is not among them."""
    *size, channels = image_shape
    num_sets = 2 if config.translates else 1
    height, width = augmentation.size_before_crop(config, (size[0], size[1]))
    noise = np.random.default_rng(0).integers(
        0, 256, (2 * config.batch_size, height, width, channels), np.uint8
    )
    dataset = loading.ImageArray(
        images=noise,
        labels=None,
        class_names=(),
        name="noise",
        split="train",
        content_box=(0, 0, height, width),
        preparation="",
        fingerprint="",
    )
    data: dict[str, Any] = {
        "height": size[0],
        "width": size[1],
        "channels": channels,
        "content_box": (0, 0, *size),
        "num_images": len(noise),
        "preparation": "",
        "fingerprint": "",
    }
    facts = (runs.DataFacts(**data),) * num_sets
    # No folder is made for it: nothing of it is written.
    run = runs.Run(pathlib.Path(), config, facts[0], {}, None)
    if config.translates:
        run = dataclasses.replace(run, data_b=facts[1])
    loaded = system.Loaded(
        (dataset,) * num_sets,
        facts,
        lines=(),
        shown=(noise[:4, : size[0], : size[1]],) * num_sets,
    )
    trained = kinds.of(config).System(run, loaded)
    times: list[float] = []
    try:
        for step in range(_MOST_STEPS + 1):
            trained.batches.prefetch(step, 1)
            batch = trained.batches.take()
            began = time.monotonic()
            values = trained.train_steps(batch)
            float(values["loss_d"][0])  # Waits for the device.
            if step > 0:  # The first call builds the graph.
                times.append(time.monotonic() - began)
            enough = _SECONDS if len(times) >= _LEAST_STEPS else _MOST_SECONDS
            if sum(times) > enough:
                break
    finally:
        trained.batches.close()
    return times
