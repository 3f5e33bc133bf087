"""A run: a directory that describes itself."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
import os
import pathlib
import platform
import subprocess
from typing import Any

import tf_dcgan
from tf_dcgan.common import errors, files, json_values, terminal
from tf_dcgan.config import schema, value_ranges
from tf_dcgan.runs import folder

# The version of a run's layout. Raise it when older runs can no longer be read.
_FORMAT = 1
_TEXTS_OF_FACTS = {
    "preparation": "a text",
    "fingerprint": "a text",
    "shown_fingerprint": "a text or null",
    "class_names": "a list of texts or null",
}
# Between the seeds before and after a rollback: odd, and of many digits.
_SEED_STRIDE = 0x9E3779B1
# No side of an image is longer, in pixels.
_LONGEST_SIDE = 2**16


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """What a run must know of its data set without having the images.

    Attributes:
        height: height in pixels of the images that the networks make.
        width: width in pixels of the images that the networks make.
        channels: 1 or 3.
        content_box: (top, left, height, width) in pixels, the part of each
            image that is not padding.
        num_images: number of images in the training split.
        preparation: how the images were brought to this size, in words.
        fingerprint: SHA-256 of the prepared images and labels.
        class_names: the name of each label; empty if there are no labels.
        shown_fingerprint: SHA-256 of the images that a translation shows and
            scores; None if the run does not translate.
        value_range: (low, high), the values that became black and white, of
            images that had more than 8 bits; else None.
    """

    height: int
    width: int
    channels: int
    content_box: tuple[int, int, int, int]
    num_images: int
    preparation: str
    fingerprint: str
    class_names: tuple[str, ...] = ()
    shown_fingerprint: str | None = None
    value_range: value_ranges.Range | None = None

    def __post_init__(self):
        """Checks the values, since config.json may be damaged.

        Raises:
            ValueError: a value has the wrong type or is impossible.
        """
        numbers = (self.height, self.width, self.num_images, *self.content_box)
        top, left, height, width = self.content_box
        if not (
            all(type(number) is int and number >= 0 for number in numbers)
            and self.channels in (1, 3)
            and type(self.channels) is int
            and self.num_images > 0
            and 0 < height <= self.height - top
            and 0 < width <= self.width - left
            and max(self.height, self.width) <= _LONGEST_SIDE
            and self.num_images < 2**53
            and all(type(name) is str for name in self.class_names)
            and (self.value_range is None or _is_range(self.value_range))
        ):
            raise ValueError(f"impossible facts of the data: {self}")

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.height, self.width, self.channels


@dataclasses.dataclass(frozen=True)
class Rollback:
    """One return of a run to an earlier checkpoint.

    Attributes:
        from_step: the number of finished steps at which it was decided.
        to_step: the step of the checkpoint that the run went on from.
        reason: what was seen, in words.
    """

    from_step: int
    to_step: int
    reason: str

    def __post_init__(self):
        """Checks the values, since config.json may be damaged.

        Raises:
            ValueError: a value has the wrong type or is impossible.
        """
        if not (
            type(self.from_step) is type(self.to_step) is int
            and 0 <= self.to_step <= self.from_step < 2**53
            and type(self.reason) is str
        ):
            raise ValueError(f"an impossible rollback: {self}")


@dataclasses.dataclass(frozen=True)
class InitialWeights:
    """The weights of another run that a run has begun with.

    Attributes:
        run: the other run's folder, an absolute path.
        checkpoint: "last" or "best", whichever it was then.
        step: the checkpoint's number of finished steps.
        fingerprint: SHA-256 (hexadecimal) of the checkpoint's weights.
    """

    run: str
    checkpoint: str
    step: int
    fingerprint: str

    def __post_init__(self):
        """Checks the values, since config.json may be damaged.

        Raises:
            ValueError: a value has the wrong type or is impossible.
        """
        if not (
            type(self.run) is type(self.fingerprint) is str
            and self.checkpoint in ("last", "best")
            and type(self.step) is int
            and 0 <= self.step < 2**53
        ):
            raise ValueError(f"impossible initial weights: {self}")


@dataclasses.dataclass(frozen=True)
class Run:
    """A run's directory and what its config.json says.

    Attributes:
        path: the run's directory.
        config: the settings.
        data: the facts of the data set; if the run translates, of set A.
        started_with: package name → version that the run was started with.
        git_commit: commit of the source that the run was started with, if
            known.
        device: the device that the run was started on, in words, if known.
        data_b: the facts of set B if the run translates, else None.
        rollbacks: returns to earlier checkpoints so far, in order.
        initial_weights: whose weights the run has begun with; None for
            weights drawn by its seed.
    """

    path: pathlib.Path
    config: schema.Config
    data: DataFacts
    started_with: dict[str, str]
    git_commit: str | None
    device: str | None = None
    data_b: DataFacts | None = None
    rollbacks: tuple[Rollback, ...] = ()
    initial_weights: InitialWeights | None = None

    @property
    def step_config(self) -> schema.Config:
        """The settings that a step is done with.

        After each rollback it draws other noise, and the learning rates are
        those before times `rollback_rate`.
        """
        config, count = self.config, len(self.rollbacks)
        if not count:
            return config
        factor = config.rollback_rate**count
        return dataclasses.replace(
            config,
            seed=(config.seed + count * _SEED_STRIDE) % 2**31,
            generator_learning_rate=config.generator_learning_rate * factor,
            discriminator_learning_rate=config.discriminator_learning_rate
            * factor,
        )

    @property
    def datasets(self) -> tuple[DataFacts, ...]:
        """The facts of the one set, or of A and B."""
        return (self.data,) if self.data_b is None else (self.data, self.data_b)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the training images; in the larger of A and B.

        Raises:
            errors.UserError: a set has fewer images than one batch takes.
        """
        return max(
            self.config.steps_per_epoch(facts.num_images)
            for facts in self.datasets
        )

    @property
    def total_steps(self) -> int:
        """The planned length in steps."""
        return self.config.total_steps(self.steps_per_epoch)

    @property
    def num_classes(self) -> int:
        """Classes that the networks are told; 0 if they are unconditional."""
        return len(self.data.class_names) if self.config.conditional else 0

    @property
    def checkpoints(self) -> pathlib.Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def best_checkpoint(self) -> pathlib.Path:
        """Folder of the best checkpoint; it is absent before any score."""
        return self.checkpoints / folder.BEST

    @property
    def best_before_rollback(self) -> pathlib.Path:
        """Folder of the best checkpoint of steps that were taken back."""
        return self.checkpoints / folder.BEST_BEFORE


