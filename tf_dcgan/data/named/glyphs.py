"""The embedded set: digits in the fonts that come with Matplotlib.

The set resembles MNIST, is harder, and needs no download. Its digits are white
on black, about 20 pixels high, centred by mass, and vary in size, weight,
slant, rotation, bend, position and blur. Each digit of each font is drawn
once, large, and turned into a field of signed distances to its outline. An
image samples this field under its own random map, and one expression of the
distance gives weight, smooth edges and blur.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import importlib.metadata
import pathlib

import numpy as np

from tf_dcgan.data import sources
from tf_dcgan.data.named import known_sets

NUM_IMAGES = {"train": 60_000, "test": 10_000}

# Part of the cache's key. Raise it whenever the images would change.
_VERSION = 1
_SEED = 151106434
_SPLIT_SEEDS = {"train": 0, "test": 1}
_SIZE = 28  # Pixels per side.
_CHUNK = 2000  # Images drawn at a time.

# The fonts of Matplotlib with usual digits. Its symbol fonts have no digits, or
# brackets and arrows in their places, and cmmi10 has old-style digits.
_FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-BoldOblique",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSansMono-Bold",
    "DejaVuSansMono-BoldOblique",
    "DejaVuSansMono-Oblique",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-BoldItalic",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralBolIta",
    "STIXGeneralItalic",
    "cmb10",
    "cmr10",
    "cmss10",
    "cmti10",
    "cmtt10",
)

# Points at 72 dots per inch, which make a digit about 200 pixels high.
_DRAWN_SIZE = 288
_KEPT = 4  # Every fourth distance is kept, since the field is smooth.
_MARGIN = 96  # Drawn pixels of background around a digit.


@dataclasses.dataclass(frozen=True)
class _Glyph:
    """One digit of one font.

    Attributes:
        distances: [height, width] float32, signed distance to the outline,
            positive inside, in units of the digit's larger side.
        samples_per_unit: entries of `distances` per unit.
        centre: (row, column) of the centre of mass in `distances`.
        half_stroke: the thickest stroke's half width, in units.
    """

    distances: np.ndarray
    samples_per_unit: float
    centre: tuple[float, float]
    half_stroke: float


def source(split: str) -> sources.Source:
    """Offers a split of the set.

    Args:
        split: `train` or `test`.

    Returns:
        The source; nothing is drawn until it is read.
    """
    versions = [
        importlib.metadata.version(package)
        for package in ("matplotlib", "numpy", "scipy")
    ]
    return sources.Source(
        fingerprint=[_VERSION, NUM_IMAGES[split], *versions],
        read=lambda: sources.Content(
            num_images=NUM_IMAGES[split],
            shape=(_SIZE, _SIZE, 1),
            class_names=known_sets.SETS["glyphs"].class_names,
            chunks=_chunks(split, NUM_IMAGES[split]),
        ),
    )


def _chunks(
    split: str, num_images: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields (images [k, 28, 28, 1] uint8, labels [k] int64) of a split."""
    seeds = np.random.SeedSequence([_SEED, _SPLIT_SEEDS[split]])
    random = np.random.Generator(np.random.PCG64(seeds))
    all_labels = random.permutation(np.arange(num_images, dtype=np.int64) % 10)
    glyphs = {}
    for start in range(0, num_images, _CHUNK):
        labels = all_labels[start : start + _CHUNK]
        fonts = random.integers(len(_FONTS), size=len(labels))
        looks = _random_looks(random, len(labels))
        images = np.empty((len(labels), _SIZE, _SIZE, 1), np.uint8)
        for font in range(len(_FONTS)):
            for digit in range(10):
                chosen = np.flatnonzero((fonts == font) & (labels == digit))
                if len(chosen) == 0:
                    continue
                if (font, digit) not in glyphs:
                    glyphs[font, digit] = _trace(_FONTS[font], digit)
                looks_of_chosen = {
                    name: values[chosen] for name, values in looks.items()
                }
                images[chosen, :, :, 0] = _draw(
                    glyphs[font, digit], looks_of_chosen
                )
        yield images, labels


