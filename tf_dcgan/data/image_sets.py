"""What is known of an image set before any of it is prepared."""

from __future__ import annotations

import abc
import functools

from tf_dcgan.common import errors
from tf_dcgan.config import value_ranges
from tf_dcgan.data import reading, sources
from tf_dcgan.data.preparing import preparation, shapes


class ImageSet(abc.ABC):
    """An image set that has been found, with all its splits.

    Nothing is downloaded to answer, and what had to be found out is kept as
    long as the object.

    Attributes:
        name: the set's name, or the absolute path of a folder or file.
        read_as: how its images are read.
    """

    def __init__(self, name: str, read_as: reading.Reading):
        """Looks at nothing yet.

        Args:
            name: the set's name, or an absolute path.
            read_as: how the images are read.
        """
        self.name = name
        self.read_as = read_as

    @property
    @abc.abstractmethod
    def original_shape(self) -> tuple[int | None, int | None, int]:
        """(height, width, channels); height and width are None if they vary.

        Raises:
            errors.UserError: there is no such set, or it has no images.
        """

    @property
    @abc.abstractmethod
    def class_names(self) -> tuple[str, ...]:
        """The name of each label; empty if the set has no labels.

        Raises:
            errors.UserError: there is no such set.
        """

    @property
    @abc.abstractmethod
    def splits(self) -> tuple[str, ...]:
        """The names of the splits; empty if only the download will tell.

        Raises:
            errors.UserError: there is no such set.
        """

    @abc.abstractmethod
    def source(self, split: str, *, flag: str | None) -> sources.Source:
        """Finds where a split's images come from, after a download if need be.

        Args:
            split: the split's name.
            flag: the flag that names the set, without dashes, for advice; None
                if no other set can be given.

        Raises:
            errors.UserError: there is no such set or split, its files are
                damaged, or they cannot be had.
        """

    @property
    def original_sizes(self) -> shapes.Counts:
        """Counts the sizes of the images.

        One size, counted once, if all images have it; the sizes of the first
        images if there are too many to look at; nothing if sizes vary and
        only a download would tell.

        Raises:
            errors.UserError: as for `original_shape`.
        """
        height, width, _ = self.original_shape
        if height is None or width is None:
            return {}
        return {(height, width): 1}

    @property
    def why_unlabelled(self) -> str:
        """Why there are no labels; empty if there are, or nothing to say.

        Raises:
            errors.UserError: there is no such set.
        """
        return ""

    def _value_range(self) -> value_ranges.Range | None:
        """Finds `value_range`; None for images of 8 bits."""
        return None

    @property
    def shape(self) -> tuple[int | None, int | None, int]:
        """As `original_shape`, after the crop.

        Raises:
            errors.UserError: as for `original_shape`, or the crop is larger
                than the images.
        """
        return preparation.cropped_shape(self.original_shape, self.read_as.crop)

    @property
    def sizes(self) -> shapes.Counts:
        """As `original_sizes`, after the crop.

        Raises:
            errors.UserError: as for `shape`.
        """
        height, width, _ = self.shape
        if height is not None and width is not None:
            return {(height, width): 1}
        return shapes.cropped(self.original_sizes, self.read_as.crop)

    @functools.cached_property
    def value_range(self) -> value_ranges.Range | None:
        """(low, high), the values that become black and white in all splits.

        None for images of 8 bits.

        Raises:
            errors.UserError: a range is given for images of 8 bits, or the
                values cannot be read.
        """
        own_range = self._value_range()
        if own_range is None and self.read_as.value_range is not None:
            written = value_ranges.write(self.read_as.value_range)
            raise errors.UserError(
                f"--value_range={written} is for images of more than 8 bits, "
                f"and {self.name} has 8-bit images: leave it out"
            )
        return own_range
