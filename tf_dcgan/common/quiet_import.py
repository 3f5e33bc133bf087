"""Imports TensorFlow without its start-up noise."""

from __future__ import annotations

import logging
import os
import sys
import tempfile

from tf_dcgan.common import allocator

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_tensorflow() -> None:
    """Imports TensorFlow for a command; call it before anything that does.

    The C library is told first to keep the memory that operations free; see
    `allocator`.

    TensorFlow's C++ part writes to standard error, below Python, whatever the
    log level, before its own logging is set up. What it writes during the
    import is held back, and shown if the import fails. A user who sets
    TF_CPP_MIN_LOG_LEVEL sees everything.
    """
    allocator.keep_memory()
    if _LEVEL in os.environ:
        import tensorflow  # noqa: F401

        return
    os.environ[_LEVEL] = "3"
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except Exception:  # Not where the user interrupts it.
            held_back.seek(0)
            os.write(standard_error, held_back.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)
            # TensorFlow has read the level; other programs that this one may
            # start would take it for the user's choice.
            del os.environ[_LEVEL]
