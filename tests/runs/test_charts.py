import json

import matplotlib.figure
import numpy as np
import PIL.Image
import pytest

from tf_dcgan.runs import charts, summaries


@pytest.fixture
def figures(monkeypatch):
    """Collects the figures that are written."""
    written = []
    save = matplotlib.figure.Figure.savefig

    def savefig(figure, *args, **kwargs):
        written.append(figure)
        save(figure, *args, **kwargs)

    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    return written


def write_lines(run_dir, kind, lines):
    with summaries.Summaries(run_dir) as run_summaries:
        for step, values in lines:
            run_summaries.write_scalars(kind, values, step=step)


def write_samples(run_dir, steps, *, shape=(242, 242, 1)):
    with summaries.Summaries(run_dir) as run_summaries:
        for step in steps:
            pixels = np.full(shape, 10 + step, np.uint8)
            run_summaries.write_sample_grid(pixels, step=step)


def frames(run_dir):
    """The frames of progress.gif as [height, width] and their durations."""
    with PIL.Image.open(run_dir / "progress.gif") as gif:
        for place in range(gif.n_frames):
            gif.seek(place)
            yield np.array(gif.convert("L")), gif.info["duration"]


@pytest.mark.slow
def test_curves_show_losses_above_scores(tmp_path, figures):
    write_lines(
        tmp_path,
        "train",
        [
            (step, {"loss_d": 1.0, "loss_g": 2.0, "real_score": 0.5})
            for step in (0, 10, 20)
        ],
    )
    assert charts.write_curves(tmp_path) == tmp_path / "curves.png"
    with PIL.Image.open(tmp_path / "curves.png") as image:
        assert image.size == (1080, 864)  # 9 by 7.2 inches at 120.
    above, below = figures[0].axes
    legends = [
        [text.get_text() for text in axes.get_legend().get_texts()]
        for axes in (above, below)
    ]
    assert legends == [["discriminator", "generator"], ["D(x)"]]
    # For each series the values as they are, then the running mean.
    assert [line.get_ydata().tolist() for line in above.lines] == [
        [1.0, 1.0, 1.0],
        [1.0, 1.0, 1.0],
        [2.0, 2.0, 2.0],
        [2.0, 2.0, 2.0],
    ]
    assert below.lines[0].get_xdata().tolist() == [0, 10, 20]


def test_curves_show_losses_they_do_not_know_under_their_own_name(
    tmp_path, figures
):
    write_lines(tmp_path, "train", [(0, {"loss_cycle": 1.0, "speed": 9.0})])
    charts.write_curves(tmp_path)
    (axes,) = figures[0].axes
    (text,) = axes.get_legend().get_texts()
    assert text.get_text() == "loss_cycle"


def test_curves_of_one_point_show_it(tmp_path, figures):
    write_lines(tmp_path, "train", [(5, {"loss_d": 1.0})])
    charts.write_curves(tmp_path)
    assert figures[0].axes[0].lines[1].get_marker() == "o"


@pytest.mark.slow
def test_the_diversity_of_samples_is_drawn_below_the_scores(tmp_path, figures):
    write_lines(tmp_path, "train", [(9, {"loss_d": 1.0, "real_score": 0.5})])
    write_lines(
        tmp_path, "samples", [(1, {"diversity": 0.1}), (9, {"diversity": 0.8})]
    )
    charts.write_curves(tmp_path)
    _, scores, below = figures[0].axes
    assert below.get_ylabel() == "diversity of samples"
    measured, real = below.lines
    assert measured.get_xydata().tolist() == [[1, 0.1], [9, 0.8]]
    assert set(real.get_ydata()) == {1.0}
    assert below.get_ylim()[0] == 0


@pytest.mark.slow
def test_verdicts_are_marked_by_kind_at_the_top(tmp_path, figures):
    dead, alike = "discriminator is dead: 1", "samples are collapsing: 2"
    write_lines(tmp_path, "train", [(step, {"loss_d": 1.0}) for step in (1, 9)])
    write_lines(
        tmp_path,
        "epoch",
        [
            (3, {"epoch": 1, "loss_d": 1.0, "health": alike}),
            (6, {"epoch": 2, "loss_d": 1.0}),
            (9, {"epoch": 3, "loss_d": 1.0, "health": f"{dead}; {alike}"}),
        ],
    )
    charts.write_curves(tmp_path)
    axes = figures[0].axes[0]
    marks = {line.get_label(): line for line in axes.lines[2:]}
    assert list(marks["samples are collapsing"].get_xdata()) == [3, 9]
    assert list(marks["discriminator is dead"].get_xdata()) == [9]
    assert all(0.8 < line.get_ydata()[0] < 1 for line in marks.values())
    assert axes.get_ylim()[0] > 0.9  # The losses' own.
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend == ["discriminator", *marks]


