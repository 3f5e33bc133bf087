"""Scores images: `python -m tf_dcgan evaluate`, or `evaluate.py`."""

from __future__ import annotations

from collections.abc import Sequence

from tf_dcgan.commands import command_line
from tf_dcgan.common import quiet_import, terminal
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.metrics import scores

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
        evaluation_request.Request,
        summary=f"{SUMMARY}\n\n{_metrics()}",
        command=terminal.command("evaluate"),
    )
    request = line.settings
    run = request.check(line.given)
    quiet_import.import_tensorflow()
    from tf_dcgan.evaluation import evaluate

    terminal.show(evaluate.evaluate(request, run))


def _metrics() -> str:
    """Explains the metrics, in a line each and the features that they need."""
    width = max(map(len, scores.METRICS)) + 4
    lines = ["Metrics:"]
    for name, metric in scores.METRICS.items():
        lines.append(f"  {name:{width - 2}}{metric.help}")
        if metric.features:
            needed = " or ".join(metric.features)
            lines.append(f"{'':{width}}with --features={needed}")
    return "\n".join(lines)
