import fake_runs
import pytest

from tf_dcgan.comparison import run_records, samples


def moments(tmp_path, **grids):
    """The rows of grids: step → the steps of the runs' grids, or None."""
    paths = [
        fake_runs.make(tmp_path / name, grids=steps)
        for name, steps in grids.items()
    ]
    records = run_records.read(paths)
    return {
        moment.step: [moment.chosen.get(name, (None,))[0] for name in grids]
        for moment in samples.moments(records)
    }


def test_five_steps_are_shown_from_the_first_to_the_last(tmp_path):
    steps = [1, *range(100, 1001, 100)]
    assert moments(tmp_path, a=steps, b=[*steps, 333]) == {
        1: [1, 1],
        300: [300, 300],
        500: [500, 500],
        800: [800, 800],
        1000: [1000, 1000],
    }


def test_where_steps_do_not_coincide_those_near_are_shown(tmp_path):
    # Wanted are 1, 251, 501, 750 and 1000; 40 is a fifth off 50.
    rows = moments(tmp_path, a=[1, 50, 250, 500, 750, 1000], b=[1, 40, 270])
    assert rows == {
        1: [1, 1],
        # The end of b; a tenth of it is 27.
        270: [250, 270],
        500: [500, None],
        750: [750, None],
        1000: [1000, None],
    }


def test_a_short_run_takes_no_rows_from_a_long_one(tmp_path):
    steps = [1, *range(500, 15_001, 500)]
    rows = moments(tmp_path, short=[1, 40, 60], long=steps, other=steps)
    assert rows == {
        1: [1, 1, 1],
        60: [60, None, None],
        4000: [None, 4000, 4000],
        7500: [None, 7500, 7500],
        11_500: [None, 11_500, 11_500],
        15_000: [None, 15_000, 15_000],
    }


def test_the_end_of_a_run_stands_beside_the_same_step_of_a_longer(tmp_path):
    rows = moments(tmp_path, a=[1, 10, 20], b=[1, 10, 20, 30, 40])
    assert rows == {
        1: [1, 1],
        10: [10, 10],
        20: [20, 20],
        30: [None, 30],
        40: [None, 40],
    }


@pytest.mark.slow
def test_the_end_of_a_run_takes_the_place_of_a_row_beside_it(tmp_path):
    rows = moments(tmp_path, a=range(0, 1001, 50), b=[0, 840], c=[0, 390])
    # Of 250, 500 and 750 the last is no fifth away from 840.
    assert list(rows) == [0, 250, 390, 500, 840, 1000]


@pytest.mark.slow
def test_no_grid_is_shown_twice_and_every_last_one_is_shown(tmp_path):
    # 91 is near 100 and near 83, which is not near 100.
    rows = moments(tmp_path, a=[1, 100], b=[1, 91], c=[1, 83])
    assert rows == {1: [1, 1, 1], 83: [None, None, 83], 100: [100, 91, None]}
