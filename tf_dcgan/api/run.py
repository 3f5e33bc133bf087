"""A run as a program has it."""

from __future__ import annotations

import base64
import dataclasses
import html
import os
import pathlib
from typing import TYPE_CHECKING, Any

import numpy as np

from tf_dcgan.api import scores, training, translation, values, wording
from tf_dcgan.common import errors, quiet_import, terminal
from tf_dcgan.config import device_field, fields, kinds, schema
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.runs import logs, runs, series
from tf_dcgan.sampling import (
    generator_fields,
    labels,
    translation_fields,
)

if TYPE_CHECKING:
    import keras

_GROUP = "Sampling"


@dataclasses.dataclass(frozen=True)
class _Choice:
    """Which generator of a run; its fields are checked as flags are."""

    weights: str = generator_fields.weights(_GROUP)
    checkpoint: str = generator_fields.checkpoint(_GROUP)
    device: str = device_field.device(_GROUP)

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


@dataclasses.dataclass(frozen=True)
class _Request(_Choice):
    """Which images of which generator."""

    count: int = fields.setting(
        64,
        "how many images",
        group=_GROUP,
        minimum=1,
        maximum=10_000_000,
    )
    seed: int = fields.setting(
        0,
        "determines the images",
        group=_GROUP,
        minimum=0,
        maximum=fields.LARGEST_SEED,
    )
    label: str | None = fields.setting(
        None, "the class", group=_GROUP, unset="each class in turn"
    )
    batch_size: int = fields.setting(
        64, "images at once", group=_GROUP, minimum=1, maximum=65_536
    )


@dataclasses.dataclass(frozen=True)
class _Translation(_Choice):
    """Which translation by which generator."""

    direction: str = translation_fields.direction(_GROUP)
    size: str = translation_fields.size(_GROUP)


