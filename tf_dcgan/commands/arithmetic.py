"""A - B + C with latent vectors: `python -m tf_dcgan arithmetic …`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import pathlib
import sys

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields, kinds
from tf_dcgan.runs import runs
from tf_dcgan.sampling import labels, latent_files, latents

_CONCEPTS = "Concepts"
_PICTURE = "Picture"
_CLASS = "class:"
_FILE = latent_files.SUFFIX
_NAMES = ("a", "b", "c")
_ADVISED = 3
_MOST = 16
_HOW = (
    "numbers of samples, such as 1,5,9 (7:17 is sample 17 of seed 7, and "
    "FILE.npz:2 vector 2 of a file that invert wrote), or class:NAME"
)
SUMMARY = """\
Computes A - B + C with the mean latents of three concepts.

Shows the image that the generator makes of it, as figure 7 of Radford et al.
2016 does."""


@dataclasses.dataclass(frozen=True)
class ArithmeticSettings(run_flags.LatentSettings):
    """The flags of this command."""

    a: str | None = fields.setting(
        None,
        f"the concept A of A - B + C: {_HOW}",
        group=_CONCEPTS,
    )
    b: str | None = fields.setting(
        None, f"the concept to take away: {_HOW}", group=_CONCEPTS
    )
    c: str | None = fields.setting(
        None, f"the concept to add: {_HOW}", group=_CONCEPTS
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
    points: Sequence[latents.Point | latents.FilePoint] = ()
    class_name: str = ""


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the place to write is wrong, or
            no samples can be found for a class.
    """
    line = command_line.parse(
        arguments,
        ArithmeticSettings,
        summary=SUMMARY,
        command=terminal.command("arithmetic"),
    )
    settings = line.settings
    concepts = [_concept(settings, name) for name in _NAMES]
    if "num_samples" in line.given and all(each.points for each in concepts):
        raise errors.UserError(
            f"--num_samples={settings.num_samples} means nothing to samples "
            "given by number: leave it out, or give a class:NAME"
        )
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    for concept in concepts:
        latents.check_length(
            concept.points, run.config.latent_dim, flag=concept.flag
        )
    label = labels.find(run, settings.label, is_needed=True)
    _check_class_free(run, concepts)
    out = _check_out(settings.out)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.sampling import samplers

    sampler = samplers.of_run(run, generator, label=label)
    concepts = _with_samples(concepts, run, sampler, settings)
    _warn_of_few(concepts)
    written = run_flags.outs_in_words([out])
    _write(out, concepts, sampler, settings)
    flags = " ".join(
        f"--{concept.flag}="
        + latents.show_points(concept.points, seed=settings.seed)
        for concept in concepts
    )
    if label is not None:
        flags += f" {terminal.flag('label', settings.label)}"
    terminal.show(
        f"{written}: A - B + C with {flags} --seed={settings.seed}, noise "
        f"{settings.noise:g}, {'' if settings.rescale else 'not '}rescaled, "
        f"{origin}"
    )


def _concept(settings: ArithmeticSettings, flag: str) -> _Concept:
    text = getattr(settings, flag)
    if text.startswith(_CLASS):
        return _Concept(flag, class_name=text.removeprefix(_CLASS))
    numbers = [word for word in text.split(",") if _FILE not in word.lower()]
    if any(letter.isalpha() for letter in "".join(numbers)):
        raise errors.UserError(
            f"--{flag}={text} names neither samples nor a class: give {_HOW}"
        )
    points = latents.parse_points(text, flag=flag, seed=settings.seed)
    twice = [point for point in points if points.count(point) > 1]
    if twice:
        again = latents.show_point(twice[0], seed=settings.seed)
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
        terminal.show(
            f"warning: {', '.join(few)}: the mean of fewer than {_ADVISED} "
            "samples shows these samples more than a concept",
            file=sys.stderr,
        )


def _check_out(given_out: str) -> pathlib.Path:
    """Finds out early whether the picture can be written."""
    advice = "give a name ending in .png"
    out = run_flags.picture_path(given_out, advice=advice)
    if out.suffix.lower() != ".png":
        raise errors.UserError(
            f"--out={given_out} is no picture's name: {advice}"
        )
    files.require_writable(out, f"--out={given_out}")
    return out


def _with_samples(
    concepts: Sequence[_Concept], run: runs.Run, sampler, settings
) -> list[_Concept]:
    """Lets the classifier choose samples where a concept is a class."""
    classes = [
        (concept.flag, concept.class_name)
        for concept in concepts
        if not concept.points
    ]
    if not classes:
        return list(concepts)
    from tf_dcgan.sampling import concepts as choosing

    choosing.check_classes(run, classes)
    judged = choosing.judge(
        run,
        sampler,
        seed=settings.seed,
        data_dir=settings.data_dir,
        cache_dir=settings.cache_dir,
    )
    chosen, lines = [], []
    for concept in concepts:
        if not concept.points:
            points, probability = judged.surest(
                concept.class_name,
                count=settings.num_samples,
                flag=concept.flag,
            )
            lines.append(
                f"--{concept.flag}=class:{concept.class_name}: samples "
                f"{latents.show_points(points, seed=settings.seed)}, of "
                f"which the classifier is {_percent(probability)} sure or more"
            )
            concept = dataclasses.replace(concept, points=points)
        chosen.append(concept)
    terminal.show("\n".join(lines))
    return chosen


def _percent(probability: float) -> str:
    """Rounds downwards: nothing is 100 % sure."""
    return f"{math.floor(min(probability, 0.999) * 1000) / 10:.1f} %"


def _write(out: pathlib.Path, concepts, sampler, settings) -> None:
    """Computes and draws."""
    from tf_dcgan.common import images
    from tf_dcgan.sampling import analogies

    picture = analogies.picture(
        [
            analogies.Concept(
                concept.flag.upper(), concept.points, concept.class_name
            )
            for concept in concepts
        ],
        sampler,
        seed=settings.seed,
        noise=settings.noise,
        rescale=settings.rescale,
        label=settings.label,
    )
    images.write_png(out, picture)
