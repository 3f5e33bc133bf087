"""Image sets of TensorFlow Datasets (TFDS).

A prepared set is found by its folders alone, since importing TFDS takes
seconds that a run whose images are in the cache need not spend. So
`tfds.reading` and `downloads` are imported where they are needed.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re

from tf_dcgan.common import errors, terminal
from tf_dcgan.data import image_sets, reading, sources
from tf_dcgan.data.preparing import shapes

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_INFO = "dataset_info.json"
_LOOKED_AT = 10_000  # Images whose sizes stand for a whole set.


class TfdsSet(image_sets.ImageSet):
    """A set of TFDS, prepared on this disk or not."""

    def __init__(
        self, name: str, data_dir: str | None, read_as: reading.Reading
    ):
        """Looks at nothing yet.

        Args:
            name: the set's name in TFDS: `name` or `name/config`.
            data_dir: a folder of prepared sets that `check_data_dir` approves
                of, or None for TFDS's own folder.
            read_as: how the images are read.
        """
        super().__init__(name, read_as)
        self._data_dir = data_dir

    @functools.cached_property
    def _builder(self):
        """TFDS's builder of the set, from prepared files if they exist."""
        root = _root(self._data_dir)
        folder = prepared_folder(self.name, root)
        from tf_dcgan.data.tfds import reading as tfds_reading

        if folder is None:
            return tfds_reading.new_builder(self.name, root)
        return tfds_reading.open_folder(folder)

    @property
    def original_shape(self) -> tuple[int | None, int | None, int]:
        """See `image_sets.ImageSet`."""
        from tf_dcgan.data.tfds import reading as tfds_reading

        return tfds_reading.image_shape(self.name, self._builder)

    @functools.cached_property
    def original_sizes(self) -> shapes.Counts:
        """See `image_sets.ImageSet`; of a large set, the first images' sizes.

        Nothing if sizes vary and the set is not prepared on this disk yet.
        """
        height, width, _ = self.original_shape
        if height is not None and width is not None:
            return {(height, width): 1}
        if prepared_folder(self.name, _root(self._data_dir)) is None:
            return {}
        from tf_dcgan.data.tfds import reading as tfds_reading

        return tfds_reading.count_sizes(self._builder, at_most=_LOOKED_AT)

    @property
    def class_names(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        from tf_dcgan.data.tfds import reading as tfds_reading

        return tfds_reading.class_names(self.name, self._builder)

    @property
    def splits(self) -> tuple[str, ...]:
        """See `image_sets.ImageSet`."""
        return tuple(self._builder.info.splits)

    def source(self, split: str, *, flag: str | None) -> sources.Source:
        """See `image_sets.ImageSet`.

        Raises:
            errors.UserError: there is no such set, it is damaged, or it is
                neither on the disk nor can be downloaded.
        """
        name = self.name
        root = _root(self._data_dir)
        folder = prepared_folder(name, root)
        if folder is None:
            from tf_dcgan.data.tfds import downloads

            _check_not_inside(name, root)
            downloads.download(
                name, root, flag=flag, is_data_dir=self._data_dir is not None
            )
            folder = prepared_folder(name, root)
            if folder is None:
                raise RuntimeError(f"TFDS prepared {name}, but not in {root}")
        paths = [path for path in folder.iterdir() if path.is_file()]
        return sources.Source(
            fingerprint=[
                folder.relative_to(root).as_posix(),
                *sources.files_fingerprint(paths, folder),
            ],
            read=lambda: _read(name, split, folder),
        )


def check_data_dir(data_dir: str) -> pathlib.Path:
    """Refuses a `--data_dir` that is no readable folder.

    Returns:
        The folder's path, with `~` replaced.

    Raises:
        errors.UserError: the folder is missing, not a folder, or not readable.
    """
    folder = pathlib.Path(data_dir).expanduser()
    problem = None
    if not folder.exists():
        problem = "does not exist"
    elif not folder.is_dir():
        problem = "is not a folder"
    elif not os.access(folder, os.R_OK | os.X_OK):
        problem = "cannot be read: permission denied"
    if problem:
        raise errors.UserError(
            f"--data_dir={data_dir} {problem}. Give the folder that holds the "
            "prepared TFDS sets or the raw files"
        )
    return folder


def prepared_folder(name: str, root: pathlib.Path) -> pathlib.Path | None:
    """Finds a set's newest prepared version by looking at folder names.

    Args:
        name: `name` or `name/config`.
        root: a folder of prepared sets, which need not exist.

    Returns:
        `root/name/[config/]version`, or None if no version is prepared.

    Raises:
        errors.UserError: the version's folder lacks its description, or holds
            another set.
    """
    if not re.fullmatch(r"\w+(/[\w.+-]+)?", name) or ".." in name:
        return None
    folder = root / name
    if not folder.is_dir():
        return None
    children = [child for child in folder.iterdir() if child.is_dir()]
    versions = [child for child in children if _VERSION.fullmatch(child.name)]
    if not versions:
        if "/" not in name and any(
            (grandchild / _INFO).is_file()
            for child in children
            for grandchild in child.iterdir()
            if _VERSION.fullmatch(grandchild.name)
        ):
            # Only TFDS knows which configuration a bare name stands for.
            from tf_dcgan.data.tfds import reading as tfds_reading

            path = pathlib.Path(tfds_reading.new_builder(name, root).data_path)
            return path if (path / _INFO).is_file() else None
        return None
    newest = max(
        versions, key=lambda path: [int(part) for part in path.name.split(".")]
    )
    if not (newest / _INFO).is_file():
        raise errors.UserError(
            f"{newest} is not a whole prepared set: it has no {_INFO}. "
            "Remove the folder or copy it again"
        )
    _check_name(name, newest / _INFO)
    return newest


def _check_name(name: str, info: pathlib.Path) -> None:
    """Refuses a prepared set that lies in another set's folder."""
    try:
        set_name = json.loads(info.read_text())["name"]
    except (OSError, ValueError, LookupError, TypeError):
        return  # Damaged; reading the set will say how.
    if set_name != name.partition("/")[0]:
        raise errors.UserError(
            f"{info.parent} holds {set_name}, not {name}: give the folder its "
            f"own name back, or choose the set {set_name}"
        )


def _read(name: str, split: str, folder: pathlib.Path) -> sources.Content:
    from tf_dcgan.data.tfds import reading as tfds_reading

    return tfds_reading.read(name, split, folder=folder)


def _root(data_dir: str | None) -> pathlib.Path:
    """The folder of prepared sets; by TFDS's own rule if `data_dir` is None."""
    if data_dir is None:
        data_dir = os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")
    return pathlib.Path(data_dir).expanduser()


def _check_not_inside(name: str, root: pathlib.Path) -> None:
    """Refuses a folder that is one or two levels too deep, a likely slip."""
    if not root.is_dir():
        return
    above = None
    if (root / _INFO).is_file():
        above = root.resolve().parent.parent
    elif any(
        (child / _INFO).is_file()
        for child in root.iterdir()
        if _VERSION.fullmatch(child.name)
    ):
        above = root.resolve().parent
    if above is not None:
        raise errors.UserError(
            f"--data_dir={root} is a prepared set itself, not the folder above "
            f"{name}. Give {terminal.flag('data_dir', above)}"
        )
