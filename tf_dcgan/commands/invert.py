"""Latents of images: `python -m tf_dcgan invert --run_dir=RUN --input=…`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib
import sys
from typing import Any

from tf_dcgan.commands import command_line, input_flag, run_flags
from tf_dcgan.common import errors, files, quiet_import, terminal, words
from tf_dcgan.config import fields, kinds
from tf_dcgan.data import reading
from tf_dcgan.runs import runs
from tf_dcgan.sampling import labels, latent_files

_IMAGES, _SEARCH, _DATA = "Images", "Search", "Data"
_MOST_IMAGES = 10_000
_MOST_LINES = 20  # Of images, in the terminal.
_MOST_ROWS = 50  # Of images, in the picture.
_LONGEST_NAME = 24
SUMMARY = """\
Finds the latents whose images are nearest to given images.

Writes the vectors (NPZ), which interpolate and arithmetic take as points, and
a picture of each image beside the nearest one (PNG)."""


@dataclasses.dataclass(frozen=True)
class InvertSettings(run_flags.RunSettings):
    """The flags of this command."""

    input: str | None = input_flag.field(_IMAGES)
    label: str | None = run_flags.label(
        _IMAGES, unset="of each image the class that comes nearest to it"
    )
    out: str = fields.setting(
        "inverted",
        "name.npz for the latents, name.png for the picture, a name without "
        "either for both",
        group=_IMAGES,
    )
    features: str = fields.setting(
        "discriminator",
        "what images are compared in besides pixels",
        group=_SEARCH,
        choices={
            "discriminator": "what the run's own discriminator sees before "
            "its last layer",
            "classifier": "the classifier of the run's set, which is trained "
            "first if the cache has none",
            "none": "nothing",
        },
    )
    feature_weight: float = fields.setting(
        0.3,
        "how much the distance in features counts; 1 is as much as the "
        "distance in pixels, both as shares of what a random latent reaches",
        group=_SEARCH,
        minimum=0,
        maximum=1000,
    )
    prior_weight: float = fields.setting(
        1.0,
        "how much it counts that a latent has an unlikely length; 0 lets it "
        "have any",
        group=_SEARCH,
        minimum=0,
        maximum=1000,
    )
    starts: int = fields.setting(
        4,
        "from how many latents the search of each image begins",
        group=_SEARCH,
        minimum=1,
        maximum=64,
    )
    steps: int = fields.setting(
        200, "steps of Adam", group=_SEARCH, minimum=1, maximum=100_000
    )
    learning_rate: float = fields.setting(
        0.2,
        "of Adam at the first step; it falls to 0 along half a cosine",
        group=_SEARCH,
        above=0,
        maximum=10,
    )
    seed: int = fields.setting(
        0,
        "determines the latents to begin from",
        group=_SEARCH,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )
    training_images: bool = fields.setting(
        True,
        "look for the nearest training image too, and tell its distance",
        group=_DATA,
    )
    data_dir: str | None = fields.setting(
        None,
        "folder with prepared data sets, for the training images and the "
        "classifier",
        group=_DATA,
        unset="the run's, or TFDS's own",
    )
    cache_dir: str | None = fields.setting(
        None,
        "folder for prepared arrays and the classifier",
        group=_DATA,
        unset="the run's, or tf_dcgan in the user's cache folder",
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run, the images or the place to write is
            wrong.
    """
    line = command_line.parse(
        arguments,
        InvertSettings,
        summary=SUMMARY,
        command=terminal.command("invert"),
    )
    settings = line.settings
    if settings.features == "none" and "feature_weight" in line.given:
        raise errors.UserError(
            f"--feature_weight={settings.feature_weight:g} means nothing with "
            "--features=none: leave one of them out"
        )
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    label = labels.find(run, settings.label)
    source = input_flag.find(settings.input)
    outs = _check_outs(settings.out)
    names, originals = _read(run, source)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling.inversion import invert, search

    features = _features(run, settings)
    inversion = invert.invert(
        run,
        generator,
        originals,
        features=features,
        settings=search.Settings(
            settings.starts,
            settings.steps,
            settings.learning_rate,
            settings.feature_weight,
            settings.prior_weight,
        ),
        seed=settings.seed,
        label=label,
    )
    if settings.training_images:
        inversion = _with_training_images(run, inversion, features, settings)
    written = run_flags.outs_in_words(outs)
    for out in outs:
        _write(out, run, names, inversion)
    for text in _table(run, names, inversion):
        terminal.show(text)
    compared = "pixels" if features is None else f"pixels and {features.words}"
    terminal.show(
        f"{written}: {words.counted(len(names), 'image')} "
        f"of {source}, {words.counted(settings.starts, 'start')} of "
        f"{words.counted(settings.steps, 'step')}, seed {settings.seed}, "
        f"compared in {compared}, {origin}"
    )


def _check_outs(given_out: str) -> list[pathlib.Path]:
    """Finds out early whether the files can be written."""
    advice = (
        "give name.npz for the latents, name.png for the picture, or a name "
        "without either for both"
    )
    out = run_flags.picture_path(given_out, advice=advice)
    if given_out.endswith(os.sep) or os.path.isdir(out):
        raise errors.UserError(
            f"--out={given_out} is a folder: {advice}, such as "
            f"{out / InvertSettings.out}"
        )
    endings = (latent_files.SUFFIX, ".png")
    outs = [out]
    if out.suffix.lower() not in endings:
        outs = [out.with_name(out.name + end) for end in endings]
    for path in outs:
        files.require_writable(path, f"--out={given_out}")
    return outs


