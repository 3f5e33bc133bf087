"""Finds the latent vectors whose images are nearest to given images.

For an image x it minimises over z, with Adam and from several starts,

    |G(z) - x|² / p  +  w |F(G(z)) - F(x)|² / f  +  v length_cost(z),

where F makes features, and p and f are the mean squared distances between x
and the images of random latents. So both distances are shares of what a random
latent reaches, and the weights w and v mean the same for every run.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import math

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.common import images, randomness, terminal
from tf_dcgan.models import conditional
from tf_dcgan.sampling.inversion import distances

_ROWS = 64  # Latents that are moved at a time.
_STEPS_PER_CALL = 25
_CANDIDATES = 256
_LEAST_CANDIDATES = 8  # Of each class.
_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the search goes.

    Attributes:
        starts: how many latents each image's search begins from, 1 to 64.
        steps: of Adam, at least 1.
        learning_rate: of Adam at the first step; it falls to 0 along half a
            cosine.
        feature_weight: w above, at least 0.
        prior_weight: v above, at least 0.
    """

    starts: int
    steps: int
    learning_rate: float
    feature_weight: float
    prior_weight: float


@dataclasses.dataclass(frozen=True)
class Found:
    """The nearest images.

    Attributes:
        latents: [n, latent_dim] float32.
        labels: [n] int32, the class that each image was made as; zeros where
            the generator is not conditional.
        images: [n, height, width, channels] uint8, what the generator makes.
        random_pixels: [n] float64, the median distance in pixels between each
            image and the images of random latents.
        random_features: [n] float64, the same in features; NaN without any.
    """

    latents: np.ndarray
    labels: np.ndarray
    images: np.ndarray
    random_pixels: np.ndarray
    random_features: np.ndarray


def length_cost(latents: tf.Tensor) -> tf.Tensor:
    """Says how unlikely the length of a latent vector is.

    The length r of a standard normal vector of d numbers has the density of
    the chi distribution, so that -log density = r² / 2 - (d - 1) log r +
    constant. Its least value lies at r = sqrt(d - 1) and is subtracted.

    A prior on z itself would be least at z = 0, where a generator has seen
    hardly any vector; this one pulls to the shell where it has seen nearly
    all.

    Args:
        latents: [n, d] float32.

    Returns:
        [n] float32, nats per number of the vector; at least 0.
    """
    dimension = latents.shape[1]
    squared = tf.reduce_sum(latents**2, axis=1)
    more = dimension - 1
    # log r is half of log r², which has a gradient also where r is tiny.
    cost = squared / 2 - more / 2 * tf.math.log(squared + 1e-12)
    least = (more - more * math.log(more)) / 2 if more else 0.0
    return (cost - least) / dimension


