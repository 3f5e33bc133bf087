"""A run that an earlier state of the program began goes on with this one."""

import json
import pathlib
import shutil

import forked_trainings
import pytest

from tf_dcgan.runs import checkpoints

# Two of four steps, by the program of 2026-11-26 (commit 7bf90a5).
_RUN = pathlib.Path(__file__).parents[1] / "fixtures" / "run_of_2026_11_26"
# What that program logged of the fourth step when it went on itself.
_FOURTH_STEP = {
    "loss_d": 1.3668804168701172,
    "loss_g": 0.7259596586227417,
    "real_score": 0.49904853105545044,
    "fake_score_before": 0.4879204034805298,
    "fake_score_after": 0.4850498139858246,
    "real_accuracy": 1.0,
    "fake_accuracy": 0.0625,
    "generator_gradient_norm": 3.647099494934082,
    "discriminator_gradient_norm": 3.5871963500976562,
}


def test_a_run_begun_before_the_package_had_rooms_goes_on(tmp_path, tiny_mnist):
    run_dir = tmp_path / "run"
    shutil.copytree(_RUN, run_dir)
    forked_trainings.train(
        [f"--run_dir={run_dir}", f"--data_dir={tiny_mnist}", "--steps=4"]
    )
    assert checkpoints.last(run_dir / "checkpoints").name == "step_0000004"
    lines = [
        json.loads(line)
        for line in (run_dir / "metrics.jsonl").read_text().splitlines()
    ]
    before = (_RUN / "metrics.jsonl").read_text().splitlines()
    assert lines[: len(before)] == [json.loads(line) for line in before]
    (fourth,) = [
        line for line in lines if line["kind"] == "train" and line["step"] == 4
    ]
    # Another machine may round its sums in another order.
    for name, value in _FOURTH_STEP.items():
        assert fourth[name] == pytest.approx(value, rel=1e-4), name
    assert (run_dir / "samples" / "step_0000004.png").exists()
    assert (run_dir / "saved_model").is_dir()
