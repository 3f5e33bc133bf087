"""What the page shows and saves: grids, walks and A - B + C of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import io
import pathlib
import threading
from typing import Any

import keras
import numpy as np
import PIL.Image

from tf_dcgan.common import errors, files, images, terminal
from tf_dcgan.config import fields
from tf_dcgan.runs import runs
from tf_dcgan.sampling import (
    analogies,
    latent_files,
    latents,
    samplers,
    walks,
)

COLUMNS = 8
_TILES = samplers.GRID_IMAGES
_MOST_POINTS = 16  # Of each of A, B and C.
_MOST_FRAMES = 60
_MOST_SEGMENTS = 3 * _MOST_POINTS
KINDS = ("grid", "walk", "arithmetic")
_NAMES = ("a", "b", "c")


@dataclasses.dataclass(frozen=True)
class View:
    """What a person has chosen on the page.

    Attributes:
        seed: of the grid, and of the numbers in commands.
        label: the class of a conditional run, else None.
        points: the points of A, of B and of C.
        frames: images from one point of the walk to the next.
        method: a key of `latents.METHODS`.
        loop: whether the walk ends where it begins.
        rescale: whether A - B + C gets the length typical of latents.
    """

    seed: int
    label: int | None
    points: tuple[Sequence[latents.Point | latents.FilePoint], ...]
    frames: int
    method: str
    loop: bool
    rescale: bool


class Explorer:
    """Makes the pictures of one run, one at a time."""

    def __init__(
        self,
        run: runs.Run,
        generator: keras.Model,
        *,
        origin: str,
        out: pathlib.Path,
        latents_file: str | None = None,
        more_flags: Mapping[str, object] | None = None,
    ):
        """Takes what the command line names.

        Args:
            run: a run that makes images of noise.
            generator: the run's generator.
            origin: which weights it has, in words.
            out: the folder to save in.
            latents_file: a file of latents to choose from besides samples.
            more_flags: what other commands need to load the same generator.

        Raises:
            errors.UserError: the file has no latents of the run's length.
        """
        self._run, self._generator = run, generator
        self._origin, self._out = origin, out
        self._flags = {"run_dir": run.path, **(more_flags or {})}
        self._samplers: dict[int | None, samplers.Sampler] = {}
        # A generator's graph is traced and called by one request at a time.
        self._lock = threading.Lock()
        self._file = latents_file
        self._file_points: list[latents.Point | latents.FilePoint] = []
        if latents_file is not None:
            self._file_points = latents.parse_points(
                latents_file, flag="latents", seed=0
            )
            latents.check_length(
                self._file_points, run.config.latent_dim, flag="latents"
            )

    def facts(self) -> dict[str, Any]:
        """Returns what the page must know, for JSON."""
        _, _, height, width = self._run.data.content_box
        return {
            "run": str(self._run.path),
            "origin": self._origin,
            "classes": list(self._run.data.class_names)
            if self._run.num_classes
            else [],
            "tiles": _TILES,
            "columns": COLUMNS,
            "height": height,
            "width": width,
            "file": self._file,
            "file_count": min(len(self._file_points), _TILES),
            "methods": list(latents.METHODS),
            "most_points": _MOST_POINTS,
            "most_frames": _MOST_FRAMES,
            "largest_seed": fields.LARGEST_SEED,
            "out": str(self._out),
        }

    def tiles(self, query: Mapping[str, str]) -> bytes:
        """Makes the grid's images, side by side without gaps.

        Args:
            query: what the page asks for; with `source` "file" the vectors of
                the file, else the first samples of the seed.

        Returns:
            A PNG of 8 images in a row.

        Raises:
            errors.UserError: a value is wrong.
        """
        view = self.view(query)
        with self._lock:
            if query.get("source") == "file":
                points = self._file_points[:_TILES]
            else:
                points = [latents.Point(view.seed, k) for k in range(_TILES)]
            sampler = self._sampler(view.label)
            if not points:
                raise errors.UserError("no file of latents was given")
            shown = sampler.from_latents(sampler.latents(points))
        return _png(images.grid(shown, columns=COLUMNS, gap=0))

    def picture(self, kind: str, query: Mapping[str, str]) -> bytes:
        """Makes the picture of a walk or of A - B + C.

        Args:
            kind: "walk" or "arithmetic".
            query: what the page asks for.

        Returns:
            The PNG that the command of the same name writes.

        Raises:
            errors.UserError: a value is wrong, or points are missing.
        """
        view = self.view(query)
        with self._lock:
            if kind == "walk":
                walk = self._walk(view)
                segments = walks.make(walk, self._sampler(view.label))
                return _png(walks.strip(walk, segments))
            return _png(self._arithmetic(view))

    def frames(self, query: Mapping[str, str]) -> tuple[bytes, int]:
        """Makes the images of a walk, for the page to show one after another.

        Args:
            query: what the page asks for.

        Returns:
            (png, count): all images one below the other, and how many.

        Raises:
            errors.UserError: a value is wrong, or points are missing.
        """
        view = self.view(query)
        with self._lock:
            segments = walks.make(self._walk(view), self._sampler(view.label))
        # Each segment begins with the image that the one before ends with.
        shown = [image for segment in segments for image in segment[:-1]]
        shown.append(segments[-1, -1])
        return _png(np.concatenate(shown)), len(shown)

    def save(self, kind: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Saves what a person sees, with the command that makes it again.

        Args:
            kind: one of `KINDS`.
            query: what the page asks for.

        Returns:
            `files`, the paths that were written, and `command`.

        Raises:
            errors.UserError: a value is wrong, or points are missing.
            OSError: the folder cannot be written to.
        """
        view = self.view(query)
        with self._lock:
            stem = self._free_stem(kind)
            if kind == "grid":
                written = self._save_grid(view, stem)
                command = self._command("sample", view, out=written[0])
            elif kind == "walk":
                written, command = self._save_walk(view, stem)
            elif kind == "arithmetic":
                written, command = self._save_arithmetic(view, stem)
            else:
                raise errors.UserError(f"{kind!r} is nothing that is saved")
            note = stem.with_name(f"{stem.name}.txt")
            with files.atomic_file(note) as unfinished:
                unfinished.write_text(f"{command}\n", encoding="utf-8")
        terminal.show(f"{', '.join(map(str, written))}: {command}")
        return {"files": [*map(str, written), str(note)], "command": command}

    def view(self, query: Mapping[str, str]) -> View:
        """Reads what the page asks for.

        Args:
            query: text by name; what is missing has its default.

        Raises:
            errors.UserError: a value is wrong.
        """
        seed = _number(query, "seed", 0, fields.LARGEST_SEED)
        label = None
        if self._run.num_classes:
            label = _number(query, "label", 0, self._run.num_classes - 1)
        method = query.get("method", "spherical")
        if method not in latents.METHODS:
            raise errors.UserError(
                f"method={method}: allowed: {', '.join(latents.METHODS)}"
            )
        return View(
            seed,
            label,
            tuple(self._points(query, name, seed) for name in _NAMES),
            _number(query, "frames", 12, _MOST_FRAMES, smallest=2),
            method,
            query.get("loop") == "true",
            query.get("rescale") == "true",
        )

    def _points(self, query: Mapping[str, str], name: str, seed: int):
        text = query.get(name, "")
        if not text:
            return []
        points: list[latents.Point | latents.FilePoint] = []
        for word in text.split(","):
            file, _, number = word.rpartition(":")
            if latent_files.SUFFIX not in word:
                points += latents.parse_points(word, flag=name, seed=seed)
            elif (
                file == self._file
                and number.isascii()
                and number.isdecimal()
                and len(number) < 10
                and int(number) < len(self._file_points)
            ):
                points.append(self._file_points[int(number)])
            else:
                # No other file is opened, whatever a page asks for.
                raise errors.UserError(f"{name}: {word!r} was not given")
        if len(points) > _MOST_POINTS:
            raise errors.UserError(
                f"{name} has {len(points)} points: at most {_MOST_POINTS} are "
                "shown"
            )
        return points

    def _sampler(self, label: int | None) -> samplers.Sampler:
        if label not in self._samplers:
            self._samplers[label] = samplers.of_run(
                self._run, self._generator, label=label
            )
        return self._samplers[label]

    def _walk(self, view: View) -> walks.Walk:
        points = [point for group in view.points for point in group]
        if len(points) < 2:
            raise errors.UserError(
                "a walk goes from point to point: choose two at least"
            )
        if view.loop:
            points.append(points[0])
        name = None
        if view.label is not None:
            name = self._run.data.class_names[view.label]
        return walks.Walk(
            points, view.seed, view.frames, view.method, view.loop, name
        )

    def _arithmetic(self, view: View) -> np.ndarray:
        if not all(view.points):
            raise errors.UserError(
                "A - B + C needs a point of each of A, B and C at least"
            )
        return analogies.picture(
            [
                analogies.Concept(name.upper(), points)
                for name, points in zip(_NAMES, view.points, strict=True)
            ],
            self._sampler(view.label),
            seed=view.seed,
            noise=0.25,
            rescale=view.rescale,
            label=self._class_name(view),
        )

    def _class_name(self, view: View) -> str | None:
        if view.label is None:
            return None
        return self._run.data.class_names[view.label]

    def _save_grid(self, view: View, stem: pathlib.Path) -> list[pathlib.Path]:
        out = stem.with_name(f"{stem.name}.png")
        grid = self._sampler(view.label).grid(view.seed)
        images.write_png(out, images.grid(grid))
        return [out]

    def _save_walk(self, view: View, stem: pathlib.Path):
        walk = self._walk(view)
        segments = walks.make(walk, self._sampler(view.label))
        outs = [stem.with_name(f"{stem.name}{end}") for end in (".png", ".gif")]
        for out in outs:
            walks.write(out, walk, segments)
        names = walk.names()
        command = self._command(
            "interpolate",
            view,
            indices=",".join(names[:-1] if walk.loop else names),
            frames=walk.frames,
            method=walk.method,
            loop=walk.loop,
            out=stem,
        )
        return outs, command

    def _save_arithmetic(self, view: View, stem: pathlib.Path):
        out = stem.with_name(f"{stem.name}.png")
        images.write_png(out, self._arithmetic(view))
        flags = {
            name: latents.show_points(points, seed=view.seed)
            for name, points in zip(_NAMES, view.points, strict=True)
        }
        command = self._command(
            "arithmetic", view, **flags, rescale=view.rescale, out=out
        )
        return [out], command

    def _command(self, name: str, view: View, **flags: object) -> str:
        """Writes the command that makes a picture again."""
        values = {**self._flags, "seed": view.seed}
        if view.label is not None:
            values["label"] = self._class_name(view)
        switches = {key for key, value in flags.items() if value is True}
        values |= {
            key: value
            for key, value in flags.items()
            if not isinstance(value, bool)
        }
        words = [terminal.command(name, **values)]
        return " ".join([*words, *(f"--{key}" for key in sorted(switches))])

    def _free_stem(self, kind: str) -> pathlib.Path:
        """Names the next picture of a kind; no older one is overwritten."""
        number = 1
        while files.matching(self._out, f"{kind}_{number:03d}.*"):
            number += 1
        return self._out / f"{kind}_{number:03d}"


def _number(
    query: Mapping[str, str],
    name: str,
    default: int,
    largest: int,
    *,
    smallest: int = 0,
) -> int:
    text = query.get(name) or str(default)
    is_number = text.isascii() and text.isdecimal() and len(text) <= 10
    if not is_number or not smallest <= int(text) <= largest:
        raise errors.UserError(
            f"{name}={text[:20]} is out of range: {smallest} to {largest:,}"
        )
    return int(text)


def _png(uint8_image: np.ndarray) -> bytes:
    """Writes one image, [height, width, 1 or 3] uint8, as PNG in memory."""
    pixels = uint8_image[..., 0] if uint8_image.shape[-1] == 1 else uint8_image
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
