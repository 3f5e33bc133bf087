"""The pictures that the commands over latents write, with captions."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import math

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from tf_dcgan.common import images

_TEXT = 230
_FAINT_TEXT = 160
_FRAME = 255
_FONT_SIZE = 16
_SIGN_SIZE = 32
_LINE = 28  # Pixels from one line of text to the next.
_NUMBERS_LINE = 20  # Pixels between lines of a list of numbers.
_SPACE = 16  # Pixels between the parts of a picture.
_GAP = 2  # Pixels between images, before they are enlarged.
_LEAST_TILE = 56  # Pixels; smaller images are enlarged.
_LEAST_FRAME = 256  # Pixels, of the animation.
_SIGN = 3 * _SPACE  # Pixels for a minus, plus or equals sign.
_MEAN = "mean of "
_COLUMNS = 32  # Of a walk; more go into further rows.
_ROWS = 4  # Of samples; more go into further columns.


@dataclasses.dataclass(frozen=True)
class Column:
    """One concept of the arithmetic.

    Attributes:
        name: what it is called, such as "A".
        title: where its samples come from, such as "class 3".
        numbers: of its samples, as `latents.show_points` writes them.
        samples: [n, height, width, channels] uint8.
        mean: [height, width, channels] uint8, made from the mean latent.
    """

    name: str
    title: str
    numbers: str
    samples: np.ndarray
    mean: np.ndarray


def strip(
    walks: np.ndarray, labels: Sequence[str], *, caption: str
) -> np.ndarray:
    """Lays walks out as rows, each beside its label, under a caption.

    A walk of many frames continues in further rows, since viewers cannot open
    very wide pictures.

    Args:
        walks: [rows, frames, height, width, channels] uint8.
        labels: one for each walk.
        caption: one line for the whole.

    Returns:
        [height, width, channels] uint8; small images are enlarged by a whole
        factor.
    """
    rows, frames, height, width, channels = walks.shape
    most = max(_COLUMNS, math.isqrt(rows * frames))
    lines = -(-frames // most)
    columns = -(-frames // lines)
    tiles = np.zeros((rows, lines * columns, *walks.shape[2:]), np.uint8)
    tiles[:, :frames] = walks
    grid = _grid(tiles.reshape(-1, *walks.shape[2:]), columns=columns)
    margin = max(map(_text_width, labels)) + 2 * _SPACE
    canvas = _Canvas(
        grid.shape[0] + _LINE + _SPACE,
        max(margin + grid.shape[1], _text_width(caption) + _SPACE) + _SPACE,
        channels,
    )
    canvas.write(caption, _SPACE, _LINE // 2)
    canvas.paste(grid, margin, _LINE)
    pitch = (height + _GAP) * _factor(width)
    for row, label in enumerate(labels):
        middle = _LINE + row * lines * pitch + pitch // 2
        canvas.write(label, margin - _SPACE // 2, middle, anchor="rm")
    return canvas.pixels()


def animation(walks: np.ndarray, *, loop: bool) -> list[np.ndarray]:
    """Strings walks together to one animation.

    Args:
        walks: [segments, frames, height, width, channels] uint8; each segment
            begins with the image that the segment before ends with.
        loop: whether the last segment ends with the image that the first one
            begins with; this image is then shown once.

    Returns:
        Frames of [height, width, channels] uint8, enlarged by a whole factor
        if they are small.
    """
    frames = [frame for segment in walks for frame in segment[:-1]]
    if not loop:
        frames.append(walks[-1, -1])
    factor = -(-_LEAST_FRAME // frames[0].shape[1])
    return [images.enlarge(frame, factor) for frame in frames]


def arithmetic(
    columns: Sequence[Column],
    neighbours: np.ndarray,
    *,
    note: str,
    caption: str,
) -> np.ndarray:
    """Shows A - B + C as Radford et al. 2016, figure 7, do.

    Each concept is a column, the numbers of its samples, they themselves and
    the image of their mean; the means stand in one line with the signs, and
    lead to the framed result.

    Args:
        columns: A, B and C.
        neighbours: [9, height, width, channels] uint8, the fifth of them the
            result.
        note: a line above the result, below its title.
        caption: one line for the whole.

    Returns:
        [height, width, channels] uint8; small images are enlarged by a whole
        factor.
    """
    grids = [_samples_grid(column.samples) for column in columns]
    mean_height = _grid(columns[0].mean[np.newaxis], columns=1).shape[0]
    result = _grid(neighbours, columns=3)
    widths = [
        max(grid.shape[1], *map(_text_width, (column.title, _MEAN + "A")))
        for grid, column in zip(grids, columns, strict=True)
    ]
    numbers = [
        _wrapped(column.numbers, width)
        for column, width in zip(columns, widths, strict=True)
    ]
    last_width = max(result.shape[1], _text_width(note))
    lines_height = _NUMBERS_LINE * max(map(len, numbers))
    top = 3 * _LINE + lines_height + _SPACE // 2
    samples_height = max(grid.shape[0] for grid in grids)
    bottom = top + max(samples_height + _LINE + mean_height, result.shape[0])
    canvas = _Canvas(
        bottom + _SPACE,
        max(
            sum(widths) + len(columns) * _SIGN + last_width,
            _text_width(caption),
        )
        + 2 * _SPACE,
        result.shape[-1],
    )
    canvas.write(caption, _SPACE, _LINE // 2)
    left = _SPACE
    for column, lines, grid, width, sign in zip(
        columns, numbers, grids, widths, "-+=", strict=True
    ):
        center = left + width // 2
        _draw_head(canvas, column, lines, center)
        canvas.paste(grid, center - grid.shape[1] // 2, top)
        _draw_mean(canvas, column, center, bottom)
        left += width + _SIGN
        middle = bottom - mean_height // 2
        canvas.write(sign, left - _SIGN // 2, middle, "mm", size=_SIGN_SIZE)
    _draw_result(canvas, result, note, left + last_width // 2, bottom)
    return canvas.pixels()


def inversion(
    columns: Sequence[tuple[str, np.ndarray]],
    facts: Sequence[Sequence[str]],
    *,
    caption: str,
) -> np.ndarray:
    """Shows each image beside the nearest image of a generator.

    Args:
        columns: (title, images) from left to right, the images [rows, height,
            width, channels] uint8.
        facts: of each row up to three lines, its name first.
        caption: one line for the whole.

    Returns:
        [height, width, channels] uint8; small images are enlarged by a whole
        factor.
    """
    titles = [title for title, _ in columns]
    # [rows, columns, height, width, channels]
    tiles = np.stack([shown for _, shown in columns], axis=1)
    rows, count, height, width, channels = tiles.shape
    factor = _factor(width)
    pitch = (height + _GAP) * factor
    wide = max((width + _GAP) * factor, *map(_text_width, titles)) + _SPACE
    margin = max(_text_width(line) for lines in facts for line in lines)
    margin += 2 * _SPACE
    top = 2 * _LINE
    canvas = _Canvas(
        top + rows * pitch + _SPACE,
        max(margin + count * wide, _text_width(caption) + _SPACE) + _SPACE,
        channels,
    )
    canvas.write(caption, _SPACE, _LINE // 2)
    for column, title in enumerate(titles):
        left = margin + column * wide
        center = left + width * factor // 2
        canvas.write(title, center, 3 * _LINE // 2, "mm", _FAINT_TEXT)
        for row in range(rows):
            pixels = images.enlarge(tiles[row, column], factor)
            canvas.paste(pixels, left, top + row * pitch)
    for row, lines in enumerate(facts):
        middle = top + row * pitch + height * factor // 2
        middle -= (len(lines) - 1) * _NUMBERS_LINE // 2
        for place, line in enumerate(lines):
            shade = _FAINT_TEXT if place else _TEXT
            y = middle + place * _NUMBERS_LINE
            canvas.write(line, margin - _SPACE, y, "rm", shade)
    return canvas.pixels()


def _draw_head(
    canvas: _Canvas, column: Column, numbers: Sequence[str], center: int
) -> None:
    canvas.write(column.name, center, 3 * _LINE // 2, "mm")
    canvas.write(column.title, center, 5 * _LINE // 2, "mm", _FAINT_TEXT)
    for place, line in enumerate(numbers):
        middle = 3 * _LINE + (2 * place + 1) * _NUMBERS_LINE // 2
        canvas.write(line, center, middle, "mm", _FAINT_TEXT)


def _draw_mean(
    canvas: _Canvas, column: Column, center: int, bottom: int
) -> None:
    mean = _grid(column.mean[np.newaxis], columns=1)
    top = bottom - mean.shape[0]
    canvas.write(
        _MEAN + column.name, center, top - _LINE // 2, "mm", _FAINT_TEXT
    )
    canvas.paste(mean, center - mean.shape[1] // 2, top)


def _draw_result(
    canvas: _Canvas, result: np.ndarray, note: str, center: int, bottom: int
) -> None:
    height, width = result.shape[:2]
    left, top = center - width // 2, bottom - height
    canvas.write("A - B + C", center, top - 3 * _LINE // 2, "mm")
    canvas.write(note, center, top - _LINE // 2, "mm", _FAINT_TEXT)
    canvas.paste(result, left, top)
    # The frame takes the place of the gaps around the image in the middle.
    canvas.frame(left + width // 3, top + height // 3, width // 3, height // 3)


def _samples_grid(samples: np.ndarray) -> np.ndarray:
    return _grid(samples, columns=-(-len(samples) // _ROWS))


def _grid(tiles: np.ndarray, *, columns: int) -> np.ndarray:
    """Lays enlarged images out; the gaps grow with them."""
    return images.enlarge(
        images.grid(tiles, columns=columns, gap=_GAP), _factor(tiles.shape[2])
    )


def _factor(width: int) -> int:
    return -(-_LEAST_TILE // width)


def _font(size: int = _FONT_SIZE) -> PIL.ImageFont.FreeTypeFont:
    # Pillow's own font has Latin letters and few other signs.
    return PIL.ImageFont.load_default(size=size)


def _text_width(text: str) -> int:
    return int(np.ceil(_font().getlength(text)))


def _wrapped(numbers: str, width: int) -> list[str]:
    """Breaks a list of numbers after commas into lines of a width."""
    lines = [""]
    for number in numbers.replace(",", ", ").split(" "):
        longer = f"{lines[-1]} {number}".strip()
        if lines[-1] and _text_width(longer) > width:
            lines.append(number)
        else:
            lines[-1] = longer
    return lines


class _Canvas:
    """A black picture to paste images on and to write on."""

    def __init__(self, height: int, width: int, channels: int):
        mode = "L" if channels == 1 else "RGB"
        self._image = PIL.Image.new(mode, (width, height), 0)
        self._drawing = PIL.ImageDraw.Draw(self._image)
        self._channels = channels

    def paste(self, pixels: np.ndarray, left: int, top: int) -> None:
        single = self._channels == 1
        self._image.paste(
            PIL.Image.fromarray(pixels[..., 0] if single else pixels),
            (left, top),
        )

    def write(
        self,
        text: str,
        x: int,
        y: int,
        anchor: str = "lm",
        shade: int = _TEXT,
        *,
        size: int = _FONT_SIZE,
    ) -> None:
        fill = (shade,) * self._channels
        self._drawing.text((x, y), text, fill, _font(size), anchor=anchor)

    def frame(self, left: int, top: int, width: int, height: int) -> None:
        self._drawing.rectangle(
            (left, top, left + width, top + height),
            outline=(_FRAME,) * self._channels,
            width=2,
        )

    def pixels(self) -> np.ndarray:
        array = np.array(self._image)
        return array[..., np.newaxis] if self._channels == 1 else array
