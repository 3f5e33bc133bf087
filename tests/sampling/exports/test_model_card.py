"""The card that a stranger reads."""

import fake_runs
import pytest
import small_generators

from tf_dcgan.sampling.exports import model_card

_CONTENT = {
    "made_by": {"tf_dcgan": "0.1.0"},
    "run": "run_1",
    "recipe": "dcgan_small",
    "step": 100,
    "weights": "ema",
    "image": {"height": 28, "width": 28, "channels": 1},
    "networks": [],
    "files": [],
    "trained_on": [],
}


def _card(tmp_path, *, evaluation=None, grid_words=None, **content):
    return model_card.text(
        small_generators.run(tmp_path),
        {**_CONTENT, **content},
        evaluation=evaluation,
        grid_words=grid_words,
    )


def test_scores_stand_with_interval_and_protocol(tmp_path):
    card = _card(tmp_path, evaluation=fake_runs.evaluation())
    assert "| fid | 10 | 9.5 to 10.5 | 0.125 |" in card
    assert "Measured after 100 steps, ema weights.\n" in card
    assert "- real: mnist:test (as they are)" in card
    assert "- features: network: classifier" in card
    assert "- note: few\\_samples: \\<2,048" in card


@pytest.mark.parametrize(
    ("facts", "content"),
    [
        ({"step": 99}, {}),
        ({"weights": "raw"}, {}),
        ({"weights": "ema"}, {"weights": "raw"}),
    ],
)
def test_scores_of_other_weights_are_told_as_such(tmp_path, facts, content):
    evaluation = fake_runs.evaluation(**facts)
    card = _card(tmp_path, evaluation=evaluation, **content)
    assert "weights: **not the exported weights**." in card


def test_scores_of_the_best_checkpoint_are_those_of_its_export(tmp_path):
    evaluation = fake_runs.evaluation(best_by="fid")
    card = _card(tmp_path, evaluation=evaluation, best_by="fid")
    assert "Measured after 100 steps, best by fid, ema weights.\n" in card
    assert "after 100 steps, the best checkpoint by fid." in card


def test_without_scores_the_command_that_measures_them_is_given(tmp_path):
    assert (
        "Not measured. `python -m tf_dcgan evaluate --run_dir=runs/run_1` "
        in _card(tmp_path)
    )


def test_the_licences_are_left_to_fill_in(tmp_path):
    assert _card(tmp_path).count(model_card.TO_FILL_IN) == 3
    assert "*To fill in:* the licence of glyphs, and whether" in _card(tmp_path)


def test_padding_is_told(tmp_path):
    whole = {"content_box": [0, 0, 28, 28]}
    assert "padded" not in _card(tmp_path, **whole)
    card = _card(tmp_path, content_box=[2, 3, 24, 22])
    assert "they are rows 2 to 25 and columns 3 to 24, counted from 0" in card


def test_names_from_elsewhere_are_shown_and_not_obeyed(tmp_path):
    card = _card(
        tmp_path,
        run="<img src=x>\n# [a](b) | `c`\x1b[2J",
        classes=["*bold*", "a|b"],
    )
    assert card.startswith(
        "# \\<img src=x\\> \\# \\[a\\](b) \\| \\`c\\`\\[2J\n"
    )
    assert "Classes: 0 \\*bold\\*, 1 a\\|b." in card


def test_the_grid_is_shown_with_what_is_on_it(tmp_path):
    assert "grid.png" not in _card(tmp_path)
    card = _card(tmp_path, grid_words="The first images.")
    assert "![The first images.](grid.png)\n\nThe first images.\n" in card


@pytest.mark.parametrize(
    ("num_bytes", "words"), [(1499, "1 kB"), (643_000, "643 kB")]
)
def test_sizes_are_told_in_kilobytes_or_megabytes(num_bytes, words):
    assert model_card.size(num_bytes) == words
    assert model_card.size(2_997_090) == "3.0 MB"
