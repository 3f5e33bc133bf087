r"""Measures the FID network beside torch-fidelity's: images per second.

    python -m benchmarks.inception_speed --inception_weights=FILE \
        --torch_python=/path/to/venv/bin/python

Both sides turn the same uint8 images into features at the same tap, resize
included, with the same weights, threads and batch, float32. They take turns,
one batch each, in one run; printed are the medians, their ratio and how far
the features are apart. A third row is ours with bfloat16 layers, and what
that changes in the features and in a Fréchet distance.

torch-fidelity needs a Python environment of its own: `pip install torch` and
`pip install --no-deps torch-fidelity`.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np

from benchmarks import command_flags
from benchmarks.pytorch import processes
from tf_dcgan.commands import command_line
from tf_dcgan.common import errors, quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config.fields import setting

_GROUP = "Benchmark"
_THEIR_SIDE = pathlib.Path(__file__).with_name("pytorch") / "fidelity_side.py"


@dataclasses.dataclass(frozen=True)
class SpeedSettings:
    """The flags of this command."""

    inception_weights: str | None = setting(
        None,
        "the network's weights, .tgz, .pb or .npz",
        group=_GROUP,
        unset="those in the cache, else a download",
    )
    torch_python: str | None = setting(
        None,
        "a Python that has PyTorch and torch-fidelity",
        group=_GROUP,
        unset="only our side is measured",
    )
    feature_dim: int = setting(
        768, "the tap: 64, 192 or 768", group=_GROUP, minimum=64, maximum=768
    )
    batch_size: int = setting(
        50, "images at once", group=_GROUP, minimum=1, maximum=1000
    )
    repetitions: int = setting(
        10, "batches of each side", group=_GROUP, minimum=1, maximum=1000
    )
    threads: int = setting(
        0,
        "to compute with on both sides; 0 for one a core",
        group=_GROUP,
        minimum=0,
        maximum=1024,
    )
    dataset: str = setting("glyphs", "where the images are from", group=_GROUP)
    data_dir: str | None = setting(
        None, "its files", group=_GROUP, unset="TFDS's own folder"
    )
    score_images: int = setting(
        400,
        "images for the effect of bfloat16 on a score",
        group=_GROUP,
        minimum=4,
        maximum=50_000,
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: weights, images or the other side are missing.
    """
    settings = command_flags.parse(
        arguments, SpeedSettings, name="inception_speed", doc=__doc__
    )
    threads = settings.threads or _num_cores()
    quiet_import.import_tensorflow()
    import tensorflow as tf

    from tf_dcgan.data import loading
    from tf_dcgan.metrics.features import feature_network
    from tf_dcgan.metrics.features.inception import weights as inception_weights

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    weights = inception_weights.load(settings.inception_weights)
    shape = loading.find(settings.dataset, settings.data_dir).shape
    if None in shape:
        raise errors.UserError(
            f"--dataset={settings.dataset} has images of different sizes: give "
            f"one of a single size"
        )
    images = loading.load(
        settings.dataset, image_size=shape[:2], data_dir=settings.data_dir
    ).images
    networks = {
        precision: feature_network.inception_network(
            weights, feature_dim=settings.feature_dim, precision=precision
        )
        for precision in ("float32", "mixed_bfloat16")
    }
    print(
        f"tap {settings.feature_dim}, {settings.dataset} {images.shape[1:]} "
        f"with the resize to 299x299, batches of {settings.batch_size}, "
        f"{threads} threads, TensorFlow {tf.__version__}, weights "
        f"{networks['float32'].weights_hash[:12]}"
    )
    _take_turns(settings, threads, networks, weights, images)
    _show_effect(networks, images[: settings.score_images])


def _num_cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _take_turns(settings, threads, networks, weights, images) -> None:
    batch = np.array(images[: settings.batch_size])
    if batch.shape[-1] == 1:
        batch = np.repeat(batch, 3, axis=-1)
    with tempfile.TemporaryDirectory() as folder:
        theirs = None
        if settings.torch_python:
            theirs = _OtherSide(settings, threads, weights, batch, folder)
        seconds = {precision: [] for precision in networks}
        seconds["torch-fidelity"] = []
        results = {}
        for precision, network in networks.items():
            results[precision] = network.extract([batch])["features"]
        for _ in range(settings.repetitions):
            for precision, network in networks.items():
                began = time.perf_counter()
                network.extract([batch], batch_size=len(batch))
                seconds[precision].append(time.perf_counter() - began)
            if theirs:
                seconds["torch-fidelity"].append(theirs.seconds())
        medians = {
            side: len(batch) / statistics.median(values)
            for side, values in seconds.items()
            if values
        }
        for side, speed in medians.items():
            print(f"{side:15} {speed:6.1f} images/s", flush=True)
        if theirs:
            ratio = medians["float32"] / medians["torch-fidelity"]
            reference = theirs.features()
            error = np.abs(results["float32"] - reference).max()
            print(
                f"float32 is {ratio:.2f} times as fast as {theirs.version}; "
                f"medians of {settings.repetitions} batches in turns; features "
                f"differ by {error / reference.max():.1e} of the largest"
            )
        else:
            print("torch-fidelity was not measured: give --torch_python=PYTHON")


def _show_effect(networks, images) -> None:
    """Prints what bfloat16 changes in features and in a score."""
    from tf_dcgan.metrics import frechet, moments

    middle = len(images) // 2
    distances, found = {}, {}
    for precision, network in networks.items():
        found[precision] = network.extract([images])["features"]
        halves = (found[precision][:middle], found[precision][middle:])
        distances[precision] = frechet.frechet_distance(
            *map(moments.Moments.from_features, halves)
        ).value
    exact, rounded = found.values()
    print(
        f"mixed_bfloat16 changes features by "
        f"{np.linalg.norm(rounded - exact) / np.linalg.norm(exact):.1e} "
        f"(relative norm) and the Fréchet distance between {middle} and "
        f"{len(images) - middle} images from {distances['float32']:.5g} to "
        f"{distances['mixed_bfloat16']:.5g}"
    )


class _OtherSide:
    """torch-fidelity in a process of its own, which waits for its turn."""

    def __init__(self, settings, threads, weights, batch, folder: str) -> None:
        """Starts it and waits until it is ready.

        Raises:
            errors.UserError: it cannot be started.
        """
        from tf_dcgan.metrics.features.inception import layers

        self._output = pathlib.Path(folder, "features.npy")
        stage = layers.TAPS[settings.feature_dim]
        names = layers.weight_shapes(stage)
        np.savez(
            pathlib.Path(folder, "weights.npz"),
            **{name: weights.arrays[name] for name in names},
        )
        np.save(pathlib.Path(folder, "images.npy"), batch)
        self._process, self.version = processes.start(
            settings.torch_python,
            _THEIR_SIDE,
            [
                pathlib.Path(folder, "weights.npz"),
                pathlib.Path(folder, "images.npy"),
                settings.feature_dim,
                threads,
                self._output,
            ],
            needs="PyTorch and torch-fidelity (`pip install torch` and `pip "
            "install --no-deps torch-fidelity`)",
        )

    def seconds(self) -> float:
        """Lets it compute the batch once."""
        print(file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def features(self) -> np.ndarray:
        """Ends it and returns the features that it found."""
        _, complaint = self._process.communicate()
        if self._process.returncode:
            raise RuntimeError(complaint)
        return np.load(self._output)


if __name__ == "__main__":
    command_line.run(main)
