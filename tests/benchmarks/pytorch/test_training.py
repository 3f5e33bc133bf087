import contextlib
import io
import sys

import numpy as np
import pytest

from benchmarks.pytorch import training
from tf_dcgan.common import errors
from tf_dcgan.config import overrides
from tf_dcgan.gan import gan

# The sides of the benchmark take ten seconds to be made.
pytestmark = pytest.mark.slow

# Keeps what it was given, and claims to have trained.
_OTHER_SIDE = """
import pathlib, shutil, sys
import numpy as np

folder = pathlib.Path(sys.argv[1])
print("Other 1.0", flush=True)
shutil.copytree(folder, "{copy}")
np.savez(
    folder / "results.npz",
    losses=[[0.25, 0.75], [0.25, 0.75]],
    samples=np.zeros([2, 64, 28, 28, 1], np.uint8),
)
"""


def compare(data_dir, *, steps):
    """Runs the command with a stand-in's Python, each step an interval."""
    training.main(
        [
            "training",
            f"--torch_python={sys.executable}",
            f"--data_dir={data_dir}",
            f"--steps={steps}",
            "--interval=1",
        ]
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory, tiny_mnist):
    """The lines of a comparison, and the folder of what was handed over."""
    folder = tmp_path_factory.mktemp("training")
    side = folder / "side.py"
    side.write_text(_OTHER_SIDE.format(copy=folder / "kept"))
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as output,
    ):
        patch.setattr(training, "_THEIR_SIDE", side)
        compare(tiny_mnist, steps=2)
    return output.getvalue().splitlines(), folder / "kept"


def first_loss_of_d(folder):
    """D's least-squares loss in step 1, by what the other side was given."""
    data = np.load(folder / "data.npz")
    state = gan.create_state(
        overrides.from_flags({"recipe": "lsgan_28", "seed": 7}), (28, 28, 1)
    )
    for network in (state.generator, state.discriminator):
        arrays = np.load(folder / f"{network.name}.npz")
        network.set_weights([*arrays.values()])
    real = data["images"][data["indices"][0]] / np.float32(127.5) - 1
    fake = state.generator(data["latents"][0, 0], training=True)
    of_real, of_fake = (
        state.discriminator(images, training=True).numpy()
        for images in (real, fake)
    )
    return 0.5 * (np.mean((of_real - 1) ** 2) + np.mean(of_fake**2))


def test_the_other_side_is_given_what_ours_trains_with(compared):
    lines, folder = compared
    # The line of step 1: "1  G / G  D / D  diversity".
    ours = float(lines[-2].split()[4])
    assert ours == pytest.approx(first_loss_of_d(folder), abs=6e-4)
    assert np.load(folder / "data.npz")["learning_rate"] == np.float64(2e-4)


def test_the_table_has_both_sides_and_their_distance(compared):
    lines, _ = compared
    assert lines[0].startswith("lsgan_28, mnist, seed 0, TensorFlow ")
    assert lines[0].endswith(", Other 1.0")
    step, *columns = lines[-2].replace("/", "").split()
    assert step == "1"
    loss_g, theirs_g, loss_d, theirs_d, _, their_diversity = map(float, columns)
    assert (theirs_g, theirs_d, their_diversity) == (0.25, 0.75, 0.0)
    distance = max(abs(loss_g - 0.25), abs(loss_d - 0.75))
    assert float(lines[1].split()[-1]) == pytest.approx(distance, abs=0.05)
    # Ten steps were not made.
    assert sum("differ by" in line for line in lines) == 1


def test_an_interval_beyond_the_steps_is_refused():
    with pytest.raises(
        errors.UserError,
        match="--interval=20 is more than --steps=10: give at most as many",
    ):
        training.TrainingSettings(torch_python="python", steps=10, interval=20)


def test_the_failure_of_the_other_side_is_passed_on(
    tmp_path, monkeypatch, tiny_mnist
):
    side = tmp_path / "side.py"
    side.write_text("print('ready', flush=True)\nraise ValueError('no')")
    monkeypatch.setattr(training, "_THEIR_SIDE", side)
    with pytest.raises(RuntimeError, match="ValueError: no"):
        compare(tiny_mnist, steps=1)
