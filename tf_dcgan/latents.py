"""What is computed with latent vectors: walks between them, sums of them.

NumPy alone, in float64; vectors come and go as float32, as generators take
them.
"""

from __future__ import annotations

import math

import numpy as np

# Below this sine two directions count as one, or as opposite: float32 latents
# cannot tell them apart.
_SAME_LINE = 1e-7


def linear(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Goes along the straight line, (1 - share) start + share end.

    Args:
        start: [latent_dim] float.
        end: [latent_dim] float.
        share: of the way, in [0, 1].

    Returns:
        [latent_dim] float64. Halfway between two independent standard normal
        vectors its length is only about 1 / sqrt(2) of theirs.
    """
    start, end = np.float64(start), np.float64(end)
    return (1 - share) * start + share * end


def spherical(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Turns from one direction to the other, at an even speed.

    The direction is that of slerp, sin((1 - share) w) / sin(w) u +
    sin(share w) / sin(w) v for unit vectors u and v at the angle w. The length
    goes linearly from that of `start` to that of `end`, so that the way stays
    where standard normal vectors lie.

    Where slerp is undefined: between vectors of one direction only the length
    changes; from a zero vector, or to one, the way is straight; opposite
    vectors, which infinitely many half circles join, take the one through the
    coordinate axis that is nearest to perpendicular, the first of several (in
    one dimension there is none, and the way is straight).

    Args:
        start: [latent_dim] float.
        end: [latent_dim] float.
        share: of the way, in [0, 1].

    Returns:
        [latent_dim] float64.

    Source: Shoemake 1985, Animating rotation with quaternion curves, for unit
        vectors; White 2016, section 2.1 (arXiv:1609.04468), for latents.
    Deviation: White weights the vectors as they are, so that between vectors
        of different lengths neither angle nor length changes evenly.
    """
    start, end = np.float64(start), np.float64(end)
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if not all(lengths):
        return linear(start, end, share)
    first, last = start / lengths[0], end / lengths[1]
    cosine = first @ last
    perpendicular = last - cosine * first
    sine = np.linalg.norm(perpendicular)
    if sine < _SAME_LINE and cosine > 0:
        return linear(start, end, share)
    if sine < _SAME_LINE:
        if len(first) == 1:
            return linear(start, end, share)
        sine = 0.0
        axis = np.argmin(abs(first))
        perpendicular = -first[axis] * first
        perpendicular[axis] += 1
    perpendicular /= np.linalg.norm(perpendicular)
    angle = share * math.atan2(sine, cosine)
    direction = math.cos(angle) * first + math.sin(angle) * perpendicular
    return linear(lengths[0], lengths[1], share) * direction


# As `--method` takes them.
METHODS = {"spherical": spherical, "linear": linear}


def walk(points: np.ndarray, *, frames: int, method: str) -> np.ndarray:
    """Goes from each point to the next.

    Args:
        points: [at least 2, latent_dim] float32.
        frames: vectors from one point to the next, both counted; at least 2.
        method: a key of `METHODS`.

    Returns:
        [len(points) - 1, frames, latent_dim] float32. The first and the last
        of each segment are the points themselves, bit for bit.
    """
    go = METHODS[method]
    segments = [
        [
            start,
            *(go(start, end, k / (frames - 1)) for k in range(1, frames - 1)),
            end,
        ]
        for start, end in zip(points[:-1], points[1:], strict=True)
    ]
    return np.array(segments, np.float32)


def mean(samples: np.ndarray) -> np.ndarray:
    """Averages the latents of one concept.

    Args:
        samples: [n, latent_dim] float.

    Returns:
        [latent_dim] float32. Of n independent standard normal vectors its
        length is about sqrt(latent_dim / n).
    """
    return np.mean(samples, axis=0, dtype=np.float64).astype(np.float32)


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Computes A - B + C.

    Of three independent means of three standard normal vectors each, it is
    standard normal itself, as long as what the generator was trained on; of
    means of n it is sqrt(3 / n) times as long.

    Args:
        a: [latent_dim] float, the mean of the first concept.
        b: [latent_dim] float, what is taken away.
        c: [latent_dim] float, what is added.

    Returns:
        [latent_dim] float32.

    Source: Radford et al. 2016, section 6.3.2 (arXiv:1511.06434).
    """
    return (np.float64(a) - b + c).astype(np.float32)


def rescaled(vector: np.ndarray) -> np.ndarray:
    """Brings a vector to the length typical of standard normal ones.

    Args:
        vector: [latent_dim] float.

    Returns:
        [latent_dim] float32 of length sqrt(latent_dim), the root mean square
        length of a standard normal vector; a zero vector stays zero.
    """
    length = np.linalg.norm(np.float64(vector))
    if not length:
        return np.zeros(len(vector), np.float32)
    scale = math.sqrt(len(vector)) / length
    return (np.float64(vector) * scale).astype(np.float32)


def neighbourhood(center: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Puts a vector amid eight others, to be laid out three by three.

    Args:
        center: [latent_dim] float.
        offsets: [8, latent_dim] float, what is added for the others.

    Returns:
        [9, latent_dim] float32; the fifth is `center`, bit for bit.

    Source: Radford et al. 2016, figure 7 (arXiv:1511.06434).
    """
    others = (np.float64(center) + offsets).astype(np.float32)
    return np.concatenate(
        [others[:4], np.float32(center)[np.newaxis], others[4:]]
    )