class Search:
    """Searches with one generator."""

    def __init__(
        self,
        generator: keras.Model,
        features: distances.Features | None,
        settings: Settings,
        *,
        frame: distances.Frame,
        num_classes: int,
    ):
        """Prepares a graph, which the first image traces.

        Args:
            generator: latents to images.
            features: make the features F; None to leave them out.
            settings: how the search goes.
            frame: which part of the generator's images counts.
            num_classes: of a conditional generator, else 0.
        """
        self._features, self._settings = features, settings
        self._frame, self._num_classes = frame, num_classes
        self.latent_dim = latent_dim = generator.inputs[0].shape[-1]

        def make(latents, labels):
            labels = labels if num_classes else None
            return generator(
                conditional.inputs(latents, labels), training=False
            )

        self._make = tf.function(
            make,
            input_signature=[
                tf.TensorSpec([None, latent_dim], tf.float32),
                tf.TensorSpec([None], tf.int32),
            ],
            autograph=False,
        )
        self._cost = _cost_function(make, features, settings, frame)
        self._move = _moving_function(self._cost, settings)

    def __call__(
        self, originals: np.ndarray, *, seed: int, label: int | None
    ) -> Found:
        """Searches for all images.

        The starts of an image are the nearest of the seed's first samples: of
        a conditional generator without a label the nearest sample of each
        class, then each second nearest, so that the class is decided by the
        search's end.

        Args:
            originals: [n, height, width, channels] uint8, n at least 1, of
                the size that the frame keeps.
            seed: of the starts.
            label: the class to make; None for the best class of each image.

        Returns:
            The nearest images, in the order of the originals.
        """
        candidates = self._candidates(seed, label)
        targets = self._frame.floats(originals)
        scales, medians, starts = self._compared(candidates, targets)
        at_once = max(1, _ROWS // starts.shape[1])
        latents, labels = [], []
        with terminal.Progress("images", len(originals), "images") as counted:
            for first in range(0, len(originals), at_once):
                part = slice(first, first + at_once)
                best = self._searched(
                    targets[part], scales[part], candidates, starts[part]
                )
                latents.append(best[0])
                labels.append(best[1])
                counted.update(len(best[0]))
        latents, labels = np.concatenate(latents), np.concatenate(labels)
        return Found(
            latents,
            labels,
            images.to_uint8(
                self._frame.content(self._images(latents, labels))
            ).numpy(),
            *np.sqrt(medians).T,
        )

    def _candidates(self, seed: int, label: int | None) -> _Candidates:
        classes = range(self._num_classes or 1) if label is None else [label]
        count = max(_CANDIDATES // len(classes), _LEAST_CANDIDATES)
        latents = randomness.sample_latents(
            seed, tf.range(count), latent_dim=self.latent_dim
        ).numpy()
        labels = np.repeat(np.int32(classes), count)
        latents = np.tile(latents, (len(classes), 1))
        return _Candidates(latents, labels, self._images(latents, labels))

    def _images(self, latents: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Makes images of the network's size, in [-1, 1]."""
        parts = []
        for first in range(0, len(latents), _ROWS):
            part = slice(first, first + _ROWS)
            parts.append(self._make(latents[part], labels[part]).numpy())
        return np.concatenate(parts)

    def _compared(self, candidates: _Candidates, targets: np.ndarray):
        """Compares each target with the images of all candidates.

        Returns:
            (scales, medians, starts): [n, 2] float32, the mean squared
            distances in pixels and in features; [n, 2] float64, their
            medians, of features NaN without features; [n, starts] int64, the
            candidates to start from.
        """
        content = self._frame.content(candidates.images)
        content = content.reshape(len(content), -1)
        settings, labels = self._settings, candidates.labels
        of_candidates, of_targets = None, {}
        if self._features is not None:
            of_candidates = self._features(candidates.images, labels)
            of_targets = {
                label: self._features(
                    targets, np.full(len(targets), label, np.int32)
                )
                for label in np.unique(labels)
            }
        scales, medians, starts = [], [], []
        for number, target in enumerate(targets):
            flat = self._frame.content(target).reshape(-1)
            squared = np.mean((content - flat) ** 2, axis=1)
            cost = squared / max(np.mean(squared), _EPSILON)
            both = [squared, np.full(len(squared), np.nan)]
            scale = [np.mean(squared), 1.0]
            if of_candidates is not None:
                own = np.stack([of_targets[each][number] for each in labels])
                both[1] = np.mean((of_candidates - own) ** 2, axis=1)
                scale[1] = np.mean(both[1])
                cost = cost + settings.feature_weight * both[1] / max(
                    scale[1], _EPSILON
                )
            # A place in the picture's range, as `distances.pixels` measures;
            # a length in features, as `Features.distances` does.
            width = 1 if of_candidates is None else of_candidates.shape[1]
            medians.append([np.median(both[0]) / 4, np.median(both[1]) * width])
            scales.append(np.maximum(scale, _EPSILON))
            starts.append(_nearest_of_each(cost, labels)[: settings.starts])
        return (
            np.array(scales, np.float32),
            np.array(medians, np.float64),
            np.array(starts, np.int64),
        )

    def _searched(self, targets, scales, candidates, starts):
        """Returns the best latents and labels of some images."""
        num_images, num_starts = starts.shape
        chosen = starts.reshape(-1)
        rows = {
            "targets": np.repeat(targets, num_starts, axis=0),
            "labels": candidates.labels[chosen],
            "scales": np.repeat(scales, num_starts, axis=0),
        }
        rows["target_features"] = (
            np.zeros([len(chosen), 1], np.float32)
            if self._features is None
            else self._features(rows["targets"], rows["labels"])
        )
        rows = {name: tf.constant(array) for name, array in rows.items()}
        latents = tf.constant(candidates.latents[chosen])
        state = latents, tf.zeros_like(latents), tf.zeros_like(latents)
        for first in range(0, self._settings.steps, _STEPS_PER_CALL):
            last = min(first + _STEPS_PER_CALL, self._settings.steps)
            state = self._move(*state, tf.constant([first, last]), **rows)
        cost = self._cost(state[0], **rows).numpy()
        best = np.argmin(cost.reshape(num_images, num_starts), axis=1)
        best += np.arange(num_images) * num_starts
        return state[0].numpy()[best], candidates.labels[chosen][best]


@dataclasses.dataclass(frozen=True)
class _Candidates:
    """Samples to start from.

    Attributes:
        latents: [k, latent_dim] float32.
        labels: [k] int32.
        images: [k, height, width, channels] float32 of the network's size.
    """

    latents: np.ndarray
    labels: np.ndarray
    images: np.ndarray


def _cost_function(
    make: Callable, features: distances.Features | None, settings, frame
) -> Callable:
    """Returns the function that the search minimises, [rows] float32."""

    def cost(latents, *, targets, target_features, labels, scales):
        outputs = make(latents, labels)
        difference = frame.content(outputs) - frame.content(targets)
        total = tf.reduce_mean(difference**2, axis=(1, 2, 3)) / scales[:, 0]
        if features is not None and settings.feature_weight:
            difference = features.of_tensors(outputs, labels) - target_features
            in_features = tf.reduce_mean(difference**2, axis=1) / scales[:, 1]
            total += settings.feature_weight * in_features
        if settings.prior_weight:
            total += settings.prior_weight * length_cost(latents)
        return total

    return tf.function(cost, autograph=False, reduce_retracing=True)


def _moving_function(cost: Callable, settings: Settings) -> Callable:
    """Returns the function that does some steps of Adam.

    Source: Kingma and Ba 2015, algorithm 1 (arXiv:1412.6980); a factor of
        Loshchilov and Hutter 2017, equation 5 (arXiv:1608.03983), for the
        learning rate.
    """

    def step(number, latents, mean, square, rows):
        with tf.GradientTape() as tape:
            tape.watch(latents)
            # Each row has its own cost, so the sum's gradient is each row's.
            total = tf.reduce_sum(cost(latents, **rows))
        gradient = tape.gradient(total, latents)
        mean = _BETA_1 * mean + (1 - _BETA_1) * gradient
        square = _BETA_2 * square + (1 - _BETA_2) * gradient**2
        passed = tf.cast(number, tf.float32)
        count = passed + 1.0
        rate = settings.learning_rate * 0.5
        rate *= 1.0 + tf.cos(math.pi * passed / settings.steps)
        direction = (mean / (1 - _BETA_1**count)) / (
            tf.sqrt(square / (1 - _BETA_2**count)) + _EPSILON
        )
        return number + 1, latents - rate * direction, mean, square

    def move(latents, mean, square, first_and_last, **rows):
        _, *state = tf.while_loop(
            lambda number, *_: number < first_and_last[1],
            lambda *state: step(*state, rows),
            [first_and_last[0], latents, mean, square],
        )
        return state

    return tf.function(move, autograph=False, reduce_retracing=True)


def _nearest_of_each(cost: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Orders candidates: the nearest of each class, then each second, ….

    Args:
        cost: [k] float.
        labels: [k] int.

    Returns:
        [k] int64, the numbers of the candidates.
    """
    order = np.argsort(cost, kind="stable")
    rank = np.zeros(len(cost), np.int64)
    for label in np.unique(labels):
        of_class = order[labels[order] == label]
        rank[of_class] = np.arange(len(of_class))
    return np.lexsort((cost, rank))