@pytest.mark.slow
def test_each_kind_of_verdict_has_a_colour_of_its_own(tmp_path, figures):
    write_lines(tmp_path, "train", [(1, {"loss_d": 1.0})])
    kinds = (
        "discriminator is winning",
        "generator is winning",
        "discriminator is dead",
        "samples are collapsing",
    )
    text = "; ".join(f"{kind}: 1" for kind in kinds)
    write_lines(tmp_path, "epoch", [(9, {"health": text})])
    charts.write_curves(tmp_path)
    marks = figures[0].axes[0].lines[2:]
    assert [mark.get_label() for mark in marks] == list(kinds)
    assert len({mark.get_color() for mark in marks}) == len(kinds)


def write_scores(run_dir, values, **more):
    lines = [
        (
            step,
            {
                "fid_x_100": value,
                "during": "training",
                "real": "x",
                "features": "y",
                **more,
            },
        )
        for step, value in zip((10, 20, 30), values, strict=True)
    ]
    write_lines(run_dir, "evaluation", lines)


@pytest.mark.slow
def test_scores_of_the_training_are_drawn_below_with_the_best(
    tmp_path, figures
):
    write_lines(tmp_path, "train", [(10, {"loss_d": 1.0})])
    write_scores(tmp_path, [9.0, 7.0, 8.0], fid_x_100_floor=2.0)
    # Of evaluate.py.
    write_lines(tmp_path, "evaluation", [(30, {"fid_x": 1.0})])
    charts.write_curves(tmp_path)
    _, axes = figures[0].axes
    curve, floor, best = axes.lines
    assert curve.get_ydata().tolist() == [9.0, 7.0, 8.0]
    assert floor.get_ydata().tolist() == [2.0, 2.0, 2.0]
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (20, 7.0)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "fid_x_100",
        "a perfect generator: 2",
        "best: 7 at step 20",
    ]
    assert axes.get_yscale() == "linear"


@pytest.mark.slow
def test_scores_over_an_order_of_magnitude_are_drawn_by_logarithm(
    tmp_path, figures
):
    write_scores(tmp_path, [90.0, 7.0, 8.0], fid_x_100_floor=0.1)
    charts.write_curves(tmp_path)
    (axes,) = figures[0].axes
    assert axes.get_yscale() == "log"
    # A floor that far below would flatten the curve.
    assert np.isnan(axes.lines[1].get_ydata()).all()


@pytest.mark.slow
def test_a_score_that_is_not_finite_leaves_no_gap(tmp_path, figures):
    write_scores(tmp_path, [-0.5, np.nan, 0.2])
    charts.write_curves(tmp_path)
    (axes,) = figures[0].axes
    assert axes.lines[0].get_ydata().tolist() == [-0.5, 0.2]


def test_curves_of_nothing_are_not_drawn(tmp_path):
    assert charts.write_curves(tmp_path) is None
    write_lines(tmp_path, "epoch", [(5, {"loss_d": 1.0})])
    assert charts.write_curves(tmp_path) is None
    assert not (tmp_path / "curves.png").exists()


def test_curves_go_on_past_values_that_are_not_finite(tmp_path, figures):
    values = [1.0, float("nan"), 3.0]
    write_lines(
        tmp_path, "train", [(i, {"loss_d": v}) for i, v in enumerate(values)]
    )
    charts.write_curves(tmp_path)
    raw = figures[0].axes[0].lines[0]
    assert raw.get_xdata().tolist() == [0, 2]
    assert raw.get_ydata().tolist() == [1.0, 3.0]


def test_curves_leave_out_what_is_never_finite(tmp_path, figures):
    values = {"loss_d": 1.0, "real_score": float("nan")}
    write_lines(tmp_path, "train", [(0, values)])
    charts.write_curves(tmp_path)
    assert len(figures[0].axes) == 1


def test_curves_of_a_run_named_like_a_formula_keep_its_name(tmp_path):
    run_dir = tmp_path / "a$_{$"  # Not a formula that could be set.
    write_lines(run_dir, "train", [(0, {"loss_d": 1.0})])
    assert charts.write_curves(run_dir).exists()


@pytest.mark.slow
def test_the_strong_line_is_a_running_mean(tmp_path, figures):
    # 4 % of 50 points: each is averaged with one neighbour on both sides.
    write_lines(
        tmp_path,
        "train",
        [(i, {"loss_d": 3.0 * (i == 25)}) for i in range(50)],
    )
    charts.write_curves(tmp_path)
    smooth = figures[0].axes[0].lines[1].get_ydata()
    np.testing.assert_allclose(smooth[23:28], [0, 1, 1, 1, 0], atol=1e-12)


@pytest.mark.slow
def test_the_running_mean_narrows_at_the_ends(tmp_path, figures):
    write_lines(
        tmp_path, "train", [(i, {"loss_d": float(i)}) for i in range(50)]
    )
    charts.write_curves(tmp_path)
    smooth = figures[0].axes[0].lines[1].get_ydata()
    np.testing.assert_allclose(smooth[[0, 1, 49]], [0.5, 1.0, 48.5])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("epochs", "marked"),
    [
        (3, ["1", "2", "3"]),
        (12, ["2", "4", "6", "8", "10", "12"]),
        (45, ["5", "10", "15", "20", "25", "30", "35", "40", "45"]),
    ],
)
def test_curves_number_the_ends_of_epochs(tmp_path, figures, epochs, marked):
    write_lines(tmp_path, "train", [(0, {"loss_d": 1.0})])
    write_lines(
        tmp_path,
        "epoch",
        [(100 * epoch, {"epoch": epoch}) for epoch in range(1, epochs + 1)],
    )
    charts.write_curves(tmp_path)
    (below,) = figures[0].axes[0].child_axes
    labels = [text.get_text() for text in below.get_xticklabels()]
    assert labels == marked
    assert below.get_xticks().tolist() == [100 * int(m) for m in marked]


