"""DCGAN and its relatives, in TensorFlow 2 and Keras 3.

    import tf_dcgan

    run = tf_dcgan.train(recipe="dcgan_small", dataset="glyphs", steps=3000)
    images = run.sample(64)

Programs and notebooks call `train`, `open_run` and `evaluate`; docs/python.md
says how. On the command line, `train.py`, `evaluate.py` and
`python -m tf_dcgan` are the way in. Each module says in its first lines what it
is for. Importing the package loads no TensorFlow; what computes does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tf_dcgan.api.calls import add_loss, evaluate, open_run, train
    from tf_dcgan.api.run import Run
    from tf_dcgan.api.scores import Scores
    from tf_dcgan.common.errors import UserError

__all__ = [
    "Run",
    "Scores",
    "UserError",
    "add_loss",
    "evaluate",
    "open_run",
    "train",
]
__version__ = "0.2.0"

_MODULES = {
    "Run": "tf_dcgan.api.run",
    "Scores": "tf_dcgan.api.scores",
    "UserError": "tf_dcgan.common.errors",
    "add_loss": "tf_dcgan.api.calls",
    "evaluate": "tf_dcgan.api.calls",
    "open_run": "tf_dcgan.api.calls",
    "train": "tf_dcgan.api.calls",
}


def __getattr__(name: str) -> Any:
    """Loads a function or a class when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'tf_dcgan' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """Lists what programs use."""
    return sorted([*__all__, "__version__"])
