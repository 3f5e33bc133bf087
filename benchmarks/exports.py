r"""Measures a run's exported files: size, difference, milliseconds an image.

    python -m benchmarks.exports --run_dir=RUN

A row for each format and precision whose extra is installed, and one for
onnxruntime-web in a headless Chromium where `npm install` was run in
`examples/browser`. Times are medians over calls with one image and with 64
images at once, each format with its runtime's own choice of threads; the time
of a call is divided by its images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import dataclasses
import json
import os
import pathlib
import statistics
import tempfile
import time

import numpy as np

from benchmarks import browser, command_flags
from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors
from tf_dcgan.config import kinds
from tf_dcgan.config.fields import setting
from tf_dcgan.sampling.exports import formats

_GROUP = "Benchmark"
_BATCH = 64
_LINE = "| {:22} | {:9} | {:>8} | {:>10} | {:>9} | {:>9} |"
# Of one image, and of many at once; latents of another seed each time.
_SCRIPT = """
import { load } from "./generator.js";
import { standardNormal } from "./latents.js";
const generator = await load("model");
const time = async (count) => {
  const passed = [];
  for (let call = 0; call < REPETITIONS; call++) {
    const latents = Array.from({ length: count }, (_, place) =>
      standardNormal(call * count + place, generator.latentDim));
    const began = performance.now();
    await generator.images(latents);
    passed.push((performance.now() - began) / count);
  }
  return passed.sort((a, b) => a - b)[Math.floor(REPETITIONS / 2)];
};
const latents = Array.from({ length: 8 }, (_, place) =>
  standardNormal(place, generator.latentDim));
const pictures = await generator.images(latents);
await time(1);
await report({
  latents: latents.map((each) => Array.from(each)),
  pixels: pictures.map((each) => Array.from(each.data)),
  milliseconds: [await time(1), await time(BATCH)],
});
"""


@dataclasses.dataclass(frozen=True)
class ExportsSettings(run_flags.RunSettings):
    """The flags of this command."""

    repetitions: int = setting(
        50, "calls of each kind", group=_GROUP, minimum=1, maximum=10_000
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the benchmark.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag or the run is wrong.
    """
    settings = command_flags.parse(
        arguments, ExportsSettings, name="exports", doc=__doc__
    )
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    generator, origin = run_flags.load(run, settings)
    count = sum(int(np.prod(w.shape)) for w in generator.weights)
    print(
        f"{run.config.recipe}, {count:,} numbers, {origin}, {os.cpu_count()} "
        f"cores, medians of {settings.repetitions} calls\n"
    )
    print(
        _LINE.format(
            "format", "weights", "size", "difference", "ms, 1", f"ms, {_BATCH}"
        )
    )
    print("|---|---|--:|--:|--:|--:|")
    for row in _rows(run, generator, settings.repetitions):
        print(_LINE.format(*row), flush=True)


def _rows(run, generator, repetitions: int) -> Iterator[list[str]]:
    """Yields the cells of each row."""
    from tf_dcgan.sampling.exports import export, model_card

    (network,) = export.describe_networks(run, generator)
    for name, facts in formats.FORMATS.items():
        try:
            formats.check_installed([name])
        except errors.UserError as error:
            print(f"{name} is left out: {error}")
            continue
        for precision in facts.precisions:
            with tempfile.TemporaryDirectory() as folder:
                (file,) = export.write_formats(
                    pathlib.Path(folder),
                    run,
                    [network],
                    format_names=[name],
                    precision=precision,
                    text="",
                )
                predict = export.load(
                    name, pathlib.Path(folder, file.path), network
                )
                sizes = [1, _BATCH] if facts.takes_any_number else [1]
                times = [
                    _milliseconds(predict, network, size, repetitions)
                    for size in sizes
                ]
            yield [
                file.runtime,
                precision,
                model_card.size(file.bytes),
                f"{file.largest_difference:.1e}",
                *(f"{each:.2f}" for each in times),
                *["-"] * (2 - len(times)),
            ]
    reason = browser.reason_against()
    if reason is None:
        yield from _browser_rows(run, generator, repetitions)
    else:
        print(f"onnxruntime-web is left out: {reason}")


def _inputs(network, count: int, seed: int) -> list[np.ndarray]:
    chance = np.random.default_rng(seed)
    latents, *labels = network.inputs
    inputs = [chance.normal(size=(count, latents.shape[1]))]
    inputs[0] = inputs[0].astype(np.float32)
    return inputs + [np.zeros(count, np.int32) for _ in labels]


def _milliseconds(
    predict: Callable, network, count: int, repetitions: int
) -> float:
    """Returns the median time of a call, divided by its images."""
    predict(*_inputs(network, count, 0))  # Traces or compiles, if need be.
    passed = []
    for call in range(repetitions):
        inputs = _inputs(network, count, call)
        began = time.perf_counter()
        predict(*inputs)
        passed.append((time.perf_counter() - began) / count)
    return 1000 * statistics.median(passed)


def _browser_rows(run, generator, repetitions: int) -> Iterator[list[str]]:
    from tf_dcgan.common import images
    from tf_dcgan.sampling.exports import export, model_card

    version = json.loads(
        (
            browser.EXAMPLE / "node_modules/onnxruntime-web/package.json"
        ).read_text()
    )["version"]
    for precision in formats.FORMATS["onnx"].precisions:
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder, "model")
            (file,) = export.export(
                out,
                run,
                generator,
                format_names=["onnx"],
                precision=precision,
                step=0,
                weights="ema",
                checkpoint="last",
            )
            script = _SCRIPT.replace("REPETITIONS", str(repetitions))
            answer = browser.run(
                script.replace("BATCH", str(_BATCH)),
                model=out,
                timeout_seconds=300,
            )
        latents = np.array(answer["latents"], np.float32)
        labels = [np.zeros(len(latents), np.int32)] * bool(run.num_classes)
        whole = [latents, *labels] if labels else latents
        expected = images.to_uint8(
            images.crop(generator(whole, training=False), run.data.content_box)
        ).numpy()
        height, width = expected.shape[1:3]
        pixels = np.array(answer["pixels"]).reshape(-1, height, width, 4)
        levels = abs(pixels[..., : expected.shape[-1]] - expected.astype(int))
        yield [
            f"onnxruntime-web {version}",
            precision,
            model_card.size(file.bytes),
            f"{levels.max()} of 255",
            *(f"{each:.2f}" for each in answer["milliseconds"]),
        ]


if __name__ == "__main__":
    command_line.run(main)
