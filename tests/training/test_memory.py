import pytest

from tf_dcgan.common import devices, errors
from tf_dcgan.config import overrides
from tf_dcgan.training import cost, memory, system


@pytest.fixture(autouse=True)
def estimates(monkeypatch):
    """A cost without networks: a KiB for each pixel, image and width."""

    def estimate(config, shape, num_classes):
        pixels = shape[0] * shape[1] * config.batch_size
        latents = config.latent_dim * 2**20
        width = config.width * config.discriminator_width
        memory_bytes = int(pixels * width * 1024) + latents
        return cost.StepCost(1, memory_bytes)

    monkeypatch.setattr(cost, "estimate", estimate)


def refusal(monkeypatch, gib, shape=(512, 512, 3), **flags):
    monkeypatch.setattr(devices, "memory_bytes", lambda: int(gib * 2**30))
    config = overrides.from_flags(flags)
    size = {"image_size": f"{shape[0]}x{shape[1]}"}
    resolved = system.Resolved(overrides.from_flags(flags | size), shape)
    with pytest.raises(errors.UserError) as caught:
        memory.check(config, resolved)
    return str(caught.value)


def test_a_size_that_is_too_large_is_named_with_what_would_fit(monkeypatch):
    assert refusal(monkeypatch, 6, image_size="512") == (
        "--image_size=512x512 and --batch_size=64 need about 16.1 GiB of "
        "memory, this machine has 6.0: --batch_size=16 would fit; "
        "--image_size=256x256 would fit; --width=0.34375 would fit"
    )


def test_what_the_user_did_not_choose_is_not_named(monkeypatch):
    message = refusal(monkeypatch, 6, image_size="512", width=0.9)
    assert message.startswith("--image_size=512x512, --width=0.9 and --batch_")
    message = refusal(monkeypatch, 6, (32, 32, 1), latent_dim=65_536)
    assert message.startswith(
        "--image_size=32x32, --latent_dim=65536 and --batch_size=64 need"
    )
    assert message.endswith(": --latent_dim=100 would fit")


def test_a_wide_discriminator_is_named_and_may_have_its_usual_width(
    monkeypatch,
):
    message = refusal(monkeypatch, 12, width=0.5, discriminator_width=4.0)
    assert message.startswith(
        "--image_size=512x512, --width=0.5, --discriminator_width=4 and "
        "--batch_size=64 need"
    )
    assert message.endswith(
        "; --width=0.171875 would fit; --discriminator_width=1 would fit"
    )


def test_if_nothing_fits_by_itself_all_together_may(monkeypatch):
    message = refusal(monkeypatch, 3, width=16, latent_dim=65_536)
    assert message.endswith(
        "this machine has 3.0: --width=1 --latent_dim=100 --batch_size=1 "
        "would fit"
    )
    message = refusal(
        monkeypatch, 3, width=16, latent_dim=65_536, minibatch_stddev=True
    )
    assert " --batch_size=2 would fit" in message
    message = refusal(monkeypatch, 0.01)
    assert message.endswith(": take a smaller recipe, or another machine")


def test_enough_memory_is_not_refused(monkeypatch):
    for available in (None, 2**40):
        monkeypatch.setattr(devices, "memory_bytes", lambda a=available: a)
        config = overrides.from_flags({"image_size": "512"})
        resolved = system.Resolved(config, (512, 512, 3))
        assert memory.check(config, resolved).operations == 1


@pytest.mark.parametrize(
    "needed, available, expected",
    [
        (25.7, 23.4, ("25.7", "23.4")),
        (24.01, 23.99, ("24.01", "23.99")),
        (24.049, 24.048, ("24.049", "24.048")),
    ],
)
def test_what_is_needed_looks_more_than_what_there_is(
    needed, available, expected
):
    texts = memory.told_apart(int(needed * 2**30) + 9, int(available * 2**30))
    assert texts == expected


def test_a_run_that_goes_on_is_not_told_to_change_what_it_may_not(monkeypatch):
    monkeypatch.setattr(devices, "memory_bytes", lambda: 6 * 2**30)
    config = overrides.from_flags({"image_size": "512"})
    resolved = system.Resolved(config, (512, 512, 3))
    with pytest.raises(errors.UserError) as caught:
        memory.check(config, resolved, is_new=False)
    assert str(caught.value).endswith(
        "this machine has 6.0: go on with the run on a machine that has more"
    )
