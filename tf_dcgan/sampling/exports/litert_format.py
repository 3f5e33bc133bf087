"""The `.tflite` file, for LiteRT on phones and small devices.

Needs the extra `litert`, and is imported only where that is installed.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import pathlib

from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
import flatbuffers
import numpy as np
import tensorflow as tf

from tf_dcgan.common import terminal
from tf_dcgan.sampling.exports import formats, interface

_IDENTIFIER = b"TFL3"
# The name that the converter gives the one signature.
_SIGNATURE = "serving_default"


def write(
    path: pathlib.Path,
    network: interface.Network,
    *,
    description: str,
    precision: str,
) -> None:
    """Writes a network as a LiteRT file for one image of the trained size.

    Args:
        path: the file to write; its name ends in .tflite.
        network: its model is written, its inputs and output give the names.
        description: JSON to put into the file's metadata.
        precision: "float16" stores the weights in half the bytes; they are
            computed with in float32 either way on a CPU.
    """
    # LiteRT's own operations alone: others need a larger runtime.
    target = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    options = {}
    if precision == formats.FLOAT16:
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        target["supported_types"] = [tf.float16]
    with terminal.library_lines():
        network.model.export(
            path,
            format="litert",
            verbose=False,
            input_signature=network.signature(is_fixed=True),
            target_spec=target,
            **options,
        )
    content = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()))
    _name(content, network)
    _describe(content, description)
    builder = flatbuffers.Builder(1024)
    builder.Finish(content.Pack(builder), file_identifier=_IDENTIFIER)
    path.write_bytes(builder.Output())


def load(
    path: pathlib.Path, network: interface.Network
) -> Callable[..., np.ndarray]:
    """Loads a network with LiteRT, on the CPU.

    Args:
        path: the file.
        network: gives the names of its inputs and its output.

    Returns:
        A function from the network's inputs, of one image, to its output.
    """
    with terminal.library_lines():
        loaded = litert.Interpreter(os.fspath(path))
        loaded.allocate_tensors()
        signature = loaded.get_signature_runner(_SIGNATURE)
    names = [each.name for each in network.inputs]

    def predict(*inputs: np.ndarray) -> np.ndarray:
        fed = dict(zip(names, inputs, strict=True))
        return signature(**fed)[network.output.name]

    return predict


def read_description(path: pathlib.Path) -> str:
    """Reads what `write` put into a file's metadata.

    Args:
        path: a file that `write` wrote.

    Raises:
        KeyError: the file has no such entry.
    """
    content = schema.ModelT.InitFromPackedBuf(bytearray(path.read_bytes()))
    buffers = {each.name: each.buffer for each in content.metadata}
    place = buffers[formats.METADATA.encode()]
    return bytes(content.buffers[place].data).decode()


def _name(content: schema.ModelT, network: interface.Network) -> None:
    """Gives the output the name of the interface, and tensors short names.

    The inputs of the signature have their names from the exported one.
    """
    (signature,) = content.signatureDefs
    (output,) = signature.outputs
    output.name = network.output.name.encode()
    graph = content.subgraphs[signature.subgraphIndex]
    graph.name = network.name.encode()
    for entry in (*signature.inputs, *signature.outputs):
        graph.tensors[entry.tensorIndex].name = entry.name


def _describe(content: schema.ModelT, description: str) -> None:
    """Adds an entry to the metadata."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(description.encode(), np.uint8)
    content.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name = formats.METADATA.encode()
    entry.buffer = len(content.buffers) - 1
    content.metadata = [*(content.metadata or ()), entry]
