import numpy as np
import pytest

from tf_dcgan.api import wording
from tf_dcgan.common import errors, terminal


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("--width=0 is out of range", "width=0 is out of range"),
        ("give another --run_dir, or", "give another run_dir, or"),
        ("--fit=pad or --fit=stretch", "fit=pad or fit=stretch"),
        ("train with --conditional", "train with conditional=True"),
        ("--per_class needs", "per_class=True needs"),
        ("--horizontal_flip=false", "horizontal_flip=false"),
        ("a -- b, x--y and -1", "a -- b, x--y and -1"),
        (
            "go on by `python -m tf_dcgan train --run_dir='my run' --steps=40`",
            "go on by `tf_dcgan.train(run_dir='my run', steps=40)`",
        ),
        (
            "python -m tf_dcgan evaluate --run_dir=a --features=inception",
            "tf_dcgan.open_run('a').evaluate(features='inception')",
        ),
        (
            "more: python -m tf_dcgan sample --run_dir=a   curves: x",
            "more: tf_dcgan.open_run('a').sample()   curves: x",
        ),
        (
            "first (python -m tf_dcgan train --run_dir=./a.b), then",
            "first (tf_dcgan.train(run_dir='./a.b')), then",
        ),
        (
            "use python -m tf_dcgan translate --run_dir=a; or --width=1",
            "use python -m tf_dcgan translate --run_dir=a; or width=1",
        ),
    ],
)
def test_flags_and_commands_become_arguments_and_calls(said, read):
    assert wording.in_python(said) == read


def test_commands_of_this_package_are_read_as_it_writes_them():
    command = terminal.command("train", run_dir="it's mine", steps=2)
    assert wording.in_python(command) == (
        'tf_dcgan.train(run_dir="it\'s mine", steps=2)'
    )


@pytest.mark.parametrize("verbose", [True, False])
def test_a_program_is_told_what_it_must_know(verbose, capsys):
    with wording.for_programs(verbose=verbose):
        terminal.say("run: a starts")
        terminal.say("note: --fit=pad keeps all")
        terminal.show("finished")
        with terminal.Progress("samples", 3, "images"):
            pass
    lines = ["note: fit=pad keeps all"]
    if verbose:
        lines = ["run: a starts", *lines, "finished"]
    assert capsys.readouterr().out.splitlines() == lines
    terminal.say("--after")
    assert capsys.readouterr().out == "--after\n"


def test_an_error_keeps_its_class_and_its_place():
    class OwnError(errors.UserError):
        pass

    with pytest.raises(OwnError, match="^loss=x is not known$") as caught:
        with wording.for_programs():
            raise OwnError("--loss=x is not known")
    assert caught.value.__cause__ is None


def test_what_a_training_sets_in_the_process_is_taken_back():
    from tensorflow.python.framework import config as tensorflow_config

    # As in a new process: another test may have run a command in this one.
    tensorflow_config.disable_op_determinism()
    with wording.tensorflow_as_it_was():
        import keras
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        keras.config.set_dtype_policy("mixed_bfloat16")
    assert keras.config.dtype_policy().name == "float32"
    # Under determinism it needs a seed, and raises.
    assert np.isfinite(tf.random.normal([1])).all()
