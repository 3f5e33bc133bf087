"""Runs for tests that read them, made without training and TensorFlow."""

import dataclasses
import json

import numpy as np
import PIL.Image

from tf_dcgan.config import schema
from tf_dcgan.runs import runs

VERSIONS = {"tf_dcgan": "0.1.0", "tensorflow": "2.21.0"}
LENGTH = 100


def make(
    path,
    *,
    lines=(),
    grids=(),
    evaluation=None,
    fingerprint="f" * 64,
    fingerprint_b="b" * 64,
    versions=VERSIONS,
    device="abacus",
    num_images=6400,
    **settings,
):
    """Writes a run's files, and returns its folder.

    `lines` are of metrics.jsonl; `grids` are steps, or pairs of a step and
    the grid's width.
    """
    all_settings = {"recipe": "dcgan_small", "steps": LENGTH, **settings}
    config_of_run = schema.Config(**all_settings)
    facts = runs.DataFacts(
        28, 28, 1, (0, 0, 28, 28), num_images, "as they are", fingerprint
    )
    facts_b = dataclasses.replace(facts, fingerprint=fingerprint_b)
    path.mkdir(parents=True)
    runs.write_config(
        runs.Run(
            path,
            config_of_run,
            facts,
            versions,
            "0" * 40,
            device,
            facts_b if config_of_run.translates else None,
        )
    )
    if lines:
        (path / "metrics.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in lines)
        )
    if grids:
        (path / "samples").mkdir()
        # Other data, other images.
        shade = sum(map(ord, fingerprint[0] + fingerprint_b[0]))
        grid(path / "samples" / "real.png", shade, 24)
    for place, entry in enumerate(grids):
        step, width = entry if isinstance(entry, tuple) else (entry, 24)
        grid(path / "samples" / f"step_{step:07d}.png", place, width)
    if evaluation is not None:
        (path / "evaluation.json").write_text(json.dumps(evaluation))
    return path


def grid(path, brightness, width):
    """Writes a grey image as high as wide."""
    pixels = np.full((width, width), brightness, np.uint8)
    PIL.Image.fromarray(pixels).save(path)


def train_lines(values, *, key="loss_d", every=10, **more):
    """Makes lines of kind train, ten steps apart."""
    return [
        {"kind": "train", "step": every * (place + 1), key: value, **more}
        for place, value in enumerate(values)
    ]


def evaluation(
    path="r",
    *,
    fid=10.0,
    images=2000,
    step=LENGTH,
    weights="ema",
    best_by=None,
    **more,
):
    """Makes what evaluation.json holds."""
    generator = {"weights": weights, "checkpoint": "last"}
    words = f"{weights} weights"
    if best_by is not None:
        generator |= {"checkpoint": "best", "best_by": best_by}
        words = f"best by {best_by} 9.5, {words}"
    return {
        "step": step,
        "generator": generator,
        "scores": [
            {
                "name": "fid",
                "value": fid,
                "low": 9.5,
                "high": 10.5,
                "ideal": 0.125,
                "remark": "",
                "warnings": ["few_samples: <2,048"],
                "details": {},
            }
        ],
        "protocol": {
            "real": "mnist:test (as they are)",
            "real_images": 10000,
            "fake": f"{path}, step {step}, {words}",
            "fake_images": images,
            "features": {"network": "classifier", "feature_dim": 128},
            "seed": 0,
            "versions": VERSIONS,
            **more,
        },
        "notes": [],
    }
