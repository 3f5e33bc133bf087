"""Adam, in one operation for each variable."""

from __future__ import annotations

import keras
import tensorflow as tf


class Adam(keras.optimizers.Adam):
    """Keras's Adam: the same slots and the same formula, computed faster.

    Keras writes a dozen operations for each variable, and each of them reads
    and writes all its weights.

    Source: Kingma and Ba 2015, the formula before section 2.1
        (arXiv:1412.6980).
    """

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        """Updates all variables and their slots; Keras's hook.

        Keras's own adds the gradients of all replicas up. Here each replica
        already has the gradients of the whole batch, since their length is
        measured before the update.

        Args:
            grads: a gradient for each variable, of its shape and dtype.
            trainable_variables: Keras variables, all of one float dtype.
            learning_rate: scalar float32.
        """
        variables = [variable.value for variable in trainable_variables]
        dtype = variables[0].dtype
        step = tf.cast(self.iterations + 1, dtype)
        settings = {
            "beta1_power": tf.pow(tf.cast(self.beta_1, dtype), step),
            "beta2_power": tf.pow(tf.cast(self.beta_2, dtype), step),
            "lr": tf.cast(learning_rate, dtype),
            "beta1": tf.constant(self.beta_1, dtype),
            "beta2": tf.constant(self.beta_2, dtype),
            "epsilon": tf.constant(self.epsilon, dtype),
        }
        for gradient, variable in zip(grads, variables, strict=True):
            index = self._get_variable_index(variable)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=self._momentums[index].value.handle,
                v=self._velocities[index].value.handle,
                grad=tf.cast(gradient, dtype),
                **settings,
            )
