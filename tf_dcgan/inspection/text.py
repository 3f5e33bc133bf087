"""Facts and advice as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tf_dcgan.common import terminal, words
from tf_dcgan.inspection import advice as advising

_BAR = 30  # Characters of the longest bar.
_SHOWN = 16  # Rows of a table at most.
_GROUPS = 3  # Groups of copies that are named.


def lines(
    facts: Mapping[str, Any],
    advice: advising.Advice | None,
    cost: advising.Cost | None,
) -> Iterator[str]:
    """Yields the report; no line holds a control character.

    Args:
        facts: as `facts.of` gathers them.
        advice: what to train; None if there is nothing to train on.
        cost: what that takes; None if it was not measured.
    """
    for line in _lines(facts, advice, cost):
        yield terminal.escaped(line)


def _lines(
    facts: Mapping[str, Any],
    advice: advising.Advice | None,
    cost: advising.Cost | None,
) -> Iterator[str]:
    yield summary(facts)
    for note in facts["notes"]:
        yield f"note: {note}"
    if facts["findings"]:
        yield ""
        yield "What stands out"
        for finding in facts["findings"]:
            yield f"  - {finding['text']}"
    yield from _damaged(facts["damaged"])
    if facts["usable"]:
        yield from _of_images(facts)
    yield from _counts("Files that are no images", facts["other_files"])
    if advice is None:
        return
    yield ""
    yield "Recommended"
    for obstacle in advice.obstacles:
        yield f"  mend this first: {obstacle}"
    yield f"  {advice.command}"
    for what, why in advice.reasons:
        yield f"  {what}: {why}"
    for line in costs(advice, cost):
        yield f"  {line}"
    for hint in advice.hints:
        yield f"  hint: {hint}"


def summary(facts: Mapping[str, Any]) -> str:
    """One line of what there is."""
    parts = [f"{facts['path']} ({facts['kind']}): {facts['images']:,} images"]
    if facts["damaged"]:
        parts.append(f"{facts['usable']:,} can be read")
    if len(facts["splits"]) > 1:
        parts.append(
            ", ".join(f"{n} {c:,}" for n, c in facts["splits"].items())
        )
    if facts["classes"]:
        parts.append(f"{len(facts['classes'])} classes")
    if facts["file_bytes"]:
        parts.append(size_in_words(facts["file_bytes"]))
    return "; ".join(parts)


def costs(advice: advising.Advice, cost: advising.Cost | None) -> Iterator[str]:
    """Says what the recommended training takes, and how that is known."""
    yield (
        f"disk for the prepared images: {size_in_words(advice.cache_bytes)} "
        f"({advice.train_images:,} images of "
        f"{'x'.join(map(str, advice.image_shape))} bytes)"
    )
    if cost is None:
        yield "time and memory: not measured (--nomeasure)"
        return
    memory = f"memory: about {cost.memory_bytes / 2**30:.1f} GiB"
    if cost.available_bytes is not None:
        memory += f" of this machine's {cost.available_bytes / 2**30:.1f}"
    yield memory + ", computed from the networks' layers and the batch"
    if cost.seconds_per_step is None:
        yield "time: not measured, since the memory does not suffice: give a "
        yield "smaller --batch_size or --width"
        return
    seconds = cost.seconds_per_step * advice.total_steps
    yield (
        f"time: about {duration(seconds)} on this machine ({cost.device}): "
        f"{cost.seconds_per_step:.3g} s a step, the median of {cost.steps} "
        f"steps of this training on noise, {cost.operations / 1e9:.3g} billion "
        "operations each"
        + ("; beside other work, so that it may be less" * cost.is_busy)
    )


def _damaged(damaged: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if not damaged:
        return
    yield ""
    yield "Cannot be read"
    for each in damaged[:_SHOWN]:
        yield f"  {each['name']}: {each['reason']}"
    yield from _more(len(damaged))


def _of_images(facts: Mapping[str, Any]) -> Iterator[str]:
    yield from _counts("Formats", facts["formats"])
    yield ""
    yield "Modes and values"
    for mode in facts["modes"]:
        yield f"  {mode_in_words(mode)}"
    sizes = facts["sizes"]
    yield ""
    yield (
        f"Sizes, height x width: {sizes['different']:,} different, "
        f"{sizes['height']['0']}x{sizes['width']['0']} at least, "
        f"{sizes['height']['100']}x{sizes['width']['100']} at most"
    )
    yield from _bars(sizes_in_words(sizes["most_common"]))
    if sizes["different"] > len(sizes["most_common"]):
        yield "Shorter side, pixels"
        yield from _bars(histogram(sizes["shorter_side_histogram"]))
        yield "Width by height"
        yield from _bars(histogram(facts["aspects"]["histogram"]))
    yield "Brightness, 0 to 255, as a training sees the images"
    yield from _bars(histogram(facts["brightness_histogram"]))
    for key, what in (
        ("transparent", "with transparency, laid over white"),
        ("turned_by_exif", "turned as their EXIF says"),
        ("gray_stored_as_colour", "gray, but stored in colour"),
    ):
        if facts[key]:
            yield f"{facts[key]:,} {what}"
    yield from _counts("Classes", facts["classes"])
    for key, title in (
        ("exact_copies", "Equal images"),
        ("near_copies", "Images that look the same"),
    ):
        copies = facts[key]
        if copies["groups"]:
            yield ""
            yield f"{title}: {copies['groups']:,} groups"
            for names in copies["names"][:_GROUPS]:
                more = ", …" * (len(names) > 4)
                yield f"  {', '.join(names[:4])}{more}"


def mode_in_words(mode: Mapping[str, Any]) -> str:
    """Says what the images of one mode and depth hold."""
    text = (
        f"{mode['mode']}, {words.counted(mode['bits'], 'bit')}: "
        f"{words.counted(mode['images'], 'image')}, values "
        f"{mode['low']:g} to {mode['high']:g}"
    )
    in_use = mode["bits_in_use"]
    if mode["is_deep"] and in_use and in_use < mode["bits"]:
        text += f" ({in_use} of {mode['bits']} bits)"
    return text


def histogram(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The number of images by their values, in words."""
    return {
        f"{row['from']:g}"
        if row["from"] == row["to"]
        else f"{row['from']:g} to {row['to']:g}": row["images"]
        for row in rows
    }


def sizes_in_words(sizes: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The number of images by their size, height x width."""
    return {
        f"{size['height']}x{size['width']}": size["images"] for size in sizes
    }


def duration(seconds: float) -> str:
    """Writes a time in its usual unit."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size_in_words(num_bytes: int) -> str:
    """Writes a number of bytes in its usual unit."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if num_bytes >= factor:
            return f"{num_bytes / factor:.1f} {unit}"
    return f"{num_bytes} bytes"


def _counts(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        yield ""
        yield title
        yield from _bars(counts)


def _bars(counts: Mapping[str, int]) -> Iterator[str]:
    shown = list(counts.items())[:_SHOWN]
    if not any(counts.values()):
        return
    width = max(len(name[:_BAR]) for name, _ in shown)
    digits = max(len(f"{count:,}") for _, count in shown)
    most = max(count for _, count in shown)
    for name, count in shown:
        bar = "#" * round(_BAR * count / most)
        yield f"  {name[:_BAR]:{width}}  {count:{digits},}  {bar}".rstrip()
    yield from _more(len(counts))


def _more(count: int) -> Iterator[str]:
    if count > _SHOWN:
        yield f"  … and {count - _SHOWN:,} more"
