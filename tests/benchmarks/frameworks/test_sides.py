import json
import sys

import pytest

from benchmarks.frameworks import sides
from tf_dcgan.common import errors

# A stand-in for PyTorch: says what networks it has, then acts.
_OTHER_SIDE = """
import sys, time
print('{{"weights": {{"generator": 5}}, "adam": "{adam}"}}', flush=True)
if sys.stdin.readline() != "train\\n":
    sys.exit("was not asked to train")
{action}
"""


def train(
    folder,
    monkeypatch,
    action,
    *,
    variant="channels_last",
    weights=5,
    limit=60,
    adam="fused",
):
    side = folder / "side.py"
    side.write_text(_OTHER_SIDE.format(action=action, adam=adam))
    monkeypatch.setattr(sides, "_TORCH_SIDE", side)
    return sides.pytorch(
        folder,
        variant,
        torch_python=sys.executable,
        weights={"generator": weights},
        compile_limit=limit,
    )


def test_the_other_side_answers_with_its_speeds(tmp_path, monkeypatch):
    speeds = json.dumps([1, 2, 30, 50, 40])
    assert train(tmp_path, monkeypatch, f"print({speeds!r})") == 40


@pytest.mark.parametrize("adam", ["fused", "foreach"])
def test_a_slower_adam_is_told(tmp_path, monkeypatch, capsys, adam):
    train(tmp_path, monkeypatch, "print([1, 2, 3])", adam=adam)
    output = capsys.readouterr().out
    assert ("Adam is foreach, not fused" in output) == (adam == "foreach")


def test_other_networks_are_refused_before_they_train(tmp_path, monkeypatch):
    with pytest.raises(
        errors.UserError,
        match="generator has 6 here and 5 in PyTorch.*cannot be compared",
    ):
        train(tmp_path, monkeypatch, "1 / 0", weights=6)


def test_a_network_that_only_one_side_has_is_refused():
    with pytest.raises(errors.UserError, match="d has 7 here and 0 in"):
        sides.check_weights({"g": 5, "d": 7}, {"g": 5})
    sides.check_weights({"g": 5, "d": 7}, {"d": 7, "g": 5})


def test_what_cannot_be_compiled_is_left_out_with_its_reason(
    tmp_path, monkeypatch
):
    action = "raise ValueError('no compiler')"
    with pytest.raises(sides.CannotRun, match="^ValueError: no compiler$"):
        train(tmp_path, monkeypatch, action, variant="compile_channels_first")
    # Without compiling it is a fault of the benchmark.
    with pytest.raises(RuntimeError, match="no compiler"):
        train(tmp_path, monkeypatch, action)


@pytest.mark.slow
def test_what_compiles_for_too_long_is_left_out(tmp_path, monkeypatch):
    with pytest.raises(sides.CannotRun, match="not done after 0.5 s"):
        train(
            tmp_path,
            monkeypatch,
            "time.sleep(60)",
            variant="compile_channels_last",
            limit=0.5,
        )
