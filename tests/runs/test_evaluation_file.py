import json

import fake_runs
import pytest

from tf_dcgan.common import errors
from tf_dcgan.runs import evaluation_file


@pytest.mark.parametrize(
    "other",
    [
        {"weights": "raw"},
        {"images": 1000},
        {"real": "mnist:train"},
        {"features": {"network": "classifier", "feature_dim": 64}},
        {"added_later": 1},
    ],
)
def test_protocols_differ_by_all_that_moves_a_score(other):
    one, two = fake_runs.evaluation(), fake_runs.evaluation(**other)
    assert evaluation_file.protocol(one) != evaluation_file.protocol(two)


def test_protocols_differ_by_the_checkpoint_that_was_scored():
    best, other, last = (
        fake_runs.evaluation(best_by=best_by)
        for best_by in ("fid_classifier", "kid_classifier", None)
    )
    protocols = list(map(evaluation_file.protocol, (best, other, last)))
    assert protocols[0]["weights"] == "best by fid_classifier, ema"
    assert protocols[0] not in protocols[1:]
    assert protocols[1] != protocols[2]
    assert list(map(evaluation_file.is_of_best, (best, other, last))) == [
        True,
        True,
        False,
    ]


def test_an_older_file_does_not_tell_the_weights():
    older = fake_runs.evaluation()
    del older["generator"]
    assert evaluation_file.protocol(older)["weights"] is None
    assert not evaluation_file.is_of_best(older)


def test_protocols_do_not_differ_by_path_step_seed_and_versions():
    one = fake_runs.evaluation("here, too")
    two = fake_runs.evaluation("b", step=2500, seed=1, versions={})
    assert evaluation_file.protocol(one) == evaluation_file.protocol(two)


@pytest.mark.parametrize(
    "features, flags",
    [
        ({"network": "classifier"}, "--features=classifier"),
        (
            {"network": "inception", "feature_dim": 64},
            "--features=inception --feature_dim=64",
        ),
        ({"network": "keras_inception"}, "--features=keras_inception"),
    ],
)
def test_a_run_is_to_be_evaluated_as_another_was(tmp_path, features, flags):
    run_dir = tmp_path / "a b"
    command = evaluation_file.command(
        run_dir, fake_runs.evaluation(features=features)
    )
    assert command == (
        f"python -m tf_dcgan evaluate --run_dir='{run_dir}' {flags} "
        "--num_samples=2000"
    )


def test_without_an_example_the_classifier_is_proposed(tmp_path):
    assert evaluation_file.command(tmp_path, None) == (
        f"python -m tf_dcgan evaluate --run_dir={tmp_path} "
        "--features=classifier"
    )


def _damaged(change):
    content = fake_runs.evaluation()
    change(content)
    return json.dumps(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\x00",
        _damaged(lambda e: e.pop("step")),
        _damaged(lambda e: e.update(step="9")),
        _damaged(lambda e: e.update(protocol=[])),
        _damaged(lambda e: e.update(notes=None)),
        _damaged(lambda e: e["scores"][0].update(value="9")),
        _damaged(lambda e: e["scores"][0].update(name=None)),
        _damaged(lambda e: e["scores"][0].pop("low")),
        _damaged(lambda e: e.update(scores=[1])),
    ],
)
def test_a_damaged_evaluation_is_named_with_what_to_do(tmp_path, text):
    path = fake_runs.make(tmp_path / "a")
    (path / "evaluation.json").write_text(text)
    with pytest.raises(errors.UserError) as caught:
        evaluation_file.read(path)
    assert f"{path / 'evaluation.json'} is damaged" in str(caught.value)
    assert "python -m tf_dcgan evaluate" in str(caught.value)
