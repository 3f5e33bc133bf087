import os

import pytest

from benchmarks.frameworks import __main__ as frameworks
from tf_dcgan.common import errors
from tf_dcgan.config import overrides


def settings(**flags):
    return frameworks.FrameworksSettings(torch_python="python", **flags)


def test_all_recipes_and_both_precisions_are_the_default():
    assert settings().recipes.split(",")[-1] == "cyclegan"
    assert settings().precisions == "float32,mixed_bfloat16"


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ({"recipes": "dcgan,dcgn"}, "--recipes=dcgan,dcgn has 'dcgn'"),
        ({"precisions": "float16"}, "--precisions=float16 has 'float16'"),
        ({"variants": ""}, "--variants= has ''"),
        ({"batch_sizes": "own,0"}, "--batch_sizes=own,0 has '0': give whole"),
        ({"batch_sizes": "16,,"}, "--batch_sizes=16,, has ''"),
        ({"steps": 3}, "--steps=3 is out of range"),
    ],
)
def test_a_wrong_flag_is_told_in_a_line(flags, line):
    with pytest.raises(errors.UserError, match=line):
        settings(**flags)


def test_without_pytorch_the_command_says_what_it_needs():
    with pytest.raises(errors.UserError, match="--torch_python needs a value"):
        frameworks.FrameworksSettings()


def test_batch_sizes_are_numbers_or_the_recipes_own():
    assert frameworks.batch_sizes("own, 16,32") == [None, 16, 32]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ({"conditional": True}, "--conditional"),
        ({"spectral_norm": True}, "--spectral_norm"),
        ({"r1_gamma": 2.0}, "--r1_gamma=2"),
        ({"loss": "hinge"}, "--loss=hinge"),
        ({"r2_gamma": 0.5}, "--r2_gamma=0.5"),
        ({"consistency": 10.0}, "--consistency=10"),
        ({"augment": "cutout"}, "--augment=cutout"),
        ({"minibatch_stddev": True}, "--minibatch_stddev"),
        (
            {"generator_batch": 2, "generator_latents": "new"},
            "--generator_batch=2",
        ),
    ],
)
def test_what_pytorchs_side_does_not_have_is_refused(flags, named):
    with pytest.raises(errors.UserError, match=f"^{named} cannot be compared"):
        frameworks.check_can_be_compared(overrides.from_flags(flags))


def test_every_recipe_can_be_compared():
    for recipe in settings().recipes.split(","):
        frameworks.check_can_be_compared(
            overrides.from_flags({"recipe": recipe})
        )


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"),
    reason="this system does not confine processes to cores",
)
def test_threads_confine_the_process_to_cores():
    before = os.sched_getaffinity(0)
    try:
        assert frameworks.use_cores(None) == len(before)
        assert frameworks.use_cores(1) == 1
        assert os.sched_getaffinity(0) == {min(before)}
        with pytest.raises(errors.UserError, match="--threads=2 is more than"):
            frameworks.use_cores(2)
    finally:
        os.sched_setaffinity(0, before)
