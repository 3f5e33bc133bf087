"""The two sets of images that a translation goes between, A and B.

They are two halves of one set (`--dataset`, a TFDS set with the splits trainA
and trainB or a folder with such sub-folders), or any two sets or parts of sets
(`--dataset_a` and `--dataset_b`).
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import re

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import schema
from tf_dcgan.data import loading, names
from tf_dcgan.data.folders import listings, trees

_BOTH_WAYS = (
    "give --dataset_a and --dataset_b, or a --dataset that has both sets, such "
    "as cycle_gan/horse2zebra or a folder with trainA and trainB"
)


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of an image set, as `loading.load` takes it.

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
    """One of the two sets of images.

    Attributes:
        title: the set's name; if the set has a flag of its own, as the user
            wrote it there.
        flag: the flag that names the set, without dashes.
        train: the images to train on.
        test: the images held out of the training, or None if there are none.
            If the set is still to be downloaded, they may turn out to be
            missing; see `domain_images.load_held_out`.
        is_fixed: whether the user can give no other set, as where a run is
            scored; then no error advises one.
        number: 0 for A, 1 for B.
    """

    title: str
    flag: str
    train: Part
    test: Part | None
    is_fixed: bool = False
    number: int = 0

    @property
    def flag_and_title(self) -> str:
        """The domain as error messages name it."""
        if self.flag == "dataset":
            return f"{self.title} (of --dataset)"
        return f"--{self.flag}={self.title}"


def find(config: schema.Config) -> tuple[Domain, Domain]:
    """Finds the two sets that the flags name, without reading an image.

    Args:
        config: the settings of a run that translates.

    Returns:
        A and B.

    Raises:
        errors.UserError: a set, split, class or half does not exist, or both
            sets are the same images.
    """
    a, b = _pair(config)
    return a, dataclasses.replace(b, number=1)


def _pair(config: schema.Config) -> tuple[Domain, Domain]:
    """Finds A and B, both with the number of A."""
    if config.dataset is not None:
        if os.path.isabs(config.dataset):
            return _halves_of_folder(config.dataset, config.cache_dir)
        return _halves_of_set(config.dataset, config.data_dir)
    a = _set_of_flag(config, "dataset_a")
    b = _set_of_flag(config, "dataset_b")
    if a.train == b.train:
        raise errors.UserError(
            f"--dataset_a={a.title} and --dataset_b={b.title} are the same "
            "images: give two sets, such as --dataset_a=cifar10:horse "
            "--dataset_b=cifar10:deer"
        )
    for one, other in ((a, b), (b, a)):
        if one.test == other.train:
            raise errors.UserError(
                f"{other.flag_and_title} trains on what {one.flag_and_title} "
                "holds out: give two sets, or two classes of one"
            )
    return a, b


def _set_of_flag(config: schema.Config, flag: str) -> Domain:
    """Finds the set that `--dataset_a` or `--dataset_b` names."""
    text = getattr(config, flag)
    flag_and_text = f"--{flag}={text}"
    name, narrowing = names.cut(text, given=flag_and_text)
    if (
        not narrowing
        and os.path.isabs(name)
        and not _missing_halves(name, config.cache_dir)
    ):
        raise errors.UserError(
            f"{flag_and_text} holds two sets, trainA and trainB: give "
            f"{terminal.flag('dataset', text)}, or one of the two folders"
        )
    with errors.about(flag_and_text):
        image_set = loading.find(
            name, config.data_dir, cache_dir=config.cache_dir
        )
        splits = image_set.splits
        class_names = image_set.class_names if narrowing else ()
        split, class_name = _split_and_class(
            name, narrowing, splits, class_names
        )
        if splits and split not in splits:
            raise errors.UserError(
                f"{name} has no split {split!r}: "
                f"{errors.suggestion(split, splits)}; name one of them, as in "
                f"--{flag}={name}:{splits[0]}"
            )
        if class_name is not None:
            names.check_class(class_name, class_names, name=name)
    test = None
    test_split = re.sub("^train", "test", split)
    if test_split != split and (not splits or test_split in splits):
        test = Part(name, test_split, class_name)
    return Domain(text, flag, Part(name, split, class_name), test)


def _split_and_class(
    name: str,
    narrowing: list[str],
    splits: Sequence[str],
    class_names: Sequence[str],
) -> tuple[str, str | None]:
    """Tells which word after a set's name is a split and which is a class.

    Args:
        name: the set's name.
        narrowing: the words after it, at most two.
        splits: the set's splits; empty if they are not known yet.
        class_names: the set's classes; empty if it has no labels.

    Returns:
        The split, by default `train`, and the class or None.

    Raises:
        errors.UserError: a single word is neither a split nor a class.
    """
    if not narrowing:
        return "train", None
    split = loading.canonical_split(name, narrowing[0])
    if len(narrowing) == 2:
        return split, narrowing[1]
    [word] = narrowing
    if split in splits or (not splits and word not in class_names):
        return split, None
    if word not in class_names:
        unlabelled = "" if class_names else ", and no labels"
        raise errors.UserError(
            f"{name} has no split and no class {word!r}{unlabelled}: "
            + errors.suggestion(word, {*splits, *class_names})
        )
    return "train", word


def _halves_of_folder(
    folder: str, cache_dir: str | None
) -> tuple[Domain, Domain]:
    if not trees.is_folder(folder, cache_dir=cache_dir):
        raise errors.UserError(f"--dataset={folder} is no folder: {_BOTH_WAYS}")
    missing = _missing_halves(folder, cache_dir)
    if missing:
        raise errors.UserError(
            f"--dataset={folder} has no folder {' and none '.join(missing)}: "
            f"{_BOTH_WAYS}"
        )

    def half(letter):
        train = os.path.join(folder, f"train{letter}")
        test = os.path.join(folder, f"test{letter}")
        return Domain(
            train,
            "dataset",
            Part(train, "train"),
            Part(test, "train")
            if listings.has_images(test, cache_dir=cache_dir)
            else None,
        )

    return half("A"), half("B")


def _missing_halves(folder: str, cache_dir: str | None) -> list[str]:
    """Lists which of the sub-folders trainA and trainB a folder lacks."""
    return [
        half
        for half in ("trainA", "trainB")
        if not trees.is_folder(os.path.join(folder, half), cache_dir=cache_dir)
    ]


def _halves_of_set(name: str, data_dir: str | None) -> tuple[Domain, Domain]:
    if ":" in name:
        raise errors.UserError(f"--dataset={name} is one set: {_BOTH_WAYS}")
    with errors.about(f"--dataset={name}"):
        splits = loading.find(name, data_dir).splits
    if splits and not {"trainA", "trainB"} <= set(splits):
        raise errors.UserError(
            f"--dataset={name} has no splits trainA and trainB, only "
            f"{', '.join(splits)}: {_BOTH_WAYS}"
        )

    def half(letter):
        train, test = f"train{letter}", f"test{letter}"
        has_test = not splits or test in splits
        return Domain(
            f"{name}:{train}",
            "dataset",
            Part(name, train),
            Part(name, test) if has_test else None,
        )

    return half("A"), half("B")
