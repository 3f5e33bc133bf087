"""A data set of one's own: arrays that a program has made or loaded.

    python examples/own_data.py [STEPS]

after `pip install .` in the project's folder.

Discs and rings of random sizes and places, with their classes.
"""

import sys

import numpy as np

import tf_dcgan

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
chance, count, side = np.random.default_rng(0), 5000, 28

# [count, 1, 1] each, so that they broadcast over the pixels.
radius = chance.uniform(5, 10, (count, 1, 1))
top, left = chance.uniform(10, 18, (2, count, 1, 1))
rows, columns = np.mgrid[:side, :side]
distance = np.hypot(rows - top, columns - left)
is_ring = chance.integers(0, 2, count)
inner = np.where(is_ring, 0.6, 0.0).reshape(count, 1, 1) * radius
images = 255 * ((distance < radius) & (distance >= inner))

run = tf_dcgan.train(
    recipe="dcgan_small",
    width=0.25,
    conditional=True,
    steps=steps,
    dataset={
        "images": images.astype(np.uint8),  # [count, 28, 28]
        "labels": is_ring,
        "class_names": ["disc", "ring"],
    },
)
print(run, run.sample(8, label="ring").shape)
