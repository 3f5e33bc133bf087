"""The weights of the FID network: given, from the cache, or downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import functools
import hashlib
import os
import pathlib
import tempfile

from absl import logging
import numpy as np
import requests

from tf_dcgan.common import errors, files, terminal
from tf_dcgan.data import cache
from tf_dcgan.metrics.features.inception import files as inception_files
from tf_dcgan.metrics.features.inception import fingerprint, inception, layers

ARCHIVE = "inception-2015-12-05.tgz"
URL = f"https://storage.googleapis.com/download.tensorflow.org/models/image/imagenet/{ARCHIVE}"
CACHED = "inception-2015-12-05.npz"
_TIMEOUT_SECONDS = 8
_CHUNK_BYTES = 2**20
# No digest of the archive has been published. Checked are its length, gzip's
# own checksum, the shape of every array and `inception_fingerprint`.
_ARCHIVE_BYTES = 88_931_400
_SCORES = {"logits": "the Inception Score", "spatial": "sfid"}


@dataclasses.dataclass(frozen=True)
class InceptionWeights:
    """Weights of the FID network, perhaps without its deeper layers.

    Attributes:
        arrays: as `inception.build` takes them.
        path: the file they are from.
    """

    arrays: Mapping[str, np.ndarray]
    path: str

    @functools.cached_property
    def taps(self) -> list[int]:
        """The values of `--feature_dim` that the layers suffice for."""
        return layers.taps_in(self.arrays)

    @functools.cached_property
    def outputs(self) -> list[str]:
        """Those of `inception.OUTPUTS` that the layers suffice for."""
        outputs = ["features"] if self.taps else []
        if 2048 in self.taps and layers.LOGITS_WEIGHTS in self.arrays:
            outputs.append("logits")
        spatial = layers.weight_shapes(layers.SPATIAL_STAGE)
        if all(name in self.arrays for name in spatial):
            outputs.append("spatial")
        return outputs

    @functools.cached_property
    def is_canonical(self) -> bool:
        """Whether these are the published weights, as far as they go.

        Only then can scores be compared with other tools' scores.
        """
        return fingerprint.fits(self.arrays)

    def require(
        self, feature_dim: int, outputs: Sequence[str], flag_prefix: str = ""
    ) -> None:
        """Checks that the layers suffice.

        Args:
            feature_dim: the tap that the network must have.
            outputs: some of `inception.OUTPUTS`.
            flag_prefix: as `load` takes it.

        Raises:
            errors.UserError: they do not; the message names what they
                suffice for.
        """
        flag = f"--{flag_prefix}feature_dim"
        if "features" in outputs and feature_dim not in self.taps:
            lacking = f"{flag}={feature_dim}"
        elif not set(outputs) <= set(self.outputs):
            missing = [name for name in outputs if name not in self.outputs]
            lacking = " and ".join(_SCORES[name] for name in missing)
        else:
            return
        has = [_SCORES[name] for name in self.outputs if name in _SCORES]
        advice = f"give {ARCHIVE}, which has all"
        if self.taps:
            taps = ", ".join(map(str, self.taps))
            has.insert(0, f"{flag}={taps}")
            if lacking.startswith("--"):
                advice = f"give {flag}={self.taps[-1]}, or {ARCHIVE}"
        raise errors.UserError(
            f"{self.path} lacks the layers for {lacking}. It has those for "
            f"{' and for '.join(has) or 'nothing'}: {advice}"
        )

    def digest(self, feature_dim: int, outputs: Sequence[str]) -> str:
        """Returns the SHA-256 of the arrays that some outputs depend on.

        So that two files agree if they differ in deeper layers only.

        Args:
            feature_dim: the tap.
            outputs: some of `inception.OUTPUTS`.

        Returns:
            64 hexadecimal digits.
        """
        stages = inception.last_stages(feature_dim, outputs).values()
        deepest = max(stages, key=list(layers.STAGES).index)
        names = list(layers.weight_shapes(deepest))
        if "logits" in outputs:
            names.append(layers.LOGITS_WEIGHTS)
        digest = hashlib.sha256()
        for name in names:
            array = np.ascontiguousarray(self.arrays[name], dtype="<f4")
            digest.update(f"{name} {array.shape}\n".encode())
            digest.update(array)
        return digest.hexdigest()


def load(
    path: os.PathLike | str | None = None,
    *,
    cache_dir: str | None = None,
    flag_prefix: str = "",
) -> InceptionWeights:
    """Reads the weights given, else the cached ones, else downloads them.

    Args:
        path: `--inception_weights`, any file that `files.read`
            reads.
        cache_dir: the cache's folder, or None for the default.
        flag_prefix: what stands before the names of the flags that messages
            name: "" for `--features`, "evaluate_" for `--evaluate_features`.

    Returns:
        The weights, as deep as the file goes.

    Raises:
        errors.UserError: the file cannot be used, or there is none and it
            cannot be downloaded.
    """
    if path:
        path = pathlib.Path(path).expanduser()
        return InceptionWeights(inception_files.read(path), str(path))
    folder = pathlib.Path(cache_dir or cache.default_folder()).expanduser()
    for name in (CACHED, ARCHIVE, inception_files.GRAPH_NAME):
        cached = folder / name
        if not cached.is_file():
            continue
        try:
            return InceptionWeights(inception_files.read(cached), str(cached))
        except errors.UserError as error:
            logging.warning("%s; it will be downloaded again", error)
    return _download(folder, flag_prefix)


def _download(folder: pathlib.Path, flag_prefix: str) -> InceptionWeights:
    """Downloads the archive and keeps its folded weights in the cache."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files.remove_unfinished(folder)
        scratch = tempfile.TemporaryDirectory(
            dir=folder, prefix=f"{files.UNFINISHED}{os.getpid()}-"
        )
    except PermissionError as error:
        raise errors.UserError(
            f"the weights of the Inception network cannot be kept in {folder} "
            f"({error.strerror}). Give --cache_dir=FOLDER, a folder that can "
            f"be written to, or --inception_weights=FILE"
        ) from error
    with scratch:
        archive = pathlib.Path(scratch.name, ARCHIVE)
        try:
            _fetch(archive)
            arrays = inception_files.read(archive)
        except (
            requests.exceptions.RequestException,
            errors.UserError,
        ) as error:
            raise errors.UserError(
                _unavailable(folder, error, flag_prefix)
            ) from error
    weights = InceptionWeights(arrays, str(folder / CACHED))
    if not weights.is_canonical or "logits" not in weights.outputs:
        raise errors.UserError(
            _unavailable(
                folder, "what the host sent are other weights", flag_prefix
            )
        )
    with files.atomic_file(folder / CACHED) as unfinished:
        np.savez(unfinished, **arrays)
    return weights


