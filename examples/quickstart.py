"""From nothing to images, curves and a score, in three to ten minutes.

Once, in the project's folder: pip install .
Then: python examples/quickstart.py [STEPS]
"""

import sys

import matplotlib.image
import numpy as np

import tf_dcgan

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 3000

# Digits drawn from fonts: no download. Any setting of `train.py` may be given.
run = tf_dcgan.train(
    recipe="dcgan_small",
    dataset="glyphs",
    width=0.5,
    steps=steps,
    verbose=True,  # Tells how far it is.
)
print(run)

# [16, 28, 28, 1] uint8; image i of a seed is always the same.
digits = run.sample(16, seed=1)
row = np.hstack(digits[..., 0])
matplotlib.image.imsave(run.path / "sixteen.png", row, cmap="gray")

# Arrays of one length by name, ready for a data frame or for Matplotlib.
curves = run.metrics()
print(f"D's loss {curves['loss_d'][-1]:.3f} after step {curves['step'][-1]}")

# On a small classifier, trained once for the data set and kept in the cache.
scores = run.evaluate(metrics="fid", features="classifier", num_samples=1000)
print(scores)

# The run is a folder: any program goes on with it, to the last bit.
run = tf_dcgan.open_run(run.path).resume(steps=steps + 1)
print(run.generator().output_shape, run.step)
