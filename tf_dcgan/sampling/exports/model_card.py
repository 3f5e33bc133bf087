"""`MODEL.md`: what an exported generator is, for people who did not train it.

After Mitchell et al. 2019, "Model Cards for Model Reporting"
(arXiv:1810.03993): what it was trained on, how it was measured, what it is not
for. What no program knows is left to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping
import re
from typing import Any

from tf_dcgan.common import terminal, words
from tf_dcgan.config import kinds, recipes
from tf_dcgan.runs import evaluation_file, runs
from tf_dcgan.sampling.exports import description, folder_files, formats

TO_FILL_IN = "*To fill in:*"
# What Markdown would not show as it is.
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def text(
    run: runs.Run,
    content: Mapping[str, Any],
    *,
    evaluation: Mapping[str, Any] | None,
    grid_words: str | None,
) -> str:
    """Writes the card in Markdown.

    Args:
        run: the run.
        content: of `model.json`, with the files.
        evaluation: the content of the run's `evaluation.json`, or None.
        grid_words: what is on `grid.png`; None if there is none.

    Returns:
        The card; whatever may come from elsewhere is escaped.
    """
    sections = [
        _head(run, content, grid_words),
        _files(content),
        _interface(content),
        _training(run, content),
        _scores(run, content, evaluation),
        _open_points(run),
    ]
    return "\n".join(line for lines in sections for line in [*lines, ""])[:-1]


def _head(
    run: runs.Run, content: Mapping[str, Any], grid_words: str | None
) -> list[str]:
    summary = recipes.RECIPES[content["recipe"]].summary
    image = content["image"]
    what = (
        "Makes images from noise"
        if run.config.kind is kinds.GENERATION
        else "Two generators that translate images of A to B, and of B to A"
    )
    colours = "RGB" if image["channels"] == 3 else "gray"
    lines = [
        f"# {_plain(content['run'])}",
        "",
        f"{what}: {image['height']}x{image['width']} pixels, {colours}. "
        f"Recipe `{content['recipe']}` ({_plain(summary)}) of tf\\_dcgan "
        f"{content['made_by']['tf_dcgan']}; {_weights(content)}.",
    ]
    if grid_words is not None:
        lines += [
            "",
            f"![{_plain(grid_words)}]({folder_files.GRID})",
            "",
            grid_words,
        ]
    return lines


def _weights(content: Mapping[str, Any]) -> str:
    kind = {
        "ema": "the moving average of the weights",
        "raw": "the weights themselves",
    }[content["weights"]]
    text = f"{kind} after {words.counted(content['step'], 'step')}"
    if "best_by" in content:
        text += f", the best checkpoint by {_plain(content['best_by'])}"
    return text


def _files(content: Mapping[str, Any]) -> list[str]:
    lines = [
        "## Files",
        "",
        "| file | what it is | size | loaded by | largest difference from "
        "Keras, in [-1, 1] |",
        "|---|---|---|---|---|",
    ]
    for file in content["files"]:
        summary = formats.FORMATS[file["format"]].summary
        if file["precision"] != formats.FLOAT32:
            summary += f"; weights in {file['precision']}"
        lines.append(
            f"| `{file['path']}` | {summary} | {size(file['bytes'])} | "
            f"{file['runtime']} | {file['largest_difference']:.2g} over "
            f"{words.counted(file['compared_images'], 'image')} |"
        )
    return lines


def size(num_bytes: int) -> str:
    """Writes a file's size, such as "3.0 MB"."""
    if num_bytes < 1e6:
        return f"{num_bytes / 1e3:.0f} kB"
    return f"{num_bytes / 1e6:.1f} MB"


