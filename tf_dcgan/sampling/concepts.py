"""Lets a classifier choose which samples stand for a class."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.metrics.features.classifier import classifier
from tf_dcgan.runs import runs
from tf_dcgan.sampling import latents, samplers

# The classifier looks at so many samples of a seed.
CANDIDATES = 1024
_BATCH_SIZE = 64


@dataclasses.dataclass(frozen=True)
class Judged:
    """The first samples of a seed, as the classifier sees them.

    Attributes:
        seed: the seed that the samples are made of.
        class_names: the names of the data set's classes.
        log_odds: [CANDIDATES, classes] float64, the natural logarithm of the
            odds p / (1 - p) of each class, for each sample.
    """

    seed: int
    class_names: tuple[str, ...]
    log_odds: np.ndarray

    def surest(
        self, class_name: str, *, count: int, flag: str
    ) -> tuple[list[latents.Point], float]:
        """Chooses the samples that are most surely of a class.

        Args:
            class_name: one of `class_names`.
            count: how many samples to choose.
            flag: the flag that names the class, for messages.

        Returns:
            (points, probability): the samples, the surest first, and the
            classifier's probability of the class for the last of them.

        Raises:
            errors.UserError: the classifier gives the class to fewer samples.
        """
        place = self.class_names.index(class_name)
        sureness = self.log_odds[:, place]
        order = np.argsort(-sureness, kind="stable")
        is_of_class = np.argmax(self.log_odds, axis=1) == place
        chosen = [int(index) for index in order if is_of_class[index]][:count]
        if len(chosen) < count:
            raise errors.UserError(
                f"--{flag}=class:{class_name}: the classifier finds "
                f"{len(chosen)} in the first {CANDIDATES:,} samples of seed "
                f"{self.seed}, and --num_samples={count} are wanted: lower "
                "it, take another --seed, or give numbers of samples"
            )
        probability = 1 / (1 + np.exp(-sureness[chosen[-1]]))
        points = [latents.Point(self.seed, index) for index in chosen]
        return points, float(probability)


def check_classes(
    run: runs.Run, flags_and_classes: Sequence[tuple[str, str]]
) -> None:
    """Refuses classes that a run's data set does not have.

    Args:
        run: its data set must have the classes.
        flags_and_classes: (flag, class) for each flag that names a class.

    Raises:
        errors.UserError: the data set has no labels, or no such class.
    """
    name, class_names = run.config.dataset, run.data.class_names
    for flag, class_name in flags_and_classes:
        flag_and_value = f"--{flag}=class:{class_name}"
        if not class_names:
            raise errors.UserError(
                f"{flag_and_value}: {name} has no labels: give numbers of "
                f"samples, such as --{flag}=1,5,9"
            )
        if class_name not in class_names:
            raise errors.UserError(
                f"{flag_and_value}: {name} has no such class: "
                + errors.suggestion(class_name, class_names)
            )


def judge(
    run: runs.Run,
    sampler: samplers.Sampler,
    *,
    seed: int,
    data_dir: str | None,
    cache_dir: str | None,
) -> Judged:
    """Lets the classifier of a run's data set judge samples.

    The classifier is trained first if the cache has none, which takes minutes.

    Args:
        run: its data set has classes.
        sampler: draws from the run's generator.
        seed: the samples are the first ones of this seed.
        data_dir: where data sets are prepared; None for the run's folder.
        cache_dir: where the classifier is kept; None for the run's folder.

    Returns:
        The log odds of each class for the first `CANDIDATES` samples.

    Raises:
        errors.UserError: no classifier can be trained on the set.
    """
    try:
        network = classifier.network_of_run(
            run.config, data_dir=data_dir, cache_dir=cache_dir
        )
    except classifier.UnusableError as error:
        raise errors.UserError(
            f"no classifier can choose the samples of a class of "
            f"{run.config.dataset}: {error.reason}. Give numbers of samples, "
            "such as --a=1,5,9"
        ) from error
    logits = network.extract(
        (
            batch
            for _, batch in sampler.batches(
                seed, num_images=CANDIDATES, batch_size=_BATCH_SIZE
            )
        ),
        batch_size=_BATCH_SIZE,
        outputs=("logits",),
    )["logits"]
    return Judged(seed, run.data.class_names, log_odds(logits))


def log_odds(logits: np.ndarray) -> np.ndarray:
    """Returns how sure a classifier is, without rounding probabilities to 1.

    Args:
        logits: [n, classes] float, classes >= 2.

    Returns:
        [n, classes] float64, log(p / (1 - p)): each logit minus the logarithm
        of the sum of the exponentials of the other logits.
    """
    logits = np.float64(logits)
    classes = logits.shape[1]
    others = np.stack(
        [np.delete(logits, place, axis=1) for place in range(classes)], axis=1
    )  # [n, classes, classes - 1]
    return logits - np.logaddexp.reduce(others, axis=2)
