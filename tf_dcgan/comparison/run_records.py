"""Several runs side by side: what they are, and how they belong together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import itertools
import pathlib
import statistics
from typing import Any

from tf_dcgan.common import files
from tf_dcgan.config import fields, recipes, schema
from tf_dcgan.runs import evaluation_file, logs, runs
from tf_dcgan.runs import series as series_module


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run left.

    Attributes:
        name: of the run on the page, unlike any other's.
        run: its settings and facts.
        lines: of `metrics.jsonl`.
        series: (kind, key) → the numbers over the steps.
        grids: (step, path) of the sample grids.
        evaluation: what `evaluation.json` holds, or None.
    """

    name: str
    run: runs.Run
    lines: Sequence[Mapping[str, Any]]
    series: Mapping[tuple[str, str], series_module.Series]
    grids: Sequence[tuple[int, pathlib.Path]]
    evaluation: Mapping[str, Any] | None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, without those that do not apply to the run."""
        config = self.run.config
        idle = {"steps" if config.steps is None else "epochs"}
        idle.update(fields.idle_for(schema.Config, config.kind))
        if config.translates:
            idle.add("dataset")
        return {
            name: value
            for name, value in schema.to_json(config).items()
            if name not in idle
        }

    @property
    def steps(self) -> int:
        """The last step that was logged or sampled."""
        logged = [line["step"] for line in self.lines]
        return max([*logged, *(step for step, _ in self.grids)], default=0)

    @property
    def evaluable_steps(self) -> int:
        """The step of the last checkpoint, or `steps` if none is there."""
        kept = files.by_step(self.run.checkpoints)
        return kept[-1][0] if kept else self.steps

    @property
    def planned_steps(self) -> int:
        """The steps of the whole run."""
        return self.run.total_steps

    @property
    def fixed_inputs(self) -> tuple:
        """What the inputs of the sample grids follow from, the seed first."""
        config = self.run.config
        if config.translates:
            return config.seed, *self.fingerprints
        return config.seed, config.latent_dim, self.run.num_classes

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of the data set, or of A and B."""
        return tuple(facts.fingerprint for facts in self.run.datasets)

    @property
    def inputs(self) -> dict[str, Any]:
        """What the batches and the noise of every step follow from."""
        config = self.run.config
        names = ["seed", "batch_size", "horizontal_flip"]
        names += (
            ["random_crop"]
            if config.translates
            else ["latent_dim", "generator_latents"]
        )
        if recipes.RECIPES[config.recipe].has_dropout and config.xla == "on":
            names.append("xla")
        found = {name: getattr(config, name) for name in names}
        return {**found, "data": " and ".join(self.fingerprints)}


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs that differ in their seeds alone, one at least.

    Attributes:
        label: what sets it apart from the other groups.
        records: its runs.
    """

    label: str
    records: tuple[Record, ...]

    @property
    def is_named_as_its_run(self) -> bool:
        """Whether it has one run alone, of the very name."""
        return [self.label] == [record.name for record in self.records]


def read(paths: Sequence[pathlib.Path]) -> list[Record]:
    """Reads runs.

    Args:
        paths: their folders, each another.

    Returns:
        In the same order.

    Raises:
        errors.UserError: a folder is no run, or a file in it is damaged.
    """
    names = [path.resolve().name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    return [
        _read_run(name, path) for name, path in zip(names, paths, strict=True)
    ]


def _read_run(name: str, path: pathlib.Path) -> Record:
    run = runs.open_run(path)
    lines = logs.read_metrics(path)
    return Record(
        name,
        run,
        lines,
        series_module.collect(lines),
        logs.sample_grids(path),
        evaluation_file.read(path),
    )


def groups(records: Sequence[Record]) -> list[Group]:
    """Puts runs together that differ in their seeds alone.

    Settings that may change when a run goes on, such as the intervals of its
    logs, do not set runs apart; their lengths do. Nor is a run that repeats
    another's seed one more of its seeds: it starts another group.

    Args:
        records: runs.

    Returns:
        The groups in the order of their first runs.
    """
    fixed = [
        field.name
        for field in dataclasses.fields(schema.Config)
        if field.metadata["on_resume"] == "fixed" and field.name != "seed"
    ]
    found: dict[tuple, list[Record]] = {}
    for record in records:
        settings = record.settings
        kind = {name: settings[name] for name in fixed if name in settings}
        kind["steps"] = record.planned_steps
        kind["data"] = " and ".join(f[:12] for f in record.fingerprints)
        for repetition in itertools.count():
            key = (*kind.items(), ("repetition", repetition))
            members = found.setdefault(key, [])
            seeds = {member.run.config.seed for member in members}
            if record.run.config.seed not in seeds:
                members.append(record)
                break
    labels = _labels([dict(key) for key in found], list(found.values()))
    return [
        Group(label, tuple(members))
        for label, members in zip(labels, found.values(), strict=True)
    ]


def _labels(
    kinds: Sequence[Mapping[str, Any]], members: Sequence[Sequence[Record]]
) -> list[str]:
    """Tells groups apart by as few settings as will do, recipes first."""
    if len(kinds) == 1:
        return [str(kinds[0]["recipe"])]
    names: list[str] = []
    apart = 1
    for name in dict.fromkeys(name for kind in kinds for name in kind):
        now = len(
            {tuple(kind.get(n) for n in [*names, name]) for kind in kinds}
        )
        if now > apart:
            names, apart = [*names, name], now
    if names == ["repetition"]:
        return [records[0].name for records in members]
    return [
        ", ".join(
            said(kind[name])
            if name == "recipe"
            else f"{name} {said(kind[name])}"
            for name in names
            if name in kind
        )
        for kind in kinds
    ]


def said(value: object) -> str:
    """Writes the value of a setting or fact as the page shows it."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)


def differing(
    values: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """Splits names into those whose values differ and those they share.

    Args:
        values: name → value, per run; a name that a run lacks differs.

    Returns:
        The differing and the shared, each in the order of appearance.
    """
    names = dict.fromkeys(name for one in values for name in one)
    missing = object()
    different = [
        name
        for name in names
        if any(
            one.get(name, missing) != values[0].get(name, missing)
            for one in values
        )
    ]
    return different, [name for name in names if name not in different]


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Returns mean and sample standard deviation of at least two values."""
    return statistics.fmean(values), statistics.stdev(values)
