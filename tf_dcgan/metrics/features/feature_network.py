"""Feature networks: from uint8 images to the vectors that are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
import itertools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import devices, terminal
from tf_dcgan.metrics.features import resizing
from tf_dcgan.metrics.features.inception import inception, layers
from tf_dcgan.metrics.features.inception import weights as inception_weights

_COMPARABLE_WITH = {
    "tf1": "published FIDs of the original implementation",
    "clean": "FIDs of clean-fid",
    "pytorch": "FIDs of pytorch-fid",
}
_SCALINGS = {
    "tf1": "(x - 128) / 128",
    "clean": "(x - 128) / 128",
    "pytorch": "x / 127.5 - 1",
}
# What scores of features that nobody else computes compare with.
ONLY_WITH_ITSELF = "only scores of this very protocol"


class FeatureNetwork:
    """A network and what must be said beside every score made with it.

    Where TensorFlow sees several GPUs, each has a copy of the network and
    computes every nth batch. The batches are the same for any number of GPUs,
    and so are the features, except for rounding.

    Attributes:
        name: as `--features` takes it.
        feature_dim: numbers in a feature vector.
        outputs: what `extract` can return, "features" among them.
        digests: for each output the SHA-256 of the weights it depends on.
        weights_hash: the digest of the output "features".
        class_names: of the logits, where they are classes of image sets.
        protocol: JSON-able, all that shapes the features: network, tap,
            resize, weights, precision, and what they can be compared with.
    """

    def __init__(
        self,
        name: str,
        model: keras.Model,
        *,
        prepare: Callable[[np.ndarray], tf.Tensor],
        digests: Mapping[str, str],
        protocol: Mapping[str, Any],
        class_names: Sequence[str] = (),
        prepare_floats: Callable[[tf.Tensor], tf.Tensor] | None = None,
    ) -> None:
        """Wraps a Keras model.

        Args:
            name: as `--features` takes it.
            model: from what `prepare` returns to a dictionary of [n, k]
                float32, one entry an output.
            prepare: from [n, height, width, 1 or 3] uint8 images of one size
                to [n, …] tensors whose shape does not depend on that size.
            digests: for each output the SHA-256 of its weights.
            protocol: what else shapes the features.
            class_names: of the logits, if they are classes of image sets.
            prepare_floats: what `prepare` does, from [n, height, width,
                1 or 3] float32 in [0, 255], such that gradients flow; None
                where `of_floats` is not needed.
        """
        self.name = name
        self._widths = {
            output: tensor.shape[-1] for output, tensor in model.output.items()
        }
        self.outputs = tuple(self._widths)
        self.feature_dim = self._widths["features"]
        self.class_names = tuple(class_names)
        self.digests = dict(digests)
        self.weights_hash = self.digests["features"]
        self.protocol = {
            "network": name,
            "feature_dim": self.feature_dim,
            **protocol,
            "weights_sha256": self.weights_hash,
        }
        self._prepare = prepare
        self._prepare_floats = prepare_floats
        self._model = model
        self._functions: dict[tuple[str, ...], list[Callable]] = {}

    @property
    def key(self) -> str:
        """What tells scores of these features from others in a log.

        The name, and whatever differs from what it stands for: the tap of
        `inception` always, then another resize or precision.
        """
        parts = [self.name]
        if self.name == "inception":
            parts.append(str(self.feature_dim))
        if self.protocol.get("resize") in set(resizing.RESIZES) - {"tf1"}:
            parts.append(self.protocol["resize"])
        if self.protocol.get("precision", "float32") != "float32":
            parts.append(self.protocol["precision"].removeprefix("mixed_"))
        return "_".join(parts)

    def extract(
        self,
        batches: Iterable[np.ndarray],
        *,
        batch_size: int = 50,
        outputs: Sequence[str] = ("features",),
        total: int | None = None,
        progress: str = "",
    ) -> dict[str, np.ndarray]:
        """Computes the features of all images, in their order.

        Args:
            batches: arrays of [n, height, width, 1 or 3] uint8 in [0, 255],
                of any n; the sizes may differ from one to the next.
            batch_size: images to compute at once, whatever comes in; the
                results depend on it by less than 1e-5.
            outputs: some of `outputs`.
            total: the number of images if known, for the time left.
            progress: begins what is shown of the progress, a bar in a
                terminal and lines elsewhere; nothing is shown without.

        Returns:
            For each output [images, k] float32.

        Raises:
            ValueError: there is no such output or size.
            TypeError: the images are not uint8.
        """
        unknown = set(outputs) - set(self.outputs)
        if unknown or batch_size < 1:
            raise ValueError(
                f"{self.name} has {self.outputs}. Received: "
                f"{outputs=}, {batch_size=}"
            )
        results = {
            output: [np.zeros([0, self._widths[output]], np.float32)]
            for output in outputs
        }
        functions = self._functions_of(tuple(outputs))
        waiting = self._full_batches(batches, batch_size)
        with (
            devices.full_float32(),
            terminal.Progress(progress, total, "images") as counted,
        ):
            while group := list(itertools.islice(waiting, len(functions))):
                # A GPU works while the next one gets its batch, so the first
                # values are fetched when every GPU has a batch.
                computed = [
                    compute(batch)
                    for compute, batch in zip(functions, group, strict=False)
                ]
                for values_of in computed:
                    for output, values in values_of.items():
                        results[output].append(values.numpy())
                counted.update(sum(map(len, group)))
        return {name: np.concatenate(parts) for name, parts in results.items()}

    def of_floats(self, images: tf.Tensor) -> tf.Tensor:
        """Computes features that images can be improved by.

        Args:
            images: [n, height, width, 1 or 3] float32 in [0, 255], not
                rounded.

        Returns:
            [n, feature_dim] float32; gradients flow back to the images.

        Raises:
            ValueError: the network was made without `prepare_floats`.
        """
        if self._prepare_floats is None:
            raise ValueError(f"{self.name} has no features of floats.")
        prepared = self._prepare_floats(images)
        return self._model(prepared, training=False)["features"]

    def _functions_of(self, outputs: tuple[str, ...]) -> list[Callable]:
        """Returns a graph for some outputs on each device.

        Layers that the outputs do not need are not run.
        """
        if outputs not in self._functions:
            used = devices.logical_gpus()
            self._functions[outputs] = [
                _function(self._model, outputs, device)
                for device in (used if len(used) > 1 else [None])
            ]
        return self._functions[outputs]

    def _full_batches(
        self, batches: Iterable[np.ndarray], batch_size: int
    ) -> Iterator[tf.Tensor]:
        """Yields prepared images, `batch_size` at a time but for the last."""
        waiting = []
        for images in batches:
            for start in range(0, len(images), batch_size):
                waiting.append(
                    self._prepare(images[start : start + batch_size])
                )
                if sum(map(len, waiting)) >= batch_size:
                    joined = _joined(waiting)
                    yield joined[:batch_size]
                    rest = joined[batch_size:]
                    waiting = [rest] if len(rest) else []
        if waiting:
            yield _joined(waiting)


def _function(
    model: keras.Model, outputs: tuple[str, ...], device: str | None
) -> Callable:
    """Returns a graph of a model.

    Args:
        model: with its weights.
        outputs: what the graph returns.
        device: the device that computes, with a copy of the weights; None for
            the device that the model is on.
    """
    if device is not None:
        with tf.device(device):
            trainable, others = (
                [tf.Variable(weight.value) for weight in weights]
                for weights in (
                    model.trainable_variables,
                    model.non_trainable_variables,
                )
            )

    def compute(images):
        if device is None:
            results = model(images, training=False)
        else:
            with tf.device(device):
                results, _ = model.stateless_call(
                    trainable, others, images, training=False
                )
        return {output: results[output] for output in outputs}

    # Open in the number of images: the last batch has fewer.
    shape = [None, *model.input_shape[1:]]
    return tf.function(
        compute,
        input_signature=[tf.TensorSpec(shape, tf.float32)],
        autograph=False,
    )


def inception_network(
    weights: inception_weights.InceptionWeights,
    *,
    feature_dim: int = 2048,
    outputs: Sequence[str] = ("features",),
    resize: str = "tf1",
    precision: str = "float32",
    flag_prefix: str = "",
) -> FeatureNetwork:
    """Makes the network of published FIDs, `--features=inception`.

    Args:
        weights: as `weights.load` returns them.
        feature_dim: the tap, `--feature_dim`.
        outputs: what the network must be able to return, at least "features";
            see `inception.build`.
        resize: how images get to 299x299, a key of `resizing.RESIZES`.
        precision: "float32" or "mixed_bfloat16".
        flag_prefix: what stands before the names of the flags that messages
            name: "" for `--features`, "evaluate_" for `--evaluate_features`.

    Returns:
        A network for images of any size.

    Raises:
        errors.UserError: the weights lack layers for this.
        ValueError: there is no such output, tap or resize.

    Source: for `pytorch`, pytorch-fid, which scales images to
        x / 127.5 - 1 instead of the graph's (x - 128) / 128; so does this.
    """
    outputs = tuple(dict.fromkeys(("features", *outputs)))
    weights.require(feature_dim, outputs, flag_prefix)
    model = inception.build(
        weights.arrays,
        feature_dim=feature_dim,
        outputs=outputs,
        precision=precision,
    )
    comparable = (
        weights.is_canonical and feature_dim == 2048 and precision == "float32"
    )
    return FeatureNetwork(
        "inception",
        model,
        prepare=_prepare_for_inception(resize),
        digests={o: weights.digest(feature_dim, [o]) for o in outputs},
        protocol={
            "resize": resize,
            "scaling": _SCALINGS[resize],
            "weights": (
                "inception-2015-12-05"
                if weights.is_canonical
                else "others than inception-2015-12-05"
            ),
            "precision": precision,
            "comparable_with": (
                _COMPARABLE_WITH[resize] if comparable else ONLY_WITH_ITSELF
            ),
        },
    )


def resize_to(side: int, method: str) -> Callable[[np.ndarray], tf.Tensor]:
    """Returns a `prepare` that resizes.

    Args:
        side: of the square that comes out, in pixels.
        method: a key of `resizing.RESIZES`.

    Raises:
        ValueError: there is no such method.
    """
    if method not in resizing.RESIZES:
        raise ValueError(
            f"Resizes are {', '.join(resizing.RESIZES)}. Received: {method=}"
        )
    return lambda images: resizing.resize(images, side, method=method)


def _prepare_for_inception(method: str) -> Callable[[np.ndarray], tf.Tensor]:
    resized = resize_to(layers.IMAGE_SIDE, method)
    if method != "pytorch":
        return resized
    # The model makes x / 128 - 1 of x, and so x / 127.5 - 1 of this.
    return lambda images: resized(images) * (256 / 255)


def _joined(parts: list[tf.Tensor]) -> tf.Tensor:
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
