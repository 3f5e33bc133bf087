import html.parser
import re

import numpy as np
import pytest

from tf_dcgan.comparison import line_charts, page


def line(values, *, steps=None, name="a", style="g0 strong", deviations=None):
    return line_charts.Line(
        name,
        style,
        np.arange(len(values)) if steps is None else np.array(steps),
        np.array(values, np.float64),
        None if deviations is None else np.array(deviations, np.float64),
    )


def chart(*lines, last_step=10, **keywords):
    """The SVG of lines, as the page draws them."""
    drawn = line_charts.chart(
        "T", lines, identifier="c", last_step=last_step, **keywords
    )
    return page.TEMPLATES.get_template("chart.html").render(chart=drawn)


def path(svg, style):
    """The points of a path as [count, 2] float64."""
    (data,) = re.findall(rf'<path class="{style}" d="M([^"]*)"', svg)
    points = data.removesuffix("Z").split("L")
    return np.array([point.split() for point in points], np.float64)


def ticks(svg, anchor):
    return re.findall(rf'text-anchor="{anchor}">([^<]*)<', svg)


def test_points_lie_where_the_axes_say():
    svg = chart(line([0, 1, 0.5], steps=[0, 5, 10]), bounds=(0.0, 1.0))
    # The plot reaches from (46, 214) to (430, 10).
    np.testing.assert_allclose(
        path(svg, "g0 strong"), [[46, 214], [238, 10], [430, 112]]
    )
    assert ticks(svg, "end") == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert ticks(svg, "middle") == ["0", "2", "4", "6", "8", "10", "step"]


def test_the_axis_holds_strong_lines_and_bands_but_no_outliers():
    svg = chart(line([1, 99], style="g0 raw"), line([2, 3], deviations=[1, 1]))
    points = path(svg, "band g0 strong")
    # Upper edge to the right, lower edge back; the margin is 6 % of 3.
    inside = 204 * 0.18 / 3.36
    np.testing.assert_allclose(points[0, 1], 10 + inside + 204 / 3.36, atol=0.1)
    np.testing.assert_allclose(points[1, 1], 10 + inside, atol=0.1)
    np.testing.assert_allclose(points[3, 1], 214 - inside, atol=0.1)
    assert path(svg, "g0 raw")[1, 1] < 0  # Cut off by the clip path.


def test_magnitudes_have_a_logarithmic_axis_where_it_is_allowed():
    svg = chart(line([1, 10, 100]), last_step=2, may_be_logarithmic=True)
    np.testing.assert_allclose(
        path(svg, "g0 strong"), [[46, 214], [238, 112], [430, 10]]
    )
    assert ticks(svg, "end") == ["1", "2", "5", "10", "20", "50", "100"]
    assert "T (logarithmic)" in svg
    assert "logarithmic" not in chart(line([1, 10, 100]))
    assert "logarithmic" not in chart(line([0, 100]), may_be_logarithmic=True)


def test_logarithmic_steps_begin_with_the_first():
    svg = chart(
        line([0, 0, 0], steps=[0, 10, 100]),
        line([1, 1], steps=[1000, 10_000], style="g1 strong"),
        last_step=10_000,
        logarithmic_steps=True,
    )
    # Three decades from 46 to 430; step 0 is far outside.
    assert path(svg, "g0 strong")[0, 0] < 0
    np.testing.assert_allclose(path(svg, "g0 strong")[1:, 0], [46, 174])
    np.testing.assert_allclose(path(svg, "g1 strong")[:, 0], [302, 430])
    assert ticks(svg, "middle") == [
        *["10", "30", "100", "300", "1,000", "3,000", "10,000"],
        "step (logarithmic)",
    ]


@pytest.mark.parametrize(
    "last_step, labels",
    [
        (5, ["1", "2", "5"]),
        (300, ["1", "2", "5", "10", "20", "50", "100", "200"]),
        (40_000, ["1", "10", "100", "1,000", "10,000"]),
    ],
)
def test_logarithmic_steps_have_as_many_ticks_as_there_is_room_for(
    last_step, labels
):
    svg = chart(
        line([1], steps=[1]), last_step=last_step, logarithmic_steps=True
    )
    assert ticks(svg, "middle")[:-1] == labels


def test_a_lone_last_step_can_be_drawn_on_a_logarithmic_axis():
    svg = chart(line([1], steps=[10]), logarithmic_steps=True)
    np.testing.assert_allclose(path(svg, "g0 strong")[0, 0], 430)


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [-1e-9], [1e6, 2e6]])
def test_lines_without_extent_are_drawn(values):
    svg = chart(line(values))
    assert np.isfinite(path(svg, "g0 strong")).all()
    assert len(ticks(svg, "end")) >= 2


def test_few_points_are_marked():
    assert chart(line([1.0])).count("<circle") == 1
    assert chart(line(np.ones(31)), last_step=30).count("<circle") == 0


def test_points_that_stand_close_are_not_all_marked():
    # Of 384 pixels on 384 steps.
    svg = chart(line([0] * 5, steps=[0, 3, 6, 11, 384]), last_step=384)
    marked = re.findall(r'<circle[^>]* cx="([^"]*)"', svg)
    assert marked == ["46.0", "52.0", "430.0"]


def test_of_very_many_points_the_extremes_stay():
    values = np.zeros(100_000)
    values[54_321] = 1.0
    points = path(chart(line(values), last_step=10**5), "g0 strong")
    assert len(points) <= 802
    assert points[:, 1].min() < points[0, 1] - 150
    assert points[0, 0] == 46 and points[-1, 0] == 430


def test_names_are_escaped():
    svg = chart(line([1.0], name="<b>&"))
    assert "<title>&lt;b&gt;&amp;</title>" in svg
    html.parser.HTMLParser().feed(svg)


@pytest.mark.parametrize(
    "low, high, expected",
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.3, 0.3, [-0.2, 0, 0.2]),
        (0, 23_400, [0, 5000, 10_000, 15_000, 20_000]),
        (0.012, 0.019, [0.012, 0.014, 0.016, 0.018]),
        (7, 7.4, [7, 7.1, 7.2, 7.3, 7.4]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert line_charts.round_ticks(low, high) == expected
