import pytest

from benchmarks.frameworks import tables


def measured(**other):
    return tables.Measured(
        **{
            "title": "dcgan float32",
            "speeds": {
                "ours": [120.0, 100.0, 110.0],
                "PyTorch channels_first": [100.0, 50.0, 80.0],
                "PyTorch channels_last": [60.0, 200.0, 100.0],
                "PyTorch compile_channels_last": [],
                "TensorFlow's tutorial": [500.0, 500.0, 500.0],
            },
            "reasons": {"PyTorch compile_channels_last": "no compiler"},
            "operations_per_image": 1e9,
            "matrix_rates": [200e9, 220e9, 300e9],
        }
        | other
    )


def test_the_speed_is_the_median_of_what_follows_the_warm_up():
    assert tables.speed([1.0, 900.0, 10.0, 40.0, 30.0]) == 30.0
    with pytest.raises(ValueError, match="More than 2 intervals"):
        tables.speed([1.0, 2.0])


@pytest.mark.parametrize(
    ("steps", "lengths"),
    [(4, (1, 4)), (19, (1, 19)), (25, (2, 12)), (1000, (50, 20))],
)
def test_steps_are_divided_into_ten_intervals_or_more(steps, lengths):
    assert tables.lengths(steps) == lengths


def test_the_best_of_pytorch_has_the_highest_median():
    # Neither the highest single number nor TensorFlow's own side counts.
    assert measured().best_of_pytorch == "PyTorch channels_last"
    alone = measured(speeds={"ours": [1.0], "PyTorch compile": []})
    assert alone.best_of_pytorch is None


def test_a_ratio_compares_the_sides_of_the_same_repeat():
    assert measured().ratios("PyTorch channels_first") == [1.2, 2.0, 1.375]


def test_the_share_of_the_limit_is_of_medians():
    # 110 images/s of 1e9 operations each, of 220e9 operations/s.
    assert measured().share("ours") == pytest.approx(0.5)


def test_the_table_of_a_training_has_a_line_for_each_side():
    title, _, ours, first, _, compiled, tutorial = tables.of_one_training(
        measured()
    )
    assert title == (
        "dcgan float32: 1 billion operations an image; matrix products "
        "220 (200 to 300) GFLOP/s"
    )
    assert ours.split() == ("ours 110 (100 to 120) 110 50%".split())
    assert first.split()[2:] == (
        "80 (50 to 100) 80 36% 1.38 (1.20 to 2.00)".split()
    )
    assert compiled.endswith("did not run: no compiler")
    assert tutorial.split()[-4:] == "0.22 (0.20 to 0.24)".split()


def test_the_last_table_compares_with_the_best_of_pytorch():
    _, line, without = tables.of_all_trainings(
        [measured(), measured(speeds={"ours": [1.0, 1.0, 1.0]})]
    )
    # 120 / 60, 100 / 200 and 110 / 100.
    assert line.split() == (
        "dcgan float32 1.10 (0.50 to 2.00) 50% channels_last".split()
    )
    assert without == "dcgan float32  PyTorch did not run"