def create(
    path: pathlib.Path,
    config: schema.Config,
    data: DataFacts,
    data_b: DataFacts | None = None,
    *,
    initial_weights: InitialWeights | None = None,
) -> Run:
    """Makes a folder a run by writing its config.json.

    Args:
        path: the folder that `folder.make` made. The caller holds its lock,
            else two processes could both begin a run in it.
        config: the settings.
        data: the facts of the data set; if the run translates, of set A.
        data_b: the facts of set B if the run translates, else None.
        initial_weights: whose weights the run begins with, or None.

    Returns:
        The new run, whose config.json is written.

    Raises:
        errors.UserError: the directory cannot be written, or another process
            has begun a run in it.
    """
    if folder.exists(path):
        raise errors.UserError(
            f"another process has begun a run in {path} in the meantime: give "
            "another --run_dir, or go on with that run by "
            + terminal.command("train", run_dir=path)
        )
    run = new(path, config, data, data_b, initial_weights=initial_weights)
    write_config(run)
    return run


def new(
    path: pathlib.Path,
    config: schema.Config,
    data: DataFacts,
    data_b: DataFacts | None = None,
    *,
    initial_weights: InitialWeights | None = None,
) -> Run:
    """Makes the run that `create` writes, and writes nothing."""
    device = _device(config)
    return Run(
        path,
        config,
        data,
        versions(),
        _git_commit(),
        device,
        data_b,
        initial_weights=initial_weights,
    )


