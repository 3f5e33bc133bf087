"""A - B + C with latent vectors: `python -m tf_dcgan arithmetic …`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import pathlib
import sys

from tf_dcgan.commands import command_line, latent_flags, out_paths, run_flags
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import fields
from tf_dcgan.runs import runs
from tf_dcgan.sampling import latents

_CONCEPTS = "Concepts"
_PICTURE = "Picture"
_CLASS = "class:"
_NAMES = ("a", "b", "c")
_ADVISED = 3
_MOST = 16
_NEIGHBOURS = 8
_HOW = (
    "numbers of samples, such as 1,5,9 (7:17 is sample 17 of seed 7), or "
    "class:NAME"
)
SUMMARY = """\
Computes A - B + C with the mean latents of three concepts.

Shows the image that the generator makes of it, as figure 7 of Radford et al.
2016 does."""


@dataclasses.dataclass(frozen=True)
class ArithmeticSettings(latent_flags.LatentSettings):
    """The flags of this command."""

    a: str | None = fields.setting(
        None,
        f"the concept to begin with: {_HOW}",
        group=_CONCEPTS,
    )
    b: str | None = fields.setting(
        None, "the concept to take away, likewise", group=_CONCEPTS
    )
    c: str | None = fields.setting(
        None, "the concept to add, likewise", group=_CONCEPTS
    )
    num_samples: int = fields.setting(
        8,
        "how many samples stand for a class: those of the seed's first 1,024 "
        "that the data set's classifier is surest of",
        group=_CONCEPTS,
        minimum=1,
        maximum=_MOST,
    )
    rescale: bool = fields.setting(
        False,
        "bring the result, and the means that are shown, to the length "
        "typical of latents, sqrt(latent_dim); for concepts of more than "
        "three samples, whose means are short",
        group=_PICTURE,
    )
    noise: float = fields.setting(
        0.25,
        "the eight others around the result differ from it by uniform noise "
        "of at most this",
        group=_PICTURE,
        minimum=0,
        maximum=10,
    )
    out: str = fields.setting(
        "arithmetic.png", "the picture to write", group=_PICTURE
    )
    data_dir: str | None = fields.setting(
        None,
        "folder with prepared data sets, for the classifier",
        group=_CONCEPTS,
        unset="the run's, or TFDS's own",
    )
    cache_dir: str | None = fields.setting(
        None,
        "folder for prepared arrays and the classifier",
        group=_CONCEPTS,
        unset="the run's, or tf_dcgan in the user's cache folder",
    )


@dataclasses.dataclass(frozen=True)
class _Concept:
    """What `--a`, `--b` or `--c` names: samples, or a class."""

    flag: str
    points: Sequence[latents.Point] = ()
    class_name: str = ""


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong, or
            no samples can be found for a class.
    """
    (given,) = command_line.parse(
        arguments,
        ArithmeticSettings,
        summary=SUMMARY,
        command=terminal.command("arithmetic"),
    )
    if not given.keys() >= set(_NAMES):
        missing = next(name for name in _NAMES if name not in given)
        raise errors.UserError(
            f"--{missing} needs a value: give --a, --b and --c for A - B + C, "
            f"each as {_HOW}"
        )
    wanted = ArithmeticSettings(**given)
    concepts = [_concept(wanted, name) for name in _NAMES]
    if "num_samples" in given and all(each.points for each in concepts):
        raise errors.UserError(
            f"--num_samples={wanted.num_samples} means nothing to samples "
            "given by number: leave it out, or give a class:NAME"
        )
    run = run_flags.open_generation(wanted.run_dir)
    label = latent_flags.find_label(run, wanted)
    _check_class_free(run, concepts)
    out = _out(wanted.out)
    quiet_import.import_tensorflow()
    from tf_dcgan.common import devices
    from tf_dcgan.runs import best_checkpoint
    from tf_dcgan.sampling import generators, samplers

    devices.share_gpus()
    generator, step = generators.load_generator(
        run, wanted.weights, wanted.checkpoint
    )
    sampler = samplers.of_run(run, generator, label=label)
    concepts = _with_samples(concepts, run, sampler, wanted)
    _warn_of_few(concepts)
    _write(out, concepts, sampler, wanted)
    flags = " ".join(
        f"--{concept.flag}="
        + latents.show_points(concept.points, seed=wanted.seed)
        for concept in concepts
    )
    if label is not None:
        flags += f" --label={wanted.label}"
    print(
        f"{out}: A - B + C with {flags} --seed={wanted.seed}, noise "
        f"{wanted.noise:g}, {'' if wanted.rescale else 'not '}rescaled, "
        f"{wanted.weights} weights of "
        f"{best_checkpoint.origin(run, step, wanted.checkpoint)}"
    )


