"""Verdicts on scalars written down here, most of them from real trainings."""

import json
import math

import pytest

from tf_dcgan.config import losses, overrides, schema
from tf_dcgan.runs import health

SCALARS = (
    "loss_d",
    "loss_g",
    "fake_score_after",
    "real_accuracy",
    "fake_accuracy",
    "generator_gradient_norm",
    "discriminator_gradient_norm",
)
# `dcgan_small` on MNIST at a quarter of its width, means of steps 1 to 500 in
# windows of 100 or so: clear first shapes of digits at the end.
HEALTHY = [
    (0.7979, 1.574, 0.24, 0.900, 0.993, 9.22, 21.9),
    (0.9488, 1.281, 0.28, 0.806, 0.979, 5.87, 59.1),
    (0.8691, 1.404, 0.26, 0.870, 0.984, 7.53, 51.4),
    (0.9007, 1.373, 0.27, 0.853, 0.972, 9.77, 50.1),
    (0.8808, 1.404, 0.26, 0.844, 0.983, 11.0, 40.3),
]
HEALTHY_DIVERSITY = [0.22, 0.39, 0.48, 0.55, 0.63, 0.75, 0.97, 1.02, 1.03]
# The same with G held where it began: D's loss comes near the 0.3251 that
# smoothed labels leave it.
D_ALONE = (0.3283, 6.354, 0.0018, 1.0, 1.0, 25.0, 0.07)
# The same with D held: it takes whatever G makes for real.
G_ALONE = (4.604, 0.0218, 0.978, 0.517, 0.0, 0.094, 12.5)
# `dcgan_cifar10`, whose author saw D ahead throughout, at a quarter of its
# width: D is right on all images in steps 126 to 200, then G catches up.
AHEAD_FOR_A_WHILE = [
    (0.0390, 4.635, 0.014, 1.0, 1.0, 23.3, 1.24),
    (0.0338, 4.667, 0.015, 1.0, 1.0, 28.3, 1.55),
    (0.1036, 4.198, 0.047, 0.998, 0.999, 36.0, 7.42),
    (0.2762, 3.799, 0.096, 0.958, 0.988, 41.6, 24.0),
]

SMALL = schema.Config(recipe="dcgan_small")
CIFAR10 = overrides.from_flags({"recipe": "dcgan_cifar10"})
BCE_28 = overrides.from_flags({"recipe": "dcgan_28"})
LSGAN_28 = overrides.from_flags({"recipe": "lsgan_28"})


def means(values, **changes):
    return dict(zip(SCALARS, values, strict=True)) | changes


def verdicts(config, windows, diversities=None):
    """Those after each window, without what is to be done."""
    monitor = health.Monitor(config)
    diversities = diversities or [1.0] * len(windows)
    by_window = []
    for window, diversity in zip(windows, diversities, strict=True):
        monitor.add(means(window), diversity)
        by_window.append([v.partition(":")[0] for v in monitor.take_verdicts()])
    return by_window


@pytest.mark.parametrize(
    ("settings", "perfect", "guess"),
    [
        # Each answer's logarithm: a half for real and for generated images.
        ({"real_label": 1.0}, 0.0, 2 * math.log(2)),
        # Labels 0.9 and 0: 0.45 for all; H(0.9) is left where D is perfect.
        (
            {},
            -0.9 * math.log(0.9) - 0.1 * math.log(0.1),
            -2 * (0.45 * math.log(0.45) + 0.55 * math.log(0.55)),
        ),
        ({"loss": "minimax", "real_label": 1.0}, 0.0, 2 * math.log(2)),
        # (1/2 - 1)² + (1/2 - 0)²; with labels 0.9 and 0.1: 2 · 0.4².
        ({"loss": "least_squares", "real_label": 1.0}, 0.0, 0.5),
        ({"loss": "least_squares", "fake_label": 0.1}, 0.0, 0.32),
        ({"loss": "hinge"}, 0.0, 2.0),
    ],
)
def test_a_loss_is_a_share_of_a_guesss(settings, perfect, guess):
    config = schema.Config(**settings)
    for loss, share in ((perfect, 0), (guess, 1), (2 * guess - perfect, 2)):
        loss_share = health.loss_share(config, {"loss_d": loss})
        assert loss_share == pytest.approx(share, abs=1e-9)


