"""The two kinds of system: images of noise, and images of images.

What a kind means for files and commands stands here; what it does is in the
rooms that do it, each with one table by kind.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of system.

    Attributes:
        name: the field's word for what it does.
        images_command: the command that makes more images with a run.
        keras_files: what the export names the Keras files, in words.
    """

    name: str
    images_command: str
    keras_files: str


GENERATION = Kind("generation", "sample", "generator.keras")
TRANSLATION = Kind("translation", "translate", "the generators")
