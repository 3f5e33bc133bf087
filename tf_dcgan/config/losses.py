"""What is known of each loss apart from its formula.

The formulas stand in `tf_dcgan.gan.losses`, under the same names. Flags,
checks, the cost of a step and the verdicts on a training's health ask the
records here, so a new loss is one record here and one entry there.

x is D's output for an image.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import math
from typing import Any

from tf_dcgan.common import errors
from tf_dcgan.config import kinds


@dataclasses.dataclass(frozen=True)
class Health:
    """The values of a loss from which the health of a training is read.

    A guess is the best that D can do with one answer to all images. A loss of
    D is the sum of its losses on real and on generated images, without any
    penalty.

    Attributes:
        perfect_loss: (real_label, fake_label) to the loss of a D that is as
            right about all images as these labels allow.
        guess_loss: (real_label, fake_label) to the loss of a guess.
        score_of_real: the mean score of generated images from which D takes
            them for real, and so teaches G nothing.
        memorised_lead: D's mean output on training images less that on
            held-out ones, from which it knows its training images by heart;
            None where that was not measured.
    """

    perfect_loss: Callable[[float, float], float]
    guess_loss: Callable[[float, float], float]
    score_of_real: float | None
    memorised_lead: float | None = None


@dataclasses.dataclass(frozen=True)
class Loss:
    """One value of `--loss`.

    Attributes:
        summary: what D or G does, in one line for `--help`.
        outputs_are_logits: whether sigmoid(x) is the probability that an
            image is real; scores are then probabilities, else outputs.
        boundary: the mean of both labels, in (0, 1), to the x of a D that
            cannot tell real from generated images. Above it D takes an image
            for real.
        for_kinds: the kinds of system that can be trained with it.
        has_labels: whether D has a target for real and one for generated
            images, which can be smoothed. Without them D compares outputs,
            and the labels are always 1 and 0.
        penalty_weight: weight of the gradient penalty between real and
            generated images; 0 for a loss without that penalty.
        compares_pairs: whether it is a loss of a real and a generated image
            at a time.
        joint_updates: whether D needs one update on all parts of its loss.
        differences: the fields of `schema.Config` that it changes in every
            recipe, unless the user gives them.
        health: how to read its progress; None where no value of D's loss
            means that D is perfect or that it guesses.
        unsaturated: the loss that leaves G a gradient where under this one D
            is so far ahead that G has none; None where G always has one.
    """

    summary: str
    outputs_are_logits: bool = False
    boundary: Callable[[float], float] = lambda mean_label: 0.0
    for_kinds: tuple[kinds.Kind, ...] = (kinds.GENERATION,)
    has_labels: bool = True
    penalty_weight: float = 0.0
    compares_pairs: bool = False
    joint_updates: bool = False
    differences: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    health: Health | None = None
    unsaturated: str | None = None


def of_kind(kind: kinds.Kind) -> list[str]:
    """Names the losses that a kind of system can be trained with, sorted."""
    return sorted(
        name for name, loss in LOSSES.items() if kind in loss.for_kinds
    )


def add(name: str, loss: Loss) -> None:
    """Adds a loss of one's own to those that a setting may name.

    Args:
        name: of the loss; the name of an added loss takes the new one.
        loss: what is known of it.

    Raises:
        errors.UserError: the name is none, or the name of a built-in loss.
    """
    if not name.isidentifier():
        raise errors.UserError(
            f"name={name!r} is no name: give letters, digits and _, such as "
            "my_loss"
        )
    if name in BUILT_IN:
        raise errors.UserError(
            f"name={name} is the name of a built-in loss: give another"
        )
    LOSSES[name] = loss
    SUMMARIES[name] = loss.summary


def _entropy(probability: float) -> float:
    """Returns the entropy of a coin in nats."""
    return -sum(
        p * math.log(p) for p in (probability, 1 - probability) if p > 0
    )


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


# From docs/health.md: `loss_g` is near 0.1 where D takes generated
# images for real, beside 0.69 of a guess.
_HEALTH_OF_CROSS_ENTROPY = Health(
    perfect_loss=lambda real, fake: _entropy(real) + _entropy(fake),
    guess_loss=lambda real, fake: 2 * _entropy((real + fake) / 2),
    score_of_real=0.9,
    memorised_lead=0.5,
)

LOSSES = {
    "non_saturating": Loss(
        "G ascends log D(G(z))",
        outputs_are_logits=True,
        boundary=_logit,
        for_kinds=(kinds.GENERATION, kinds.TRANSLATION),
        health=_HEALTH_OF_CROSS_ENTROPY,
    ),
    "minimax": Loss(
        "G descends log(1 - D(G(z))), which saturates",
        outputs_are_logits=True,
        boundary=_logit,
        health=_HEALTH_OF_CROSS_ENTROPY,
        unsaturated="non_saturating",
    ),
    "least_squares": Loss(
        "squared error of D's output against 1 and 0",
        boundary=lambda mean_label: mean_label,
        for_kinds=(kinds.GENERATION, kinds.TRANSLATION),
        health=Health(
            perfect_loss=lambda real, fake: 0.0,
            guess_loss=lambda real, fake: (real - fake) ** 2 / 2,
            # There `loss_g` is near 0.02, beside 0.25 of a guess.
            score_of_real=0.85,
            memorised_lead=0.1,
        ),
    ),
    "hinge": Loss(
        "D's output beyond 1 and -1 is enough; G raises it",
        has_labels=False,
        health=Health(
            perfect_loss=lambda real, fake: 0.0,
            # Of any answer from -1 to 1.
            guess_loss=lambda real, fake: 2.0,
            # D is content with a real image from 1 on.
            score_of_real=1.0,
            memorised_lead=0.4,
        ),
    ),
    "wasserstein_gp": Loss(
        "D's output itself, its slope held near 1 by a gradient penalty; one "
        "joint update of D and one of G, on sums of losses",
        # Its D is free up to a constant: the boundary 0 is a convention.
        has_labels=False,
        # Gulrajani et al. 2017, algorithm 1 (arXiv:1704.00028).
        penalty_weight=10.0,
        joint_updates=True,
        # G once for each update of D; the penalty has the weight of its
        # source only beside a sum.
        differences={"generator_updates": 1, "discriminator_loss": "sum"},
    ),
    "relativistic": Loss(
        "D's output on a real image above that on a generated one, in pairs; G "
        "the reverse; one joint update of D and one of G",
        # Its D is free up to a constant, as in `wasserstein_gp`.
        has_labels=False,
        compares_pairs=True,
        joint_updates=True,
        differences={"generator_updates": 1, "discriminator_loss": "sum"},
        health=Health(
            perfect_loss=lambda real, fake: 0.0,
            guess_loss=lambda real, fake: math.log(2),
            score_of_real=None,
            memorised_lead=0.5,
        ),
    ),
}

BUILT_IN = frozenset(LOSSES)
# What `--loss` offers; grows with `LOSSES`.
SUMMARIES = {name: loss.summary for name, loss in LOSSES.items()}

# The parts of `loss_d` beside D's loss on images.
PENALTIES = ("r1_penalty", "r2_penalty", "gradient_penalty", "consistency")
