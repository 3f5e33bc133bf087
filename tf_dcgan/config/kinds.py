"""The two kinds of system: noise to images, and images to images.

What a kind means for settings, files and commands stands here; what it does
is in the rooms that do it, each with one table by kind.
"""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of system.

    Attributes:
        name: one word for what systems of this kind do.
        settings_note: what `--help` adds to a setting of this kind alone;
            nothing for the kind of nearly all recipes.
        images_command: the command that makes more images with a run.
        keras_files: the files that Keras loads, as messages name them.
    """

    name: str
    settings_note: str
    images_command: str
    keras_files: str


GENERATION = Kind(
    "generation",
    settings_note="",
    images_command="sample",
    keras_files="generator.keras",
)
TRANSLATION = Kind(
    "translation",
    settings_note="for recipes that translate, such as cyclegan",
    images_command="translate",
    keras_files="the generators",
)
ALL = (GENERATION, TRANSLATION)
