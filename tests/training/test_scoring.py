"""Scores during a training and the best checkpoint."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
from scripted_scores import ScriptedEvaluator
import tensorflow as tf

from benchmarks import trainings
from tf_dcgan.commands import evaluate, sample, train
from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.gan import states
from tf_dcgan.metrics.features.classifier import training as classifier_training
from tf_dcgan.runs import best_checkpoint, checkpoints, health, runs, summaries
from tf_dcgan.sampling import generators
from tf_dcgan.training import execution, guards, scoring

_SCRIPT = pathlib.Path(__file__).parents[1] / "support" / "die_while_scoring.py"


# A training that dies.


@pytest.fixture(scope="module")
def died(tiny_mnist, tmp_path_factory):
    """The folder of the runs that the script makes, and what it tells."""
    folder = tmp_path_factory.mktemp("died")
    output = subprocess.run(
        [sys.executable, _SCRIPT, tiny_mnist, folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return folder, json.loads(output.splitlines()[-1]), output


@pytest.mark.slow
def test_a_death_at_any_instant_changes_nothing_in_the_end(died):
    folder, _, _ = died
    # The grid of the step at which it was stopped stays, and its diversity.
    (folder / "killed/samples/step_0000026.png").unlink()
    path = folder / "killed/metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    (stopped,) = [
        line
        for line in lines
        if line.startswith('{"kind": "samples", "step": 26,')
    ]
    lines.remove(stopped)
    path.write_text("".join(lines))
    assert trainings.differences(folder / "whole", folder / "killed") == []


@pytest.mark.slow
def test_scores_leave_the_training_bit_identical(died):
    folder, _, _ = died
    assert trainings.differences(folder / "plain", folder / "whole") == [
        "best checkpoints None, step_0000045",
        "lines of metrics.jsonl",
    ]


@pytest.mark.slow
def test_no_death_leaves_a_run_without_the_best_it_had(died):
    ends = [(end["ended"], end["checkpoint"], end["best"]) for end in died[1]]
    ten, twenty = "step_0000010", "step_0000020"
    at_20 = [10, 12, 14, 16, 18, 20]
    assert ends == [
        ("dead", None, [2, 4]),
        ("dead", ten, [10, 12]),
        ("dead", ten, at_20),
        ("dead", twenty, at_20),
        ("alive", "step_0000026", [24]),
        ("dead", "step_0000026", [24, 26]),
    ]


@pytest.mark.slow
def test_a_score_that_a_stop_put_off_is_made_first_of_all(died):
    output = died[2][died[2].index("evaluation of step 26 put off") :]
    assert "goes on after step 26 of 45\nevaluation of step 26: " in output


@pytest.mark.slow
def test_the_line_of_a_score_tells_what_it_was(died):
    lines = summaries.read_metrics(died[0] / "whole")
    lines = [line for line in lines if line["kind"] == "evaluation"]
    assert [line["step"] for line in lines] == [*range(2, 45, 2), 45]
    keys = {"kind", "step", "mean_100", "real", "features", "during"}
    keys.add("discriminator_lead")
    assert all(abs(line["discriminator_lead"]) < 1 for line in lines)
    assert lines[-1].keys() == keys
    assert lines[-1]["features"] == "the mean pixel"


# Which checkpoint is the best.


class _Training:
    """What the loop does with scores, without the training."""

    def __init__(
        self,
        folder,
        values,
        *,
        step=0,
        total=100,
        protocol="first",
        lead=dict,
    ):
        facts = runs.DataFacts(4, 4, 1, (0, 0, 4, 4), 100, "as is", "abc")
        config = schema.Config(evaluate_every=10)
        self.run = runs.Run(folder, config, facts, {}, None)
        checkpoints.rewind(self.run.best_checkpoint, step)
        self.evaluations = scoring.Evaluations(
            self.run,
            ScriptedEvaluator(values, protocol),
            lambda first, count: np.zeros((count, 4, 4, 1), np.uint8),
            step=step,
            total=total,
            lead=lead,
        )

    def score(self, step, *, stopped=False):
        """Scores a step that is due, without a checkpoint after it."""
        assert self.evaluations.is_due(step)
        stop = guards.Stop()
        stop.requested = stopped

        def save(folder, *, kept, **more):
            checkpoints.save(
                folder,
                step,
                variables={"weight": tf.Variable(float(step))},
                progress={"meter": {}, **more},
                kept=kept,
            )

        with summaries.Summaries(self.run.path) as log:
            return self.evaluations.make(step, stop=stop, log=log, save=save)

    def best(self):
        """(step, value) of every best checkpoint that there is."""
        folder = self.run.best_checkpoint
        paths = checkpoints.all_checkpoints(folder)
        return [
            (best_checkpoint.read(p).step, best_checkpoint.read(p).value)
            for p in paths
        ]


def test_only_a_strictly_better_score_is_the_best(tmp_path):
    training = _Training(tmp_path, [5.0, 5.0, 6.0, np.nan, 4.9])
    for step in (10, 20, 30, 40):
        training.score(step)
        training.evaluations.prune()
    assert training.best() == [(10, 5.0)]
    training.score(50)
    assert training.best() == [(10, 5.0), (50, 4.9)]
    training.evaluations.prune()
    assert training.best() == [(50, 4.9)]


def test_a_first_score_that_is_not_finite_is_not_the_best(tmp_path, capsys):
    training = _Training(tmp_path, [np.inf, 7.0])
    training.score(10)
    assert training.best() == []
    assert "none is finite yet" in capsys.readouterr().out
    training.score(20)
    assert training.best() == [(20, 7.0)]


def test_each_score_prints_its_value_and_the_best(tmp_path, capsys):
    training = _Training(tmp_path, [5.0, 4.0, 4.5])
    for step in (10, 20, 30):
        training.score(step)
    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(";")[0] for line in lines] == [
        "evaluation of step 10: mean_100 5; the best so far",
        "evaluation of step 20: mean_100 4; the best so far, before 5 at "
        "step 10",
        "evaluation of step 30: mean_100 4.5; best 4 at step 20",
    ]


def test_scores_are_due_at_the_interval_and_at_the_end(tmp_path):
    due = _Training(tmp_path, [], total=25).evaluations.is_due
    assert [step for step in range(26) if due(step)] == [10, 20, 25]


def test_a_step_that_has_its_score_is_not_scored_again(tmp_path):
    training = _Training(tmp_path, [5.0])
    training.score(10)
    assert not training.evaluations.is_due(10)
    again = _Training(tmp_path, [], step=10)
    assert not again.evaluations.is_due(10)
    assert again.evaluations.is_due(20)


def test_a_stop_puts_a_score_off(tmp_path):
    training = _Training(tmp_path, [5.0])
    training.score(10, stopped=True)
    assert training.best() == []
    assert summaries.read_metrics(tmp_path) == []
    training = _Training(tmp_path, [5.0], step=10)
    training.score(10)
    assert training.best() == [(10, 5.0)]


def test_a_run_that_goes_on_forgets_later_bests(tmp_path):
    training = _Training(tmp_path, [5.0, 4.0])
    training.score(10)
    training.score(20)
    assert _Training(tmp_path, [], step=19).best() == [(10, 5.0)]


def test_a_discriminator_that_memorises_is_told_of(tmp_path):
    measured = iter([0.6, 0.4, 0.7, float("nan"), 0.8])

    def lead():
        return {"discriminator_lead": next(measured)}

    training = _Training(tmp_path, [5.0] * 4, lead=lead)
    for step in (10, 20, 30, 40):
        assert training.score(step) == []
    # The run goes on, and knows what the last finite lead was.
    again = _Training(tmp_path, [5.0], step=40, lead=lead)
    (verdict,) = again.score(50)
    assert verdict.startswith(
        "discriminator memorises: its output on training images is 0.8 above "
        "that on images it has not seen, 0.7 at the evaluation before; "
    )
    lines = summaries.read_metrics(tmp_path)
    assert ["health" in line for line in lines] == [False] * 4 + [True]
    assert health.kinds(lines[-1]) == ["discriminator memorises"]


def test_a_lead_that_is_measured_anew_is_not_compared_with_itself(tmp_path):
    leads = iter([0.4, 0.7, 0.7])

    def lead():
        return {"discriminator_lead": next(leads)}

    training = _Training(tmp_path, [5.0] * 2, lead=lead)
    assert training.score(10) == training.score(20) == []
    log = tmp_path / "metrics.jsonl"
    log.write_text(log.read_text().replace("mean_100", "another"))
    again = _Training(tmp_path, [5.0], step=20, protocol="second", lead=lead)
    assert again.evaluations.is_due(20)
    assert again.score(20) == []  # Beside 0.4, of step 10.


def test_another_protocol_starts_a_new_best(tmp_path, capsys):
    _Training(tmp_path, [5.0]).score(10)
    capsys.readouterr()
    training = _Training(tmp_path, [6.0], step=10, protocol="second")
    assert (
        "the best checkpoint, of step 10, has mean_100 5 by another protocol; "
        "the next score, mean_100, takes its place" in capsys.readouterr().out
    )
    assert training.best() == [(10, 5.0)]
    training.score(20)
    training.evaluations.prune()
    assert training.best() == [(20, 6.0)]


def test_the_best_of_the_same_step_takes_the_new_score(tmp_path):
    _Training(tmp_path, [5.0]).score(10)
    (tmp_path / "metrics.jsonl").unlink()  # As if it had another name.
    training = _Training(tmp_path, [6.0], step=10, protocol="second")
    (path,) = checkpoints.all_checkpoints(training.run.best_checkpoint)
    weights = (path / "weights.index").stat()
    training.score(10)
    assert training.best() == [(10, 6.0)]
    # It never was away.
    assert (path / "weights.index").stat().st_ino == weights.st_ino
    assert checkpoints.read_progress(path)["meter"] == {}


def test_a_best_without_its_score_is_named_with_the_way_out(tmp_path):
    training = _Training(tmp_path, [5.0])
    training.score(10)
    (path,) = checkpoints.all_checkpoints(training.run.best_checkpoint)
    (path / "progress.json").write_text('{"step": 10}')
    with pytest.raises(errors.UserError, match="also take --checkpoint=last"):
        _Training(tmp_path, [], step=10)


# Through the flags.


@pytest.fixture(scope="module")
def scored(tiny_flags, tmp_path_factory):
    """A run that was scored by a small classifier; tests only read it."""
    run_dir = tmp_path_factory.mktemp("scored") / "run"
    settings = classifier_training.Settings(width=4, epochs=1, batch_size=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "set_up", lambda config: "device: a test's")
        patch.setattr(classifier_training, "settings_for", lambda *_: settings)
        train.main(
            [
                "train.py",
                *tiny_flags,
                "--steps=30",
                "--evaluate_every=10",
                "--evaluate_samples=100",
                f"--cache_dir={run_dir.parent / 'cache'}",
                f"--run_dir={run_dir}",
            ]
        )
    return run_dir


@pytest.fixture
def not_last(scored, tmp_path):
    """A copy of the run whose best is that of step 10."""
    shutil.copytree(scored, tmp_path / "copy")
    folder = tmp_path / "copy" / "checkpoints"
    shutil.rmtree(folder / "best", ignore_errors=True)
    shutil.move(folder / "step_0000010", folder / "best" / "step_0000010")
    entry = {"name": "fid_x", "value": 12.345, "protocol": {}}
    checkpoints.amend(folder / "best" / "step_0000010", {"best": entry})
    return runs.open_run(tmp_path / "copy")


@pytest.mark.slow
def test_the_flags_give_scores_a_best_checkpoint_and_a_curve(scored):
    lines = [
        line
        for line in summaries.read_metrics(scored)
        if line["kind"] == "evaluation"
    ]
    assert [line["step"] for line in lines] == [10, 20, 30]
    values = [line["fid_classifier_100"] for line in lines]
    assert all(line["real"] == "mnist:test, 40 images" for line in lines)
    assert all(line["fid_classifier_100_floor"] > 0 for line in lines)
    (path,) = checkpoints.all_checkpoints(scored / "checkpoints" / "best")
    best = best_checkpoint.read(path)
    assert best.value == min(values)
    assert best.step == lines[values.index(min(values))]["step"]
    assert best.protocol["features"]["dataset"] == "mnist"


@pytest.mark.slow
def test_the_best_checkpoint_holds_the_weights_of_its_step(not_last):
    generator, step = generators.load_generator(not_last, "raw", "best")
    assert step == 10
    assert best_checkpoint.origin(not_last, step, "best") == (
        "step 10, best by fid_x 12.35"
    )
    last, last_step = generators.load_generator(not_last, "raw")
    assert (last_step, best_checkpoint.origin(not_last, last_step)) == (
        30,
        "step 30",
    )
    state = states.named_variables(generator, "generator")
    before = {name: value.numpy() for name, value in state.items()}
    checkpoints.restore_some(not_last.best_checkpoint / "step_0000010", state)
    for name, value in state.items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    assert not np.array_equal(
        generator.get_layer("project").kernel, last.get_layer("project").kernel
    )


@pytest.mark.slow
def test_the_sample_command_names_the_checkpoint(not_last, tmp_path, capsys):
    flags = [f"--run_dir={not_last.path}", f"--out={tmp_path / 'x.png'}"]
    sample.main(["sample.py", *flags, "--checkpoint=best"])
    assert capsys.readouterr().out.endswith(
        "ema weights of step 10, best by fid_x 12.35\n"
    )


@pytest.mark.slow
def test_evaluate_names_the_checkpoint(not_last, tmp_path, monkeypatch):
    settings = classifier_training.Settings(width=4, epochs=1, batch_size=50)
    monkeypatch.setattr(
        classifier_training, "settings_for", lambda *_: settings
    )
    evaluate.main(
        [
            "evaluate.py",
            f"--run_dir={not_last.path}",
            "--checkpoint=best",
            "--features=classifier",
            f"--cache_dir={not_last.config.cache_dir}",
            "--metrics=fid",
            "--num_samples=50",
        ]
    )
    content = json.loads((not_last.path / "evaluation.json").read_text())
    assert content["step"] == 10
    assert "step 10, best by fid_x 12.35, ema" in content["protocol"]["fake"]
    assert content["generator"] == {
        "weights": "ema",
        "checkpoint": "best",
        "best_by": "fid_x",
    }


@pytest.mark.slow
def test_a_run_without_a_best_says_how_to_get_one(trained):
    with pytest.raises(errors.UserError) as raised:
        sample.main(
            ["sample.py", f"--run_dir={trained[0]}", "--checkpoint=best"]
        )
    assert str(raised.value).endswith(
        "has no best checkpoint: train with --evaluate_every=N, or take "
        "--checkpoint=last"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--evaluate_split=tset"], "has no split 'tset': did you mean test"),
        (
            ["--evaluate_features=inception", "--inception_weights=no.npz"],
            "no.npz cannot be read",
        ),
        (["--evaluate_feature_dim=65"], "is no layer: give 64, 192"),
    ],
)
def test_what_cannot_score_is_told_before_the_run_is_made(
    tiny_flags, tmp_path, monkeypatch, flags, message
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")
    with pytest.raises(errors.UserError, match=message) as raised:
        train.main(["train.py", *tiny_flags, "--evaluate_every=5", *flags])
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_training_without_scores_does_not_import_what_makes_them():
    code = (
        "from tf_dcgan.training import launch; import sys\n"
        "scoring = {m for m in sys.modules if m.startswith("
        "('tf_dcgan.metrics.', 'tf_dcgan.evaluation'))}\n"
        # The diversity of samples is logged by every training.
        "assert scoring == {'tf_dcgan.metrics.diversity'}, scoring"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=_SCRIPT.parents[2]
    )
