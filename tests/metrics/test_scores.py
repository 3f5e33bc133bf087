"""The records of the metrics, and what follows from them."""

import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tf_dcgan.metrics import feature_sets, moments, scores

_PROJECT = pathlib.Path(__file__).parents[2]


def _sets():
    """Features of 200 real, generated and training images in ten classes."""
    chance = np.random.default_rng(0)

    def side():
        return {
            "features": chance.normal(size=(200, 3)).astype(np.float32),
            "spatial": chance.normal(size=(200, 2)).astype(np.float32),
            "logits": chance.normal(size=(200, 10)).astype(np.float32),
        }

    return feature_sets.FeatureSets(
        side(),
        side(),
        side()["features"],
        np.full(10, 20),
        np.arange(200) % 10,
        0.75,
    )


@pytest.mark.parametrize("name", scores.METRICS)
def test_a_metric_makes_the_scores_that_its_record_names(name):
    metric_scores = scores.compute([name], _sets())
    assert (
        tuple(score.name for score in metric_scores)
        == scores.METRICS[name].scores
    )


@pytest.mark.parametrize(
    "name",
    [name for name, one in scores.METRICS.items() if one.takes_statistics],
)
def test_a_metric_that_takes_statistics_needs_no_real_images(name):
    sets = _sets()
    from_images = scores.compute([name], sets)[0].value
    real = moments.Moments.from_features(sets.real["features"])
    sets = dataclasses.replace(sets, real=real)
    assert scores.compute([name], sets)[0].value == pytest.approx(from_images)


@pytest.mark.parametrize(
    "name",
    [name for name, one in scores.METRICS.items() if one.takes_classes],
)
def test_a_metric_that_takes_classes_needs_no_more_than_a_class_has(name):
    sets = _sets()
    labels = np.arange(200) % 2
    first, second = scores.compute_by_class(
        [name],
        sets,
        real_labels=labels,
        fake_labels=labels,
        class_names=("even", "odd"),
    )
    assert (first.name, second.name) == ("even", "odd")
    assert first.real_images == second.fake_images == 100
    alone = sets.part(labels == 0, labels == 0)
    for score, expected in zip(
        first.scores, scores.compute([name], alone), strict=True
    ):
        assert score.value == expected.value


def test_the_records_load_neither_tensorflow_nor_scipy():
    code = (
        "import sys\n"
        "from tf_dcgan.metrics import scores\n"
        "print({'tensorflow', 'keras', 'scipy'} & set(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "set()\n"
