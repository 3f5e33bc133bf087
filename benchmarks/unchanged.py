"""Proves that a change of the code changed no result: runs both, compares.

    python -m benchmarks.unchanged --before=COMMIT

Every recipe trains a few steps with seed 0, once with the code of an earlier
commit and once with the code of this checkout. All variables of the last
checkpoints (weights, optimizer slots, averages), all sample grids and all lines
of metrics.jsonl (but for timings) must be the same to the last bit, and so must
`evaluation.json` of one run that both score.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile

from benchmarks import command_flags, trainings
from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields

_GROUP = "Proof"
_PROJECT = pathlib.Path(__file__).parent.parent
_DIGITS = "--dataset=glyphs"
# The recipes, then what other settings compute.
_TRAININGS = {
    name: (f"--recipe={name}", _DIGITS)
    for name in (
        "dcgan",
        "dcgan_small",
        "vanilla_gan",
        "dcgan_upsampling",
        "dcgan_cifar10",
        "dcgan_quick",
        "dcgan_steady",
        "dcgan_celeba",
        "dcgan_28",
        "lsgan_28",
        "sndcgan",
    )
} | {
    "cyclegan": (
        "--recipe=cyclegan",
        "--dataset_a=glyphs:3",
        "--dataset_b=glyphs:8",
        "--image_size=32",
    ),
    "conditional": ("--recipe=dcgan_small", _DIGITS, "--conditional"),
    "wasserstein_gp": (
        "--recipe=dcgan_small",
        _DIGITS,
        "--loss=wasserstein_gp",
    ),
    "penalties": (
        "--recipe=dcgan_small",
        _DIGITS,
        "--r1_gamma=1",
        "--spectral_norm",
    ),
    "scored": (
        "--recipe=dcgan_small",
        _DIGITS,
        "--evaluate_every=6",
        "--evaluate_samples=200",
    ),
}
_SCORED = "dcgan_small"


@dataclasses.dataclass(frozen=True)
class UnchangedSettings:
    """The flags of this command."""

    before: str | None = fields.setting(
        None, "the earlier commit, as git names it", group=_GROUP
    )
    steps: int = fields.setting(
        12, "length of each training", group=_GROUP, minimum=1, maximum=10**6
    )
    width: float = fields.setting(
        1.0, "of all networks", group=_GROUP, above=0, maximum=16
    )

    def __post_init__(self):
        """Checks every value."""
        fields.check(self)


def main(arguments: Sequence[str]) -> None:
    """Runs the proof.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        SystemExit: a result differs.
    """
    settings_of_proof = command_flags.parse(
        arguments, UnchangedSettings, name="unchanged", doc=__doc__
    )
    quiet_import.import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        _check_out(settings_of_proof.before, place / "code")
        projects = {"before": place / "code", "after": _PROJECT}
        differing = [
            name
            for name in _TRAININGS
            if not _trains_alike(name, projects, place, settings_of_proof)
        ]
        if not _scores_alike(projects, place / "after" / _SCORED):
            differing.append("evaluation.json")
    if differing:
        print(f"different: {', '.join(differing)}")
        sys.exit(1)
    print(f"nothing differs from {settings_of_proof.before}")


def _check_out(commit: str, folder: pathlib.Path) -> None:
    """Writes the files of a commit into a new folder."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "archive", "--format=tar", commit],
        cwd=_PROJECT,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)


def _trains_alike(
    name: str,
    projects: dict[str, pathlib.Path],
    place: pathlib.Path,
    settings_of_proof: UnchangedSettings,
) -> bool:
    """Trains with both codes, and prints what differs."""
    run_dirs = []
    for side, project in projects.items():
        run_dirs.append(place / side / name)
        trainings.train(
            [
                *_TRAININGS[name],
                f"--width={settings_of_proof.width}",
                f"--steps={settings_of_proof.steps}",
                "--log_every=1",
                "--sample_every=6",
                "--checkpoint_every=6",
                f"--run_dir={run_dirs[-1]}",
            ],
            project=project,
        )
    differing = trainings.differences(*run_dirs)
    if len({_settings(run_dir) for run_dir in run_dirs}) > 1:
        differing.append("settings or facts of the data in config.json")
    print(
        f"{name}: {trainings.number_of_variables(run_dirs[0])} variables, "
        f"grids and metrics after {settings_of_proof.steps} steps: "
        f"{'identical' if not differing else '; '.join(differing)}",
        flush=True,
    )
    return not differing


def _settings(run_dir: pathlib.Path) -> str:
    """Returns what config.json says of settings and data, as one text."""
    content = json.loads((run_dir / "config.json").read_text())
    return json.dumps(
        [content.get(name) for name in ("settings", "data", "data_b")],
        sort_keys=True,
    )


def _scores_alike(
    projects: dict[str, pathlib.Path], run_dir: pathlib.Path
) -> bool:
    """Scores one run with both codes, and prints whether that differs."""
    texts = []
    for project in projects.values():
        output = run_dir / "compared.json"
        trainings.train(
            [
                f"--run_dir={run_dir}",
                "--features=classifier",
                "--metrics=fid,kid,precision_recall,modes,memorization",
                "--num_samples=500",
                f"--output={output}",
            ],
            script="evaluate.py",
            project=project,
        )
        texts.append(output.read_text())
    alike = texts[0] == texts[1]
    print(f"evaluation.json: {'identical' if alike else 'different'}")
    return alike


if __name__ == "__main__":
    command_line.run(main)