def _read(run: runs.Run, source: pathlib.Path) -> tuple[list[str], Any]:
    """Reads the images at the size of what the run's images show.

    Returns:
        (names, images): the images' names below the source, and [n, height,
        width, channels] uint8.
    """
    quiet_import.import_tensorflow()
    import numpy as np

    from tf_dcgan.data.folders import decoding
    from tf_dcgan.sampling import given_images

    top, originals = given_images.examine(source, run.data.value_range)
    given_images.check_depth(
        f"--input={source}", originals, run.data.value_range
    )
    count = len(originals.files)
    if count > _MOST_IMAGES:
        raise errors.UserError(
            f"--input={source} has {count:,} images: at most {_MOST_IMAGES:,} "
            "are inverted at a time; give fewer"
        )
    channels = run.data.channels
    colour_notes = given_images.colour_notes(originals, channels)
    for note in (*originals.notes, *colour_notes):
        terminal.show(f"note: {note}", file=sys.stderr)
    fit = given_images.at_network_size(
        run.data.content_box[2:], reading.of_run(run.config)
    )
    pixels = [
        given_images.read(originals.read, file, channels=channels, fit=fit)
        for file in originals.files
    ]
    names = [
        decoding.readable(str(file.relative_to(top)))
        for file in originals.files
    ]
    return names, np.stack(pixels)


def _features(run: runs.Run, settings: InvertSettings):
    """Makes what computes the features, or None without any."""
    from tf_dcgan.metrics.features.classifier import classifier
    from tf_dcgan.sampling.inversion import distances, invert

    if settings.features == "none":
        return None
    if settings.features == "discriminator":
        return distances.of_discriminator(run, settings.checkpoint)
    try:
        return distances.of_classifier(
            run,
            invert.frame_of(run),
            data_dir=settings.data_dir,
            cache_dir=settings.cache_dir,
        )
    except classifier.UnusableError as error:
        raise errors.UserError(
            f"--features=classifier: no classifier of {run.config.dataset} "
            f"can be trained: {error.reason}. Take --features=discriminator"
        ) from error


def _with_training_images(run: runs.Run, inversion, features, settings):
    """Compares with the training images, where they can be had."""
    from tf_dcgan.sampling.inversion import invert

    try:
        return invert.with_training_images(
            inversion,
            run,
            features=features,
            data_dir=settings.data_dir,
            cache_dir=settings.cache_dir,
        )
    except errors.UserError as error:
        terminal.show(
            f"note: the nearest training images are left out ({error})",
            file=sys.stderr,
        )
        return inversion


def _write(out: pathlib.Path, run: runs.Run, names, inversion) -> None:
    """Writes the latents or the picture, by the suffix."""
    import numpy as np

    from tf_dcgan.common import images
    from tf_dcgan.sampling import latent_pictures

    generated = inversion.found
    if out.suffix.lower() == latent_files.SUFFIX:
        more = {"names": np.array(names), **inversion.arrays()}
        if run.num_classes:
            more["labels"] = generated.labels.astype(np.int64)
        latent_files.write(out, generated.latents, more)
        return
    part = slice(_MOST_ROWS)
    columns = [
        ("image", inversion.originals[part]),
        ("nearest", generated.images[part]),
        (
            "difference",
            _difference(inversion.originals, generated.images)[part],
        ),
    ]
    if inversion.training_images is not None:
        columns.append(("in training", inversion.training_images[part]))
    caption = "the nearest images that the generator makes"
    if len(names) > _MOST_ROWS:
        caption += f", the first {_MOST_ROWS} of {len(names):,}"
    facts = []
    for row, name in enumerate(names[part]):
        distance = inversion.nearest.pixels[row]
        random = inversion.random.pixels[row]
        own = [_short(name), f"{distance:.3f}, random {random:.3f}"]
        if run.num_classes:
            own.append(
                f"as {_short(run.data.class_names[generated.labels[row]])}"
            )
        facts.append(own)
    picture = latent_pictures.inversion(columns, facts, caption=caption)
    images.write_png(out, picture)


def _difference(first, second):
    """Returns [n, height, width, channels] uint8, black where both agree."""
    import numpy as np

    return np.abs(first.astype(np.int16) - second).astype(np.uint8)


def _short(name: str) -> str:
    """Cuts a name so that it fits in a row; its end tells more."""
    too_long = len(name) > _LONGEST_NAME
    return "…" * too_long + name[-_LONGEST_NAME + too_long :]


def _table(run: runs.Run, names: Sequence[str], inversion) -> list[str]:
    """Lists the distances, a line an image, and their means."""
    import numpy as np

    heads, columns = [], []
    for kind, digits in (("pixels", 3), ("features", 2)):
        for title, distances in (
            (kind, inversion.nearest),
            ("random", inversion.random),
            ("training", inversion.training),
        ):
            values = getattr(distances, kind, None)
            if values is not None and not np.isnan(values).all():
                heads.append(title)
                shown = (*values[:_MOST_LINES], np.mean(values))
                columns.append([f"{value:,.{digits}f}" for value in shown])
    left = ["image", *map(_short, names[:_MOST_LINES]), "mean"]
    rows = [heads, *zip(*columns, strict=True)]
    if run.num_classes:
        shown_labels = inversion.found.labels[:_MOST_LINES]
        classes = [
            _short(run.data.class_names[label]) for label in shown_labels
        ]
        rows = [
            (name, *row)
            for name, row in zip(["class", *classes, ""], rows, strict=True)
        ]
    lines = [
        "  ".join([f"{name:{_LONGEST_NAME}}", *(f"{cell:>9}" for cell in row)])
        for name, row in zip(left, rows, strict=True)
    ]
    left_out = len(names) - _MOST_LINES
    if left_out > 0:
        lines.insert(-1, f"… and {words.counted(left_out, 'further image')}")
    return lines
