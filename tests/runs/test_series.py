import numpy as np
import pytest

from tf_dcgan.runs import series


def line(kind, step, **values):
    return {"kind": kind, "step": step, **values}


def one(steps, values):
    return series.Series(np.array(steps), np.array(values, np.float64))


def test_every_number_becomes_a_series_of_its_kind():
    all_series = series.collect(
        [
            line("train", 5, loss_d=1.5, unheard_of=2),
            line("train", 10, loss_d=1.0),
            line("evaluation", 10, loss_d=7.0),
        ]
    )
    assert list(all_series) == [
        ("train", "loss_d"),
        ("train", "unheard_of"),
        ("evaluation", "loss_d"),
    ]
    assert all_series["train", "loss_d"].steps.tolist() == [5, 10]
    assert all_series["train", "loss_d"].values.tolist() == [1.5, 1.0]


@pytest.mark.parametrize(
    "value", [None, "text", True, float("nan"), float("inf"), [1], 10**400]
)
def test_what_is_no_finite_number_is_left_out(value):
    assert series.collect([line("train", 1, key=value)]) == {}


def test_clocks_and_counts_are_no_series():
    values = {"epoch": 1, "elapsed_seconds": 2.0, "images_per_second": 3.0}
    assert series.collect([line("train", 1, **values)]) == {}


def test_of_two_values_of_a_step_the_later_counts():
    lines = [line("evaluation", step, fid=v) for step, v in [(9, 3), (5, 2)]]
    all_series = series.collect([*lines, line("evaluation", 9, fid=1)])
    assert all_series["evaluation", "fid"].steps.tolist() == [5, 9]
    assert all_series["evaluation", "fid"].values.tolist() == [2, 1]


def test_epochs_add_only_what_the_finer_lines_lack():
    all_series = series.collect(
        [line("epoch", 9, loss_d=1, diversity=2), line("train", 9, loss_d=3)]
    )
    assert list(all_series) == [("epoch", "diversity"), ("train", "loss_d")]


def test_the_spread_is_that_of_the_common_steps():
    spread = series.spread(
        [
            one([1, 2, 4], [1, 2, 9]),
            one([1, 3, 4], [2, 0, 3]),
            one([1, 4], [6, 3]),
        ]
    )
    assert spread.steps.tolist() == [1, 4]
    np.testing.assert_allclose(spread.means, [3, 5])
    # ((2² + 1² + 3²) / 2)½ and ((4² + 2² + 2²) / 2)½.
    np.testing.assert_allclose(spread.deviations, [7**0.5, 12**0.5])


def test_series_without_a_common_step_have_no_spread():
    spread = series.spread([one([1], [1]), one([2], [1])])
    assert spread.steps.tolist() == spread.means.tolist() == []


def test_growing_running_means_leave_the_first_values_as_they_are():
    squares = np.arange(200.0) ** 2
    means = one(range(200), squares).smooth(growing=True).values
    np.testing.assert_allclose(means[:10], squares[:10])
    # ((n - 1)² + n² + (n + 1)²) / 3 = n² + 2 / 3; of nine n² + 20 / 3.
    np.testing.assert_allclose(means[10:20] - squares[10:20], 2 / 3)
    np.testing.assert_allclose(means[40:196] - squares[40:196], 20 / 3)


@pytest.mark.parametrize(
    "count, mean", [(1, 0.0), (10, 9.0), (11, 9.5), (40, 37.5)]
)
def test_the_end_is_the_mean_of_the_last_tenth(count, mean):
    assert one(range(count), range(count)).end() == mean


def test_a_table_has_a_row_for_each_line_of_its_kind():
    lines = [
        line("train", 5, loss_d=1.5),
        line("epoch", 5, loss_d=9.0),
        line("train", 10, loss_d=None, loss_g=2, health="well"),
    ]
    table = series.table(lines, "train")
    assert list(table) == ["step", "loss_d", "loss_g"]
    assert table["step"].tolist() == [5, 10]
    assert table["step"].dtype == np.int64
    np.testing.assert_array_equal(table["loss_d"], [1.5, np.nan])
    np.testing.assert_array_equal(table["loss_g"], [np.nan, 2.0])
    assert series.table(lines, "evaluation")["step"].shape == (0,)
