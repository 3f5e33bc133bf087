"""Latent vectors: how they are named, walks between them, sums of them.

A point is a sample, named by its number, or a vector in a file.

Vectors are computed with NumPy alone, in float64; arguments and results are
float32, as generators take them.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math
import os

import numpy as np

from tf_dcgan.common import errors
from tf_dcgan.config import fields
from tf_dcgan.sampling import latent_files

# `sample` makes ten million images at most, counted from 0.
_LARGEST_INDEX = 9_999_999
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
        vectors the result is only about 1 / sqrt(2) as long as they are.
    """
    start, end = np.float64(start), np.float64(end)
    return (1 - share) * start + share * end


def spherical(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Turns from one direction to the other, at an even speed.

    The direction follows slerp, sin((1 - share) w) / sin(w) u +
    sin(share w) / sin(w) v for unit vectors u and v at the angle w. The length
    changes linearly from the length of `start` to the length of `end`, so that
    the way stays where standard normal vectors lie.

    Where slerp is undefined: between vectors of one direction only the length
    changes; from a zero vector, or to one, the way is straight. Infinitely
    many half circles join opposite vectors: the way takes the half circle
    through the coordinate axis that is nearest to perpendicular, the first of
    several (in one dimension there is none, and the way is straight).

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

    If each concept is the mean of three independent standard normal vectors,
    the result is standard normal too, so as long as the vectors that the
    generator was trained on. With means of n vectors it is sqrt(3 / n) times
    as long.

    Args:
        a: [latent_dim] float, the mean of the first concept.
        b: [latent_dim] float, the mean of the concept to take away.
        c: [latent_dim] float, the mean of the concept to add.

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
        offsets: [8, latent_dim] float, added to the center for the others.

    Returns:
        [9, latent_dim] float32; the fifth is `center`, bit for bit.

    Source: Radford et al. 2016, figure 7 (arXiv:1511.06434).
    """
    others = (np.float64(center) + offsets).astype(np.float32)
    return np.concatenate(
        [others[:4], np.float32(center)[np.newaxis], others[4:]]
    )


@dataclasses.dataclass(frozen=True, order=True)
class Point:
    """A sample of a seed.

    Attributes:
        seed: at least 0 and below 2^31.
        index: the number of the sample, at least 0.
    """

    seed: int
    index: int


@dataclasses.dataclass(frozen=True)
class FilePoint:
    """A vector in a file, such as `invert` writes.

    Attributes:
        file: the file's path, as the user gave it.
        index: the vector's number in the file, at least 0.
        vector: [latent_dim] float32.
    """

    file: str
    index: int
    vector: np.ndarray = dataclasses.field(compare=False, repr=False)


def parse_points(text: str, *, flag: str, seed: int) -> list[Point | FilePoint]:
    """Reads points, such as `3,17,42`, `3,7:17` or `3,inverted.npz:0`.

    Args:
        text: points separated by commas; `7:17` is number 17 of seed 7,
            `inverted.npz:2` is vector 2 of a file, and `inverted.npz` is
            every vector of the file.
        flag: the flag's name, for messages.
        seed: the seed of the numbers that name no seed.

    Returns:
        The points, in the order of the text.

    Raises:
        errors.UserError: a word names no point, or a file cannot be read.
    """
    points: list[Point | FilePoint] = []
    for word in map(str.strip, text.split(",")):
        name, _, number = word.rpartition(":")
        if word.lower().endswith(latent_files.SUFFIX):
            points += _of_file(word, None, f"--{flag}={text}")
        elif name.lower().endswith(latent_files.SUFFIX):
            points += _of_file(name, number, f"--{flag}={text}")
        else:
            points.append(_point(word, text=text, flag=flag, seed=seed))
    return points


def check_length(
    points: Sequence[Point | FilePoint], latent_dim: int, *, flag: str
) -> None:
    """Refuses vectors of another length than a generator takes.

    Args:
        points: any points.
        latent_dim: the numbers in a latent vector of the run.
        flag: the flag that names the points, for messages.

    Raises:
        errors.UserError: the vectors of a file have another length.
    """
    for point in points:
        if isinstance(point, FilePoint) and len(point.vector) != latent_dim:
            raise errors.UserError(
                f"--{flag}: {point.file} has latents of {len(point.vector)} "
                f"numbers, and the run's have {latent_dim}: give latents that "
                "invert found for this run"
            )


def show_points(
    points: Sequence[Point | FilePoint], *, seed: int, short: bool = False
) -> str:
    """Writes points as `parse_points` reads them.

    Args:
        points: any points.
        seed: the seed that need not be named.
        short: whether a file's name stands there without its folder and its
            suffix, for pictures.
    """
    return ",".join(
        show_point(point, seed=seed, short=short) for point in points
    )


def show_point(
    point: Point | FilePoint, *, seed: int, short: bool = False
) -> str:
    """Writes one point; see `show_points`."""
    if isinstance(point, FilePoint):
        name = point.file
        if short:
            name = os.path.splitext(os.path.basename(name))[0]
        return f"{name}:{point.index}"
    return f"{'' if point.seed == seed else f'{point.seed}:'}{point.index}"


def _of_file(
    file: str, number: str | None, flag_and_value: str
) -> list[FilePoint]:
    """Returns one vector of a file, or all of them."""
    vectors = latent_files.read(file)
    if number is None:
        return [FilePoint(file, *each) for each in enumerate(vectors)]
    index = _number(number, "latent vector", len(vectors) - 1, flag_and_value)
    return [FilePoint(file, index, vectors[index])]


def _point(word: str, *, text: str, flag: str, seed: int) -> Point:
    own_seed, colon, number = word.rpartition(":")
    return Point(
        _number(own_seed, "seed", fields.LARGEST_SEED, f"--{flag}={text}")
        if colon
        else seed,
        _number(number, "sample", _LARGEST_INDEX, f"--{flag}={text}"),
    )


def _number(word: str, what: str, largest: int, flag_and_value: str) -> int:
    # Not int(word) alone, which takes "1_0", " 1" and Arabic digits as well;
    # and it refuses thousands of digits with an error of its own.
    if not (word.isascii() and word.isdigit()):
        raise errors.UserError(
            f"{flag_and_value}: {word!r} is not the number of a {what}: give "
            "whole numbers separated by commas, such as 3,17,42 (7:17 is "
            "sample 17 of seed 7, inverted.npz:2 vector 2 of a file)"
        )
    if len(word) > 10 or int(word) > largest:
        raise errors.UserError(
            f"{flag_and_value}: {word[:20]} is out of range: the number of a "
            f"{what} is 0 to {largest:,}"
        )
    return int(word)
