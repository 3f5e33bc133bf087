"""The one call into TensorFlow that does several steps, with or without XLA."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tf_dcgan.common import replicas, terminal

_LONGEST_REASON = 200  # Characters of an error that is told in a line.


class Steps:
    """Does several steps in one call, and does without XLA where XLA fails.

    It is traced once for all numbers of steps. Under a strategy of
    `tf.distribute` every replica does each step on its part of the batch.

    Attributes:
        uses_xla: whether XLA compiles a step. False from the first call on if
            XLA fails in it.
    """

    def __init__(
        self,
        one_step: Callable[..., dict[str, tf.Tensor]],
        variables: Mapping[str, tf.Variable],
        *,
        signature: Sequence[tf.TensorSpec],
        names: Sequence[str],
        uses_xla: bool,
    ):
        """Traces nothing yet.

        It keeps the strategy in whose scope it is made.

        Args:
            one_step: does one step: takes tensors as the signature describes
                them, without their first axis, changes the variables, and
                returns scalars float32 by name. On several replicas each one
                takes the whole batch, does its part of it and returns the
                scalars of its part.
            variables: everything that a step changes, by name.
            signature: of the tensors that a call takes; the first axis of
                each tensor is the number of steps.
            names: of the scalars that `one_step` returns.
            uses_xla: whether XLA shall compile a step.
        """
        self._one_step = one_step
        self._variables = variables
        self._signature = signature
        self._names = names
        self._has_worked = False
        self._strategy = tf.distribute.get_strategy()
        self.uses_xla = uses_xla
        self._call = self._function()

    def __call__(self, batches: tuple[np.ndarray, ...]) -> dict[str, tf.Tensor]:
        """Does as many steps as there are batches.

        If TensorFlow raises in the first call under XLA, the variables get
        back the values that they had, of which the host keeps a copy for that
        call, and the same steps are done without XLA.

        Args:
            batches: tensors, as the signature describes them.

        Returns:
            [steps] float32 for each of the names.

        Raises:
            tf.errors.OpError: the steps fail, and not because of XLA.
        """
        if self._has_worked or not self.uses_xla:
            return self._call(batches)
        before = {name: v.numpy() for name, v in self._variables.items()}
        try:
            scalars = self._call(batches)
            for values in scalars.values():
                values.numpy()  # What fails on a device is raised here.
        except tf.errors.OpError as error:
            terminal.say(
                f"note: XLA fails in the first step ({_reason(error)}): the "
                "run goes on from the same state without XLA"
            )
        else:
            self._has_worked = True
            return scalars
        # An update that was half done must not count twice.
        for name, variable in self._variables.items():
            variable.assign(before[name])
        self.uses_xla = False
        self._call = self._function()
        return self._call(batches)

    def _function(self) -> Callable[..., dict[str, tf.Tensor]]:
        one_step, names = self._one_step, self._names
        if self.uses_xla:
            one_step = tf.function(one_step, jit_compile=True, autograph=False)

        def values_of_step(*batch):
            scalars = one_step(*batch)
            values = tf.stack([scalars[name] for name in names])
            return replicas.mean([values])[0]

        def on_replicas(batch):
            values = self._strategy.run(values_of_step, args=batch)
            return self._strategy.experimental_local_results(values)[0]

        # AutoGraph would rewrite the source of every function that a step
        # calls, for seconds at each start, to find no other loop than this one.
        @tf.function(input_signature=[tuple(self._signature)], autograph=False)
        def train_steps(batches_of_steps):
            count = tf.shape(batches_of_steps[0])[0]

            def add_step(position, history):
                batch = [part[position] for part in batches_of_steps]
                values = on_replicas(batch)
                return position + 1, history.write(position, values)

            history = tf.TensorArray(
                tf.float32, size=count, element_shape=[len(names)]
            )
            _, history = tf.while_loop(
                lambda position, _: position < count, add_step, (0, history)
            )
            values = tf.unstack(history.stack(), len(names), axis=1)
            return dict(zip(names, values, strict=True))

        return train_steps


def _reason(error: tf.errors.OpError) -> str:
    """Returns the kind of an error and the beginning of its first line."""
    lines = (error.message or "").strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:_LONGEST_REASON]}"