def _random_looks(
    random: np.random.Generator, count: int
) -> dict[str, np.ndarray]:
    """Draws the random numbers that make images of one digit differ.

    Args:
        random: draws the numbers.
        count: how many images.

    Returns:
        name → [count, …] float64, see the comments.
    """
    return {
        # Length of the digit's larger side in pixels.
        "size": random.uniform(17.0, 20.5, count),
        # Width by height, relative to the font's digit.
        "aspect": np.exp(random.uniform(-0.2, 0.12, count)),
        # Radians; far too few to turn a 6 into a 9.
        "rotation": np.radians(random.normal(0, 5, count).clip(-12, 12)),
        # Columns per row, positive to the right at the top.
        "slant": random.normal(0.04, 0.15, count).clip(-0.3, 0.3),
        # Half width in pixels that the thickest stroke should get.
        "half_stroke": random.uniform(1.1, 2.1, count),
        # Width in pixels of an edge between black and white.
        "softness": random.uniform(1.0, 1.8, count),
        # Pixels, (row, column).
        "shift": random.normal(0, 0.7, (count, 2)).clip(-1.5, 1.5),
        # The wave that bends the strokes: amplitude in pixels, frequency in
        # radians per pixel, phase in radians.
        "bend": random.normal(0, 0.6, (count, 2)).clip(-1.1, 1.1),
        "bend_frequency": random.uniform(0.15, 0.35, (count, 2)),
        "bend_phase": random.uniform(0, 2 * np.pi, (count, 2)),
    }


def _trace(font: str, digit: int) -> _Glyph:
    """Draws a digit large and measures the distances to its outline."""
    import matplotlib
    from matplotlib import ft2font
    from scipy import ndimage

    path = pathlib.Path(matplotlib.get_data_path(), "fonts/ttf", f"{font}.ttf")
    face = ft2font.FT2Font(str(path))
    face.set_size(_DRAWN_SIZE, 72)
    face.set_text(str(digit))
    face.draw_glyphs_to_bitmap(antialiased=False)
    drawn = np.asarray(face.get_image()) > 127
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    larger_side = max(drawn.shape)
    inside = np.pad(drawn, _MARGIN)
    # The outline runs half a pixel outside the outermost pixel's middle.
    distances = np.where(
        inside,
        ndimage.distance_transform_edt(inside) - 0.5,
        0.5 - ndimage.distance_transform_edt(~inside),
    )
    centre = ndimage.center_of_mass(inside)
    return _Glyph(
        distances=(distances[::_KEPT, ::_KEPT] / larger_side).astype(
            np.float32
        ),
        samples_per_unit=larger_side / _KEPT,
        centre=(centre[0] / _KEPT, centre[1] / _KEPT),
        half_stroke=float(distances.max() / larger_side),
    )


def _draw(glyph: _Glyph, looks: dict[str, np.ndarray]) -> np.ndarray:
    """Draws one digit of one font several times.

    Args:
        glyph: the digit.
        looks: the numbers of `_random_looks` for k images.

    Returns:
        [k, 28, 28] uint8, white on black.
    """
    from scipy import ndimage

    def per_image(values):
        return values[:, None, None]

    middle = (_SIZE - 1) / 2
    row, column = np.indices((_SIZE, _SIZE)) - middle  # [28, 28] each, pixels.
    row = row - per_image(looks["shift"][:, 0])
    column = column - per_image(looks["shift"][:, 1])
    waves = [
        per_image(looks["bend"][:, axis])
        * np.sin(
            per_image(looks["bend_frequency"][:, axis]) * along
            + per_image(looks["bend_phase"][:, axis])
        )
        for axis, along in enumerate((column, row))
    ]
    row, column = row + waves[0], column + waves[1]
    # From the image back to the upright digit: turn, shear, scale.
    cosine = per_image(np.cos(looks["rotation"]))
    sine = per_image(np.sin(looks["rotation"]))
    row, column = cosine * row - sine * column, sine * row + cosine * column
    column = column + per_image(looks["slant"]) * row
    column = column / per_image(looks["aspect"])
    samples_per_pixel = glyph.samples_per_unit / per_image(looks["size"])
    distances = ndimage.map_coordinates(
        glyph.distances,
        [
            glyph.centre[0] + row * samples_per_pixel,
            glyph.centre[1] + column * samples_per_pixel,
        ],
        order=1,
        mode="nearest",
    )
    # A bold font is thinned and a thin one thickened, but only part of the
    # way, and never so far that its finest strokes vanish.
    change = 0.85 * (looks["half_stroke"] - glyph.half_stroke * looks["size"])
    pixels = distances * per_image(looks["size"])
    pixels = pixels + per_image(change.clip(-0.35, 1.2))
    intensity = (0.5 + pixels / per_image(looks["softness"])).clip(0, 1)
    return np.rint(255 * intensity).astype(np.uint8)
