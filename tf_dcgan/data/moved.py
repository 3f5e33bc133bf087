"""Images that are no longer where a run found them."""

from __future__ import annotations

import os

from tf_dcgan.common import errors, terminal
from tf_dcgan.config import schema
from tf_dcgan.data import names
from tf_dcgan.data.folders import trees


def check(config: schema.Config, *, run_dir: os.PathLike | str) -> None:
    """Says how a run goes on if its images have been moved.

    Args:
        config: the settings of a run that was trained before.
        run_dir: the run's folder.

    Raises:
        errors.UserError: there is nothing where the run's images should be.
    """
    for flag in schema.DATASETS:
        text = getattr(config, flag)
        if text is None or not os.path.isabs(text):
            continue
        path, narrowing = names.cut(text, given=f"--{flag}={text}")
        if not os.path.exists(path) and not trees.is_folder(
            path, cache_dir=config.cache_dir
        ):
            new = {flag: ":".join(["NEW", *narrowing])}
            command = terminal.command("train", run_dir=run_dir, **new)
            raise errors.UserError(
                f"{path}, the images of the run {run_dir}, does not exist: "
                "put it back; or, if it was moved to NEW, go on with "
                f"`{command}`, which makes sure that the images are the same"
            )
