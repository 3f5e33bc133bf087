"""Scores images: `python -m tf_dcgan evaluate`, or `evaluate.py`."""

from __future__ import annotations

from collections.abc import Sequence
import pathlib

from tf_dcgan.commands import command_line, evaluate_flags, idle_flags
from tf_dcgan.common import quiet_import, terminal
from tf_dcgan.runs import runs

SUMMARY = """\
Scores generated images against real ones.

  --run_dir=RUN                   a run against its own data set
  --real=X --fake=Y               any images against any others
  --real=X --statistics=FILE.npz  mean and covariance of X, for later"""


def main(arguments: Sequence[str]) -> None:
    """Runs the command.

    Args:
        arguments: the words of the command line, the script first.

    Raises:
        errors.UserError: something is wrong that the user can mend.
    """
    line = command_line.parse(
        arguments,
        evaluate_flags.EvaluateSettings,
        summary=SUMMARY,
        command=terminal.command("evaluate"),
    )
    wanted, given = line.settings, line.given
    idle_flags.refuse(wanted, given)
    run = runs.open_run(wanted.run_dir) if wanted.run_dir else None
    translates = run is not None and run.config.translates
    if translates:
        idle_flags.refuse_of_translation(wanted, given)
    wanted.require_writable()
    quiet_import.import_tensorflow()
    from tf_dcgan.evaluation import evaluate, report
    from tf_dcgan.evaluation import request as evaluation_request

    request = evaluation_request.Request(
        metrics=wanted.metric_names,
        features=wanted.features,
        feature_dim=wanted.feature_dim,
        inception_weights=wanted.inception_weights,
        resize=wanted.resize,
        seed=wanted.seed,
        batch_size=wanted.batch_size,
        data_dir=wanted.data_dir,
        cache_dir=wanted.cache_dir,
        precision=wanted.precision,
        per_class=wanted.per_class,
    )
    if wanted.statistics is not None:
        print(
            evaluate.write_statistics(wanted.real, wanted.statistics, request)
        )
        return
    if translates:
        print(_score_translation(wanted, run, request))
        return
    found = _score(wanted, run, request)
    print(report.table(found))


def _score_translation(wanted, run, request) -> str:
    """Scores a run that translates, writes the scores, returns the table."""
    from tf_dcgan.evaluation import translation, translation_report

    return translation_report.table(
        translation.evaluate_run(
            run,
            request,
            num_samples=wanted.num_samples,
            weights=wanted.weights,
            checkpoint=wanted.checkpoint,
            output=wanted.output,
        )
    )


def _score(wanted, run, request):
    """Scores the run or the pair of sources, and writes the scores.

    That comes before they are printed, which may fail: nobody may be left to
    read it.
    """
    from tf_dcgan.evaluation import evaluate

    if run is not None:
        return evaluate.evaluate_run(
            run,
            request,
            num_samples=wanted.num_samples,
            split=wanted.split,
            weights=wanted.weights,
            checkpoint=wanted.checkpoint,
            pairs=wanted.pairs,
            output=wanted.output,
        )
    pairs = wanted.pairs
    if pairs is None and wanted.output is not None:
        pairs = pathlib.Path(wanted.output).parent / "memorization.png"
    return evaluate.evaluate_pair(
        wanted.real,
        wanted.fake,
        request,
        train=wanted.train,
        pairs=pairs,
        output=wanted.output,
    )
