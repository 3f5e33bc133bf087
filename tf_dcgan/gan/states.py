"""The state that training changes: the base of the states of all systems."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses

import keras
import tensorflow as tf

from tf_dcgan.config import schema
from tf_dcgan.gan import optimizers

# Keras's name of the variable in which a random layer counts its calls.
_SEED_GENERATOR = "seed_generator_state"
# The share of a run before the rates fall, for each `--learning_rate_decay`.
_SHARE_OF_FULL_RATE = {"linear": 0.0, "second_half": 0.5}


@dataclasses.dataclass(frozen=True)
class State:
    """The base class of what training changes in one system.

    A subclass adds models, optimizers and variables as fields.

    Attributes:
        step: int64 scalar variable, the number of finished steps.
    """

    step: tf.Variable

    def variables(self) -> dict[str, tf.Variable]:
        """Returns all variables by a name that is unique and stable."""
        variables = {}
        for field in dataclasses.fields(self):
            owner = getattr(self, field.name)
            if isinstance(owner, tf.Variable):
                variables[field.name] = owner
            else:
                variables.update(named_variables(owner, field.name))
        return variables

    def network_variables(self) -> dict[str, tf.Variable]:
        """Returns the variables that belong to a network, by their names."""
        variables = {}
        for field in dataclasses.fields(self):
            owner = getattr(self, field.name)
            if isinstance(owner, keras.Model):
                variables.update(named_variables(owner, field.name))
        return variables


def new_step() -> tf.Variable:
    """Makes the `step` of a state before its first step."""
    return tf.Variable(0, dtype=tf.int64, trainable=False, name="step")


def named_variables(
    owner: keras.Model | keras.optimizers.Optimizer, prefix: str
) -> dict[str, tf.Variable]:
    """Names the variables of a model or an optimizer that hold its state.

    The counters of random layers are left out: every step sets them again.

    Args:
        owner: a built model or optimizer.
        prefix: first part of every name.

    Returns:
        Name to variable; a name that occurs again ends in `_again`.
    """
    variables = {}
    for variable in owner.variables:
        if variable.name == _SEED_GENERATOR:
            continue
        name = f"{prefix}/{variable.path}"
        while name in variables:
            name += "_again"
        variables[name] = variable.value
    return variables


def seed_generators(models: Iterable[keras.Model]) -> list[tf.Variable]:
    """Returns the states of the models' random layers, such as dropout."""
    return [
        variable.value
        for model in models
        for variable in model.variables
        if variable.name == _SEED_GENERATOR
    ]


def non_finite_variables(state: State) -> list[str]:
    """Names the variables that hold a NaN or an infinity.

    A step's scalars are computed before its last update, so finite losses do
    not prove finite weights.
    """
    return [
        name
        for name, variable in state.variables().items()
        if variable.dtype.is_floating
        and not tf.reduce_all(tf.math.is_finite(variable))
    ]


def create_optimizer(
    config: schema.Config,
    variables: list[keras.Variable],
    learning_rate: float,
) -> keras.optimizers.Optimizer:
    """Makes an optimizer that is ready for tracing and for restoring.

    Args:
        config: its `beta_1` and `precision`.
        variables: the variables that the optimizer updates.
        learning_rate: of Adam, above 0.

    Returns:
        Adam, with its slots built; under mixed_float16 it scales the loss.
    """
    optimizer = optimizers.Adam(
        learning_rate,
        beta_1=config.beta_1,
        # Keras would number the names, and checkpoints carry them.
        name="adam",
    )
    if config.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(
            optimizer, name="loss_scale"
        )
    optimizer.build(variables)
    return optimizer


def update_average(
    averaged: keras.Model,
    model: keras.Model,
    *,
    ema_decay: float,
    step: tf.Tensor,
) -> None:
    """Moves the averaged weights: mean ← decay · mean + (1 - decay) · weight.

    The decay warms up as (1 + step) / (10 + step), so that a short run is
    not averaged with its random beginning. The moving statistics of batch
    normalisation are averaged like the weights of their layer.

    Args:
        averaged: changed in place.
        model: a model with the same variables as `averaged`.
        ema_decay: in [0, 1); 0 copies.
        step: scalar integer, finished steps before this one.
    """
    passed = tf.cast(step, tf.float32)
    decay = tf.minimum(ema_decay, (1.0 + passed) / (10.0 + passed))
    for mean, weight in zip(averaged.variables, model.variables, strict=True):
        if not mean.dtype.startswith("float"):
            continue
        if ema_decay == 0:  # The sum below would round.
            mean.assign(weight)
        else:
            # One operation writes the variable: mean -= (1 - decay) · delta.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=mean.value.handle,
                alpha=1.0 - decay,
                delta=mean.value - weight.value,
            )


def decay_learning_rates(
    state: State,
    config: schema.Config,
    *,
    total_steps: int,
    have_changed: bool = False,
) -> None:
    """Sets the optimizers' learning rates for the next step.

    Args:
        state: its optimizers are changed.
        config: its `learning_rate_decay` and learning rates.
        total_steps: planned length of the run.
        have_changed: whether the rates are others than those that the
            optimizers were saved with.
    """
    if config.rates_fall:
        factor = learning_rate_factor(
            state.step.value(),
            total_steps,
            first_share=_SHARE_OF_FULL_RATE[config.learning_rate_decay],
        )
    elif have_changed:
        factor = 1.0
    else:
        return
    rates = {
        "generator_optimizer": config.generator_learning_rate,
        "discriminator_optimizer": config.discriminator_learning_rate,
    }
    for name, rate in rates.items():
        getattr(state, name).learning_rate.assign(rate * factor)


def learning_rate_factor(
    step: tf.Tensor, total_steps: int, *, first_share: float = 0.5
) -> tf.Tensor:
    """Returns 1 in the first part of a run, then a line to 0 at its end.

    Args:
        step: scalar integer, finished steps.
        total_steps: planned length of the run.
        first_share: the length of the first part as a share of the run, in
            [0, 1).

    Returns:
        Scalar float32 in [0, 1], above 0 also in the last step.

    Source: for half of a run Zhu et al. 2017, section 4 (arXiv:1703.10593);
        over a whole run the program of Gulrajani et al. 2017 for CIFAR-10
        (arXiv:1704.00028).
    Deviation: the rate falls at each step, in the paper at each epoch.
    """
    share_left = tf.cast(total_steps - step, tf.float64) / total_steps
    slope = 1.0 / (1.0 - first_share)
    return tf.cast(tf.clip_by_value(slope * share_left, 0.0, 1.0), tf.float32)
