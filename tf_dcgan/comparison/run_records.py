"""What each run left, and which runs differ in their seeds alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
import dataclasses
import itertools
import json
import pathlib
import statistics
from typing import Any

from tf_dcgan.common import files
from tf_dcgan.config import fields, kinds, recipes, schema
from tf_dcgan.runs import evaluation_file, logs, runs
from tf_dcgan.runs import series as series_module

_COLOURS = 6  # Of groups in the style sheet. Further groups are dashed.


@dataclasses.dataclass(frozen=True)
class _KindFacts:
    """What the page must know of a kind of system.

    Attributes:
        unused_settings: names of settings that its runs replace by others.
        input_settings: names of the settings that shape the batches and the
            noise of its runs alone.
        grid_inputs: record → what shapes the inputs of its sample grids
            beside the seed.
        inputs_in_words: what runs with equal inputs share.
    """

    unused_settings: Sequence[str]
    input_settings: Sequence[str]
    grid_inputs: Callable[[Record], tuple]
    inputs_in_words: str


_KINDS = {
    kinds.GENERATION: _KindFacts(
        unused_settings=(),
        input_settings=("latent_dim", "generator_latents"),
        grid_inputs=lambda record: (
            record.run.config.latent_dim,
            record.run.num_classes,
        ),
        inputs_in_words="images in the same order and the same noise at every "
        "step",
    ),
    kinds.TRANSLATION: _KindFacts(
        unused_settings=("dataset",),
        input_settings=("random_crop", "load_size", "crop_size"),
        grid_inputs=lambda record: record.fingerprints,
        inputs_in_words="images of A and of B in the same order",
    ),
}


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run left.

    Attributes:
        name: the run's name on the page, unlike the name of any other.
        run: its settings and facts.
        lines: the lines of `metrics.jsonl`.
        series: (kind of the lines, key) → the numbers over the steps.
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
    def _kind(self) -> _KindFacts:
        return _KINDS[self.run.config.kind]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings by name, without those that do not apply to the run."""
        config = self.run.config
        left_out = {
            "steps" if config.steps is None else "epochs",
            *fields.idle_for(schema.Config, config.kind),
            *self._kind.unused_settings,
        }
        return {
            name: value
            for name, value in schema.to_json(config).items()
            if name not in left_out
        }

    @property
    def steps(self) -> int:
        """The last step that was logged or sampled."""
        logged = [line["step"] for line in self.lines]
        return max([*logged, *(step for step, _ in self.grids)], default=0)

    @property
    def evaluable_steps(self) -> int:
        """The step of the last checkpoint, or `steps` if none is there."""
        checkpoints = files.by_step(self.run.checkpoints)
        return checkpoints[-1][0] if checkpoints else self.steps

    @property
    def planned_steps(self) -> int:
        """The steps of the whole run."""
        return self.run.total_steps

    @property
    def grid_inputs(self) -> tuple:
        """What shapes the inputs of the sample grids, the seed first."""
        return self.run.config.seed, *self._kind.grid_inputs(self)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The fingerprint of the data set, or the fingerprints of A and B."""
        return tuple(facts.fingerprint for facts in self.run.datasets)

    @property
    def inputs(self) -> dict[str, Any]:
        """What shapes the batches and the noise of every step, by name."""
        config = self.run.config
        names = ["seed", "batch_size", "horizontal_flip"]
        names += self._kind.input_settings
        if recipes.RECIPES[config.recipe].has_dropout and config.xla == "on":
            names.append("xla")
        settings = {
            name: value
            for name in names
            if (value := getattr(config, name)) is not None
        }
        if self.run.rollbacks:  # Other noise after each.
            settings["rollbacks"] = tuple(
                (rollback.from_step, rollback.to_step)
                for rollback in self.run.rollbacks
            )
        return {**settings, "data": " and ".join(self.fingerprints)}

    @property
    def inputs_in_words(self) -> str:
        """What runs with equal `inputs` share."""
        return self._kind.inputs_in_words


@dataclasses.dataclass(frozen=True)
class Group:
    """Runs that differ in their seeds alone, one at least.

    Attributes:
        label: what sets it apart from the other groups.
        records: its runs.
        style: classes of the style sheet that tell its lines from the lines
            of other groups.
    """

    label: str
    records: tuple[Record, ...]
    style: str

    @property
    def has_several_runs(self) -> bool:
        """Whether means over its runs can be shown."""
        return len(self.records) > 1

    @property
    def is_named_as_its_run(self) -> bool:
        """Whether its label is the name of its only run."""
        return [self.label] == [record.name for record in self.records]


def read(paths: Sequence[pathlib.Path]) -> list[Record]:
    """Reads runs.

    Args:
        paths: the folders of different runs.

    Returns:
        Their records in the same order.

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
    logs, do not set runs apart; the numbers of their steps do. A run that
    repeats the seed of another run is not one more seed of its group: it
    starts another group.

    Args:
        records: at least one.

    Returns:
        The groups in the order of their first runs.
    """
    fixed = [
        field.name
        for field in dataclasses.fields(schema.Config)
        if field.metadata["on_resume"] == "fixed" and field.name != "seed"
    ]
    members_by_facts: dict[tuple, list[Record]] = {}
    for record in records:
        settings = record.settings
        facts = {name: settings[name] for name in fixed if name in settings}
        facts["steps"] = record.planned_steps
        facts["data"] = " and ".join(f[:12] for f in record.fingerprints)
        for repetition in itertools.count():
            key = (*facts.items(), ("repetition", repetition))
            members = members_by_facts.setdefault(key, [])
            seeds = {member.run.config.seed for member in members}
            if record.run.config.seed not in seeds:
                members.append(record)
                break
    labels = _labels(
        [dict(key) for key in members_by_facts],
        list(members_by_facts.values()),
    )
    return [
        Group(
            label,
            tuple(members),
            f"g{place % _COLOURS}" + " dashed" * (place >= _COLOURS),
        )
        for place, (label, members) in enumerate(
            zip(labels, members_by_facts.values(), strict=True)
        )
    ]


def _labels(
    facts: Sequence[Mapping[str, Any]], members: Sequence[Sequence[Record]]
) -> list[str]:
    """Tells groups apart by as few facts as will do, their recipes first.

    Args:
        facts: the facts of each group that its runs share.
        members: the runs of each group.
    """
    if len(facts) == 1:
        return [str(facts[0]["recipe"])]
    names: list[str] = []
    count_apart = 1
    for name in dict.fromkeys(name for own in facts for name in own):
        candidate = [*names, name]
        count = len({tuple(own.get(n) for n in candidate) for own in facts})
        if count > count_apart:
            names, count_apart = candidate, count
    if names == ["repetition"]:
        return [records[0].name for records in members]
    return [
        ", ".join(
            said(own[name]) if name == "recipe" else f"{name} {said(own[name])}"
            for name in names
            if name in own
        )
        for own in facts
    ]


def said(value: object) -> str:
    """Writes the value of a setting or fact as the page shows it."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:,}" if isinstance(value, int) else str(value)


def names(records: Iterable[Record]) -> str:
    """Joins the names of runs."""
    return joined(record.name for record in records)


def joined(words: Iterable[str]) -> str:
    """Joins words, at least one: `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def differing(
    values: Sequence[Mapping[str, Any]],
) -> tuple[list[str], list[str]]:
    """Splits names into those whose values differ and those they share.

    Args:
        values: name → value, for each run. A name that a run lacks differs.

    Returns:
        The differing names and the shared names, in the order of appearance.
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
