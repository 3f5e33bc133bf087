"""Reads the weights of the FID network out of the files they come in."""

from __future__ import annotations

from collections.abc import Mapping
import os
import pathlib
import tarfile
import zipfile
import zlib

from google.protobuf import message
import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors
from tf_dcgan.metrics.features.inception import layers

GRAPH_NAME = "classify_image_graph_def.pb"
_EPSILON = 1e-3  # Of the batch normalisation, where the graph says nothing.
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_FIRST_NODE = b"\x0a"  # How a GraphDef begins: field 1, a message.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    tarfile.ReadError,
    zipfile.BadZipFile,
    zlib.error,
)


def read(path: os.PathLike | str) -> dict[str, np.ndarray]:
    """Reads an archive, a graph or an .npz of folded weights.

    The kind is told by the first bytes, not by the name.

    Args:
        path: `inception-2015-12-05.tgz`, the `classify_image_graph_def.pb`
            in it, or an .npz with the arrays that are returned.

    Returns:
        float32 arrays: for every convolution that the file has,
        `<scope>/weights` [height, width, in, out] and `<scope>/biases`
        [out], batch normalisation folded in; and `softmax/weights`
        [2048, 1008] if the file has it. All are finite.

    Raises:
        errors.UserError: there is no such file, it is of another kind, it is
            damaged, or a shape is not the network's.
    """
    path = pathlib.Path(path)
    try:
        with path.open("rb") as file:
            beginning = file.read(4)
        if beginning.startswith(_GZIP):
            arrays = fold(_graph_in_archive(path))
        elif beginning.startswith(_ZIP):
            arrays = _npz(path)
        else:
            arrays = fold(_graph(path.read_bytes(), path))
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise errors.UserError(
            f"the weights {path} cannot be read ({error.strerror}): "
            f"--inception_weights takes a file"
        ) from error
    except _DAMAGE as error:
        raise errors.UserError(_damaged(path)) from error
    return _checked(arrays, path)


def fold(graph: tf.compat.v1.GraphDef) -> dict[str, np.ndarray]:
    """Folds the batch normalisations of a graph into its convolutions.

    With the scale s = gamma / sqrt(variance + epsilon), or without gamma
    where the graph's node says so, w x, normalised, is (s w) x + beta - s
    mean. Nothing is executed.

    Args:
        graph: with the original's names, `<scope>/conv2d_params` and
            `<scope>/batchnorm/beta`, `/gamma`, `/moving_mean` and
            `/moving_variance`, all constants.

    Returns:
        Arrays as `read` returns them, computed in float64.

    Raises:
        errors.UserError: a scope's constants are incomplete.

    Source: Ioffe & Szegedy 2015, algorithm 2 (arXiv:1502.03167).
    """
    nodes = {node.name: node for node in graph.node}
    folded = {}
    for key in layers.weight_shapes():
        scope, _, kind = key.rpartition("/")
        if kind != "weights" or f"{scope}/conv2d_params" not in nodes:
            continue
        weights = _constant(nodes, f"{scope}/conv2d_params")
        beta, mean, variance = (
            _constant(nodes, f"{scope}/batchnorm/{name}")
            for name in ("beta", "moving_mean", "moving_variance")
        )
        scale = 1 / np.sqrt(variance + _epsilon(nodes, scope))
        if _is_scaled(nodes, scope):
            scale = scale * _constant(nodes, f"{scope}/batchnorm/gamma")
        folded[key] = weights * scale
        folded[f"{scope}/biases"] = beta - mean * scale
    if layers.LOGITS_WEIGHTS in nodes:
        folded[layers.LOGITS_WEIGHTS] = _constant(nodes, layers.LOGITS_WEIGHTS)
    return {key: array.astype(np.float32) for key, array in folded.items()}


def _epsilon(nodes: Mapping[str, tf.compat.v1.NodeDef], scope: str) -> float:
    node = nodes.get(f"{scope}/batchnorm")
    if node is None or "variance_epsilon" not in node.attr:
        return _EPSILON
    return node.attr["variance_epsilon"].f


def _is_scaled(nodes: Mapping[str, tf.compat.v1.NodeDef], scope: str) -> bool:
    node = nodes.get(f"{scope}/batchnorm")
    if node is None or "scale_after_normalization" not in node.attr:
        return True
    return node.attr["scale_after_normalization"].b


def _constant(
    nodes: Mapping[str, tf.compat.v1.NodeDef], name: str
) -> np.ndarray:
    if name not in nodes or nodes[name].op != "Const":
        raise errors.UserError(
            f"the graph of the weights has no constant {name}: it is not the "
            f"frozen Inception network of 2015-12-05"
        )
    return tf.make_ndarray(nodes[name].attr["value"].tensor).astype(np.float64)


def _graph_in_archive(path: pathlib.Path) -> tf.compat.v1.GraphDef:
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if pathlib.PurePosixPath(member.name).name == GRAPH_NAME:
                return _graph(archive.extractfile(member).read(), path)
    raise errors.UserError(f"{path} has no {GRAPH_NAME} in it: {_wanted()}")


def _graph(data: bytes, path: pathlib.Path) -> tf.compat.v1.GraphDef:
    graph = tf.compat.v1.GraphDef()
    try:
        graph.ParseFromString(data)
    except message.DecodeError as error:
        if data.startswith(_FIRST_NODE):
            raise errors.UserError(_damaged(path)) from error
        raise errors.UserError(
            f"{path} holds no weights that can be read: {_wanted()}"
        ) from error
    return graph


def _npz(path: pathlib.Path) -> dict[str, np.ndarray]:
    expected = {*layers.weight_shapes(), layers.LOGITS_WEIGHTS}
    try:
        # NumPy leaves files that it opened itself open if they are damaged.
        with (
            path.open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            return {
                key: archive[key] for key in archive.files if key in expected
            }
    except (ValueError, AttributeError) as error:
        # What another program zipped, or objects in place of numbers.
        raise errors.UserError(
            f"{path} holds no arrays that can be read: {_wanted()}"
        ) from error


def _checked(
    arrays: dict[str, np.ndarray], path: pathlib.Path
) -> dict[str, np.ndarray]:
    shapes = layers.weight_shapes()
    shapes[layers.LOGITS_WEIGHTS] = layers.LOGITS_SHAPE
    if "conv/weights" not in arrays or "conv/biases" not in arrays:
        raise errors.UserError(
            f"{path} does not hold the Inception network of 2015-12-05 (its "
            f"first convolution is not there): {_wanted()}"
        )
    checked = {}
    for key, shape in shapes.items():
        if key not in arrays:
            continue
        array = arrays[key]
        if array.shape != shape or array.dtype.kind != "f":
            raise errors.UserError(
                f"{path} is not for the Inception network of 2015-12-05: "
                f"{key} is {array.dtype} {array.shape} and should be float32 "
                f"{shape}"
            )
        checked[key] = array.astype(np.float32)
        if not np.isfinite(checked[key]).all():
            raise errors.UserError(
                f"{path} is damaged: {key} has values that are not finite"
            )
    return checked


def _damaged(path: pathlib.Path) -> str:
    return (
        f"{path} is damaged or cut short ({path.stat().st_size:,} bytes): "
        f"fetch it again"
    )


def _wanted() -> str:
    return (
        f"--inception_weights takes inception-2015-12-05.tgz, the "
        f"{GRAPH_NAME} in it, or an .npz of its folded weights"
    )