def _fetch(target: pathlib.Path) -> None:
    with requests.get(URL, stream=True, timeout=_TIMEOUT_SECONDS) as response:
        response.raise_for_status()
        with (
            target.open("wb") as file,
            terminal.Progress(ARCHIVE, _ARCHIVE_BYTES, "bytes") as counted,
        ):
            for chunk in response.iter_content(_CHUNK_BYTES):
                file.write(chunk)
                counted.update(len(chunk))
    size = target.stat().st_size
    if size != _ARCHIVE_BYTES:
        raise errors.UserError(
            f"the host sent {size:,} bytes instead of {_ARCHIVE_BYTES:,}"
        )


def _unavailable(folder: pathlib.Path, reason, flag_prefix: str) -> str:
    return (
        f"the weights of the Inception network are not in {folder} and cannot "
        f"be downloaded: {URL}: {_in_words(reason)}. Get that file elsewhere "
        f"and give --inception_weights=FILE, or use "
        f"--{flag_prefix}features=classifier, which needs no download"
    )


def _in_words(reason) -> str:
    if isinstance(reason, requests.exceptions.HTTPError):
        return f"the host answers {reason.response.status_code}"
    if isinstance(reason, requests.exceptions.Timeout):
        return f"no answer within {_TIMEOUT_SECONDS} seconds"
    if isinstance(reason, requests.exceptions.ProxyError):
        return "the proxy does not let it through"
    if isinstance(reason, requests.exceptions.RequestException):
        return f"no connection ({type(reason).__name__})"
    return str(reason)
