"""Adam in one operation is Keras's Adam."""

import keras
import numpy as np
import tensorflow as tf

from tf_dcgan.gan import optimizers


def test_it_updates_as_kerass_adam_and_has_the_same_slots():
    chance = np.random.default_rng(0)
    shapes = [(3, 4), (5,), ()]
    initial = [chance.normal(size=shape) for shape in shapes]
    steps = [[chance.normal(size=s) for s in shapes] for _ in range(20)]
    states = []
    for optimizer_class in (optimizers.Adam, keras.optimizers.Adam):
        variables = [
            keras.Variable(value, dtype="float32", name=f"w{number}")
            for number, value in enumerate(initial)
        ]
        optimizer = optimizer_class(0.01, beta_1=0.5, name="adam")
        optimizer.build(variables)
        for gradients in steps:
            optimizer.apply(
                [tf.constant(g, tf.float32) for g in gradients], variables
            )
        states.append(
            {v.path: np.array(v) for v in [*variables, *optimizer.variables]}
        )
    assert states[0].keys() == states[1].keys()
    for name, value in states[1].items():
        np.testing.assert_allclose(states[0][name], value, rtol=1e-4, atol=1e-6)
