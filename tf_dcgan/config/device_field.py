"""The setting `device`, which every command that computes has."""

from __future__ import annotations

from tf_dcgan.config import fields


def device(group: str):
    """Makes the field `device`.

    Args:
        group: the heading in `--help`.
    """
    return fields.setting(
        "auto",
        "what computes",
        group=group,
        choices={
            "auto": "a GPU that TensorFlow sees, else the CPU",
            "cpu": "the CPU, also beside a GPU",
            "gpu": "a GPU; an error where TensorFlow sees none",
        },
        on_resume="free",
    )