def _concept(wanted: ArithmeticSettings, flag: str) -> _Concept:
    text = getattr(wanted, flag)
    if text.startswith(_CLASS):
        return _Concept(flag, class_name=text.removeprefix(_CLASS))
    if any(letter.isalpha() for letter in text):
        raise errors.UserError(
            f"--{flag}={text} names neither samples nor a class: give {_HOW}"
        )
    points = latents.parse_points(text, flag=flag, seed=wanted.seed)
    twice = [point for point in points if points.count(point) > 1]
    if twice:
        again = latents.show_point(twice[0], seed=wanted.seed)
        raise errors.UserError(
            f"--{flag}={text} names sample {again} twice: give different ones"
        )
    if len(points) > _MOST:
        raise errors.UserError(
            f"--{flag} names {len(points)} samples: at most {_MOST} are shown"
        )
    return _Concept(flag, points)


def _check_class_free(run: runs.Run, concepts: Sequence[_Concept]) -> None:
    """Refuses classes as concepts where the latents do not hold them."""
    for concept in concepts:
        if run.num_classes and concept.class_name:
            raise errors.UserError(
                f"--{concept.flag}=class:{concept.class_name}: {run.path} is "
                "conditional, so that the class is not in the latents: give "
                "numbers of samples"
            )


def _warn_of_few(concepts: Sequence[_Concept]) -> None:
    few = [
        f"--{concept.flag}"
        for concept in concepts
        if len(concept.points) < _ADVISED
    ]
    if few:
        print(
            f"warning: {', '.join(few)}: the mean of fewer than {_ADVISED} "
            "samples shows more of them than of a concept",
            file=sys.stderr,
        )


def _out(given: str) -> pathlib.Path:
    """Finds out early whether the picture can be written."""
    advice = "give a name ending in .png"
    out = pathlib.Path(given).expanduser()
    out_paths.check_suffix(out, advice)
    if out.suffix.lower() != ".png":
        raise errors.UserError(f"--out={given} is no picture's name: {advice}")
    out_paths.check_files(out)
    return out


def _with_samples(
    concepts: Sequence[_Concept], run: runs.Run, sampler, wanted
) -> list[_Concept]:
    """Lets the classifier choose samples where a concept is a class."""
    wanted_classes = [
        (concept.flag, concept.class_name)
        for concept in concepts
        if not concept.points
    ]
    if not wanted_classes:
        return list(concepts)
    from tf_dcgan.sampling import concepts as choosing

    choosing.check_classes(run, wanted_classes)
    judged = choosing.judge(
        run,
        sampler,
        seed=wanted.seed,
        data_dir=wanted.data_dir,
        cache_dir=wanted.cache_dir,
    )
    found, told = [], []
    for concept in concepts:
        if not concept.points:
            points, probability = judged.surest(
                concept.class_name, count=wanted.num_samples, flag=concept.flag
            )
            told.append(
                f"--{concept.flag}=class:{concept.class_name}: samples "
                f"{latents.show_points(points, seed=wanted.seed)}, of "
                f"which the classifier is {_percent(probability)} sure or more"
            )
            concept = dataclasses.replace(concept, points=points)
        found.append(concept)
    print("\n".join(told))
    return found


def _percent(probability: float) -> str:
    """Rounds downwards: nothing is 100 % sure."""
    return f"{math.floor(min(probability, 0.999) * 1000) / 10:.1f} %"


def _write(out: pathlib.Path, concepts, sampler, wanted) -> None:
    """Computes and draws."""
    from tf_dcgan.common import images, randomness
    from tf_dcgan.sampling import latent_pictures, latents

    adjusted = latents.rescaled if wanted.rescale else lambda vector: vector
    samples = [sampler.latents(concept.points) for concept in concepts]
    means = [latents.mean(vectors) for vectors in samples]
    offsets = randomness.neighbour_offsets(
        wanted.seed,
        count=_NEIGHBOURS,
        latent_dim=sampler.latent_dim,
        scale=wanted.noise,
    ).numpy()
    neighbours = latents.neighbourhood(
        adjusted(latents.analogy(*means)), offsets
    )
    columns = []
    for concept, vectors, mean in zip(concepts, samples, means, strict=True):
        made = sampler.from_latents([*vectors, adjusted(mean)])
        title = f"{len(vectors)} sample" + "s" * (len(vectors) > 1)
        if concept.class_name:
            title += f" of class {concept.class_name}"
        columns.append(
            latent_pictures.Column(
                concept.flag.upper(),
                title,
                latents.show_points(concept.points, seed=wanted.seed),
                made[:-1],
                made[-1],
            )
        )
    caption = f"seed {wanted.seed}"
    if wanted.label is not None:
        caption += f", label {wanted.label}"
    if wanted.rescale:
        caption += ", rescaled"
    picture = latent_pictures.arithmetic(
        columns,
        sampler.from_latents(neighbours),
        note=f"in the frame; the others add noise ±{wanted.noise:g}",
        caption=f"A - B + C with the mean latents of samples, {caption}",
    )
    images.write_png(out, picture)
