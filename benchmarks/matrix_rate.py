"""How fast this machine multiplies large matrices: the limit of a step."""

from __future__ import annotations

import time

_SIDE = 2048
_SECONDS = 1.0


def measure(precision: str) -> float:
    """Multiplies two matrices of 2048x2048 for about a second.

    Args:
        precision: of a training, as `--precision` names it; matrices have the
            type in which its networks compute.

    Returns:
        Floating-point operations a second at the best product, products and
        sums counted apart.
    """
    import keras
    import tensorflow as tf

    dtype = keras.DTypePolicy(precision).compute_dtype
    matrix = tf.cast(tf.random.stateless_normal([_SIDE] * 2, [0, 0]), dtype)
    tf.linalg.matmul(matrix, matrix).numpy()  # Sets the device up.
    seconds = []
    while sum(seconds) < _SECONDS:
        started = time.perf_counter()
        tf.linalg.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - started)
    return 2 * _SIDE**3 / min(seconds)
