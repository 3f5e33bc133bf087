"""The functions of the package: `train`, `open_run`, `evaluate`, `add_loss`."""

from __future__ import annotations

from collections.abc import Callable
import os
from typing import TYPE_CHECKING, Any

from tf_dcgan.api import arrays, run, scores, training, values, wording
from tf_dcgan.common import quiet_import
from tf_dcgan.config import fields
from tf_dcgan.config import losses as records
from tf_dcgan.evaluation import request as evaluation_request
from tf_dcgan.runs import runs

if TYPE_CHECKING:
    import tensorflow as tf

_SOURCES = ("real", "fake", "train")


def train(
    *,
    run_dir: os.PathLike | str | None = None,
    verbose: bool = False,
    **settings: Any,
) -> run.Run:
    """Trains a GAN on images, or goes on with a run, as the command does.

    Ctrl-C, or a notebook's button to interrupt, saves the run and returns it;
    a second one raises `KeyboardInterrupt`. In other threads than the main one
    signals are left alone.

    Args:
        run_dir: an existing run to go on with, or the folder for a new one;
            None for the next number under `runs/`.
        verbose: whether everything is printed that the command prints; else
            only notes, warnings, verdicts on the health and an early end.
        **settings: of the run, any of those that `train.py --help` lists, such
            as `recipe="dcgan_small"`, `steps=3000`, `batch_size=64`.
            `dataset`, `dataset_a` and `dataset_b` are a name, the path of a
            folder or a file, or arrays: images, (images, labels), what
            `keras.datasets` loads, or a dictionary as an .npz has it.

    Returns:
        The run, as far as it has been trained.

    Raises:
        UserError: a setting, the data, the machine or the run does not fit
            the others; the message says what to do.
    """
    path = training.train(run_dir, settings, verbose=verbose)
    return run.Run(runs.open_run(path))


def open_run(path: os.PathLike | str) -> run.Run:
    """Opens a run.

    Args:
        path: the folder that a training has made.

    Returns:
        The run; see `Run`.

    Raises:
        UserError: the folder holds no run, or it is damaged.
    """
    with wording.for_programs(verbose=False):
        folder = os.fspath(path)
        fields.check_text("run_dir", folder)
        return run.Run(runs.open_run(folder))


def evaluate(real: Any, fake: Any, **settings: Any) -> scores.Scores:
    """Scores generated images against real ones, as the command does.

    A run is scored by `Run.evaluate`.

    Args:
        real: real images: an array, (images, labels), a dictionary as an .npz
            has it, the path of a folder, an archive or an array's file, a data
            set such as `"mnist:test"`, or an .npz with `mu` and `sigma`.
        fake: generated images: as `real`, but no `mu` and `sigma`.
        **settings: what `evaluate.py --help` lists, such as `metrics="fid"` or
            `["fid", "kid"]`, `features="classifier"`, `output="scores.json"`,
            and `train`, the images that the generator was trained on, as
            `fake`.

    Returns:
        The scores by name, with their protocol.

    Raises:
        UserError: an argument is not allowed, there are no such images, or a
            metric cannot be computed from them.
    """
    with wording.for_programs(verbose=False):
        settings, held = arrays.taken_out(
            {"real": real, "fake": fake, **settings}, _SOURCES
        )
        flags = values.settings(
            evaluation_request.Request,
            settings,
            call="evaluate()",
            without=("run_dir", "statistics"),
        )
        request = evaluation_request.Request(**flags)
        request.check([*flags])
        quiet_import.import_tensorflow()
        from tf_dcgan.common import devices
        from tf_dcgan.config import kinds
        from tf_dcgan.evaluation import evaluate as evaluation

        devices.choose(request.device)
        result = evaluation.evaluate_pair(request, held)
        return scores.Scores(result, evaluation.table(result, kinds.GENERATION))


def add_loss(
    name: str,
    discriminator: Callable[[tf.Tensor, float], tf.Tensor],
    generator: Callable[[tf.Tensor], tf.Tensor],
    *,
    summary: str = "a loss of one's own",
    **facts: Any,
) -> None:
    """Adds a loss of one's own, for `train(loss=name)` in this process.

    A run that was trained with it is opened only by a program that has added
    it before: its `config.json` has the name alone. The functions should be
    deterministic and made of TensorFlow's operations.

    Args:
        name: letters, digits and `_`. A loss that was added under the name is
            replaced.
        discriminator: takes D's outputs [batch, 1] float32 and their label, 1
            for real images (or less, where `real_label` smooths it) and 0 for
            generated ones; returns D's loss, a scalar.
        generator: takes D's outputs on generated images [batch, 1] float32;
            returns G's loss, a scalar.
        summary: what D or G does, in one line.
        **facts: what else is known of the loss, attributes of
            `tf_dcgan.config.losses.Loss`: `outputs_are_logits=True` if
            sigmoid(x) of an output x is a probability, `has_labels=False` if
            labels cannot be smoothed, `health=` to have verdicts.

    Raises:
        UserError: the name is none, or the name of a built-in loss.
    """
    with wording.for_programs(verbose=False):
        quiet_import.import_tensorflow()
        from tf_dcgan.gan import losses

        record = records.Loss(summary, **facts)
        losses.add(name, record, discriminator, generator)