def test_the_share_of_a_mean_is_that_of_the_sum():
    # The equilibria that the authors of both recipes report.
    for config, loss in ((BCE_28, 0.69315), (LSGAN_28, 0.25)):
        share = health.loss_share(config, {"loss_d": loss})
        assert share == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "settings, guess",
    [
        # ((1/2)² + (1/2)²) / 2 where D says 1/2 of everything, and ln 2.
        ({}, 0.25),
        ({"loss": "non_saturating"}, 0.693147),
        ({"discriminator_loss": "sum"}, 0.25),
    ],
)
def test_d_of_a_translation_has_the_mean_of_both_halves(settings, guess):
    config = overrides.from_flags({"recipe": "cyclegan", **settings})
    share = health.loss_share(config, {"loss_d": guess})
    assert share == pytest.approx(1, abs=1e-5)


def test_the_share_leaves_out_what_r1_adds():
    config = schema.Config(loss="hinge", r1_gamma=1.0)
    scalars = {"loss_d": 1.75, "r1_penalty": 0.75}
    assert health.loss_share(config, scalars) == pytest.approx(0.5)


def test_a_critic_has_no_share():
    config = schema.Config(loss="wasserstein_gp")
    assert health.loss_share(config, {"loss_d": -3.0}) is None


@pytest.mark.slow
def test_nothing_is_said_of_a_healthy_dcgan_small():
    windows = [HEALTHY[min(i, 4)] for i in range(9)]
    assert verdicts(SMALL, windows, HEALTHY_DIVERSITY) == [[]] * 9


def test_nothing_is_said_where_both_are_at_the_equilibrium():
    bce = (0.6936, 0.6950, 0.5, 0.51, 0.5, 0.87, 1.93)
    squared = (0.2502, 0.2512, 0.5, 0.5, 0.52, 0.3, 0.4)
    assert verdicts(BCE_28, [bce] * 9) == [[]] * 9
    assert verdicts(LSGAN_28, [squared] * 9) == [[]] * 9


def test_the_beginning_of_lsgan_28_is_no_collapse():
    # Worse than a guess, yet G's loss is far from 0: steps 51 to 75.
    scalars = (0.5354, 0.12, 0.739, 0.093, 0.001, 2.36, 7.64)
    assert verdicts(LSGAN_28, [scalars] * 3) == [[]] * 3


def test_a_discriminator_far_ahead_for_long_is_winning():
    expected = [[]] * 4 + [["discriminator is winning"]] * 2
    assert verdicts(SMALL, [D_ALONE] * 6) == expected


def test_the_lead_must_be_without_a_break():
    windows = [D_ALONE] * 4 + HEALTHY[:1] + [D_ALONE] * 4
    assert verdicts(SMALL, windows) == [[]] * 9


