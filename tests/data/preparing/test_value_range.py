import json

import numpy as np
import pytest

from tf_dcgan.data.preparing import value_range


def test_the_range_becomes_0_to_255_and_values_outside_saturate():
    values = np.array([-1000, 0, 1000, 3000, 5000, -2000], np.int32)
    scaled = value_range.to_uint8(values, (-1000.0, 3000.0))
    assert scaled.dtype == np.uint8
    assert scaled.tolist() == [0, 64, 128, 255, 255, 0]


def test_units_come_back_from_the_range_of_the_networks():
    images = np.array([-1.0, 0.0, 1.0, 1.5], np.float32)
    units = value_range.to_units(images, (-1000.0, 3000.0))
    assert units.dtype == np.float32
    assert units.tolist() == [-1000, 1000, 3000, 3000]
    assert value_range.to_units(images, None).tolist() == [0, 127.5, 255, 255]


@pytest.mark.parametrize(("low", "high"), [(0.0, 4095.0), (-3e-4, 2e-4)])
def test_the_way_there_and_back_loses_less_than_a_256th(low, high):
    values = np.linspace(low, high, 997)
    uint8_images = value_range.to_uint8(values, (low, high))
    units = value_range.to_units(uint8_images / 127.5 - 1.0, (low, high))
    assert np.abs(units - values).max() <= (high - low) / 509


def test_values_that_are_cut_off_are_counted_also_after_an_interruption():
    whole, first = (value_range.CutOff((0.0, 2.5)) for _ in range(2))
    for counts in ([0, 3], [1]):
        whole.add(counts, 10)
    first.add([0, 3], 10)
    second = value_range.CutOff((0.0, 2.5))
    second.resume(json.loads(json.dumps(first.state())))
    second.add([1], 10)
    assert (
        whole.note()
        == second.note()
        == (
            "13.33% of all values, in 2 of 3 images, lie outside "
            "--value_range=0,2.5 and become black or white"
        )
    )
    assert value_range.CutOff((0.0, 1.0)).note() is None
    values = np.array([-1, 0, 1, 2, 3])
    assert value_range.count_outside(values, (0.0, 2.0)) == 2


def test_ranges_are_joined():
    assert value_range.union(None, None) is None
    assert value_range.union((1.0, 2.0), None) == (1.0, 2.0)
    assert value_range.union((1.0, 2.0), (0.0, 1.5)) == (0.0, 2.0)
    assert value_range.extent(np.array([3, 1, 2])) == (1.0, 3.0)
