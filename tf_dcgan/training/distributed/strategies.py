"""The strategy of `tf.distribute` that splits a step over devices."""

from __future__ import annotations

import os

import tensorflow as tf

from tf_dcgan.common import devices, errors, terminal, words
from tf_dcgan.config import cluster, schema


def create(config: schema.Config) -> tf.distribute.Strategy:
    """Makes the strategy that a config asks for.

    Must be called before the first operation. Says on which devices a step is
    done if they are several, and for whom it waits.

    Args:
        config: `distribute`, `devices` and `batch_size` are used.

    Returns:
        A strategy; TensorFlow's default for a single device.

    Raises:
        errors.UserError: there are fewer devices than asked for, the batch
            cannot be split evenly, or the cluster cannot be joined.
    """
    if config.distribute == "mirrored":
        strategy, parts = _mirrored(config)
    elif config.distribute == "multi_worker":
        strategy, parts = _multi_worker(config)
    else:
        return tf.distribute.get_strategy()
    count = strategy.num_replicas_in_sync
    if count > 1:
        share = words.counted(config.batch_size // count, "image")
        line = f"distribute: each step is split over {parts}, {share} each"
        if not config.sync_batch_norm:
            line += "; batch normalisation takes the statistics of each part"
        terminal.say(line)
    return strategy


def _mirrored(config):
    """Takes the GPUs of this machine, or parts of its CPU."""
    # TensorFlow would read it here too, and look for other machines.
    os.environ.pop(cluster.VARIABLE, None)
    gpus = devices.gpus()
    if not gpus:
        if config.devices is None:
            raise errors.UserError(
                "--distribute=mirrored takes all GPUs, and TensorFlow sees "
                "none: give --devices=N for N parts of the CPU, or leave "
                "--distribute out"
            )
        _check_batch(config, config.devices)
        devices.split_cpu(config.devices)
        names = [f"/cpu:{number}" for number in range(config.devices)]
        parts = words.counted(config.devices, "part") + " of the CPU"
        return tf.distribute.MirroredStrategy(names), parts
    count = len(gpus) if config.devices is None else config.devices
    if count > len(gpus):
        raise errors.UserError(
            f"--devices={count} is more than this machine's "
            f"{words.counted(len(gpus), 'GPU')}: allowed is "
            f"{words.at_least_1(len(gpus))}"
        )
    _check_batch(config, count)
    names = [f"/gpu:{number}" for number in range(count)]
    return tf.distribute.MirroredStrategy(names), words.counted(count, "GPU")


def _multi_worker(config):
    """Joins the processes that TF_CONFIG names."""
    us = cluster.read(os.environ)
    # The replicas of other workers are known only when they are there.
    _check_batch(config, len(us.addresses) * max(1, len(devices.gpus())))
    if len(us.addresses) > 1:
        terminal.say(
            f"distribute: worker {us.index} of "
            f"{', '.join(us.addresses)} waits for the others"
        )
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except (tf.errors.OpError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise errors.UserError(
            f"worker {us.index} cannot join the cluster at "
            f"{us.addresses[us.index]} ({reason}): see that this machine has "
            f"that address and that its port is free, or mend "
            f"{cluster.VARIABLE}"
        ) from error
    count = strategy.num_replicas_in_sync
    _check_batch(config, count)
    workers = words.counted(len(us.addresses), "worker")
    if count > len(us.addresses):
        workers += f" with {count} GPUs"
    return strategy, workers


def _check_batch(config: schema.Config, count: int) -> None:
    """Checks that every device gets as many images of a batch."""
    if config.batch_size % count == 0:
        return
    below = config.batch_size // count * count
    near = [size for size in (below, below + count) if size]
    fewer = max(n for n in range(1, count) if config.batch_size % n == 0)
    raise errors.UserError(
        f"--batch_size={config.batch_size} cannot be split evenly over "
        f"{words.counted(count, 'device')}: give --batch_size="
        f"{' or '.join(map(str, near))}"
        + f", or --devices={fewer}"
        * (config.distribute == "mirrored")
    )
