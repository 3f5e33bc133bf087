"""The `.onnx` file, for ONNX Runtime.

Needs the extra `onnx`, and is imported only where that is installed.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime

from tf_dcgan.common import terminal
from tf_dcgan.sampling.exports import formats, interface

# Smaller arrays, such as biases, stay as they are: they take next to no room.
_LEAST_HALVED = 1024
_ERRORS_ONLY = 3


def write(
    path: pathlib.Path,
    network: interface.Network,
    *,
    description: str,
    precision: str,
) -> None:
    """Writes a network as an ONNX file that takes any number of inputs.

    Args:
        path: the file to write; its name ends in .onnx.
        network: its model is written, its inputs and output give the names.
        description: JSON to put into the file's metadata.
        precision: "float16" stores the large weights in half the bytes; they
            are computed with in float32 either way.
    """
    with warnings.catch_warnings(), terminal.library_lines():
        # Keras looks for a name that NumPy 2 no longer has.
        warnings.simplefilter("ignore", FutureWarning)
        network.model.export(
            path,
            format="onnx",
            verbose=False,
            input_signature=network.signature(),
        )
    content = onnx.load(path)
    _name(content.graph, network)
    if precision == formats.FLOAT16:
        _store_in_half(content.graph)
    onnx.helper.set_model_props(content, {formats.METADATA: description})
    onnx.checker.check_model(content)
    onnx.save(content, path)


def load(
    path: pathlib.Path, network: interface.Network
) -> Callable[..., np.ndarray]:
    """Loads a network with ONNX Runtime, on the CPU.

    Args:
        path: the file.
        network: gives the names of its inputs and its output.

    Returns:
        A function from the network's inputs to its output.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    names = [each.name for each in network.inputs]

    def predict(*inputs: np.ndarray) -> np.ndarray:
        fed = dict(zip(names, inputs, strict=True))
        return session.run([network.output.name], fed)[0]

    return predict


def _name(graph: onnx.GraphProto, network: interface.Network) -> None:
    """Gives the output and all axes the names of the interface.

    The inputs have theirs from the signature.
    """
    (output,) = graph.output
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == output.name:
                    names[place] = network.output.name
    output.name = network.output.name
    tensors = {each.name: each for each in (*network.inputs, network.output)}
    for value in (*graph.input, *graph.output):
        value.doc_string = tensors[value.name].meaning
        for axis, length in zip(
            value.type.tensor_type.shape.dim,
            tensors[value.name].shape,
            strict=True,
        ):
            if isinstance(length, str):
                axis.dim_param = length
            else:
                axis.dim_value = length
    graph.name = network.name


def _store_in_half(graph: onnx.GraphProto) -> None:
    """Stores large weights as float16, from which a node makes float32.

    A runtime does this once, when it loads the file.
    """
    casts = []
    for tensor in list(graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _LEAST_HALVED:
            continue
        # What is too large for float16 shows when the file is compared.
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        name = f"{tensor.name}_float16"
        graph.initializer.remove(tensor)
        graph.initializer.append(onnx.numpy_helper.from_array(half, name))
        casts.append(
            onnx.helper.make_node(
                "Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT
            )
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
