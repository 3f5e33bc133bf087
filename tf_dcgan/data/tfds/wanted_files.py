"""Which files a TFDS set is made of.

TFDS knows the files of all configurations of a set together. Only the set's own
code tells which of them the chosen configuration needs, when it asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
import pathlib

from tf_dcgan.data.tfds import reading


def find(builder, manual_folder: pathlib.Path) -> dict[str, str | None]:
    """Finds the files of a set, without downloading any.

    Args:
        builder: TFDS's builder of the set and its configuration.
        manual_folder: where files lie that were fetched by hand.

    Returns:
        URL → name, None if it is unknown: the files that the set's code asks
        for, or, if its code asks for none without having them, the files of
        all configurations.
    """
    names = {
        url: info.filename if info else None
        for url, info in (builder.url_infos or {}).items()
        if "://" in url
    }
    asked = _Asked(manual_folder)
    with reading.quiet():
        try:
            builder._split_generators(asked)
        # Without the files, the set's own code may end in anything. By then
        # it has asked for some or for all.
        except Exception:
            pass
    wanted = {url: names.get(url) for url in asked.urls if "://" in url}
    return wanted or names


class _Asked:
    """Stands for TFDS's download manager; remembers what it is asked for."""

    def __init__(self, manual_folder: pathlib.Path) -> None:
        self.urls: list[str] = []
        self.manual_dir = manual_folder
        self.download_dir = manual_folder

    def download(self, urls):
        """Returns paths where nothing is, in the structure of the URLs."""
        import tensorflow as tf

        return tf.nest.map_structure(self._path, urls)

    download_and_extract = download

    def extract(self, paths):
        """Returns the paths of the archives as the paths of their content."""
        return paths

    def iter_archive(self, path) -> Iterator[tuple]:
        """Yields nothing, as an empty archive does."""
        return iter(())

    def _path(self, url) -> pathlib.Path:
        # Some sets wrap their URLs into an object.
        self.urls.append(str(getattr(url, "url", url)))
        return self.manual_dir / "not_there"