def test_progress_shows_every_sample_twice_its_size_under_a_caption(tmp_path):
    write_samples(tmp_path, [0, 5, 10])
    assert charts.write_progress(tmp_path) == tmp_path / "progress.gif"
    shown = list(frames(tmp_path))
    assert [duration for _, duration in shown] == [100, 100, 2000]
    for (frame, _), step in zip(shown, [0, 5, 10], strict=True):
        assert frame.shape == (28 + 484, 484)
        assert (frame[28:] == 10 + step).all()
        assert (frame[:24, :100] > 200).any()  # The step is written here.
        assert (frame[25:28] == 150).sum() == 3 * 48.4 * step


def test_progress_keeps_the_size_of_large_samples(tmp_path):
    write_samples(tmp_path, [0], shape=(530, 530, 3))
    charts.write_progress(tmp_path)
    ((frame, _),) = frames(tmp_path)
    assert frame.shape == (28 + 530, 530)


@pytest.mark.slow
def test_progress_reduces_samples_that_fill_more_than_a_screen(tmp_path):
    write_samples(tmp_path, [0], shape=(1500, 2066, 3))
    charts.write_progress(tmp_path)
    ((frame, _),) = frames(tmp_path)
    assert frame.shape == (28 + 750, 1033)


def test_progress_thins_evenly_and_keeps_first_and_last(tmp_path):
    write_samples(tmp_path, range(8), shape=(20, 400, 1))
    charts.write_progress(tmp_path, max_frames=4)
    values = [int(frame[40, 0]) - 10 for frame, _ in frames(tmp_path)]
    assert values == [0, 2, 5, 7]  # The nearest to 0, 2 1/3, 4 2/3 and 7.


@pytest.mark.parametrize("other", [(242, 300, 1), (300, 242, 1), (242, 242, 3)])
def test_progress_skips_samples_of_another_size(tmp_path, other):
    write_samples(tmp_path, [0, 10])
    write_samples(tmp_path, [5], shape=other)
    charts.write_progress(tmp_path)
    shown = [(frame.shape, frame[40, 0]) for frame, _ in frames(tmp_path)]
    assert shown == [((28 + 484, 484), 10), ((28 + 484, 484), 20)]


def test_progress_of_no_samples_is_not_written(tmp_path):
    assert charts.write_progress(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_curves_are_drawn_of_what_is_a_number(tmp_path, figures):
    lines = [
        {"kind": "train", "step": 1, "loss_d": 0.5, "loss_g": None},
        {"kind": "train", "step": 2, "loss_d": 0.25, "loss_g": 0.5},
        {"kind": "evaluation", "step": 2, "during": "training", "fid": "low"},
        {
            "kind": "evaluation",
            "step": 3,
            "during": "training",
            "fid": 3,
            "fid_low": "2",
            "fid_floor": None,
        },
    ]
    (tmp_path / "metrics.jsonl").write_text(
        "".join(json.dumps(line) + "\n" for line in lines)
    )
    charts.write_curves(tmp_path)
    losses, scores = figures[0].axes[0], figures[0].axes[-2:]
    assert len(losses.lines) == 4
    assert any(
        line.get_label() == "best: 3 at step 3"
        for axes in scores
        for line in axes.lines
    )


@pytest.mark.parametrize("name", ["猫🐈", "a\x1b[2J", "a\udcff"])
def test_curves_of_a_run_of_any_name_are_drawn_without_a_warning(
    tmp_path, figures, name
):
    run = tmp_path / name
    write_lines(tmp_path, "train", [(1, {"loss_d": 0.5})])
    run.mkdir()
    (tmp_path / "metrics.jsonl").rename(run / "metrics.jsonl")
    assert charts.write_curves(run).exists()


@pytest.mark.slow
def test_the_lead_of_d_has_a_panel_and_is_no_score(tmp_path, figures):
    lines = [
        (step, {"fid_x": 9.0, "discriminator_lead": lead, "during": "training"})
        for step, lead in ((10, 0.2), (20, -0.1))
    ]
    write_lines(tmp_path, "evaluation", lines)
    charts.write_curves(tmp_path)
    of_lead, of_scores = figures[0].axes
    assert of_lead.get_ylabel() == "D's lead on held-out images"
    assert of_lead.lines[0].get_xydata().tolist() == [[10, 0.2], [20, -0.1]]
    legend = [text.get_text() for text in of_scores.get_legend().get_texts()]
    assert legend and not any("lead" in text for text in legend)
