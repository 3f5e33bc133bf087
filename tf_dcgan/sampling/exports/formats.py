"""What is known of each format that a generator is exported in.

Loads neither TensorFlow nor what a format needs beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import dataclasses
import importlib.util

from tf_dcgan.common import errors

FLOAT32, FLOAT16 = "float32", "float16"
# Where a file holds its own description: an entry of the metadata of an ONNX
# or LiteRT file, a member of a Keras file, a file in a SavedModel.
METADATA = "tf_dcgan.json"


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of exported files.

    Attributes:
        summary: what it is, in one line for `--help`.
        ending: how the names of its files end; nothing for a folder.
        runtime: the distribution that loads it.
        extra: the extra of this package that brings what the format needs;
            nothing where the package itself needs it.
        needs: module → distribution, of what the extra brings.
        precisions: the values of `--precision` that it can be written in.
        takes_any_number: whether a file takes any number of inputs at once,
            and of translations any size; else one at a time, of one size.
    """

    summary: str
    ending: str
    runtime: str
    extra: str = ""
    needs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    precisions: tuple[str, ...] = (FLOAT32,)
    takes_any_number: bool = True


FORMATS = {
    "saved_model": Format(
        "a folder for TensorFlow and TensorFlow Serving",
        ending="",
        runtime="tensorflow",
    ),
    "keras": Format(
        "a file for Keras, to train on or to change",
        ending=".keras",
        runtime="keras",
    ),
    "onnx": Format(
        "a file for ONNX Runtime, also in a browser",
        ending=".onnx",
        runtime="onnxruntime",
        extra="onnx",
        needs={
            "tf2onnx": "tf2onnx",
            "onnx": "onnx",
            "onnxruntime": "onnxruntime",
        },
        precisions=(FLOAT32, FLOAT16),
    ),
    "litert": Format(
        "a file for LiteRT (TensorFlow Lite) on phones; one image at a time",
        ending=".tflite",
        runtime="ai-edge-litert",
        extra="litert",
        needs={
            "ai_edge_litert": "ai-edge-litert",
            "flatbuffers": "flatbuffers",
        },
        precisions=(FLOAT32, FLOAT16),
        takes_any_number=False,
    ),
}


def parse(text: str) -> list[str]:
    """Reads `--format`.

    Args:
        text: names of formats, separated by commas.

    Returns:
        Keys of `FORMATS`, in the order in which they were given.

    Raises:
        errors.UserError: a name is not known, or is given twice.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in FORMATS:
            raise errors.UserError(
                f"--format={text}: {name!r} is no format: "
                + errors.suggestion(name, FORMATS)
            )
        if names.count(name) > 1:
            raise errors.UserError(
                f"--format={text} names {name} twice: give each format once"
            )
    return names


def check_precision(names: Iterable[str], precision: str) -> None:
    """Refuses a precision that a format cannot be written in.

    Raises:
        errors.UserError: one of the formats cannot.
    """
    names = list(names)
    unable = [n for n in names if precision not in FORMATS[n].precisions]
    if not unable:
        return
    able = [n for n in FORMATS if precision in FORMATS[n].precisions]
    raise errors.UserError(
        f"--precision={precision} means nothing to {' and '.join(unable)}: "
        f"give --format={','.join([n for n in names if n in able] or able)}"
    )


def check_installed(names: Iterable[str]) -> None:
    """Finds out early whether what formats need is installed.

    Raises:
        errors.UserError: something is missing; the message says how to
            install it.
    """
    missing: dict[str, list[str]] = {}
    for name in names:
        for module, distribution in FORMATS[name].needs.items():
            if importlib.util.find_spec(module) is None:
                missing.setdefault(name, []).append(distribution)
    if not missing:
        return
    all_missing = [one for each in missing.values() for one in each]
    extras = ",".join(FORMATS[name].extra for name in missing)
    raise errors.UserError(
        f"--format={','.join(missing)} needs what is not installed: pip "
        f"install {' '.join(all_missing)} (the extra tf_dcgan[{extras}])"
    )
