"""The training that is recommended for a collection, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import dataclasses
import math
from typing import Any

from tf_dcgan.common import terminal
from tf_dcgan.config import overrides, recipes, schema, sizes
from tf_dcgan.inspection import findings

# A first run need not be longer, unless its recipe is made for one.
_MOST_STEPS = 25_000
_QUICK, _STEADY = "dcgan_quick", "dcgan_steady"
# After so many passes over the images, D knows each by heart; but fewer steps
# than the least teach G nothing.
_MOST_PASSES = 1_000
_LEAST_STEPS = 2_000
# Below these means over all images of the share that a crop keeps, another
# shape, and then padding, is better.
_KEPT_BY_A_SQUARE = 0.8
_KEPT_BY_A_SHAPE = 0.8
_FEW_OF_A_CLASS = 100
_SCORE_STEPS = 5_000
# For a batch, as a share of the training images.
_BATCH_SHARE = 0.5
_PLACES = ("dataset", "data_dir", "labels", "cache_dir")
_HALVES = ({"trainA", "trainB"}, {"traina", "trainb"})


@dataclasses.dataclass(frozen=True)
class Advice:
    """A recommended training.

    Attributes:
        settings: the flags to give, by name.
        image_size: (height, width) of the networks' images in pixels.
        channels: 1 or 3.
        train_images: the images to train on.
        total_steps: how long the training is.
        cache_bytes: what the prepared images need on the disk.
        reasons: (what, why) of each decision.
        hints: what else may help, one line each.
        obstacles: why a training would be refused until they are mended.
    """

    settings: Mapping[str, Any]
    image_size: tuple[int, int]
    channels: int
    train_images: int
    total_steps: int
    cache_bytes: int
    reasons: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    obstacles: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command, to be pasted into a shell."""
        return terminal.command(
            "train",
            **{
                name: str(value).lower() if value in (True, False) else value
                for name, value in self.settings.items()
            },
        )

    @property
    def config(self) -> schema.Config:
        """The settings without those that say where the images are."""
        return overrides.from_flags(
            {
                name: value
                for name, value in self.settings.items()
                if name not in _PLACES
            }
        )

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the networks' images."""
        return (*self.image_size, self.channels)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a training takes on this machine.

    Attributes:
        device: it is computed on, in words.
        memory_bytes: rough peak of the process's memory.
        available_bytes: memory of this machine, or None if unknown.
        operations: floating-point operations of a step.
        seconds_per_step: median; None if there is too little memory to try.
        steps: that were measured.
        is_busy: whether the machine had other work while it was measured.
    """

    device: str
    memory_bytes: int
    available_bytes: int | None
    operations: int
    seconds_per_step: float | None
    steps: int
    is_busy: bool = False

    @property
    def fits(self) -> bool:
        """Whether the machine has the memory."""
        available = self.available_bytes
        return available is None or self.memory_bytes <= available


def of(
    facts: Mapping[str, Any], *, dataset: str, more: Mapping[str, Any] = {}
) -> Advice | None:
    """Decides how to train.

    Args:
        facts: as `facts.of` gathers them.
        dataset: what `--dataset` is to be.
        more: other flags to give, by name.

    Returns:
        The advice; None if there are not even two images to train on.
    """
    pair = _pair(facts)
    halves = bool(pair)
    train_images = sum(pair) if pair else _train_images(facts)
    if train_images < 2:
        return None
    reasons: list[tuple[str, str]] = []
    size = _image_size(facts, reasons, halves)
    height, width = size
    recipe = _recipe(size, reasons, halves, train_images)
    own = overrides.from_flags({"recipe": recipe})
    fit = _fit(facts, size, reasons, halves)
    batch_size = _batch_size(own, train_images, reasons)
    # An epoch of a translation is as long as its larger set.
    steps = _steps(own, max(pair, default=train_images), batch_size, reasons)
    augment = _augment(facts, train_images, reasons, halves)
    settings: dict[str, Any] = {
        "recipe": recipe,
        "dataset": dataset,
        **more,
        "image_size": f"{height}" if height == width else f"{height}x{width}",
    }
    if fit is not None:
        settings["fit"] = fit
    if batch_size != own.batch_size:
        settings["batch_size"] = batch_size
    settings["steps"] = steps
    if augment is not None:
        settings["augment"] = augment
    if own.horizontal_flip:
        settings["horizontal_flip"] = False
        reasons.append(
            (
                "--horizontal_flip=false",
                "the recipe mirrors images at random, which is right only "
                "where left and right mean the same, as in faces: with such "
                "images leave this flag out",
            )
        )
    hints = list(_hints(facts, recipe, train_images))
    if not own.horizontal_flip and not halves:
        hints.append(
            "--horizontal_flip doubles the images where left and right mean "
            "the same, as in faces and landscapes, and spoils letters and "
            "digits"
        )
    channels = facts["channels"]
    return Advice(
        settings=settings,
        image_size=size,
        channels=channels,
        train_images=train_images,
        total_steps=steps,
        cache_bytes=train_images * (height * width * channels + 8),
        reasons=tuple(reasons),
        hints=tuple(hints),
        obstacles=tuple(_obstacles(facts, dataset)),
    )


def _obstacles(facts: Mapping[str, Any], dataset: str) -> Iterator[str]:
    for finding in facts["findings"]:
        if finding["kind"] in findings.OBSTACLES:
            yield finding["text"]
    if not _is_text(dataset):
        yield (
            "a training takes only folders whose names are text in UTF-8: "
            "rename this one"
        )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _train_images(facts: Mapping[str, Any]) -> int:
    """The usable images of the split to train on."""
    share = facts["usable"] / max(facts["images"], 1)
    count = facts["splits"].get("train", next(iter(facts["splits"].values())))
    return round(share * count)


def _pair(facts: Mapping[str, Any]) -> list[int]:
    """The images of the two sets of a translation; empty without them."""
    counts = {**facts["splits"], **facts["classes"]}
    for halves in _HALVES:
        if halves <= counts.keys():
            return [counts[name] for name in halves]
    return []


def _image_size(
    facts: Mapping[str, Any], reasons: list[tuple[str, str]], halves: bool
) -> tuple[int, int]:
    """Chooses (height, width) that the recipe's networks can make."""
    side = int(facts["sizes"]["shorter_side"]["50"])
    what = f"the median of the shorter sides is {side} pixels"
    if halves:
        size = 256 if side >= 256 else max(24, side // 4 * 4)
        reasons.append((f"--image_size={size}", what))
        return size, size
    if side <= 28:
        size = max(16, -(-side // 4) * 4)
        reasons.append((f"--image_size={size}", what))
        return size, size
    short = 64 if side >= 48 else 32
    aspect = facts["aspects"]["width_by_height"]["50"]
    if facts["aspects"]["kept_by_a_square"] < _KEPT_BY_A_SQUARE and (
        facts["aspects"]["kept_by_the_median"] >= _KEPT_BY_A_SHAPE
    ):
        if max(aspect, 1 / aspect) > 2:
            short = 32
        # dcgan's kin double a map with a shorter side of 4 pixels.
        unit = short // 4
        long = round(short * max(aspect, 1 / aspect) / unit) * unit
        height, width = (short, long) if aspect >= 1 else (long, short)
        reasons.append(
            (
                f"--image_size={height}x{width}",
                f"{what}, and most images are {aspect:.3g} times as wide as "
                "high",
            )
        )
        return height, width
    text = what
    if side >= 128:
        text += (
            "; --image_size=128 is the next size, for four times the work and "
            "a longer training"
        )
    reasons.append((f"--image_size={short}", text))
    return short, short


def _recipe(
    size: tuple[int, int],
    reasons: list[tuple[str, str]],
    halves: bool,
    train_images: int,
) -> str:
    short = min(size)
    if halves:
        name, why = (
            "cyclegan",
            "trainA and trainB are the sets of a translation",
        )
    elif short <= 28:
        name, why = "dcgan_small", "it is made for small images, and quick"
    elif short < 64 and train_images < findings.FEW_IMAGES:
        name, why = _STEADY, "made for 32 pixels, and tried with few images"
    elif short < 64:
        name, why = _QUICK, "made for 32 pixels, and good soonest"
    else:
        name, why = "dcgan_celeba", "the paper's network for 64 pixels, at half"
        why += " its width"
    reasons.insert(0, (f"--recipe={name}", why))
    return name


def _fit(
    facts: Mapping[str, Any],
    size: tuple[int, int],
    reasons: list[tuple[str, str]],
    halves: bool,
) -> str | None:
    """Chooses all of an image where its centre is too little."""
    shape = "a_square" if size[0] == size[1] else "the_median"
    share = facts["aspects"][f"kept_by_{shape}"]
    if share < _KEPT_BY_A_SHAPE:
        text = (
            f"cropped to the centre, {share:.0%} of an image stays on average"
        )
        reasons.append(("--fit=pad", f"{text}; padded, all of it"))
        return "pad"
    if facts["sizes"]["different"] > 1 and not halves:
        reasons.append(
            ("crop", f"{share:.0%} of an image stays on average: good enough")
        )
    return None


def _batch_size(
    own: schema.Config, train_images: int, reasons: list[tuple[str, str]]
) -> int:
    if own.batch_size <= _BATCH_SHARE * train_images:
        return own.batch_size
    size = 2 ** int(math.log2(_BATCH_SHARE * train_images))
    reasons.append(
        (
            f"--batch_size={size}",
            f"{train_images:,} images are too few for the recipe's batches",
        )
    )
    return size


def _augment(
    facts: Mapping[str, Any],
    train_images: int,
    reasons: list[tuple[str, str]],
    halves: bool,
) -> str | None:
    """Chooses the changes of what D sees, in recipes of noise alone."""
    if train_images >= findings.FEW_IMAGES or halves:
        return None
    augment = schema.augment_for(facts["channels"])
    reasons.append(
        (
            f"--augment={augment}",
            "changes at random what D sees of the few images, so that it "
            "learns them by heart later",
        )
    )
    return augment


def _steps(
    own: schema.Config,
    epoch_images: int,
    batch_size: int,
    reasons: list[tuple[str, str]],
) -> int:
    """Chooses a length in steps, since a recipe's epochs mean its own set."""
    of_recipe = own.total_steps(
        own.steps_per_epoch(recipes.RECIPES[own.recipe].own_images)
    )
    of_passes = max(_LEAST_STEPS, _MOST_PASSES * epoch_images // batch_size)
    most = of_recipe if own.recipe == _QUICK else _MOST_STEPS
    steps = min(of_recipe, most, of_passes)
    passes = steps * batch_size / epoch_images
    if steps == of_passes:
        why = "more would be learning the few images by heart"
    elif steps == of_recipe:
        why = "as many steps as on the recipe's own set"
    else:
        why = f"on its own set the recipe takes {of_recipe:,} steps"
    later = "a run can be made longer with --steps"
    if own.rates_fall:
        later = (
            "the learning rates fall to 0 over them, so that a run cannot be "
            "made longer"
        )
        if own.recipe == _QUICK:
            later += f": for hours take {_STEADY}"
        elif steps != of_passes:
            later += ": give as many as you have time for"
    reasons.append(
        (
            f"--steps={steps}",
            f"{passes:,.0f} passes over the images: {why}; {later}",
        )
    )
    return steps


def _hints(
    facts: Mapping[str, Any], recipe: str, train_images: int
) -> Iterator[str]:
    few = train_images < findings.FEW_IMAGES
    more_help = f"below {findings.FEW_IMAGES:,} images more of them help most"
    if recipe == "cyclegan":
        if few:
            yield more_help
        return
    counts = facts["classes"].values()
    if len(counts) > 1 and min(counts) >= _FEW_OF_A_CLASS:
        yield (
            "--conditional tells the networks the class, and sampling can then "
            "choose it"
        )
    held_out = _held_out(facts)
    split = f" --split={held_out}" * (held_out not in ("test", None))
    if few:
        yield more_help + (
            f"; evaluate.py{split} --metrics=memorization says whether G "
            "repeats them"
        ) * (held_out is not None)
    else:
        longer = "more --steps"
        if recipe == _QUICK:  # docs/search.md has the trainings.
            longer = f"--recipe={_STEADY} --steps=125000"
        yield (
            f"for a night give {longer}, --on_collapse=rollback, which goes "
            f"back if the samples collapse, and {_scores(facts)}, which keeps "
            "the best checkpoint"
        )
    if held_out is None:
        yield (
            "no images are held out: evaluate.py then needs --split=train, and "
            "cannot say whether G repeats images"
            + "; a sub-folder test beside train is better"
            * (facts["kind"] == "folder")
        )


def _held_out(facts: Mapping[str, Any]) -> str | None:
    """The split to score on; None if all images are for training."""
    others = [name for name in facts["splits"] if name != "train"]
    return "test" if "test" in others else next(iter(others), None)


def _scores(facts: Mapping[str, Any]) -> str:
    """The flags that score a training, and what they need beside them."""
    held_out = _held_out(facts)
    flags = f"--evaluate_every={_SCORE_STEPS}"
    if held_out is None:
        flags = f"once images are held out {flags}"
    elif held_out != "test":
        flags += f" --evaluate_split={held_out}"
    smallest, largest = sizes.CLASSIFIER_SIDES
    height, width = facts["sizes"]["height"], facts["sizes"]["width"]
    if (
        len(facts["classes"]) < 2
        or held_out not in ("test", None)
        or facts["sizes"]["different"] > 1
        or min(height["0"], width["0"]) < smallest
        or max(height["100"], width["100"]) > largest
    ):
        # The classifier is trained on images as they are, and their labels.
        flags += " --evaluate_features=inception"
    return flags
