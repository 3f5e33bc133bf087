import pytest
import tensorflow as tf

from benchmarks.step_profile import __main__ as step_profile
from benchmarks.step_profile import growth, parts
from tf_dcgan.common import errors
from tf_dcgan.config import overrides
from tf_dcgan.gan import cyclegan_state, gan


def of_generation(**flags):
    config = overrides.from_flags(
        {"recipe": "dcgan_small", "width": 0.05, "batch_size": 2, **flags}
    )
    state = gan.create_state(config, (16, 16, 1))
    images = tf.zeros([2, 16, 16, 1], tf.uint8)
    return state, parts.of_step(state, config, [images], (16, 16, 1))


def times(step_parts):
    return {part.name: part.times for part in step_parts}


@pytest.mark.slow
def test_the_parts_follow_the_schedule():
    # Two updates of G, the first with the pass of D's update, and two of D.
    _, step_parts = of_generation()
    counted = times(step_parts)
    assert counted["G: forward"] == counted["G: backward"] == 2
    assert counted["D for G: forward"] == counted["D for G: backward"] == 2
    assert counted["D on real: backward"] == 1
    assert counted["optimizer of D"] == counted["optimizer of G"] == 2
    assert counted["latents"] == 1
    _, step_parts = of_generation(
        generator_latents="new",
        generator_updates=1,
        discriminator_updates="joint",
    )
    counted = times(step_parts)
    # One pass for D's update and one for G's.
    assert counted["G: forward"] == counted["latents"] == 2
    assert counted["G: backward"] == counted["D for G: forward"] == 1
    assert counted["optimizer of D"] == counted["optimizer of G"] == 1


@pytest.mark.slow
def test_a_pass_back_gives_what_the_step_needs():
    state, step_parts = of_generation()
    called = {part.name: part.call for part in step_parts}
    ((*weights,),) = called["D on real: backward"]()
    assert [each.shape for each in weights] == [
        variable.shape for variable in state.discriminator.trainable_variables
    ]
    ((images,),) = called["D for G: backward"]()
    assert images.shape == (2, 16, 16, 1)
    assert float(tf.reduce_sum(tf.abs(images))) > 0


@pytest.mark.slow
def test_a_translation_has_the_passes_of_both_ways():
    config = overrides.from_flags(
        {"recipe": "cyclegan", "width": 0.03, "residual_blocks": 1}
    )
    shape = (24, 24, 3)
    state = cyclegan_state.create_state(config, shape)
    batch = tf.zeros([1, 27, 27, 3], tf.uint8)
    step_parts = parts.of_step(state, config, [batch, batch], shape)
    called = {part.name: part.call for part in step_parts}
    # The translation and the identity mapping of each generator.
    there = called["G there and identity: forward"]()
    assert [each.shape for each in there] == [(2, *shape)] * 2
    back = called["G back: forward"]()
    assert [each.shape for each in back] == [(1, *shape)] * 2
    assert len(called["buffers of images"]()) == 2
    assert set(times(step_parts).values()) == {1}


def test_a_pass_back_is_timed_without_the_pass_forth(monkeypatch):
    taken = {"forth": 2.0, "both": 5.0}
    monkeypatch.setattr(parts, "once", lambda call: taken[call()])
    forth, both = (lambda name=name: name for name in taken)
    step_parts = [
        parts.Part("forward", 3, forth),
        parts.Part("backward", 2, both, forth),
    ]
    assert parts.seconds(step_parts, 3) == [6.0, 6.0]


def test_the_table_says_what_the_parts_leave_over():
    lines = [
        line.rsplit(maxsplit=2)
        for line in step_profile.table(
            [("forth", 0.002), ("back", 0.005)],
            reading=0.001,
            whole=0.010,
            in_run=0.0125,
        )
    ]
    assert lines[1:] == [
        ["forth", "2.00", "20.0%"],
        ["back", "5.00", "50.0%"],
        ["sum of the parts", "7.00", "70.0%"],
        ["rest", "3.00", "30.0%"],
        ["whole step", "10.00", "100.0%"],
        ["host between calls", "2.50", "25.0%"],
        ["step of a run", "12.50", "125.0%"],
        ["reading a batch, meanwhile", "1.00", "10.0%"],
    ]


def test_growth_leaves_out_what_the_networks_cannot_make():
    config = overrides.from_flags(
        {"recipe": "dcgan", "image_size": "32", "batch_size": 2}
    )
    assert growth.points("image_size", config, 100) == [
        "32x32",
        "48x48",
        "64x64",
    ]
    # A quarter of a batch of two is none.
    assert growth.points("batch_size", config, 100) == ["1", "2", "4"]
    assert growth.points("width", config, 100) == ["0.25", "0.5", "1"]
    assert growth.points("set_size", config, 100) == ["100", "400", "1600"]
    config = overrides.from_flags({"recipe": "dcgan_28", "image_size": "28"})
    assert growth.points("image_size", config, 100) == ["28x28"]


def test_an_unknown_axis_is_told_in_a_line():
    assert step_profile.axes("none") == []
    with pytest.raises(errors.UserError, match="--growth=witdh has 'witdh'"):
        step_profile.StepProfileSettings(growth="witdh")
