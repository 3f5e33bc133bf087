"""The loop: the only module that knows order, cadence and the clock."""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import dataclasses
import gc
import pathlib
import time

import numpy as np

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.runs import charts, checkpoints, health, runs, summaries
from tf_dcgan.training import (
    console,
    guards,
    profiling,
    resuming,
    rollback,
    scoring,
    system,
)
from tf_dcgan.training.distributed import crew as crews

_SECONDS_PER_CALL = 1.0
_SECONDS_PER_CHECKPOINT = 300.0
# The first calls are slower than the rest, and would spoil the estimate.
_CALLS_BEFORE_ESTIMATE = 4
_BYTES_PER_CALL = 64 * 2**20  # At most, of uint8 images in one call.


def train(
    run: runs.Run,
    create_system: Callable[[runs.Run], system.System],
    crew: crews.Crew,
    evaluator: scoring.Evaluator | None = None,
) -> None:
    """Trains a run from its last checkpoint to its last step.

    With `--on_collapse=rollback` a run that collapses is taken back to a good
    checkpoint and goes on from there.

    After Ctrl-C or SIGTERM the loop finishes the current call into TensorFlow,
    saves everything and returns; a kill loses the steps since the last
    checkpoint. The next `train` continues from the last checkpoint, and its
    weights become bit-identical to the weights of a run that was never
    stopped.

    Args:
        run: a new run, or one that has been trained before.
        create_system: makes the system to train, as the run's config
            describes it. It is called when signals are already heeded.
        crew: the processes that train the run; this one is the chief.
        evaluator: scores the generator at `evaluate_every`; None for never.

    Raises:
        errors.UserError: a checkpoint or log is damaged, a loss or a weight is
            not finite, or a run has collapsed once too often.
        OSError: the disk is full.
    """
    with guards.on_signals() as stop, crew.at_work(run):
        while True:
            rollback.finish(run)
            with _Loop(run, create_system, crew, evaluator, stop) as loop:
                # Not earlier: the run may be unable to continue with this
                # config.
                runs.write_config(run)
                try:
                    collapse = loop.run()
                except FileNotFoundError:
                    # Says what is the matter if it is gone.
                    guards.check_place(run)
                    raise
                if collapse is None:
                    return
                run = loop.record
                try:
                    path = rollback.target(run, collapse)
                except errors.UserError:
                    loop.give_up()
                    raise
            del loop
            crew.forget()
            gc.collect()  # Its networks go before others are made.
            run = rollback.roll_back(run, collapse, path)