def check_unchanged(run: Run) -> None:
    """Finds out whether a run still is as it was when it was opened.

    Args:
        run: as `open_run` returned it. The caller holds the lock of its
            folder.

    Raises:
        errors.UserError: the run is gone, or another process has gone on with
            it under other settings.
    """
    if open_run(run.path) != run:
        raise errors.UserError(
            f"another process has changed {run.path / folder.CONFIG} since it "
            "was read: run the command again"
        )


def write_config(run: Run) -> None:
    """Writes config.json: settings, data, versions, commit and device.

    Raises:
        errors.UserError: the directory cannot be written.
    """
    content = {
        "format": _FORMAT,
        "settings": schema.to_json(run.config),
        "data": dataclasses.asdict(run.data),
        **(
            {"data_b": dataclasses.asdict(run.data_b)}
            if run.data_b is not None
            else {}
        ),
        **(
            {"rollbacks": list(map(dataclasses.asdict, run.rollbacks))}
            if run.rollbacks
            else {}
        ),
        **(
            {"initial_weights": dataclasses.asdict(run.initial_weights)}
            if run.initial_weights is not None
            else {}
        ),
        "versions": run.started_with,
        "git_commit": run.git_commit,
        "device": run.device,
        "written": datetime.datetime.now(datetime.UTC).isoformat(
            timespec="seconds"
        ),
    }
    try:
        with files.atomic_file(run.path / folder.CONFIG) as unfinished:
            unfinished.write_text(json.dumps(content, indent=2) + "\n")
    except OSError as error:
        if error.errno in files.DISK_FULL:
            raise
        raise folder.not_writable(run.path, error) from error


