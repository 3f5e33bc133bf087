"""The two sets of images that a translation goes between, A and B.

They are two halves of one set (`--dataset`, a TFDS set with the splits trainA
and trainB or a folder with such sub-folders), or any two sets or parts of sets
(`--dataset_a` and `--dataset_b`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import dataclasses
import os
import re

from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.data import loading, names

_BOTH_WAYS = (
    "give --dataset_a and --dataset_b, or a --dataset that has both sets, such "
    "as cycle_gan/horse2zebra or a folder with trainA and trainB"
)


@dataclasses.dataclass(frozen=True)
class Part:
    """What `loading.load` is asked for.

    Attributes:
        name: a set's name, or the absolute path of a folder.
        split: the split's name.
        class_name: the only class that is taken, or None for all.
    """

    name: str
    split: str
    class_name: str | None = None


@dataclasses.dataclass(frozen=True)
class Domain:
    """One of the two sets.

    Attributes:
        title: what it is, as the user wrote it where it has a flag of its own.
        flag: that names it, without dashes.
        train: the images to train on.
        test: those put aside, or None where there are none. Of a set that is
            still to be downloaded it is a guess; see `domain_images.load`.
    """

    title: str
    flag: str
    train: Part
    test: Part | None

    @property
    def given(self) -> str:
        """What the user gave, for messages."""
        if self.flag == "dataset":
            return f"{self.title} (of --dataset)"
        return f"--{self.flag}={self.title}"


@contextlib.contextmanager
def told_as(given: str, flag: str) -> Iterator[None]:
    """Lets an error about any data set say which of the two it is about.

    Args:
        given: what the user gave, to begin the message with.
        flag: takes the place of `dataset` in the message's advice.

    Raises:
        errors.UserError: the block raised it.
    """
    try:
        yield
    except errors.UserError as error:
        message = re.sub(r"--dataset\b", f"--{flag}", str(error))
        if not message.startswith(f"--{flag}="):
            message = f"{given}: {message}"
        raise errors.UserError(message) from error


def find(config: schema.Config) -> tuple[Domain, Domain]:
    """Finds the two sets that the flags name, without reading an image.

    Args:
        config: of a recipe that translates.

    Returns:
        A and B.

    Raises:
        errors.UserError: there is no such set, split or class, one half is
            missing, or both are the same.
    """
    if config.dataset is None:
        a = _named(config.dataset_a, "dataset_a", config.data_dir)
        b = _named(config.dataset_b, "dataset_b", config.data_dir)
        if a.train == b.train:
            raise errors.UserError(
                f"--dataset_a={a.title} and --dataset_b={b.title} are the same "
                "images: give two sets, such as --dataset_a=cifar10:horse "
                "--dataset_b=cifar10:deer"
            )
        for one, other in ((a, b), (b, a)):
            if one.test == other.train:
                raise errors.UserError(
                    f"{other.given} trains on what {one.given} holds out: give "
                    "two sets, or two classes of one"
                )
        return a, b
    if os.path.isabs(config.dataset):
        return _halves_of_folder(config.dataset)
    return _halves_of_set(config.dataset, config.data_dir)


def _named(text: str, flag: str, data_dir: str | None) -> Domain:
    """Finds what `--dataset_a` or `--dataset_b` names."""
    given = f"--{flag}={text}"
    name, narrowed = names.cut(text, given=given)
    if not narrowed and os.path.isabs(name) and not _lacking(name):
        raise errors.UserError(
            f"{given} holds two sets, trainA and trainB: give "
            f"--dataset={text}, or one of the two folders"
        )
    with told_as(given, flag):
        splits = loading.splits(name, data_dir)
        class_names = loading.class_names(name, data_dir) if narrowed else ()
        split, class_name = _narrow(name, narrowed, splits, class_names)
        if splits and split not in splits:
            raise errors.UserError(
                f"{name} has no split {split!r}: "
                f"{errors.suggestion(split, splits)}; name one of them, as in "
                f"--{flag}={name}:{splits[0]}"
            )
        if class_name is not None:
            names.check_class(class_name, class_names, name=name)
    test = None
    put_aside = re.sub("^train", "test", split)
    if put_aside != split and (not splits or put_aside in splits):
        test = Part(name, put_aside, class_name)
    return Domain(text, flag, Part(name, split, class_name), test)


def _narrow(
    name: str,
    narrowed: list[str],
    splits: Sequence[str],
    class_names: Sequence[str],
) -> tuple[str, str | None]:
    """Tells splits from classes.

    Args:
        name: the set's.
        narrowed: up to two words that narrow it.
        splits: the set's; none where they are not known.
        class_names: the set's.

    Returns:
        The split, by default `train`, and the class or None.
    """
    if len(narrowed) == 2:
        return narrowed[0], narrowed[1]
    if not narrowed:
        return "train", None
    [word] = narrowed
    if word in splits or (not splits and word not in class_names):
        return word, None
    if word not in class_names:
        unlabelled = "" if class_names else ", and no labels"
        raise errors.UserError(
            f"{name} has no split and no class {word!r}{unlabelled}: "
            + errors.suggestion(word, {*splits, *class_names})
        )
    return "train", word


def _halves_of_folder(folder: str) -> tuple[Domain, Domain]:
    if not os.path.isdir(folder):
        raise errors.UserError(f"--dataset={folder} is no folder: {_BOTH_WAYS}")
    lacking = _lacking(folder)
    if lacking:
        raise errors.UserError(
            f"--dataset={folder} has no folder {' and none '.join(lacking)}: "
            f"{_BOTH_WAYS}"
        )

    def half(letter):
        train = os.path.join(folder, f"train{letter}")
        test = os.path.join(folder, f"test{letter}")
        return Domain(
            train,
            "dataset",
            Part(train, "train"),
            Part(test, "train") if os.path.isdir(test) else None,
        )

    return half("A"), half("B")


def _lacking(folder: str) -> list[str]:
    """The sub-folders that a folder lacks to be two sets."""
    return [
        half
        for half in ("trainA", "trainB")
        if not os.path.isdir(os.path.join(folder, half))
    ]


def _halves_of_set(name: str, data_dir: str | None) -> tuple[Domain, Domain]:
    if ":" in name:
        raise errors.UserError(f"--dataset={name} is one set: {_BOTH_WAYS}")
    with told_as(f"--dataset={name}", "dataset"):
        splits = loading.splits(name, data_dir)
    if splits and not {"trainA", "trainB"} <= set(splits):
        raise errors.UserError(
            f"--dataset={name} has no splits trainA and trainB, only "
            f"{', '.join(splits)}: {_BOTH_WAYS}"
        )

    def half(letter):
        train, test = f"train{letter}", f"test{letter}"
        there = not splits or test in splits
        return Domain(
            f"{name}:{train}",
            "dataset",
            Part(name, train),
            Part(name, test) if there else None,
        )

    return half("A"), half("B")
