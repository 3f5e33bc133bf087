import pytest

from tf_dcgan.common import errors

WORDS = ("minimax", "non_saturating", "least_squares")


def test_suggestion_names_the_nearest_word_first():
    text = errors.suggestion("non_saturatin", WORDS)
    assert text == (
        "did you mean non_saturating? allowed: least_squares, minimax, "
        "non_saturating"
    )


def test_suggestion_ignores_the_case_of_what_was_given():
    assert errors.suggestion("MINIMAX", WORDS).startswith(
        "did you mean minimax? "
    )


def test_suggestion_only_lists_what_is_allowed_when_nothing_is_near():
    assert errors.suggestion("qqq", ["b", "a"]) == "allowed: a, b"


def test_suggestion_names_two_words_that_are_both_near():
    text = errors.suggestion("mnis", ["mnist", "kmnist", "glyphs"])
    assert text.startswith("did you mean mnist or kmnist? ")


@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("-1", ["0", "1", "2"]),
        ("10", ["0", "1", "2"]),
        ("2.0", ["2", "20"]),
        ("photos", ["toto", "glyphs"]),
    ],
)
def test_suggestion_makes_none_for_numbers_and_far_fetched_words(
    value, allowed
):
    assert errors.suggestion(value, allowed).startswith("allowed: ")
