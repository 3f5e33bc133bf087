import numpy as np
import pytest

from tf_dcgan.common import errors
from tf_dcgan.data import names


@pytest.mark.parametrize(
    ("text", "name", "narrowed"),
    [
        ("glyphs", "glyphs", []),
        ("cifar10:horse", "cifar10", ["horse"]),
        ("cifar10:test:horse", "cifar10", ["test", "horse"]),
        (
            "cycle_gan/horse2zebra:trainA",
            "cycle_gan/horse2zebra",
            ["trainA"],
        ),
        ("/no/where:cat", "/no/where", ["cat"]),
    ],
)
def test_a_word_is_cut_at_its_colons(text, name, narrowed):
    assert names.cut(text, given=text) == (name, narrowed)


def test_a_folder_whose_path_has_a_colon_is_taken_as_the_folder(tmp_path):
    folder = tmp_path / "photos:2024" / "a:b"
    folder.mkdir(parents=True)
    # Neither is the shorter path that exists as well.
    (tmp_path / "photos:2024" / "a").mkdir()
    for words in ([], ["cat"], ["train", "cat"]):
        text = ":".join([str(folder), *words])
        assert names.cut(text, given=text) == (str(folder), words)


@pytest.mark.parametrize(
    "text", ["", ":horse", "cifar10:", "cifar10::horse", "cifar10:a:b:c"]
)
def test_empty_words_and_too_many_are_refused(text):
    with pytest.raises(errors.UserError) as caught:
        names.cut(text, given=f"--dataset_a={text}")
    message = str(caught.value)
    assert message.startswith(f"--dataset_a={text} names no images: give name,")
    assert "\n" not in message


def test_a_folder_without_a_word_after_its_colon_is_refused(tmp_path):
    for words in (":", "::cat", ":a:b:c"):
        with pytest.raises(errors.UserError, match="names no images"):
            names.cut(f"{tmp_path}{words}", given="it")


def test_labels_are_numbered_as_another_set_numbers_its_classes():
    labels = names.renumber(
        np.array([0, 1, 1]), ("cat", "dog"), ("bird", "dog", "cat")
    )
    assert labels.tolist() == [2, 1, 1]
