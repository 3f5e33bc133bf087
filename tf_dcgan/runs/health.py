"""Verdicts on a training's health, in words, from the scalars that it logs.

D's loss is read as a share: 0 where D is as right as its labels let it be, 1
where it gives one answer to all images, more than 1 where it is worse. So one
threshold serves all losses and labels, whether D minimises a sum or a mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tf_dcgan.config import kinds as system_kinds
from tf_dcgan.config import losses, schema

# docs/health.md has the reason of each number.
WINDOW_STEPS = 200
SUSTAINED_WINDOWS = 5
AHEAD_SHARE = 0.02
AHEAD_ACCURACY = 0.99
BEHIND_SHARE = 1.5
BEHIND_ACCURACY = 0.05
GUESS_TOLERANCE = 0.1
VANISHED_GRADIENT = 1e-3
LOW_DIVERSITY = 0.4
RISING_DIVERSITY = 0.05
FALLEN_DIVERSITY = 0.75
NO_DIVERSITY = 0.01
YOUNG_WINDOWS = 10

# D's lead on held-out images, in `metrics.jsonl`.
LEAD = "discriminator_lead"

_AHEAD = "discriminator is winning"
_BEHIND = "generator is winning"
_DEAD = "discriminator is dead"
_COLLAPSING = "samples are collapsing"
_MEMORISING = "discriminator memorises"
KINDS = (_AHEAD, _BEHIND, _DEAD, _COLLAPSING, _MEMORISING)


def entry(verdicts: Sequence[str]) -> dict[str, str]:
    """Returns the entry of a line of `metrics.jsonl` that holds verdicts.

    Args:
        verdicts: as `Monitor.take_verdicts` returns them.

    Returns:
        The verdicts under `health`; an empty dict where there are none.
    """
    return {"health": "; ".join(verdicts)} if verdicts else {}


def kinds(line: Mapping[str, Any]) -> list[str]:
    """Names the verdicts in a line, such as ["samples are collapsing"].

    Args:
        line: of `metrics.jsonl`.
    """
    text = line.get("health")
    if not isinstance(text, str):
        return []
    return [kind for kind in KINDS if f"; {kind}:" in f"; {text}"]


def collapse(verdicts: Sequence[str]) -> str | None:
    """Returns the verdict after which a training does not recover by itself.

    Args:
        verdicts: as `Monitor.verdicts` has them.

    Returns:
        The verdict on samples that collapse, or on a dead D, without what it
        advises; None without one.
    """
    for verdict in verdicts:
        if verdict.startswith((f"{_COLLAPSING}:", f"{_DEAD}:")):
            return verdict.partition(";")[0]
    return None


def loss_share(
    config: schema.Config, means: Mapping[str, float]
) -> float | None:
    """Returns where D's loss is between a perfect D's and a guess's.

    A guess is the best that D can do with one answer to all images: under
    cross-entropy and squared error the mean of both labels, under the hinge
    loss any value in [-1, 1].

    Args:
        config: the loss, its labels, and whether D's loss is a sum or a mean;
            in recipes that translate it is a mean.
        means: `loss_d` and the penalties that are a part of it.

    Returns:
        0 for a perfect D and 1 for a guess; None under a loss such as
        `wasserstein_gp`, where no value means one of these.
    """
    reading = losses.LOSSES[config.loss].health
    if reading is None:
        return None
    labels = config.real_label, config.fake_label
    perfect, guess = reading.perfect_loss(*labels), reading.guess_loss(*labels)
    loss = means["loss_d"] - sum(means.get(p, 0.0) for p in losses.PENALTIES)
    is_mean = (
        config.kind is system_kinds.TRANSLATION
        or config.discriminator_loss == "mean"
    )
    if is_mean:
        loss *= 2
    return (loss - perfect) / (guess - perfect)


def is_ahead(config: schema.Config, means: Mapping[str, float]) -> bool:
    """Says whether D separates real and generated images almost perfectly.

    Args:
        config: the settings that `loss_share` reads.
        means: the scalars of a `train` or `epoch` line.
    """
    share = loss_share(config, means)
    return (
        share is not None
        and share <= AHEAD_SHARE
        and min(means["real_accuracy"], means["fake_accuracy"])
        >= AHEAD_ACCURACY
    )


def discriminator_is_winning(
    config: schema.Config, means: Mapping[str, float]
) -> str | None:
    """Returns the verdict on a D that is ahead, else None.

    Args:
        config: the loss and D's learning rate.
        means: the scalars of a `train` or `epoch` line.
    """
    if not is_ahead(config, means):
        return None
    record = losses.LOSSES[config.loss]
    other_loss = (
        f" or --loss={record.unsaturated}" if record.unsaturated else ""
    )
    real, fake = (
        _percent(means[f"{side}_accuracy"]) for side in ("real", "fake")
    )
    right_on = f"{real} of real and {fake} of generated images"
    if record.compares_pairs:
        right_on = f"{real} of the pairs"
    return (
        f"{_AHEAD}: its loss is "
        f"{_percent(loss_share(config, means) or 0.0)} of a guess's, "
        f"it is right on {right_on} (loss_g "
        f"{means['loss_g']:.3g}, G's gradient "
        f"{means['generator_gradient_norm']:.2g}); if samples do not improve, "
        "start anew with a smaller --discriminator_learning_rate (now "
        f"{config.discriminator_learning_rate:g}){other_loss}"
    )


def generator_is_winning(
    config: schema.Config, means: Mapping[str, float]
) -> str | None:
    """Returns the verdict on a D that takes generated images for real.

    Args:
        config: the loss, G's learning rate and the networks' width.
        means: the scalars of a `train` or `epoch` line.
    """
    share = loss_share(config, means)
    values = losses.LOSSES[config.loss].health
    if (
        share is None
        or values is None
        or share < BEHIND_SHARE
        or means["fake_accuracy"] > BEHIND_ACCURACY
        or (
            values.score_of_real is not None
            and means["fake_score_after"] < values.score_of_real
        )
    ):
        return None
    mistaken = _percent(1 - means["fake_accuracy"])
    takes = f"takes {mistaken} of generated images for real"
    if losses.LOSSES[config.loss].compares_pairs:
        takes = f"scores the generated image above in {mistaken} of the pairs"
    return (
        f"{_BEHIND}: D's loss is {share:.1f} times a guess's, it "
        f"{takes} (loss_g {means['loss_g']:.2g}) and teaches G nothing; "
        "start anew with a smaller --generator_learning_rate (now "
        f"{config.generator_learning_rate:g}) or --width (now "
        f"{config.width:g})"
    )


def discriminator_is_dead(
    config: schema.Config, means: Mapping[str, float]
) -> str | None:
    """Returns the verdict on a D whose answer does not depend on the image.

    Such a D gives no gradient to G. D's own gradient vanishes in joint updates
    alone: in separate updates D's last bias goes up and down.

    Args:
        config: the loss and D's learning rate.
        means: the scalars of a `train` or `epoch` line.
    """
    share = loss_share(config, means)
    norms = {
        "D's": means["discriminator_gradient_norm"],
        "G's": means["generator_gradient_norm"],
    }
    whose = min(norms, key=norms.__getitem__)
    at_guess = share is None or abs(share - 1) <= GUESS_TOLERANCE
    if norms[whose] > VANISHED_GRADIENT or not at_guess:
        return None
    return (
        f"{_DEAD}: loss_d {means['loss_d']:.4g} is the loss of "
        f"{'one answer to all images' if share is None else 'a guess'} and "
        f"{whose} gradient is {norms[whose]:.1g}: nothing is learnt any more; "
        "start anew with another --seed or a smaller "
        "--discriminator_learning_rate (now "
        f"{config.discriminator_learning_rate:g})"
    )


def samples_are_collapsing(
    diversity: float, *, before: float | None, highest: float, young: bool
) -> str | None:
    """Returns the verdict on samples that are too much alike, else None.

    Args:
        diversity: of the fixed samples now, as a share of the diversity of
            real images.
        before: the diversity `SUSTAINED_WINDOWS` windows ago; None if there
            have been fewer.
        highest: the highest diversity at the end of an earlier window, at most
            1; 0 in the first `SUSTAINED_WINDOWS` windows.
        young: whether the generator has had so few windows that a low
            diversity says no more than that.
    """
    # A young generator's may be low, and the lower it is the slower it rises.
    least, rise = (
        (NO_DIVERSITY, 0.0) if young else (LOW_DIVERSITY, RISING_DIVERSITY)
    )
    is_low = (
        before is not None and diversity < least and diversity <= before + rise
    )
    has_fallen = (
        highest >= LOW_DIVERSITY and diversity < FALLEN_DIVERSITY * highest
    )
    if not (is_low or has_fallen):
        return None
    was = f", after {_percent(highest)} at best" * has_fallen
    return (
        f"{_COLLAPSING}: they differ by {_percent(diversity)} of "
        f"what real images do{was}; look at samples/, and if they stay alike "
        "start anew with a --discriminator_learning_rate of four times the "
        "generator's, or with another --seed"
    )


def discriminator_memorises(
    config: schema.Config, lead: float, *, before: float | None, channels: int
) -> str | None:
    """Returns the verdict on a D that knows its training images by heart.

    Args:
        config: the loss and `augment`; the verdict is given for losses of
            which a threshold is known.
        lead: D's mean output on training images less that on held-out ones.
        before: the same at the evaluation before; None if there was none.
        channels: of the images, 1 or 3.
    """
    readings = losses.LOSSES[config.loss].health
    threshold = None if readings is None else readings.memorised_lead
    if before is None or threshold is None or min(lead, before) < threshold:
        return None
    augment = schema.augment_for(channels)
    helps = "more images help most"
    if not set(augment.split(",")) <= set(config.augmentations):
        helps += f", then a new run with --augment={augment}"
    return (
        f"{_MEMORISING}: its output on training images is {lead:.2g} above "
        f"that on images it has not seen, {before:.2g} at the evaluation "
        f"before; {helps}; or take --checkpoint=best"
    )


class Monitor:
    """Judges windows of `WINDOW_STEPS` steps, one after the other.

    Its state is part of a checkpoint, so that a resumed run has the same
    verdicts as a run that was never stopped.

    Attributes:
        verdicts: the verdicts on the last window, each `<who> is …: <numbers>;
            <what to do>`; empty once they have been taken.
    """

    def __init__(
        self, config: schema.Config, saved: Mapping[str, Any] | None = None
    ):
        """Starts before the first step, or with what `to_json` returned.

        Args:
            config: the settings that the verdicts read.
            saved: the state of an earlier monitor, from `to_json`.
        """
        saved = saved or {}
        self._config = config
        self._windows_ahead = int(saved.get("windows_ahead", 0))
        self._diversities = list(saved.get("diversities", []))
        self._highest = float(saved.get("highest", 0.0))
        self.verdicts = list(saved.get("verdicts", []))

    def to_json(self) -> dict[str, Any]:
        """Returns the state, ready for JSON."""
        return {
            "windows_ahead": self._windows_ahead,
            "diversities": self._diversities,
            "highest": self._highest,
            "verdicts": self.verdicts,
        }

    def add(self, means: Mapping[str, float], diversity: float | None) -> None:
        """Judges a window.

        Args:
            means: the means over the window's steps, by the names of
                `gan.scalars`.
            diversity: of the fixed samples at the window's end; None if it
                cannot be measured.
        """
        config = self._config
        ahead = is_ahead(config, means)
        self._windows_ahead = self._windows_ahead + 1 if ahead else 0
        possible_verdicts = [
            generator_is_winning(config, means),
            discriminator_is_dead(config, means),
        ]
        if self._windows_ahead >= SUSTAINED_WINDOWS:
            possible_verdicts.append(discriminator_is_winning(config, means))
        if diversity is not None:
            past = self._diversities[-SUSTAINED_WINDOWS:]
            possible_verdicts.append(
                samples_are_collapsing(
                    diversity,
                    before=past[0] if len(past) == SUSTAINED_WINDOWS else None,
                    highest=self._highest,
                    young=len(self._diversities) < YOUNG_WINDOWS - 1,
                )
            )
            self._diversities = [*self._diversities, diversity]
            del self._diversities[:-YOUNG_WINDOWS]
            # The first samples may be noise, whose diversity is high.
            if len(self._diversities) >= SUSTAINED_WINDOWS:
                self._highest = min(1.0, max(self._highest, diversity))
        self.verdicts = [verdict for verdict in possible_verdicts if verdict]

    def take_verdicts(self) -> list[str]:
        """Returns `verdicts` and empties them until the next window."""
        taken, self.verdicts = self.verdicts, []
        return taken


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