def test_a_lead_that_g_makes_up_for_is_the_recipes_own():
    assert verdicts(CIFAR10, AHEAD_FOR_A_WHILE) == [[]] * 4
    # Its author's numbers of epochs 10 and 19, for as long as you like.
    for loss_d, loss_g in ((0.36, 5.4), (0.136, 4.39)):
        window = (loss_d, loss_g, 0.03, 1.0, 1.0, 30.0, 5.0)
        assert verdicts(CIFAR10, [window] * 9) == [[]] * 9
    # Epoch 0, 0.003 and 9.6, which five windows of 200 steps are longer than.
    window = (0.003, 9.6, 0.0, 1.0, 1.0, 30.0, 0.1)
    windows = [window] * (50_000 // 64 // health.WINDOW_STEPS + 1)
    assert verdicts(CIFAR10, windows) == [[]] * 4


@pytest.mark.parametrize(
    "changes",
    [{"loss_d": 0.36}, {"real_accuracy": 0.98}, {"fake_accuracy": 0.98}],
)
def test_a_lesser_lead_is_none(changes):
    # A loss of 0.36 is (0.36 - 0.3251) / 1.0514 = 3.3 % of a guess's.
    assert health.discriminator_is_winning(SMALL, means(D_ALONE)) is not None
    scalars = means(D_ALONE, **changes)
    assert health.discriminator_is_winning(SMALL, scalars) is None


@pytest.mark.parametrize("share, is_one", [(0.0199, True), (0.0201, False)])
@pytest.mark.parametrize("accuracy, is_right", [(0.991, True), (0.989, False)])
def test_a_lead_begins_at_2_percent_of_a_guess_and_99_of_the_images(
    share, is_one, accuracy, is_right
):
    config = schema.Config(loss="hinge")  # Of whose D a guess costs 2.
    scalars = means(D_ALONE, loss_d=2 * share, real_accuracy=accuracy)
    assert health.is_ahead(config, scalars) == (is_one and is_right)


@pytest.mark.parametrize(
    "loss, score",
    [
        ("non_saturating", 0.9),
        ("minimax", 0.9),
        ("least_squares", 0.85),
        ("hinge", 1.0),
    ],
)
def test_g_wins_from_one_and_a_half_guesses_and_scores_of_real_images_on(
    loss, score
):
    config = schema.Config(loss=loss, real_label=1.0)
    guess = {"least_squares": 0.5, "hinge": 2.0}.get(loss, 2 * math.log(2))

    def is_told(*, share=1.51, accuracy=0.049, above=0.01):
        scalars = means(
            G_ALONE,
            loss_d=share * guess,
            fake_accuracy=accuracy,
            fake_score_after=score + above,
        )
        return health.generator_is_winning(config, scalars) is not None

    assert is_told()
    for lesser in ({"share": 1.49}, {"accuracy": 0.051}, {"above": -0.01}):
        assert not is_told(**lesser)


@pytest.mark.parametrize(
    "norm, share, is_dead",
    [
        (0.0009, 1.0, True),
        (0.0011, 1.0, False),
        (0.0009, 1.09, True),
        (0.0009, 0.89, False),
        (0.0009, 1.11, False),
    ],
)
def test_a_gradient_below_a_thousandth_within_a_tenth_of_a_guess_is_death(
    norm, share, is_dead
):
    window = (0.5 * share, 0.25, 0.5, 0.5, 0.5, norm, 1.0)
    config = schema.Config(loss="least_squares", real_label=1.0)
    verdict = health.discriminator_is_dead(config, means(window))
    assert (verdict is not None) == is_dead


@pytest.mark.parametrize(
    "diversity, before, highest, young, is_told",
    [
        (0.399, 0.36, 0.5, False, True),
        (0.401, 0.36, 0.5, False, False),
        (0.399, 0.348, 0.5, False, False),
        (0.0099, 0.0099, 0.0, True, True),
        (0.0099, 0.0098, 0.0, True, False),
        (0.0099, None, 0.0, True, False),
        (0.0101, 0.0101, 0.0, True, False),
        (0.749, 0.749, 1.0, False, True),
        (0.751, 0.751, 1.0, False, False),
        (0.299, 0.299, 0.4, True, True),
        (0.299, 0.299, 0.399, True, False),
    ],
)
def test_where_a_collapse_begins(diversity, before, highest, young, is_told):
    verdict = health.samples_are_collapsing(
        diversity, before=before, highest=highest, young=young
    )
    assert (verdict is not None) == is_told


def test_the_verdict_on_a_lead_has_its_numbers_and_a_way_out():
    config = schema.Config(loss="minimax", discriminator_learning_rate=1e-3)
    scalars = means(D_ALONE, fake_accuracy=0.9975)
    assert health.discriminator_is_winning(config, scalars) == (
        "discriminator is winning: its loss is 0.306 % of a guess's, it is "
        "right on 100 % of real and 99.8 % of generated images (loss_g 6.35, "
        "G's gradient 25); if samples do not improve, start anew with a "
        "smaller --discriminator_learning_rate (now 0.001) or "
        "--loss=non_saturating"
    )


def test_a_discriminators_rising_loss_with_gs_at_0_is_the_collapse():
    # The loss of a D whose sigmoid a library had clamped, as reported.
    reported = (100.0, 0.0, 1.0, 1.0, 0.0, 0.01, 50.0)
    assert verdicts(SMALL, [HEALTHY[0], G_ALONE, reported]) == [
        [],
        ["generator is winning"],
        ["generator is winning"],
    ]


def test_verdicts_on_pairs_speak_of_pairs():
    config = schema.Config(loss="relativistic")
    window = means((0.01, 5.0, -3.0, 1.0, 1.0, 2.0, 0.1))
    assert health.discriminator_is_winning(config, window).startswith(
        "discriminator is winning: its loss is 1.44 % of a guess's, it is "
        "right on 100 % of the pairs (loss_g 5, "
    )
    # Its output means nothing by itself: 0.0 is as good as any.
    window = means((2.1, 0.05, 0.0, 0.04, 0.04, 2.0, 0.1))
    assert health.generator_is_winning(config, window).startswith(
        "generator is winning: D's loss is 3.0 times a guess's, it scores the "
        "generated image above in 96 % of the pairs (loss_g 0.05) "
    )
    window = means((math.log(2), 0.69, 0.0, 0.5, 0.5, 1e-4, 1e-4))
    assert health.discriminator_is_dead(config, window).startswith(
        "discriminator is dead: loss_d 0.6931 is the loss of a guess"
    )


def test_the_verdict_on_the_collapse_has_its_numbers_and_a_way_out():
    # (4.604 - 0.3251) / (1.3763 - 0.3251) = 4.07.
    assert health.generator_is_winning(SMALL, means(G_ALONE)) == (
        "generator is winning: D's loss is 4.1 times a guess's, it takes 100 "
        "% of generated images for real (loss_g 0.022) and teaches G nothing; "
        "start anew with a smaller --generator_learning_rate (now 0.0002) or "
        "--width (now 1)"
    )


@pytest.mark.parametrize(
    ("loss", "window"),
    [
        ("least_squares", (1.168, 0.0015, 0.98, 0.0, 0.0, 0.07, 16.0)),
        ("hinge", (6.062, -4.049, 4.05, 0.5, 0.0, 4.08, 17.9)),
        ("minimax", (4.604, -3.8, 0.978, 0.517, 0.0, 1.9, 12.5)),
    ],
)
def test_the_collapse_is_seen_under(loss, window):
    config = schema.Config(loss=loss)
    assert health.generator_is_winning(config, means(window)) is not None
    for change in (
        {"fake_accuracy": 0.1},
        {"fake_score_after": 0.7},
        {"loss_d": 0.4},
    ):
        scalars = means(window, **change)
        assert health.generator_is_winning(config, scalars) is None


@pytest.mark.parametrize(
    ("config", "loss_d"),
    [
        (BCE_28, 0.6931),
        (LSGAN_28, 0.25),
        (schema.Config(loss="hinge"), 2.0),
        # Penalised for a slope of 0, and unlike a guess in nothing else.
        (schema.Config(loss="wasserstein_gp"), 10.0),
    ],
    ids=lambda value: value.loss if hasattr(value, "loss") else "",
)
def test_a_discriminator_without_gradient_at_a_guess_is_dead(config, loss_d):
    window = (loss_d, 0.6931, 0.5, 0.0, 1.0, 2e-8, 3e-6)
    assert verdicts(config, [window]) == [["discriminator is dead"]]
    alive = means(window)
    alive["generator_gradient_norm"] = alive["discriminator_gradient_norm"] = 1
    assert health.discriminator_is_dead(config, alive) is None


def test_no_gradient_for_g_is_enough_since_separate_updates_move_a_bias():
    window = (1.3763, 0.8, 0.45, 0.0, 1.0, 0.0, 0.45)
    assert health.discriminator_is_dead(SMALL, means(window)) == (
        "discriminator is dead: loss_d 1.376 is the loss of a guess and G's "
        "gradient is 0: nothing is learnt any more; start anew with another "
        "--seed or a smaller --discriminator_learning_rate (now 0.0002)"
    )


def test_a_discriminator_without_gradient_that_is_right_is_not_dead():
    # Hinge's D has none once all images are beyond its margin.
    window = (0.0, 1.888, -1.89, 1.0, 1.0, 18.9, 0.0)
    config = schema.Config(loss="hinge")
    assert health.discriminator_is_dead(config, means(window)) is None
    by_window = verdicts(config, [window] * 5)
    assert by_window[-1] == ["discriminator is winning"]


def test_samples_that_do_not_differ_at_all_are_told_after_six_windows():
    by_window = verdicts(SMALL, HEALTHY[:1] * 7, [0.0] * 7)
    assert by_window == [[]] * 5 + [["samples are collapsing"]] * 2


@pytest.mark.parametrize(
    "values",
    [
        # `lsgan_28` and `dcgan_28` on MNIST from their sources' start.
        [0.0088, 0.0262, 0.1],
        [0.0103, 0.0156, 0.0227, 0.03, 0.04, 0.05],
        # A fall from what was low anyway.
        [0.03, 0.037, 0.054, 0.042, 0.048, 0.035, 0.06],
    ],
)
def test_a_start_without_diversity_is_no_collapse(values):
    count = len(values)
    assert verdicts(SMALL, HEALTHY[:1] * count, values) == [[]] * count


def test_low_diversity_that_rises_is_a_young_generators():
    values = [0.06, 0.1, 0.11, 0.12, 0.13, 0.14, 0.16, 0.18, 0.2, 0.22]
    assert verdicts(SMALL, HEALTHY[:1] * 10, values) == [[]] * 10


def test_low_diversity_that_stays_for_2000_steps_is_a_collapse():
    by_window = verdicts(SMALL, HEALTHY[:1] * 11, [0.05] * 11)
    assert by_window == [[]] * 9 + [["samples are collapsing"]] * 2


def test_a_late_riser_is_not_taken_for_a_collapse():
    # As `dcgan_28` on MNIST began, by its first twelve windows.
    values = [0.05] * 8 + [0.1, 0.19, 0.28, 0.36]
    assert verdicts(SMALL, HEALTHY[:1] * 12, values) == [[]] * 12


def test_a_low_diversity_after_2000_steps_is_judged_at_once():
    by_window = verdicts(SMALL, HEALTHY[:1] * 15, [0.35] * 15)
    assert by_window[9:] == [["samples are collapsing"]] * 6


def test_diversity_that_stays_where_real_images_go_is_well():
    assert verdicts(SMALL, HEALTHY[:1] * 9, [0.48] * 9) == [[]] * 9


def test_a_fall_from_what_was_reached_is_a_collapse():
    values = [0.9] * 6 + [0.7, 0.65, 0.7]
    by_window = verdicts(SMALL, HEALTHY[:1] * 9, values)
    # Three quarters of 0.9 are 0.675.
    assert by_window == [[]] * 7 + [["samples are collapsing"], []]


def test_noise_at_the_beginning_sets_no_height_to_fall_from():
    # `vanilla_gan` passes through it; more than real images is noise, too.
    values = [1.4, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5]
    assert verdicts(SMALL, HEALTHY[:1] * 7, values) == [[]] * 7
    assert verdicts(SMALL, HEALTHY[:1] * 6, [1.4] * 5 + [0.76]) == [[]] * 6


def test_the_fifth_window_sets_a_height_to_fall_from_and_the_fourth_none():
    by_window = verdicts(SMALL, HEALTHY[:1] * 6, [0.5] * 4 + [0.9, 0.6])
    assert by_window == [[]] * 5 + [["samples are collapsing"]]
    assert verdicts(SMALL, HEALTHY[:1] * 6, [0.9] * 4 + [0.6] * 2) == [[]] * 6


def test_the_verdict_on_samples_has_its_numbers_and_a_way_out():
    assert health.samples_are_collapsing(
        0.123, before=1.0, highest=0.98, young=False
    ) == (
        "samples are collapsing: they differ by 12.3 % of what real images "
        "do, after 98 % at best; look at samples/, and if they stay alike "
        "start anew with a --discriminator_learning_rate of four times the "
        "generator's, or with another --seed"
    )


def test_diversity_that_cannot_be_measured_is_not_judged():
    monitor = health.Monitor(SMALL)
    for _ in range(7):
        monitor.add(means(HEALTHY[0]), None)
    assert monitor.verdicts == []


def test_several_verdicts_make_one_entry():
    monitor = health.Monitor(SMALL)
    for _ in range(6):
        monitor.add(means(G_ALONE), 0.005)
    line = health.entry(monitor.verdicts)
    assert line["health"].count("; samples are collapsing: ") == 1
    assert health.kinds(line) == [
        "generator is winning",
        "samples are collapsing",
    ]
    assert health.entry([]) == {}
    assert health.kinds({"kind": "epoch"}) == []


def test_verdicts_are_told_once_for_each_window():
    monitor = health.Monitor(SMALL)
    monitor.add(means(G_ALONE), 1.0)
    assert len(monitor.take_verdicts()) == 1
    assert monitor.take_verdicts() == []


@pytest.mark.parametrize("cut", range(8))
def test_a_monitor_that_was_saved_goes_on_as_if_it_had_not_been(cut):
    windows = [*HEALTHY[:1], *[D_ALONE] * 5, G_ALONE, D_ALONE]
    diversities = [0.9, 0.9, 0.9, 0.8, 0.9, 0.95, 0.5, 0.3]
    whole, halves = health.Monitor(SMALL), health.Monitor(SMALL)
    for place, (window, diversity) in enumerate(
        zip(windows, diversities, strict=True)
    ):
        if place == cut:
            saved = json.loads(json.dumps(halves.to_json()))
            halves = health.Monitor(SMALL, saved)
        for monitor in (whole, halves):
            monitor.add(means(window), diversity)
        assert halves.verdicts == whole.verdicts
        assert halves.to_json() == whole.to_json()


@pytest.mark.parametrize(
    ("loss", "lead", "before", "is_told"),
    [
        ("non_saturating", 0.5, 0.5, True),
        ("minimax", 3.0, 2.0, True),
        ("non_saturating", 3.0, None, False),
        ("non_saturating", 3.0, 0.49, False),
        ("non_saturating", 0.49, 3.0, False),
        ("least_squares", 0.1, 0.1, True),
        ("least_squares", 0.09, 0.1, False),
        ("hinge", 0.4, 0.4, True),
        ("hinge", 0.4, 0.39, False),
        ("relativistic", 0.5, 0.5, True),
        ("relativistic", 0.5, 0.49, False),
        ("wasserstein_gp", 3.0, 3.0, False),
    ],
)
def test_d_memorises_where_it_leads_twice(loss, lead, before, is_told):
    config = overrides.from_flags({"loss": loss})
    verdict = health.discriminator_memorises(
        config, lead, before=before, channels=3
    )
    assert bool(verdict) == is_told
    if verdict:
        assert health.kinds({"health": verdict}) == ["discriminator memorises"]
        assert health.collapse([verdict]) is None


@pytest.mark.parametrize(
    ("channels", "augment", "advice"),
    [
        (3, None, ", then a new run with --augment=color,translation,cutout;"),
        (3, "cutout", "--augment=color,translation,cutout;"),
        (3, "color,translation,cutout", "most; or take --checkpoint=best"),
        (1, None, ", then a new run with --augment=translation,cutout;"),
        (1, "color,translation", "--augment=translation,cutout;"),
        (1, "translation,cutout", "most; or take --checkpoint=best"),
        (1, "color,translation,cutout", "most; or take --checkpoint=best"),
    ],
)
def test_memorising_is_answered_by_the_changes_that_are_left(
    channels, augment, advice
):
    config = overrides.from_flags({"augment": augment} if augment else {})
    verdict = health.discriminator_memorises(
        config, 1.0, before=1.0, channels=channels
    )
    assert advice in verdict


@pytest.mark.parametrize("penalty", losses.PENALTIES)
def test_the_share_leaves_every_penalty_out(penalty):
    config = schema.Config(loss="hinge")
    share = health.loss_share(config, {"loss_d": 1.75, penalty: 0.75})
    assert share == pytest.approx(0.5)
