"""What the replicas of a distributed step share of it, and how they agree.

A replica is one device's copy of the networks. Each replica has the whole
batch of a step at hand and takes its own rows of it; random numbers are drawn
for the whole batch, so that they follow the position in it whatever the number
of replicas. Outside a strategy of `tf.distribute` there is one replica, and
every function here returns what it is given.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def count() -> int:
    """Returns over how many replicas a batch is split."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def shard(values: tf.Tensor) -> tf.Tensor:
    """Returns this replica's rows.

    Args:
        values: [batch, …], the same on every replica; its first axis is
            known and a multiple of the number of replicas.

    Returns:
        [batch / replicas, …]
    """
    if count() == 1:
        return values
    rows = values.shape[0] // count()
    parts = tf.reshape(values, [count(), rows, *values.shape[1:]])
    return parts[_context().replica_id_in_sync_group]


def gather(values: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas: the inverse of `shard`.

    Args:
        values: [rows, …], of the same shape on every replica.

    Returns:
        [replicas · rows, …]
    """
    if count() == 1:
        return values
    # A sum of one's own rows and the others' zeros. `all_gather` fails on what
    # is not computed on a device of the strategy (TF 2.21).
    shape = [count(), *values.shape]
    place = _context().replica_id_in_sync_group
    placed = tf.scatter_nd([[place]], values[None], shape)
    return tf.reshape(total(placed), [-1, *values.shape[1:]])


def total(values: tf.Tensor) -> tf.Tensor:
    """Sums over the replicas; its gradient sums the replicas' gradients."""
    if count() == 1:
        return values
    return _context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean(values: Sequence[tf.Tensor | tf.IndexedSlices]) -> list[tf.Tensor]:
    """Averages each tensor over the replicas.

    A loss that is a mean over a replica's rows has the mean of the replicas'
    gradients as the gradient of the whole batch. The gradient of an embedding
    has a slice for each row; slices of the same class are added up.
    """
    values = [tf.convert_to_tensor(value) for value in values]
    if count() == 1:
        return values
    return _context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def _context() -> tf.distribute.ReplicaContext:
    return tf.distribute.get_replica_context()
