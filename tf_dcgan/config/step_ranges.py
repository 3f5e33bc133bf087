"""Ranges of steps as they are written in flags and config.json."""

from __future__ import annotations

import re

from tf_dcgan.common import errors


def parse(setting: str, text: str) -> tuple[int, int]:
    """Reads "100:120".

    Args:
        setting: the name of the flag.
        text: the first and the last step, counted from 1.

    Returns:
        (first, last), 0 < first < last.

    Raises:
        errors.UserError: the text has another form, or the steps another
            order.
    """
    match = re.fullmatch(r"([0-9]{1,10}):([0-9]{1,10})", text.strip())
    if match:
        first, last = int(match[1]), int(match[2])
        if 0 < first < last:
            return first, last
    raise errors.UserError(
        f"--{setting}={text} is no range of steps: give the first and the last "
        "step, counted from 1, the last above the first, as in 100:120"
    )
