"""The one table that says how a kind of system is trained."""

from __future__ import annotations

from tf_dcgan.config import kinds, schema
from tf_dcgan.training import generation, system, translation

_MODULES = {kinds.GENERATION: generation, kinds.TRANSLATION: translation}


def of(config: schema.Config) -> system.Kind:
    """Returns the module that trains the config's kind of system."""
    return _MODULES[config.kind]
