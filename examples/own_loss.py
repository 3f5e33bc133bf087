"""A loss of one's own, trained, resumed and watched like any other.

    python examples/own_loss.py [STEPS]

after `pip install .` in the project's folder.

The squared hinge: D's output is to be 1 or more for a real image and -1 or less
for a generated one, and each is punished by the square of what it lacks.
"""

import sys

import tensorflow as tf

import tf_dcgan

steps = int(sys.argv[1]) if len(sys.argv) > 1 else 3000


def discriminator_loss(outputs, label):  # [batch, 1]; 1 for real, 0 for fake.
    lacking = tf.nn.relu(1.0 - (2.0 * label - 1.0) * outputs)
    return tf.reduce_mean(tf.square(lacking))


def generator_loss(fake_outputs):  # [batch, 1]
    return tf.reduce_mean(tf.square(tf.nn.relu(1.0 - fake_outputs)))


tf_dcgan.add_loss(
    "squared_hinge", discriminator_loss, generator_loss, has_labels=False
)
run = tf_dcgan.train(
    recipe="vanilla_gan", dataset="glyphs", loss="squared_hinge", steps=steps
)
print(run, run.metrics()["loss_g"][-1])
