"""The other side of `inception_speed`: torch-fidelity's network, timed.

Run by a Python that has PyTorch, NumPy and torch-fidelity, and by its path:
it imports nothing of this project, which has none of them.

    python fidelity_side.py WEIGHTS IMAGES FEATURE_DIM THREADS OUTPUT

It prints one line when it is ready; then, for each line it reads, it computes
the features of all images once and prints the seconds. When the input ends
it writes the features to OUTPUT.
"""

from __future__ import annotations

import importlib.util
import sys
import time
import types

import numpy as np
import torch

_EPSILON = 1e-3  # Of their batch normalisation.


def main(
    weights: str, images: str, feature_dim: str, threads: str, output: str
) -> None:
    """Answers lines with seconds.

    Args:
        weights: an .npz of folded weights, in the order of the layers.
        images: an .npy of [n, height, width, 3] uint8.
        feature_dim: the tap, of 64, 192 and 768.
        threads: to compute with.
        output: the .npy to write.
    """
    torch.set_num_threads(int(threads))
    network = _network(weights, feature_dim)
    pixels = torch.from_numpy(np.load(images)).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        (features,) = network(pixels)
        print(f"torch-fidelity with PyTorch {torch.__version__}", flush=True)
        for _ in sys.stdin:
            began = time.perf_counter()
            (features,) = network(pixels)
            print(time.perf_counter() - began, flush=True)
    np.save(output, features.numpy())


def _network(weights: str, feature_dim: str):
    """Returns their network with the given weights in it."""
    # Their package imports torchvision, which the network does not need.
    package = types.ModuleType("torch_fidelity")
    spec = importlib.util.find_spec("torch_fidelity")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["torch_fidelity"] = package
    from torch_fidelity import feature_extractor_inceptionv3 as theirs

    # It downloads its own weights or reads them from a file of its kind:
    # neither is wanted, they are put in afterwards.
    theirs.load_state_dict_from_url = lambda *_, **__: None
    theirs.FeatureExtractorInceptionV3.load_state_dict = lambda *_, **__: None
    network = theirs.FeatureExtractorInceptionV3("timed", [feature_dim])
    layers = [
        layer
        for layer in network.modules()
        if isinstance(layer, theirs.BasicConv2d)
    ]
    arrays = np.load(weights)
    # The orders are the same; the last layers may be without weights.
    for layer, name in zip(layers, arrays.files[::2], strict=False):
        scope = name.removesuffix("/weights")
        kernel = torch.from_numpy(arrays[name]).permute(3, 2, 0, 1)
        if kernel.shape != layer.conv.weight.shape:
            raise ValueError(f"{name} does not fit {layer}")
        layer.conv.weight.copy_(kernel)
        # Folded already: what is left is to add the bias.
        layer.bn.bias.copy_(torch.from_numpy(arrays[f"{scope}/biases"]))
        layer.bn.weight.fill_(1)
        layer.bn.running_mean.fill_(0)
        layer.bn.running_var.fill_(1 - _EPSILON)
    return network


if __name__ == "__main__":
    main(*sys.argv[1:])