class _Loop:
    """One stretch of training, from a checkpoint to the end or a signal."""

    def __init__(
        self,
        run: runs.Run,
        create_system: Callable[[runs.Run], system.System],
        crew: crews.Crew,
        evaluator: scoring.Evaluator | None,
        stop: guards.Stop,
    ):
        self._run = run
        self._config = run.config
        self._crew = crew
        self._stop = stop
        self._steps_per_epoch = run.steps_per_epoch
        self._total = run.total_steps
        with crew.strategy.scope():
            self._system = create_system(run)
        self._state = self._system.state
        self._batches = self._system.batches
        self._num_replicas = crew.strategy.num_replicas_in_sync
        progress = resuming.resume(
            run, self._state, num_replicas=self._num_replicas
        )
        self._meter, self._health = progress.meter, progress.monitor
        self._step = progress.step
        self._logged_lines = progress.logged_lines
        self._saved_step = self._sampled_step = self._step
        self._evaluations = scoring.Evaluations(
            run,
            evaluator,
            self._system.draw,
            step=self._step,
            total=self._total,
            lead=self._system.lead,
        )
        self._console = console.Console(
            run, self._step, self._total, self._steps_per_epoch
        )
        self._profiler = profiling.Profiler(
            self._config, run.path / summaries.TENSORBOARD
        )
        self._collapse: rollback.Collapse | None = None
        self._ends_early = False  # By `--on_collapse=stop`.
        self._calls = 0
        self._seconds_per_step = None
        self._saved_at = time.monotonic()

    @property
    def record(self) -> runs.Run:
        """The run as it is now; without XLA where XLA has failed."""
        return self._run

    def __enter__(self) -> _Loop:
        self._summaries = summaries.Summaries(
            self._run.path, lines=self._logged_lines
        )
        return self

    def __exit__(self, error_type, *unused) -> None:
        with contextlib.ExitStack() as stack:  # A full disk stops none.
            if error_type is not None:
                stack.enter_context(contextlib.suppress(OSError))
            stack.callback(self._console.close)
            stack.callback(self._profiler.close)
            stack.callback(self._batches.close)
            stack.callback(self._summaries.close)

    def run(self) -> rollback.Collapse | None:
        """Trains until the last step or until asked to stop.

        Returns:
            The collapse that the run is to be taken back from; else None.
        """
        try:
            return self._train()
        except guards.DivergedError as error:
            if self._config.on_collapse != "rollback":
                raise
            return rollback.Collapse(error.step, error.reason, is_sudden=True)

    def give_up(self) -> None:
        """Shows how a run has ended that collapsed and cannot be taken back.

        The collapse itself is not saved, so that the run can go on from its
        last checkpoint and be taken back after all, with a larger
        `--max_rollbacks`.
        """
        self._write_verdicts()
        self._summaries.flush()
        _draw_pictures(self._run.path)

    def _train(self) -> rollback.Collapse | None:
        guards.check_saving(self._run, self._state, step=self._step)
        self._crew.order(crews.Order.RESTORE, self._step)
        self._compare()
        if self._step == 0:
            self._describe()
        self._write_rollback()
        self._write_beginning()
        # A stop may have put a score off, or --evaluate_every may be new.
        self._evaluate()
        self._batches.prefetch(self._step, self._next_count(self._step))
        while self._step < self._total and not (
            self._stop.requested or self._ends_early
        ):
            self._profiler.begin(self._step)
            started = time.monotonic()
            scalars = self._call()
            guards.check_scalars(self._run, scalars, finished=self._step)
            self._meter.add(scalars, seconds=time.monotonic() - started)
            self._step += len(scalars["loss_d"])
            self._profiler.end(self._step)
            self._console.update(self._step, self._meter)
            self._write_what_is_due()
            if self._collapse is not None:
                return self._collapse
        self._profiler.close()  # A stop may come before its last step.
        self._leave()

    def _describe(self) -> None:
        """Says and writes what does not change, such as the settings."""
        for note in self._system.notes():
            terminal.say(note)
        self._summaries.write_hyperparameters(
            {k: v for k, v in vars(self._config).items() if v is not None}
        )
        self._summaries.write_real_grid(self._system.real_grid())

    def _call(self) -> dict[str, np.ndarray]:
        """Does steps for about a second, at most up to the next thing due."""
        batch = self._batches.take()
        count = len(batch[0])
        following = self._step + count
        next_count = self._next_count(following)
        self._batches.prefetch(following, next_count)
        if self._crew.order(crews.Order.STEPS, count, next_count):
            self._stop.requested = True
        started = time.monotonic()
        with self._profiler.call(self._step):
            scalars = {
                name: values.numpy()
                for name, values in self._system.train_steps(batch).items()
            }
        self._calls += 1
        if self._config.xla == "on" and not self._system.train_steps.uses_xla:
            self._write_without_xla()
        if self._calls > 1:  # The first traces.
            seconds = time.monotonic() - started
            self._seconds_per_step = seconds / count
        if self._calls > _CALLS_BEFORE_ESTIMATE:
            self._console.estimate(self._seconds_per_step)
        return scalars

    def _write_without_xla(self) -> None:
        """Writes into the run's config that its steps do without XLA."""
        self._config = dataclasses.replace(self._config, xla="off")
        self._run = dataclasses.replace(self._run, config=self._config)
        runs.write_config(self._run)

    def _next_count(self, step: int) -> int:
        """Returns how many steps the call after the step `step` does."""
        config = self._config
        until_due = [
            every - step % every
            for every in (
                config.log_every,
                config.sample_every,
                config.evaluate_every or self._total,
                config.checkpoint_every,
                self._steps_per_epoch,
                health.WINDOW_STEPS,
            )
        ]
        until_due += self._profiler.steps_to_bound(step)
        if self._seconds_per_step is None:
            at_once = 1
        else:
            at_once = int(_SECONDS_PER_CALL / self._seconds_per_step)
        most = _BYTES_PER_CALL // self._batches.bytes_per_step
        # At least 1, even after the last step: a batch is always read ahead.
        return max(1, min(*until_due, self._total - step, most, at_once))

    def _write_what_is_due(self) -> None:
        ended = self._step == self._total
        if self._is_due(self._config.log_every):
            self._summaries.write_scalars(
                "train", self._meter.take_interval(), step=self._step
            )
        elif ended:
            # Not `take_interval`: a run made longer continues the interval.
            self._summaries.write_scalars(
                "train", self._meter.interval(), step=self._step
            )
        if self._is_due(health.WINDOW_STEPS):
            self._health.add(
                self._meter.take_window(), self._system.samples().diversity
            )
            self._heed(health.collapse(self._health.verdicts))
            if self._collapse is not None:
                return
        if self._is_due(self._steps_per_epoch):
            self._write_epoch()
        elif ended:
            self._write_verdicts()
        if self._is_due(self._config.sample_every) or self._step == 1 or ended:
            self._write_samples()
        self._evaluate()
        late = time.monotonic() - self._saved_at > _SECONDS_PER_CHECKPOINT
        if self._is_due(self._config.checkpoint_every) or late or ended:
            self._save()

    def _heed(self, reason: str | None) -> None:
        """Does what `--on_collapse` says about a collapse, if there is one."""
        if reason is None or self._config.on_collapse == "warn":
            return
        if self._config.on_collapse == "rollback":
            self._collapse = rollback.Collapse(self._step, reason)
            return
        terminal.say(
            f"--on_collapse=stop: {reason}; go on with --on_collapse=warn, or "
            "start a new run"
        )
        self._ends_early = True

    def _write_rollback(self) -> None:
        """Writes a line of the rollback that the run goes on after."""
        rollbacks = self._run.rollbacks
        if not rollbacks or rollbacks[-1].to_step != self._step:
            return
        lines = summaries.read_metrics(self._run.path)
        if any(line.get("number") == len(rollbacks) for line in lines):
            return
        self._summaries.write_scalars(
            "rollback",
            {
                "number": len(rollbacks),
                "from_step": rollbacks[-1].from_step,
                "reason": rollbacks[-1].reason,
            },
            step=self._step,
        )

    def _write_beginning(self) -> None:
        """Keeps what the run begins with, if that is another run's weights.

        The other run may go on, and its checkpoint be removed.
        """
        if (
            self._run.initial_weights is not None
            and self._step == 0
            and checkpoints.last(self._run.checkpoints) is None
        ):
            self._write_samples()
            self._save()

    def _is_due(self, every: int) -> bool:
        return self._step % every == 0

    def _write_epoch(self) -> None:
        """Writes and prints the epoch's means and verdicts."""
        epoch = self._meter.take_epoch()
        number = self._step // self._steps_per_epoch
        verdicts = self._health.take_verdicts()
        self._summaries.write_scalars(
            "epoch",
            {"epoch": number, **epoch, **health.entry(verdicts)},
            step=self._step,
        )
        self._console.epoch(number, epoch, verdicts)

    def _write_verdicts(self) -> None:
        """Writes and prints verdicts where training ends within an epoch."""
        verdicts = self._health.verdicts
        if verdicts:
            self._summaries.write_scalars(
                "health", health.entry(verdicts), step=self._step
            )
            self._console.health(verdicts)

    def _write_samples(self) -> None:
        guards.check_place(self._run)
        self._sampled_step = self._step
        samples = self._system.samples()
        self._summaries.write_sample_grid(samples.grid, step=self._step)
        if samples.diversity is not None:
            self._summaries.write_scalars(
                "samples", {"diversity": samples.diversity}, step=self._step
            )

    def _evaluate(self) -> None:
        """Scores the generator if a score is due, and saves a new best."""
        if not self._evaluations.is_due(self._step):
            return
        started = time.monotonic()
        verdicts = self._evaluations.make(
            self._step,
            stop=self._stop,
            log=self._summaries,
            save=self._write_checkpoint,
        )
        self._console.health(verdicts)
        self._console.leave_out(time.monotonic() - started)

    def _save(self) -> None:
        # Logs first: all lines up to a checkpoint must be on the disk.
        self._summaries.flush()
        self._write_checkpoint(self._run.checkpoints)
        self._saved_at = time.monotonic()
        self._saved_step = self._step
        self._evaluations.prune()

    def _write_checkpoint(
        self, folder, *, kept=checkpoints.KEPT, **more
    ) -> None:
        guards.check_place(self._run)
        guards.check_weights(self._run, self._state, step=self._step)
        self._compare()
        checkpoints.save(
            folder,
            self._step,
            variables=self._state.variables(),
            progress={
                **resuming.to_json(
                    self._config,
                    self._meter,
                    self._health,
                    logged_lines=self._summaries.lines,
                    num_replicas=self._num_replicas,
                ),
                rollback.SAVED_AFTER: len(self._run.rollbacks),
                **more,
            },
            kept=kept,
            spared=rollback.spared(self._config, self._step),
        )

    def _compare(self) -> None:
        """Checks that all replicas have the same weights."""
        self._crew.order(crews.Order.COMPARE)
        self._crew.compare(self._state.variables())

    def _leave(self) -> None:
        """Saves what is not saved, then exports and draws the curves."""
        if self._stop.requested:
            terminal.say("stopping: saving the run (again to stop at once)")
        if self._step < self._total and self._calls:
            self._write_verdicts()
        if self._sampled_step != self._step:
            self._write_samples()
        if self._saved_step != self._step:
            self._save()
        self._evaluations.prune()
        self._summaries.flush()
        if self._step > 0:
            self._system.export()
            _draw_pictures(self._run.path)
        self._console.finish(self._step)
        self._crew.end()


def _draw_pictures(path: pathlib.Path) -> None:
    """Draws what sums a run up."""
    _draw(charts.write_curves, path)
    _draw(charts.write_progress, path)


def _draw(write: Callable[[pathlib.Path], object], path: pathlib.Path) -> None:
    """Writes a picture that sums a run up, which may not end the training."""
    try:
        write(path)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in files.DISK_FULL:
            raise
        terminal.say(
            "note: a picture of the run could not be drawn "
            f"({type(error).__name__}: {error}); all else is whole"
        )
