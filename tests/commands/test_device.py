"""`--device` of every command that computes."""

import contextlib
import types

import made_up_gpus
import pytest

from tf_dcgan import __main__ as entry
from tf_dcgan.commands import dispatch, run_flags
from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.evaluation import evaluate, request
from tf_dcgan.inspection import report
from tf_dcgan.training import launch


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch):
    made_up_gpus.Machine(monkeypatch, 0)


def _launch():
    launch.launch(schema.Config(device="gpu"), run_dir=None, old_run=None)


def _describe():
    launch.describe(schema.Config(device="gpu"))


def _load_generator():
    run_flags.load(None, run_flags.RunSettings(run_dir="run", device="gpu"))


def _evaluate():
    evaluate.evaluate(request.Request(run_dir="run", device="gpu"))


def _inspect():
    advice = types.SimpleNamespace(
        config=schema.Config(), image_shape=(28, 28, 1)
    )
    report.Report(None, None, {}, advice).measured("gpu")


@pytest.mark.parametrize(
    "command", [_launch, _describe, _load_generator, _evaluate, _inspect]
)
def test_a_gpu_that_is_not_there_is_refused_before_any_work(command):
    with pytest.raises(errors.UserError, match="--device=gpu: TensorFlow sees"):
        command()


@pytest.mark.parametrize(
    "command", sorted(set(dispatch.COMMANDS) - {"compare", "progress"})
)
def test_every_command_that_computes_has_the_flag(command, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tf-dcgan", command, "--help"])
    with contextlib.suppress(SystemExit):
        entry.main()
    assert "  --device  (default auto)\n" in capsys.readouterr().out
