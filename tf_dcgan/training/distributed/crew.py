"""The processes that train one run, and what they tell each other.

The first process, the chief, runs the loop: it decides, and it alone writes.
Before each thing that all must do, a call of several steps or a comparison, it
gives an order. The others wait for orders; see `follower`. An order is an
exchange: every process sends a few numbers and receives the numbers of all, so
that a follower can ask the chief to stop.

Without a strategy over several processes there is only the chief, and nothing
is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import enum
import hashlib
import os

import numpy as np
import tensorflow as tf

from tf_dcgan.common import errors, replicas, words
from tf_dcgan.config import cluster, schema
from tf_dcgan.runs import checkpoints, runs
from tf_dcgan.training.distributed import strategies

# Settings that may be others on each machine.
OF_THE_MACHINE = ("data_dir", "cache_dir", "device")
# What TensorFlow raises in a process when another one has gone.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)
# Lines of an error that say where in a graph it was.
_ABOUT_GRAPH = (
    "Graph execution error",
    "Detected at ",
    "File ",
    "<stack",
    "[[",
)


class Order(enum.IntEnum):
    """What the chief tells the others to do."""

    RESTORE = 1  # A checkpoint: the step of it; 0 for none.
    STEPS = 2  # Steps of the training: how many, and how many next time.
    COMPARE = 3  # All copies of the variables.
    END = 4  # The training is over, as planned.
    FAIL = 5  # The chief has failed, and has said why.


class Crew:
    """One process among those that train a run.

    Attributes:
        strategy: of `tf.distribute`; networks and optimizers are made in its
            scope.
        index: of this process.
        size: how many processes there are.
    """

    def __init__(
        self, strategy: tf.distribute.Strategy, *, index: int = 0, size: int = 1
    ):
        """Sends nothing yet.

        Args:
            strategy: spans all processes.
            index: of this process.
            size: how many processes there are.
        """
        self.strategy = strategy
        self.index = index
        self.size = size
        self._exchange = tf.function(self._all_rows, autograph=False)
        self._sums: Callable[[], tf.Tensor] | None = None

    @property
    def is_chief(self) -> bool:
        """Whether this process decides and writes."""
        return self.index == 0

    def order(self, order: Order, *numbers: int) -> bool:
        """Tells the others what is done next; for the chief.

        Args:
            order: the order.
            numbers: what belongs to it, two numbers at most.

        Returns:
            Whether a follower asks for the training to be stopped.
        """
        if self.size == 1:
            return False
        padded = (*numbers, 0, 0)[:2]
        return bool(self._rows([order, *padded, 0])[1:, 3].any())

    def end(self) -> None:
        """Tells the others that the training is over; for the chief.

        They go as soon as they know, some of them perhaps before the last
        process has its part of the exchange. Nobody is missed any more.
        """
        with contextlib.suppress(*_LOST):
            self.order(Order.END)

    def receive(self, *, asks_to_stop: bool) -> tuple[Order, int, int]:
        """Waits for the chief's next order; for a follower.

        Args:
            asks_to_stop: whether the training is to be stopped.

        Returns:
            The order and its two numbers.
        """
        order, first, second, _ = self._rows([0, 0, 0, int(asks_to_stop)])[0]
        return Order(order), int(first), int(second)

    def check_same(
        self, config: schema.Config, facts: Sequence[runs.DataFacts]
    ) -> None:
        """Checks that all processes train the same.

        Args:
            config: the settings of this process.
            facts: of its training images.

        Raises:
            errors.UserError: two processes have different settings, images or
                versions of TensorFlow, or one has gone.
        """
        if self.size == 1:
            return
        mine = {
            **schema.to_json(config),
            "images": [each.fingerprint for each in facts],
            "TensorFlow": tf.__version__,
        }
        for name in OF_THE_MACHINE:
            del mine[name]
        digests = {
            name: int.from_bytes(
                hashlib.sha256(repr(value).encode()).digest()[:7], "big"
            )
            for name, value in mine.items()
        }
        try:
            rows = self._rows(list(digests.values()))
        except _LOST as error:
            raise self._lost(error, "it could not begin") from error
        unlike = rows != rows[0]  # [processes, settings]
        if unlike.any():
            settings = ", ".join(
                f"{name} (of worker {unlike[:, column].argmax()})"
                for column, name in enumerate(digests)
                if unlike[:, column].any()
            )
            first = [*digests][int(unlike.any(axis=0).argmax())]
            raise errors.UserError(
                f"the workers do not train the same as worker 0: {settings} "
                f"is another; worker {self.index} has {first} {mine[first]!r}: "
                "start all of them with the same command"
            )

    def compare(self, variables: Mapping[str, tf.Variable]) -> None:
        """Checks that all replicas hold the same values.

        Every process must call it at the same time.

        Args:
            variables: everything that training changes, by name; the same
                ones each time, but after `forget`.

        Raises:
            errors.UserError: a variable differs between two replicas.
        """
        if self.size == self.strategy.num_replicas_in_sync == 1:
            return
        sums_of_copies = self._sums_of_all(variables)
        unlike = (sums_of_copies != sums_of_copies[0]).any(axis=0)
        if unlike.any():
            name = [*variables][int(unlike.argmax())]
            raise errors.UserError(
                f"{words.counted(int(unlike.sum()), 'variable')} differ "
                f"between the devices, {name} the first: one of them computed "
                "something else than the others. The training stops before "
                "this is saved: go on from the last checkpoint, and leave the "
                "device out if it happens again"
            )

    def forget(self) -> None:
        """Lets go of the variables that were compared."""
        self._sums = None

    @contextlib.contextmanager
    def at_work(self, run: runs.Run) -> Iterator[None]:
        """Tells the others of an error, and the user of a lost process.

        Args:
            run: in training; its checkpoints are named.

        Raises:
            errors.UserError: another process has gone.
        """
        try:
            yield
        except _LOST as error:
            if self.size == 1 or errors.is_full_memory(error):
                raise
            raise self._lost(error, _last_checkpoint(run)) from error
        except BaseException:
            if self.is_chief:
                with contextlib.suppress(tf.errors.OpError):
                    self.order(Order.FAIL)
            raise

    def _lost(self, error: tf.errors.OpError, state: str) -> errors.UserError:
        """Makes the error for another process that has gone.

        Args:
            error: what TensorFlow raised here.
            state: where the training stands, in words.
        """
        return errors.UserError(
            f"another worker of the {self.size} has gone, and worker "
            f"{self.index} stops ({_reason(error)}): see what that worker "
            f"said; {state}: start the same command on all workers to go on"
        )

    def _sums_of_all(self, variables) -> np.ndarray:
        """Returns [replicas, variables], sums that tell values apart."""
        if self._sums is None:
            values = [*variables.values()]
            self._sums = tf.function(
                lambda: self.strategy.run(sums, args=(values,)),
                autograph=False,
            )
        return self._local(self._sums())

    def _rows(self, numbers: Sequence[int]) -> np.ndarray:
        """Sends numbers, and returns [processes, numbers] of all."""
        return self._local(self._exchange(tf.constant([numbers], tf.int64)))[
            :: self.strategy.num_replicas_in_sync // self.size
        ]

    def _all_rows(self, row: tf.Tensor) -> tf.Tensor:
        return self.strategy.run(replicas.gather, args=(row,))

    def _local(self, values) -> np.ndarray:
        return self.strategy.experimental_local_results(values)[0].numpy()


def join(config: schema.Config) -> Crew:
    """Makes this process one of those that train a run.

    Must be called before the first operation. It waits for the others.

    Args:
        config: its settings of devices are used.

    Raises:
        errors.UserError: the devices or the processes cannot be had.
    """
    strategy = strategies.create(config)
    if config.distribute != "multi_worker":
        return Crew(strategy)
    us = cluster.read(os.environ)
    return Crew(strategy, index=us.index, size=len(us.addresses))


def sums(variables: Sequence[tf.Variable]) -> tf.Tensor:
    """Adds up the bits of each variable, each value by a factor of its own.

    Args:
        variables: of float or integer dtypes of at least 16 bits.

    Returns:
        [replicas, variables] int64.
    """
    totals = []
    for variable in variables:
        value = tf.reshape(variable, [-1])
        if value.dtype.is_floating:
            width = value.dtype.size
            value = tf.bitcast(value, {2: tf.int16, 4: tf.int32}[width])
        places = tf.range(tf.size(value, out_type=tf.int64))
        odd = 2 * places + 1  # So that two values cannot change places.
        totals.append(tf.reduce_sum(tf.cast(value, tf.int64) * odd))
    return replicas.gather(tf.stack(totals)[None])


def _reason(error: tf.errors.OpError) -> str:
    """Returns the line of an error that says what has happened."""
    for line in map(str.strip, (error.message or "").splitlines()):
        if line and not line.startswith(_ABOUT_GRAPH):
            return line
    return type(error).__name__


def _last_checkpoint(run: runs.Run) -> str:
    last = checkpoints.last(run.checkpoints)
    if last is None:
        return "there is no checkpoint yet"
    return f"the last checkpoint is {last}"
