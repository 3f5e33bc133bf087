"""`python train.py` with each loss and penalty, and stopped in between."""

import json

import forked_trainings
import numpy as np
import pytest

from benchmarks import trainings
from tf_dcgan.commands import train
from tf_dcgan.gan import gan
from tf_dcgan.runs import runs
from tf_dcgan.training import execution

# All that can steady a training, at once.
STEADIED = [
    "--loss=relativistic",
    "--r1_gamma=0.5",
    "--r2_gamma=0.5",
    "--consistency=10",
    "--horizontal_flip",
    "--augment=color,translation,cutout",
    "--minibatch_stddev",
    "--learning_rate_decay=linear",
    "--generator_latents=new",
    "--generator_batch=2",
    "--conditional",
    "--conditioning=projection",
    "--batch_norm_scale=normal",
    "--initial_bias=uniform",
]
PENALISED = (
    "--loss=wasserstein_gp",
    "--spectral_norm",
    "--r1_gamma=0.5",
    "--generator_updates=1",
)
NOT_NORMALISED = (
    *PENALISED,
    "--nodiscriminator_batch_norm",
    "--discriminator_width=0.5",
    "--learning_rate_decay=second_half",
)
SPECTRAL = ("--recipe=sndcgan", "--width=0.01", "--minibatch_stddev")


@pytest.fixture
def main(tmp_path, monkeypatch, no_exports):
    """train.py's main in this process, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    # It would make the other tests' operations deterministic as well.
    monkeypatch.setattr(execution, "set_up", lambda config: "device: a test's")

    def call(*flags):
        train.main(["train.py", *flags])

    return call


@pytest.mark.parametrize(
    "flags",
    [
        [
            "--loss=least_squares",
            "--discriminator_loss=mean",
            "--r1_gamma=10",
        ],
        ["--loss=hinge", "--spectral_norm", "--precision=mixed_float16"],
        [*PENALISED, "--xla=on"],
        [*STEADIED, "--precision=mixed_float16"],
    ],
    ids=["least_squares", "hinge", "wasserstein_gp", "steadied"],
)
def test_it_trains_and_logs_every_scalar_with(main, tiny_flags, flags, capsys):
    main(*tiny_flags, *flags, "--steps=2", "--run_dir=run")
    output = capsys.readouterr().out
    notes = sum(
        any(flag.startswith(name) for flag in flags)
        for name in ("--r1_gamma", "--consistency", "--spectral_norm")
    )
    assert output.count("batch normalisation in D") == notes
    with open("run/metrics.jsonl") as file:
        lines = [json.loads(line) for line in file]
    line = next(line for line in lines if line["kind"] == "train")
    names = set(gan.scalars(runs.open_run("run").config))
    assert set(line) == names | {
        "kind",
        "step",
        "images_per_second",
        "elapsed_seconds",
    }
    assert line["step"] == 2
    assert all(np.isfinite(line[name]) for name in names)


def test_a_dry_run_tells_of_batch_normalisation(main, capsys):
    main("--loss=wasserstein_gp", "--width=0.05", "--dry_run")
    output = capsys.readouterr().out
    assert "note: --loss=wasserstein_gp penalises D's slope" in output
    assert '"discriminator_updates": "joint"' in output
    assert '"generator_updates": 1' in output


@pytest.mark.parametrize(
    "more",
    [STEADIED, NOT_NORMALISED, SPECTRAL],
    ids=["steadied", "not_normalised", "sndcgan"],
)
def test_penalties_and_spectral_vectors_survive_a_kill_bit_for_bit(
    tmp_path, tiny_flags, more
):
    flags = [*tiny_flags, *more, "--steps=60", "--checkpoint_every=4"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    forked_trainings.train([*flags, f"--run_dir={whole}"], exports=False)
    process = forked_trainings.start([*flags, f"--run_dir={killed}"])
    forked_trainings.wait_for_checkpoint(process, killed)
    process.kill()
    process.communicate()
    reached = int(trainings.last_checkpoint(killed).name[5:])
    assert 0 < reached < 60
    output = forked_trainings.train([f"--run_dir={killed}"], exports=False)
    assert f"goes on after step {reached} of 60" in output
    assert "batch normalisation" not in output  # Said once, at the start.
    assert trainings.differences(whole, killed) == []
