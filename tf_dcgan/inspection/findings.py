"""What a user should mend or know before training, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tf_dcgan.common import words
from tf_dcgan.data.folders import decoding

# Below, D soon knows each training image.
FEW_IMAGES = 10_000
# Kinds of findings for which a training is refused.
OBSTACLES = ("too_many_damaged", "mixed_depths")
_UNBALANCED = 10
_FULL = 8  # Bits.


def of(facts: dict[str, Any]) -> list[dict[str, str]]:
    """Judges the facts.

    Args:
        facts: as `facts.of` gathers them; facts about images are missing if
            no image can be used.

    Returns:
        What was found, the worst first: `kind`, one word to select it by, and
        `text`, one line of what there is and what to do.
    """
    return [
        {"kind": kind, "text": text}
        for find in (_damaged, _copies, _contents, _depths, _amounts, _files)
        for kind, text in find(facts)
    ]


def _damaged(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    count, total = len(facts["damaged"]), facts["images"]
    if not count:
        return
    text = (
        f"{count:,} of {words.counted(total, 'file')} cannot be read: "
        f"{few([each['name'] for each in facts['damaged']])}"
    )
    if count == total:
        yield "too_many_damaged", f"{text}. There is nothing to train on"
    elif count > decoding.DAMAGED_SHARE * total:
        yield (
            "too_many_damaged",
            f"{text}. A training takes at most {decoding.DAMAGED_SHARE:.0%}: "
            "mend or remove them",
        )
    else:
        yield "damaged", f"{text}. A training leaves them out"


def _copies(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    blank = facts.get("one_colour")
    if blank:
        yield (
            "one_colour",
            f"{len(blank):,} of {facts['usable']:,} images are of one colour: "
            f"{few(blank)}. Nothing can be learnt from them: remove them",
        )
    for key, what, advice in (
        ("exact_copies", "copies of another image", "keep one of each"),
        (
            "near_copies",
            "almost copies of another image",
            "see that they are meant",
        ),
    ):
        copies = facts.get(key)
        if not copies or not copies["groups"]:
            continue
        count = copies["beyond_the_first"]
        yield (
            key,
            f"{words.counted(count, 'image')} {_are(count)} {what}, such as "
            f"{' = '.join(copies['names'][0][:3])}: {advice}",
        )
        for across, consequence in (
            ("splits", "scores against held-out images would flatter"),
            ("classes", "one of the labels is wrong"),
        ):
            groups = copies[f"groups_across_{across}"]
            if groups:
                yield (
                    f"{key}_across_{across}",
                    f"{words.counted(groups, 'group')} of these copies in two "
                    f"{across}: {consequence}",
                )


def _contents(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not facts["usable"]:
        return
    not_finite = facts["not_finite"]
    if not_finite:
        yield (
            "not_finite",
            f"NaN or infinity in {words.counted(len(not_finite), 'image')}: "
            f"{few(not_finite)}. Mend or remove them",
        )
    hidden = facts["hidden_on_white"]
    if hidden:
        drawn = (
            f"{words.counted(len(hidden), 'image')} {_are(len(hidden))} drawn "
            f"in white on transparency: {few(hidden)}"
        )
        # A training decides for the whole set in the same way.
        if 2 * len(hidden) > facts["transparent"]:
            yield "white_drawings", f"{drawn}. A training lays them over black"
        else:
            yield (
                "white_drawings",
                f"{drawn}. A training lays transparency over white here, and "
                "sees nothing: lay them over black",
            )
    gray, usable = facts["gray_stored_as_colour"], facts["usable"]
    if facts["channels"] == 3 and gray == usable:
        yield (
            "gray",
            "all images are gray but stored in colour: stored in gray, they "
            "need a third of the disk and less computing",
        )
    extreme = facts["aspects"]["beyond_3_to_1"]
    if extreme:
        yield (
            "aspect",
            f"a side more than three times the other in "
            f"{words.counted(len(extreme), 'image')}: {few(extreme)}. Of such, "
            "a crop keeps little",
        )
    several = facts["frames"]["files_with_several"]
    if several:
        yield (
            "frames",
            f"several images in {words.counted(len(several), 'file')}: "
            f"{few(several)}. Of each, the first is taken; --frames=all takes "
            "all",
        )
    smallest = facts["sizes"]["shorter_side"]["0"]
    if smallest < _FULL:
        yield (
            "tiny",
            "the smallest image has a side of "
            f"{words.counted(smallest, 'pixel')}: enlarged, it is a blur",
        )


def _depths(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    deep = [each for each in facts.get("modes", ()) if each["is_deep"]]
    depths: dict[str, int] = {}
    for each in facts.get("modes", ()):
        depth = "8-bit" if not each["is_deep"] else "deeper"
        if each["mode"] == "F":
            depth = "floating-point"
        depths[depth] = depths.get(depth, 0) + each["images"]
    if len(depths) > 1:
        counts = ", ".join(f"{n:,} {depth}" for depth, n in depths.items())
        yield (
            "mixed_depths",
            f"images of several depths: {counts}. Their values share no scale, "
            "and a training refuses them: put them into folders apart, or "
            "bring all to one depth",
        )
    if deep:
        low = min(each["low"] for each in deep)
        high = max(each["high"] for each in deep)
        text = (
            f"the values of the mode {_modes(deep)} go from {low:g} to {high:g}"
        )
        bits = {each["bits_in_use"] for each in deep}
        if None not in bits and max(bits) < min(each["bits"] for each in deep):
            text += (
                f", {max(bits)} of {min(each['bits'] for each in deep)} bits"
            )
        yield (
            "depth",
            f"{text}: a training makes the lowest black and the highest white; "
            "--value_range gives other ends",
        )


def _amounts(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    usable = facts["usable"]
    if 0 < usable < FEW_IMAGES:
        yield (
            "few",
            f"{words.counted(usable, 'image')} {_are(usable)} few for a GAN: "
            f"below {FEW_IMAGES:,}, D soon knows each of them by heart",
        )
    classes = facts["classes"]
    counts = sorted(classes.values())
    if not counts:
        return
    least, most = (
        next(name for name, count in classes.items() if count == number)
        for number in (counts[0], counts[-1])
    )
    if counts[-1] > _UNBALANCED * counts[0]:
        yield (
            "balance",
            f"the classes are out of balance: {counts[-1]:,} images of {most}, "
            f"{counts[0]:,} of {least}",
        )
    lonely = [name for name, count in classes.items() if count == 1]
    if lonely:
        yield (
            "lonely",
            f"classes of one image alone: {few(lonely)} ({len(lonely):,} in "
            "all). With --conditional, that would be learnt by heart",
        )


def _files(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    misnamed = facts.get("misnamed")
    if misnamed:
        yield (
            "misnamed",
            "another format than the suffix says in "
            f"{words.counted(len(misnamed), 'file')}: "
            + few([f"{e['name']} ({e['format']})" for e in misnamed])
            + ". They are read all the same",
        )
    for reason, names in facts["other_names"].items():
        yield "left_out", f"{reason}: {few(names)} ({len(names):,} in all)"


def few(names: Sequence[str]) -> str:
    """Names the first few of many."""
    shown = ", ".join(names[: decoding.NAMED])
    return shown + ", …" * (len(names) > decoding.NAMED)


def _modes(modes: Sequence[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(mode["mode"] for mode in modes))
    return " and ".join(names)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
