"""Whether generated images are nearer to the training set than is natural."""

from __future__ import annotations

import dataclasses

import numpy as np

from tf_dcgan.metrics import checks, neighbours

# The share's standard error is then below 2 %, if few share their nearest.
_RECOMMENDED_IMAGES = 1000


@dataclasses.dataclass(frozen=True)
class Memorization:
    """Nearest real images of generated ones.

    Attributes:
        train_distances: [n] float64, from each generated image to the nearest
            training image, in units of the features.
        train_indices: [n] int64, which training image that is.
        held_out_distances: [n] float64, to the nearest held-out image.
        held_out_indices: [n] int64, which one that is.
        closest_pairs: [pairs, 2] int64, generated image and training image,
            the pairs with the smallest distances, ascending.
        nearer_to_train: share of generated images nearer to a training than
            to a held-out image, among equally many of both; 0.5 without
            memorization.
        nearer_to_train_error: its standard error without memorization.
        distance_ratio: median distance to training over median distance to
            held-out images, among equally many of both; 1 without
            memorization, 0 if at least half the images are copies of training
            images, and infinite if at least half are copies of held-out images.
        equalised_size: how many training images and held-out images are
            compared for the two shares.
        warnings: named warnings that belong beside the numbers.
    """

    train_distances: np.ndarray
    train_indices: np.ndarray
    held_out_distances: np.ndarray
    held_out_indices: np.ndarray
    closest_pairs: np.ndarray
    nearer_to_train: float
    nearer_to_train_error: float
    distance_ratio: float
    equalised_size: int
    warnings: tuple[str, ...]

    def closest(self) -> list[dict[str, int | float]]:
        """Returns the closest pairs with their held-out images, for JSON.

        Returns:
            For each pair the images' numbers, `generated`, `training` and
            `held_out`, and `training_distance` and `held_out_distance`.
        """
        nearest = {
            "training": self.train_indices,
            "training_distance": self.train_distances,
            "held_out": self.held_out_indices,
            "held_out_distance": self.held_out_distances,
        }
        return [
            {"generated": int(image)}
            | {name: values[image].item() for name, values in nearest.items()}
            for image in self.closest_pairs[:, 0]
        ]


def memorization(
    fake_features: np.ndarray,
    train_features: np.ndarray,
    held_out_features: np.ndarray,
    *,
    seed: int,
    num_pairs: int = 16,
    progress: str = "",
) -> Memorization:
    """Compares distances to training images with distances to held-out images.

    The larger of two sets of one distribution is nearer by its size alone, so
    the shares are taken with a random part of the larger one. A generator
    that knows no training image finds it exchangeable with a held-out one:
    the nearest of both sets is then from either with equal chance.

    Args:
        fake_features: [n, dimension] of any number type.
        train_features: [m, dimension] of any number type.
        held_out_features: [k, dimension] of any number type, images of the
            same distribution that the generator has not seen.
        seed: of the random part.
        num_pairs: closest pairs to give, lowered to n.
        progress: begins what is shown if it lasts; without it nothing is.

    Returns:
        Distances, indices and a summary; exact in float64.

    Raises:
        errors.UserError: there are no images, features that are NaN or
            infinite, or different dimensions.

    Source: the definition above is this package's own; the comparison with
        held-out images follows Meehan, Chaudhuri and Dasgupta 2020
        (arXiv:2004.05675), who measure from the real images instead.
    """
    fake = _checked(fake_features, "generated")
    train = _checked(train_features, "training")
    held_out = _checked(held_out_features, "held-out")
    checks.same_dimension(fake.shape[1], train.shape[1])
    checks.same_dimension(fake.shape[1], held_out.shape[1])
    size = min(len(train), len(held_out))
    drawn = size, np.random.default_rng(seed), progress
    train_part, train_all = _nearest(fake, train, *drawn)
    held_out_part, held_out_all = _nearest(fake, held_out, *drawn)
    share, error = _share(train_part, held_out_part, size)
    medians = [np.median(part[0]) for part in (train_part, held_out_part)]
    closest = np.argsort(train_all[0], kind="stable")[:num_pairs]
    return Memorization(
        train_distances=train_all[0],
        train_indices=train_all[1],
        held_out_distances=held_out_all[0],
        held_out_indices=held_out_all[1],
        closest_pairs=np.stack([closest, train_all[1][closest]], axis=1),
        nearer_to_train=share,
        nearer_to_train_error=error,
        distance_ratio=_ratio(*medians),
        equalised_size=size,
        warnings=_warnings(len(fake), size, *medians),
    )


def _checked(features: np.ndarray, what: str) -> np.ndarray:
    return checks.features(features, what=what, metric="memorization", needed=1)


def _nearest(fake, real, size, chance, progress):
    """Finds the nearest of a random part of the real images and of all.

    Returns:
        Distances and positions within the part; distances and indices within
        all real images.
    """
    order = chance.permutation(len(real))
    part, rest = np.sort(order[:size]), np.sort(order[size:])
    nearest = []
    for chosen in (part, rest):
        if not len(chosen):
            continue
        squared, positions = neighbours.nearest(
            fake, real[chosen], num_neighbours=1, progress=progress
        )
        nearest.append((np.sqrt(squared[:, 0]), positions[:, 0], chosen))
    distances, positions, _ = nearest[0]
    from_rest = nearest[-1][0] < distances
    all_indices = np.where(
        from_rest, nearest[-1][2][nearest[-1][1]], part[positions]
    )
    all_distances = np.minimum(distances, nearest[-1][0])
    return (distances, positions), (all_distances, all_indices)


def _share(train, held_out, size):
    """Returns the share that is nearer to training images, and its error.

    Images that have the same nearest one decide together. With w_p generated
    images nearest to the real image p of P, the share is the sum of w over a
    random half of P, divided by n: its standard error is the root of
    P Σ (w_p - mean w)² / (4 (P - 1)), over n.
    """
    to_train = np.where(train[0] == held_out[0], 0.5, train[0] < held_out[0])
    # How many generated images each real one is the nearest of.
    weights = np.concatenate(
        [
            np.bincount(train[1], to_train, minlength=size),
            np.bincount(held_out[1], 1 - to_train, minlength=size),
        ]
    )
    total = len(weights)
    deviations = np.sum((weights - weights.mean()) ** 2)
    variance = total * deviations / (4 * (total - 1))
    return float(to_train.mean()), float(np.sqrt(variance) / len(to_train))


def _ratio(to_train, to_held_out):
    if to_train == to_held_out:
        return 1.0
    return float(to_train / to_held_out) if to_held_out else float("inf")


def _warnings(num_fake, size, to_train, to_held_out):
    warnings = ()
    if min(num_fake, size) < _RECOMMENDED_IMAGES:
        warnings += (
            f"few_samples: {num_fake:,} generated images against {size:,} of "
            f"each kind, memorization wants {_RECOMMENDED_IMAGES:,}",
        )
    if to_train and not to_held_out:
        warnings += (
            "held_out_copies: half the generated images equal held-out ones, "
            "so the distance ratio is infinite",
        )
    return warnings