def open_run(path: os.PathLike | str) -> Run:
    """Reads the run in a directory.

    Raises:
        errors.UserError: the directory holds no run, or its config.json is
            damaged or was written by another version.
        OSError: config.json may not be read, which says nothing of damage.
    """
    path = pathlib.Path(path)
    advice = "give a folder that train.py made"
    if not folder.exists(path, advice=advice):
        state = "is empty" if path.exists() else "does not exist"
        raise errors.UserError(f"--run_dir={path} {state}: {advice}")
    file = path / folder.CONFIG
    try:
        content = json_values.loads(file.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            writer = content.get("versions", {}).get("tf_dcgan", "unknown")
            raise errors.UserError(
                f"{file}: it is of format {content['format']}, this version of "
                f"tf_dcgan reads format {_FORMAT}: use the version that wrote "
                f"it ({writer})"
            )
        _check_texts(content)
        with errors.about(os.fspath(file)):
            config = schema.from_json(content["settings"])
        facts = _facts(content["data"])
        if config.conditional and not facts.class_names:
            raise ValueError("a conditional run without class names")
        if config.translates != ("data_b" in content):
            raise ValueError("two sets are a translation's, which has two")
        return Run(
            path,
            config,
            facts,
            dict(content["versions"]),
            content["git_commit"],
            content.get("device"),  # Runs from before 2026-11-24 lack it.
            _facts(content["data_b"]) if config.translates else None,
            tuple(Rollback(**each) for each in content.get("rollbacks", ())),
            InitialWeights(**content["initial_weights"])
            if "initial_weights" in content
            else None,
        )
    except (
        FileNotFoundError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise errors.UserError(
            f"{file} is damaged ({type(error).__name__}: {error}): restore it "
            "from a copy or start a new run"
        ) from error


def _check_texts(content: dict[str, Any]) -> None:
    """Checks what config.json says in words.

    Raises:
        ValueError: something is no text.
    """
    check = json_values.check
    check(content["versions"], "versions", allowed="an object of texts")
    check(content["git_commit"], "git_commit", allowed="a text or null")
    check(content.get("device"), "device", allowed="a text or null")
    for name in ("data", "data_b"):
        if name not in content:
            continue
        facts = content[name]
        for entry, allowed in _TEXTS_OF_FACTS.items():
            check(facts.get(entry), f"{name}.{entry}", allowed=allowed)


def _facts(content: dict[str, Any]) -> DataFacts:
    """Makes the facts of a data set from their JSON in config.json."""
    facts = dict(content)
    facts["content_box"] = tuple(facts["content_box"])
    facts["class_names"] = tuple(facts.get("class_names") or ())
    if facts.get("value_range") is not None:
        facts["value_range"] = tuple(facts["value_range"])
    return DataFacts(**facts)


def _is_range(value_range: Any) -> bool:
    low, high = value_range
    return (
        all(type(value) in (int, float) for value in (low, high))
        and math.isfinite(low)
        and math.isfinite(high)
        and low < high
    )


def continued(
    old: Run,
    config: schema.Config,
    data: DataFacts,
    data_b: DataFacts | None = None,
) -> Run:
    """Makes the run that continues an old one; writes nothing.

    Args:
        old: the run as its config.json describes it.
        config: the settings to go on with.
        data: the facts of the data set as it is now; if the run translates,
            of set A.
        data_b: the facts of set B as it is now, if the run translates.

    Returns:
        The old run with the new settings.

    Raises:
        errors.UserError: the images have changed, the run would become
            shorter, or it would become longer although its learning rate
            follows from its length.
    """
    new = dataclasses.replace(old, config=config)
    facts_now = (data,) if data_b is None else (data, data_b)
    for name, facts_then, facts in zip(
        set_names(config), old.datasets, facts_now, strict=True
    ):
        if facts_then.fingerprint != facts.fingerprint:
            raise _other_images(name, old.path, facts_then, facts)
        if facts_then.shown_fingerprint != facts.shown_fingerprint:
            raise errors.UserError(
                f"the held-out images of {name} are not those that {old.path} "
                "was started with, and it shows them in every grid: put them "
                "back as they were, or start a new run"
            )
    old_steps, new_steps = old.total_steps, new.total_steps
    if new_steps < old_steps:
        raise errors.UserError(
            f"{old.path} is planned for {old_steps:,} steps and cannot become "
            f"shorter ({new_steps:,} now): give at least as many --steps or "
            "--epochs, or stop it when it has enough"
        )
    if new_steps > old_steps and config.rates_fall:
        raise errors.UserError(
            f"{old.path} is planned for {old_steps:,} steps and cannot become "
            f"longer ({new_steps:,} now), since its learning rate falls to 0 "
            "at the planned end: leave --steps and --epochs out, or start a "
            "new run"
        )
    return new


def set_names(config: schema.Config) -> list[str]:
    """Names each set of images that a config trains on, for messages."""
    if config.dataset is None:
        pair = (config.dataset_a, config.dataset_b)
        return [name for name in pair if name is not None]
    if config.translates:
        return [f"{config.dataset}, A", f"{config.dataset}, B"]
    return [config.dataset]


def _other_images(
    name: str, path: pathlib.Path, facts_then: DataFacts, facts: DataFacts
) -> errors.UserError:
    return errors.UserError(
        f"the images of {name} are not those that {path} "
        f"was started with ({facts.num_images:,} now, "
        f"{facts_then.num_images:,} then): "
        + (
            "put them back as they were"
            if os.path.isabs(name)
            else "give the same --data_dir"
        )
        + ", or start a new run"
    )


def versions() -> dict[str, str]:
    """Returns the versions of the packages that a result depends on."""
    from importlib import metadata

    import keras
    import numpy
    import tensorflow

    return {
        "tf_dcgan": tf_dcgan.__version__,
        "python": platform.python_version(),
        "tensorflow": tensorflow.__version__,
        "keras": keras.__version__,
        "numpy": numpy.__version__,
        "tensorflow_datasets": metadata.version("tensorflow_datasets"),
    }


def _device(config: schema.Config) -> str:
    from tf_dcgan.common import devices  # Loads TensorFlow.

    return devices.name(is_split=config.is_split)


def _git_commit() -> str | None:
    """Returns the commit of the running source tree, if git knows it."""
    source = pathlib.Path(tf_dcgan.__file__).parent.parent
    if not (source / ".git").exists():
        return None  # Installed as a package, perhaps inside another tree.
    try:
        return subprocess.run(
            [
                "git",
                "describe",
                "--always",
                "--exclude=*",
                "--dirty",
                "--abbrev=40",
            ],
            cwd=source,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