class Run:
    """A run: the folder of a training, and what can be done with it.

    `tf_dcgan.train` and `tf_dcgan.open_run` return one. It reads the folder
    anew wherever that may have changed. A notebook shows it with its latest
    sample grid.
    """

    def __init__(self, record: runs.Run):
        """Takes what `runs.open_run` has read.

        Args:
            record: of the run.
        """
        self._record = record

    def __fspath__(self) -> str:
        """Returns the run's folder, so that a run can stand for it."""
        return os.fspath(self.path)

    @property
    def path(self) -> pathlib.Path:
        """The run's folder."""
        return self._record.path

    @property
    def config(self) -> schema.Config:
        """Every setting of the run, as attributes."""
        return self._record.config

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes that a conditional run can be told, else nothing."""
        if not self._record.num_classes:
            return ()
        return self._record.data.class_names

    @property
    def step(self) -> int:
        """The number of finished steps, as of the last line of the logs."""
        lines = logs.read_metrics(self.path)
        return max((line["step"] for line in lines), default=0)

    @property
    def total_steps(self) -> int:
        """The planned length in steps."""
        return self._record.total_steps

    def generator(
        self,
        *,
        weights: str = "ema",
        checkpoint: str = "last",
        device: str = "auto",
    ) -> keras.Model | tuple[keras.Model, keras.Model]:
        """Loads the generator.

        Args:
            weights: "ema" for the averaged weights, "raw" for the weights
                after the last update.
            checkpoint: "last", or "best" by the scores of `evaluate_every`.
            device: "auto", "cpu" or "gpu".

        Returns:
            A Keras model from latents [n, latent_dim] float32 (of a
            conditional run also labels [n] int32) to images [n, height, width,
            channels] float32 in [-1, 1]. A run that translates has two, A to B
            and B to A, of images to images.

        Raises:
            UserError: there is no such checkpoint, or it is damaged.
        """
        with wording.for_programs(verbose=False):
            choice = _Choice(weights, checkpoint, device)
            return self._load(choice)

    def sample(
        self,
        count: int = 64,
        seed: int = 0,
        label: str | int | None = None,
        *,
        weights: str = "ema",
        checkpoint: str = "last",
        device: str = "auto",
        batch_size: int = 64,
    ) -> np.ndarray:
        """Makes images with the generator.

        Args:
            count: how many images, at least 1.
            seed: determines the images, from 0 to 2^31 - 1. Image i of a seed
                is always the same, and the one that the command `sample`
                writes.
            label: of a conditional run, the class of all images: its name, or
                its number from 0. None for the classes in turn.
            weights: as for `generator`.
            checkpoint: as for `generator`.
            device: as for `generator`.
            batch_size: how many images are made at once; does not change them.

        Returns:
            [count, height, width, 1 or 3] uint8, without padding.

        Raises:
            UserError: an argument is not allowed, the run makes no images of
                noise, or it has no such checkpoint.
        """
        with wording.for_programs(verbose=False):
            arguments = {
                "weights": weights,
                "checkpoint": checkpoint,
                "device": device,
                "count": count,
                "seed": seed,
                "label": label,
                "batch_size": batch_size,
            }
            request = _Request(
                **values.settings(_Request, arguments, call="sample()")
            )
            if self.config.kind is not kinds.GENERATION:
                raise errors.UserError(
                    f"{self.path} is a run of {self.config.kind.name}, which "
                    "makes images of images: pass them to translate()"
                )
            number = labels.find(self._record, request.label)
            generator = self._load(request)
            from tf_dcgan.sampling import samplers

            sampler = samplers.of_run(self._record, generator, label=number)
            batches = sampler.batches(
                request.seed,
                num_images=request.count,
                batch_size=request.batch_size,
            )
            return np.concatenate([images for _, images in batches])

    def translate(
        self,
        images: Any,
        direction: str = "a_to_b",
        *,
        size: str = "network",
        weights: str = "ema",
        checkpoint: str = "last",
        device: str = "auto",
    ) -> np.ndarray:
        """Translates images with a generator of a translation.

        Args:
            images: [n, height, width] or [n, height, width, 1 or 3], uint8, or
                values of the depth that the run's images have; also whatever
                else `tf_dcgan.train` takes as arrays.
            direction: "a_to_b" or "b_to_a".
            size: "network" for the size that the run was trained at, to which
                each image is brought as the run's `fit` says; "original" for
                the images' own, cut down to multiples of 4 pixels.
            weights: as for `generator`.
            checkpoint: as for `generator`.
            device: as for `generator`.

        Returns:
            [n, height, width, 1 or 3] uint8, as the command `translate` writes
            them.

        Raises:
            UserError: an argument is not allowed, the run makes images of
                noise, or it has no such checkpoint.
        """
        with wording.for_programs(verbose=False):
            arguments = {
                "direction": direction,
                "size": size,
                "weights": weights,
                "checkpoint": checkpoint,
                "device": device,
            }
            request = _Translation(
                **values.settings(_Translation, arguments, call="translate()")
            )
            if self.config.kind is not kinds.TRANSLATION:
                raise errors.UserError(
                    f"{self.path} is a run of {self.config.kind.name}, which "
                    "makes images of noise: call sample()"
                )
            parts = translation.named(images)
            return translation.translate(
                self._record,
                self._load(request),
                parts,
                direction=request.direction,
                size=request.size,
            )

    def metrics(self, kind: str = "train") -> dict[str, np.ndarray]:
        """Reads the curves out of `metrics.jsonl`.

        Args:
            kind: the lines to read: "train" for the means of every
                `log_every` steps, "epoch", "samples" (the diversity),
                "evaluation", or "rollback".

        Returns:
            Arrays of one length by name, ready for a data frame: `step`, [n]
            int64, rising, and each number of these lines, [n] float64, NaN
            where a line has none.

        Raises:
            UserError: the file is damaged, or has no lines of this kind.
        """
        with wording.for_programs(verbose=False):
            lines = logs.read_metrics(self.path)
            present = {"train", *(str(line.get("kind")) for line in lines)}
            if kind not in present:
                raise errors.UserError(
                    f"kind={kind}: {self.path / logs.METRICS} has no such "
                    "lines: " + errors.suggestion(str(kind), present)
                )
            return series.table(lines, kind)

    def evaluate(self, **settings: Any) -> scores.Scores:
        """Scores the run against its own data, as the command does.

        The scores are also written into the run, as `evaluation.json`.

        Args:
            **settings: what `evaluate` takes, such as `metrics="fid,kid"` (or
                a list), `features="classifier"`, `num_samples=10_000`,
                `weights="ema"`, `checkpoint="best"`.

        Returns:
            The scores by name, with their protocol.

        Raises:
            UserError: an argument is not allowed, or a metric cannot be
                computed.
        """
        with wording.for_programs(verbose=False):
            flags = values.settings(
                evaluation_request.Request,
                settings,
                call="evaluate() of a run",
                without=("run_dir", "real", "fake", "train", "statistics"),
            )
            request = evaluation_request.Request(
                run_dir=os.fspath(self.path), **flags
            )
            record = request.check([*flags]) or self._record
            quiet_import.import_tensorflow()
            from tf_dcgan.common import devices
            from tf_dcgan.evaluation import evaluate

            devices.choose(request.device)
            evaluation = evaluate.evaluate_run(record, request)
            return scores.Scores(
                evaluation, evaluate.table(evaluation, record.config.kind)
            )

    def resume(self, *, verbose: bool = False, **settings: Any) -> Run:
        """Goes on with the training, as `tf_dcgan.train(run_dir=…)` does.

        Args:
            verbose: as for `tf_dcgan.train`.
            **settings: what may change in the life of a run, such as `steps`
                or `epochs` for a longer one.

        Returns:
            The run as it is afterwards.

        Raises:
            UserError: an argument is not allowed, or would change what is
                being trained.
        """
        path = training.train(self.path, settings, verbose=verbose)
        return Run(runs.open_run(path))

    def _load(self, choice: _Choice) -> Any:
        quiet_import.import_tensorflow()
        from tf_dcgan.common import devices
        from tf_dcgan.sampling import generators

        devices.choose(choice.device)
        loaded, _ = generators.load(
            self._record, choice.weights, choice.checkpoint
        )
        return loaded

    def __repr__(self) -> str:
        """Says which run it is and how far it is."""
        return (
            f"<Run {os.fspath(self.path)!r}: {self.config.recipe} on "
            f"{terminal.printable(self.config.title)}, step {self.step:,} of "
            f"{self.total_steps:,}>"
        )

    def _repr_html_(self) -> str:
        """Shows the latest sample grid in a notebook, and the run's facts."""
        facts = f"<p>{html.escape(repr(self)[1:-1])}</p>"
        grids = logs.sample_grids(self.path)
        if not grids:
            return facts
        step, path = grids[-1]
        picture = base64.b64encode(path.read_bytes()).decode()
        return (
            f'{facts}<img alt="samples of step {step}" '
            f'src="data:image/png;base64,{picture}">'
        )
