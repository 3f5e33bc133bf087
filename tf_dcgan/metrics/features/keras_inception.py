"""Inception-v3 as Keras has it, `--features=keras_inception`."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import hashlib
import socket

import keras
import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.metrics.features import feature_network

_SIDE = 299
_TIMEOUT_SECONDS = 8


def keras_inception_network(
    *,
    resize: str = "tf1",
    precision: str = "float32",
    flag_prefix: str = "",
) -> feature_network.FeatureNetwork:
    """Makes `--features=keras_inception`, Inception-v3 as Keras has it.

    Its 2048 features come from the same layer as the features of `inception`,
    but are other numbers: scores made with them compare with no published FID.

    Args:
        resize: how images get to 299x299, a key of `resizing.RESIZES`.
        precision: "float32" or "mixed_bfloat16".
        flag_prefix: what stands before the names of the flags that messages
            name: "" for `--features`, "evaluate_" for `--evaluate_features`.

    Returns:
        A network for images of any size.

    Raises:
        errors.UserError: the weights are not in Keras's cache and cannot be
            downloaded.
    """
    old_precision = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        with _short_timeout():
            network = keras.applications.InceptionV3(
                include_top=False, weights="imagenet", pooling=None
            )
    # Keras wraps whatever goes wrong in an Exception of its own.
    except Exception as error:
        flag = f"--{flag_prefix}features"
        raise errors.UserError(
            f"the ImageNet weights of {flag}=keras_inception cannot be "
            f"downloaded: {str(error).splitlines()[0]}. Use "
            f"{flag}=classifier, which needs no download, or "
            f"{flag}=inception with --inception_weights=FILE"
        ) from error
    finally:
        keras.config.set_dtype_policy(old_precision)
    images = keras.Input((_SIDE, _SIDE, 3), name="images")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32")(images)
    x = keras.layers.GlobalAveragePooling2D(dtype="float32")(network(x))
    digest = hashlib.sha256()
    for array in network.get_weights():
        digest.update(np.ascontiguousarray(array, dtype="<f4"))
    return feature_network.FeatureNetwork(
        "keras_inception",
        keras.Model(images, {"features": x}, name="keras_inception"),
        prepare=feature_network.resize_to(_SIDE, resize),
        digests={"features": digest.hexdigest()},
        protocol={
            "resize": resize,
            "scaling": "x / 127.5 - 1",
            "weights": "keras.applications.InceptionV3, ImageNet",
            "precision": precision,
            "comparable_with": f"{feature_network.ONLY_WITH_ITSELF}, "
            "no published FID",
        },
    )


@contextlib.contextmanager
def _short_timeout() -> Iterator[None]:
    """Keeps Keras from waiting for a silent host for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_TIMEOUT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
