"""Finds out whether there is anything to learn from the images of a set."""

from __future__ import annotations

import hashlib

import numpy as np

# Different images that are told apart; a set with more has enough of them.
_FEW = 100
# A share that is worth a note.
_SHARE = 0.1


class Sameness:
    """Counts images of one colour, and images that are copies of others."""

    def __init__(self) -> None:
        """Starts with no image."""
        self._num_images = 0
        self._of_one_colour = 0
        self._different: set[bytes] = set()

    def add(self, images: np.ndarray) -> None:
        """Looks at some images.

        Args:
            images: [k, height, width, channels] uint8.
        """
        self._num_images += len(images)
        same = images == images[:, :1, :1]
        self._of_one_colour += int(same.all(axis=(1, 2, 3)).sum())
        if len(self._different) > _FEW:
            return
        for image in images:
            self._different.add(hashlib.blake2b(image.tobytes()).digest())

    def notes(self) -> list[str]:
        """Says what leaves little to learn, one line each."""
        notes = []
        total, blank = self._num_images, self._of_one_colour
        if total and blank >= _SHARE * total:
            if total == 1:
                notes.append("the only image is of one colour")
            else:
                which = "all" if blank == total else f"{blank:,} of"
                notes.append(f"{which} {total:,} images are of one colour")
        different = len(self._different)
        if total > 1 and different == 1:
            notes.append(f"all {total:,} images are the same image")
        elif total and different <= min(_FEW, _SHARE * total):
            notes.append(
                f"the {total:,} images are copies of only {different:,} "
                "different ones"
            )
        return notes
