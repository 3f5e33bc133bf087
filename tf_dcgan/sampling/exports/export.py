"""A generator → a folder of files, each compared with the generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import importlib.metadata
import os
import pathlib
import shutil
from typing import Any

import numpy as np

from tf_dcgan.common import files, images
from tf_dcgan.config import kinds
from tf_dcgan.runs import evaluation_file, runs
from tf_dcgan.sampling import samplers
from tf_dcgan.sampling.exports import (
    agreement,
    description,
    folder_files,
    formats,
    interface,
    keras_formats,
    model_card,
)

_SAVED_MODEL = "saved_model"


@dataclasses.dataclass(frozen=True)
class ExportedFile:
    """A file that others can load, compared with the generator.

    Attributes:
        path: its name in the folder.
        format: a key of `formats.FORMATS`.
        networks: the names of the networks in it.
        precision: in which its large weights are stored.
        bytes: its size; of a folder, of all files in it.
        sha256: of its bytes; None for a folder.
        runtime: what loaded it for the comparison, with its version.
        largest_difference: from the outputs of the Keras model, in [-1, 1].
        compared_images: over so many images.
        batch: "any" number of images at once, or 1.
    """

    path: str
    format: str
    networks: tuple[str, ...]
    precision: str
    bytes: int
    sha256: str | None
    runtime: str
    largest_difference: float
    compared_images: int
    batch: str | int


def export(
    out: pathlib.Path,
    run: runs.Run,
    generator: Any,
    *,
    format_names: Sequence[str],
    precision: str,
    step: int,
    weights: str,
    checkpoint: str,
) -> list[ExportedFile]:
    """Writes a generator in several formats; the folder is whole or absent.

    Each file is loaded again by its own runtime and compared with the Keras
    model.

    Args:
        out: the folder to write, as `folder_files.check_out` found it.
        run: the run that the generator is of.
        generator: as `generators.load` returns it.
        format_names: keys of `formats.FORMATS`, which are installed.
        precision: in which large weights are stored.
        step: the number of finished steps.
        weights: "ema" or "raw".
        checkpoint: "last" or "best".

    Returns:
        The files, in the order of the formats.

    Raises:
        errors.UserError: a file differs too much, or the run's
            `evaluation.json` or best checkpoint is damaged.
        OSError: the disk is full.
    """
    evaluation = evaluation_file.read(run.path)
    networks = describe_networks(run, generator)
    content = description.of_run(
        run,
        networks,
        step=step,
        weights=weights,
        checkpoint=checkpoint,
        precision=precision,
    )
    with files.atomic_directory(out) as folder:
        exported = write_formats(
            folder,
            run,
            networks,
            format_names=format_names,
            precision=precision,
            text=description.to_text(content),
        )
        content["files"] = [dataclasses.asdict(file) for file in exported]
        grid_words = _write_grid(folder / folder_files.GRID, run, generator)
        card = model_card.text(
            run, content, evaluation=evaluation, grid_words=grid_words
        )
        (folder / folder_files.CARD).write_text(card, encoding="utf-8")
        content["card_sha256"] = folder_files.sha256(folder / folder_files.CARD)
        (folder / folder_files.DESCRIPTION).write_text(
            description.to_text(content), encoding="utf-8"
        )
    return exported


def describe_networks(run: runs.Run, generator: Any) -> list[interface.Network]:
    """Describes what a run makes images with.

    Args:
        run: of either kind.
        generator: as `generators.load` returns it.
    """
    return _DESCRIBERS[run.config.kind](run, generator)


def write_formats(
    folder: pathlib.Path,
    run: runs.Run,
    networks: Sequence[interface.Network],
    *,
    format_names: Sequence[str],
    precision: str,
    text: str,
) -> list[ExportedFile]:
    """Writes networks in several formats into a folder, and compares them.

    Args:
        folder: to write into.
        run: the run of the networks.
        networks: what `describe_networks` returned.
        format_names: keys of `formats.FORMATS`, which are installed.
        precision: in which large weights are stored.
        text: the description to put into each file.

    Raises:
        errors.UserError: a file differs too much; files may be left.
        OSError: the disk is full.
    """
    references = [agreement.Reference(network) for network in networks]
    exported = []
    for name in format_names:
        if name == _SAVED_MODEL:
            path = folder / _SAVED_MODEL
            _write_saved_model(path, run, networks, text)
            parts = [(path, references)]
        else:
            parts = []
            for reference in references:
                network = reference.network
                ending = formats.FORMATS[name].ending
                path = folder / f"{network.name}{ending}"
                _write_file(name, path, network, text, precision)
                parts.append((path, [reference]))
        for path, of_file in parts:
            exported.append(_compared(name, path, of_file, precision))
    return exported


def load(
    format_name: str, path: pathlib.Path, network: interface.Network
) -> Callable[..., np.ndarray]:
    """Loads an exported network with the format's own runtime.

    Args:
        format_name: a key of `formats.FORMATS`, which is installed.
        path: the file or folder, which this process wrote.
        network: which network of it.

    Returns:
        A function from the network's inputs to its output.
    """
    if format_name == _SAVED_MODEL:
        return keras_formats.load_saved_model(path, network)
    if format_name == "keras":
        return keras_formats.load_keras(path, network)
    return optional(format_name).load(path, network)


def optional(format_name: str):
    """Imports the module of a format that needs an extra.

    Args:
        format_name: a key of `formats.FORMATS` that has an extra, which is
            installed.

    Returns:
        The module, with the functions `write` and `load`.
    """
    if format_name == "onnx":
        from tf_dcgan.sampling.exports import onnx_format

        return onnx_format
    from tf_dcgan.sampling.exports import litert_format

    return litert_format


def _write_file(format_name, path, network, text, precision) -> None:
    with files.disk_errors(path):
        if format_name == "keras":
            keras_formats.write_keras(path, network, description=text)
        else:
            optional(format_name).write(
                path, network, description=text, precision=precision
            )


def _write_saved_model(path, run, networks, text) -> None:
    if run.config.kind is kinds.TRANSLATION:
        generators = {each.endpoint: each.model for each in networks}
        keras_formats.write_translation(path, generators, description=text)
        return
    (network,) = networks
    keras_formats.write_generation(
        path,
        network.model,
        content_box=run.data.content_box,
        num_classes=run.num_classes,
        description=text,
    )


def _compared(
    format_name: str,
    path: pathlib.Path,
    references: Sequence[agreement.Reference],
    precision: str,
) -> ExportedFile:
    """Loads a file again and compares all networks in it."""
    facts = formats.FORMATS[format_name]
    version = importlib.metadata.version(facts.runtime)
    outcomes = [
        reference.compare(
            load(format_name, path, reference.network),
            takes_any_number=facts.takes_any_number,
        )
        for reference in references
    ]
    outcome = agreement.Agreement(
        max(each.difference for each in outcomes),
        sum(each.images for each in outcomes),
    )
    runtime = f"{facts.runtime} {version}"
    agreement.require(outcome, path.name, precision=precision, runtime=runtime)
    return ExportedFile(
        path=path.name,
        format=format_name,
        networks=tuple(each.network.name for each in references),
        precision=precision,
        bytes=_num_bytes(path),
        sha256=None if path.is_dir() else folder_files.sha256(path),
        runtime=runtime,
        largest_difference=outcome.difference,
        compared_images=outcome.images,
        batch="any" if facts.takes_any_number else 1,
    )


def _write_grid(
    path: pathlib.Path, run: runs.Run, generator: Any
) -> str | None:
    """Writes the card's picture, and returns what is on it."""
    if run.config.kind is kinds.GENERATION:
        sampler = samplers.of_run(run, generator)
        grid = images.grid(sampler.grid(0), columns=sampler.columns())
        images.write_png(path, grid)
        rows = ", a row for each class" if sampler.columns() else ""
        return f"The first images of seed 0{rows}."
    grids = files.by_step(run.path / "samples", ".png")
    if not grids:
        return None
    step, latest = grids[-1]
    shutil.copyfile(latest, path)
    return f"Translations at step {step:,} of the training."


def _num_bytes(path: pathlib.Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(path)
        for name in names
    )


_DESCRIBERS: Mapping[kinds.Kind, Callable] = {
    kinds.GENERATION: interface.of_generation,
    kinds.TRANSLATION: interface.of_translation,
}
