"""What a training is asked for, checked before TensorFlow is loaded."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import os
from typing import Any

from tf_dcgan.common import errors, words
from tf_dcgan.config import cluster, overrides, schema
from tf_dcgan.data import cache
from tf_dcgan.runs import folder, runs
from tf_dcgan.training import initial


@dataclasses.dataclass(frozen=True)
class Plan:
    """A training that can begin, as far as settings and folders tell.

    Attributes:
        config: the settings as the user chose them.
        run_dir: the folder of the run; None for the next number.
        old_run: the run to continue; None to start a new one.
    """

    config: schema.Config
    run_dir: str | None
    old_run: runs.Run | None

    def require_writable(self) -> None:
        """Finds out whether this process can write the run.

        Raises:
            errors.UserError: the run cannot be written.
        """
        if cluster.is_chief(self.config.distribute, os.environ):
            folder.check_place(self.run_dir)


def make(settings: Mapping[str, Any], run_dir: str | None) -> Plan:
    """Plans a new run, or how a run goes on.

    Args:
        settings: fields of `schema.Config` by name, those that the user gave.
        run_dir: an existing run to go on with, a folder for a new one, or
            None for the next number.

    Returns:
        The plan.

    Raises:
        errors.UserError: a value is not allowed, would change what is being
            trained, or the folder holds other things than a run.
    """
    if run_dir is None or not folder.exists(run_dir):
        config = overrides.from_flags(settings)
        initial.check_settings(config)
        return Plan(config, run_dir, None)
    old_run = runs.open_run(run_dir)
    config = overrides.resume(old_run.config, settings)
    rate = old_run.config.rollback_rate
    if old_run.rollbacks and config.rollback_rate != rate:
        raise errors.UserError(
            f"--rollback_rate={config.rollback_rate}: the run has gone back "
            f"{words.counted(len(old_run.rollbacks), 'time')} at a rate of "
            f"{rate}, and goes on only so: leave the flag out, or start a new "
            "run"
        )
    if "cache_dir" not in settings:
        config = dataclasses.replace(
            config, cache_dir=cache.of_run(config.cache_dir)
        )
    return Plan(config, run_dir, old_run)