def _interface(content: Mapping[str, Any]) -> list[str]:
    lines = [
        "## What goes in and what comes out",
        "",
        "| network | | name | shape | type | values |",
        "|---|---|---|---|---|---|",
    ]
    for network in content["networks"]:
        for side, tensors in (
            ("in", network["inputs"]),
            ("out", network["outputs"]),
        ):
            for tensor in tensors:
                shape = ", ".join(map(str, tensor["shape"]))
                limits = ""
                if tensor["range"] is not None:
                    limits = "{} to {}: ".format(*tensor["range"])
                lines.append(
                    f"| `{network['name']}` | {side} | `{tensor['name']}` | "
                    f"[{shape}] | {tensor['dtype']} | "
                    f"{limits}{_plain(tensor['meaning'])} |"
                )
    image = content["image"]
    box = content.get("content_box")
    if box is not None and box[2:] != [image["height"], image["width"]]:
        top, left, height, width = box
        lines += [
            "",
            f"The images are padded. Without padding they are rows {top} to "
            f"{top + height - 1} and columns {left} to {left + width - 1}, "
            "counted from 0.",
        ]
    if "classes" in content:
        names = ", ".join(
            f"{number} {_plain(name)}"
            for number, name in enumerate(content["classes"])
        )
        lines += ["", f"Classes: {names}."]
    if "value_range" in content:
        low, high = content["value_range"]
        lines += [
            "",
            f"The training images had values {low:g} (black) to {high:g} "
            "(white).",
        ]
    return lines


def _training(run: runs.Run, content: Mapping[str, Any]) -> list[str]:
    config = run.config
    lines = ["## Trained on", ""]
    for facts in content["trained_on"]:
        lines.append(
            f"- {_plain(facts['dataset'])}: "
            f"{words.counted(facts['images'], 'image')}, "
            f"{_plain(facts['preparation'])} (SHA-256 of the prepared images: "
            f"`{facts['fingerprint']}`)"
        )
    epochs = content["step"] / run.steps_per_epoch
    lines += [
        "",
        f"{words.counted(content['step'], 'step')} of {config.batch_size} "
        f"images ({epochs:.3g} epochs), loss `{config.loss}`, seed "
        f"{config.seed}"
        + (f". Device: {_plain(run.device)}." if run.device else "."),
    ]
    return lines


def _scores(
    run: runs.Run,
    content: Mapping[str, Any],
    evaluation: Mapping[str, Any] | None,
) -> list[str]:
    lines = ["## Scores", ""]
    if evaluation is None:
        command = terminal.command("evaluate", run_dir=f"runs/{content['run']}")
        return [*lines, f"Not measured. `{command}` measures them."]
    lines += [
        "| score | value | 95 % interval | a perfect generator |",
        "|---|---|---|---|",
    ]
    for score in evaluation["scores"]:
        interval = ""
        if score["low"] is not None and score["high"] is not None:
            interval = f"{score['low']:.4g} to {score['high']:.4g}"
        lines.append(
            f"| {_plain(score['name'])} | {_number(score['value'])} | "
            f"{interval} | {_number(score['ideal'])} |"
        )
    protocol = evaluation_file.protocol(evaluation)
    lines += ["", _scored(content, evaluation, protocol), ""]
    for name, value in protocol.items():
        if value not in (None, []):
            shown = description.without_paths(run, _in_words(value))
            lines.append(f"- {_plain(name.replace('_', ' '))}: {_plain(shown)}")
    warnings = {
        warning
        for score in evaluation["scores"]
        for warning in score["warnings"]
    }
    for note in [*sorted(warnings), *evaluation["notes"]]:
        lines.append(
            f"- note: {_plain(description.without_paths(run, str(note)))}"
        )
    return lines


def _scored(
    content: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    protocol: Mapping[str, Any],
) -> str:
    """Says whether the scores are of the weights that are exported."""
    weights = str(protocol["weights"] or "other or unknown")
    is_same = (
        evaluation["step"] == content["step"]
        and weights.split(", ")[-1] == content["weights"]
    )
    of = (
        f"Measured after {words.counted(evaluation['step'], 'step')}, "
        f"{_plain(weights)} weights"
    )
    return f"{of}." if is_same else f"{of}: **not the exported weights**."


def _open_points(run: runs.Run) -> list[str]:
    lines = ["## Licence and use", ""]
    for name in runs.set_names(run.config):
        lines.append(
            f"- {TO_FILL_IN} the licence of "
            f"{_plain(description.public(name))}, and whether it allows to "
            "share what was trained on it"
        )
    return [
        *lines,
        f"- {TO_FILL_IN} the licence of this generator",
        f"- {TO_FILL_IN} what it is meant for, and what it is not",
        "- A generator can repeat training images: look at `memorization` of "
        "`evaluate` before sharing one that was trained on images of people.",
    ]


def _in_words(value: Any) -> str:
    """Writes a value of JSON without its brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _plain(value: str) -> str:
    """Writes a text in one line, with every mark of Markdown escaped."""
    return _MARKS.sub(r"\\\1", " ".join(terminal.printable(value).split()))
