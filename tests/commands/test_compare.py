"""`python -m tf_dcgan compare`, called as its users call it."""

import base64
import html
import html.parser
import io
import json
import re
import shutil
import subprocess
import sys

import fake_runs
import PIL.Image
import pytest

from tf_dcgan.commands import compare
from tf_dcgan.common import errors
from tf_dcgan.config import schema
from tf_dcgan.gan import cyclegan, gan
from tf_dcgan.runs import runs

_VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(html.parser.HTMLParser):
    """What a page holds, found as a browser would."""

    def __init__(self, content):
        super().__init__()
        self.attributes, self.tables, self.images = [], [], []
        self.warnings, self.open, self.ids = [], [], []
        self.text = ""
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.attributes += [(tag, *pair) for pair in attrs.items()]
        if tag == "img":
            self.images.append(attrs)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag == "p" and attrs.get("class") == "warning":
            self.warnings.append("")
        if tag not in _VOID:
            self.open.append((tag, attrs.get("class")))

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        if "style" in tags or "title" in tags[2:]:
            return
        self.text += data
        if "td" in tags or "th" in tags:
            self.tables[-1][-1][-1] += f" {data}" if "small" in tags else data
        if ("p", "warning") in self.open:
            self.warnings[-1] += data

    def rows(self, label):
        """The cells of all rows of tables with this head."""
        return [
            row[1:]
            for table in self.tables
            for row in table
            if row[0].strip() == label
        ]


def run_compare(*words):
    compare.main(["compare.py", *map(str, words)])


def made(tmp_path, **runs):
    """Makes the page of runs with these settings, in this order."""
    paths = [
        fake_runs.make(tmp_path / name, **settings)
        for name, settings in runs.items()
    ]
    out = tmp_path / "made" / "page.html"
    run_compare(*paths, f"--out={out}")
    return Page(out.read_text())


FULL = {
    "lines": [
        *fake_runs.train_lines([1.5, 1.0], images_per_second=80.0),
        {"kind": "epoch", "step": 20, "epoch": 1, "elapsed_seconds": 7200.0},
        {"kind": "evaluation", "step": 10, "fid_classifier": 50.0},
        {"kind": "evaluation", "step": 20, "fid_classifier": 10.0},
    ],
    "grids": [1, 10, 20],
    "evaluation": fake_runs.evaluation(),
    "steps": 20,
}


def test_the_page_needs_no_other_file(tmp_path):
    page = made(tmp_path, a={**FULL, "seed": 1}, b={**FULL, "seed": 2})
    content = (tmp_path / "made" / "page.html").read_text()
    assert content.startswith("<!DOCTYPE html>\n")
    assert not re.search(r"https?:|file:|//[a-z]", content)
    assert "<script" not in content and "@import" not in content
    references = {
        value.partition(":")[0]
        for _, name, value in page.attributes
        if name in ("src", "href", "xlink:href", "data", "srcset", "poster")
    }
    assert references == {"data"}
    clips = [v for _, name, v in page.attributes if name == "clip-path"]
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert sorted(clips) == sorted(f"url(#{identifier})" for identifier in ids)
    assert len(set(ids)) == len(ids) == 2
    for image in page.images:
        data = base64.b64decode(image["src"].partition("base64,")[2])
        with PIL.Image.open(io.BytesIO(data)) as opened:
            assert (opened.format, opened.size) == ("PNG", (24, 24))
        assert image["alt"]
    # Three steps of two runs, and the real images once.
    assert len(page.images) == 7


@pytest.mark.slow
def test_the_same_runs_give_the_same_bytes(tmp_path):
    made(tmp_path, a={**FULL, "seed": 1}, b={**FULL, "seed": 2})
    first = (tmp_path / "made" / "page.html").read_bytes()
    out = tmp_path / "again.html"
    run_compare(f"--out={out}", tmp_path / "a", tmp_path / "b")
    assert out.read_bytes() == first


@pytest.mark.slow
def test_tensorflow_is_not_needed(tmp_path):
    paths = [fake_runs.make(tmp_path / n, **FULL, seed=ord(n)) for n in "ab"]
    code = (
        "import sys\n"
        "from tf_dcgan.commands import compare\n"
        "compare.main(['compare', *sys.argv[1:]])\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, *paths, f"--out={tmp_path / 'x.html'}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "2 runs" in output
    assert output.endswith("False False\n")


def test_a_trained_run_is_shown(trained, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(trained[0], copy)
    out = tmp_path / "page.html"
    run_compare(trained[0], copy, f"--out={out}")
    page = Page(out.read_text())
    assert page.rows("steps") == [["45 of 45", "45 of 45"]]
    (ends,) = page.rows("Loss of D")
    assert ends[0] == ends[1] and float(ends[0]) > 0
    assert [image["alt"] for image in page.images] == [
        f"{name}, step {step}"
        for step in (1, 20, 40, 45)
        for name in (trained[0].name, "copy")
    ] + ["real images of mnist"]


def test_settings_that_differ_are_shown_and_equal_ones_are_folded(tmp_path):
    page = made(tmp_path, a={}, b={"beta_1": 0.9, "data_dir": "/d"})
    assert page.rows("beta_1") == [["0.5", "0.9"]]
    assert page.rows("data_dir") == [["not set", "/d"]]
    assert page.rows("batch_size") == page.rows("seed") == []
    assert "batch_size: 64" in page.text


@pytest.mark.slow
def test_a_length_is_shown_as_it_was_given(tmp_path):
    page = made(tmp_path, a={"steps": 60}, b={"steps": None, "epochs": 3})
    assert page.rows("epochs") == [["–", "3"]]
    assert page.rows("steps")[0] == ["60", "–"]
    page = made(
        tmp_path / "more", a={"steps": 60}, b={"steps": 60, "epochs": 3}
    )
    assert "All settings are the same." in page.text


def test_equal_settings_are_called_so(tmp_path):
    page = made(tmp_path, a={}, b={})
    assert "All settings are the same." in page.text


def test_a_run_named_as_its_recipe_is_named_once(tmp_path):
    page = made(
        tmp_path,
        dcgan_small=FULL,
        other={**FULL, "recipe": "dcgan", "seed": 1},
    )
    for table in page.tables:
        assert table[:2] == [["", "dcgan_small", "dcgan"], ["", "other"]]
    assert "dcgan_small (seed 0)dcgan: other (seed 1)" in page.text


def test_runs_of_one_seed_are_said_to_see_the_same(tmp_path):
    page = made(tmp_path, a={}, b={"beta_1": 0.9}, c={"seed": 1})
    assert (
        "a and b see the same images in the same order and the same noise at "
        "every step (seed 0, equal batch_size, horizontal_flip, latent_dim, "
        "generator_latents and data). "
        "Otherwise batches and noise are not the same: the runs differ in "
        "seed." in page.text
    )


@pytest.mark.parametrize(
    "other, words",
    [
        ({"seed": 1}, "seed"),
        ({"batch_size": 32, "latent_dim": 9}, "batch_size and latent_dim"),
        ({"horizontal_flip": True}, "horizontal_flip"),
        ({"generator_latents": "new"}, "generator_latents"),
        ({"fingerprint": "e" * 64}, "data"),
    ],
)
def test_runs_that_see_others_are_said_to(tmp_path, other, words):
    page = made(tmp_path, a={}, b=other)
    assert (
        "Between these runs batches and noise are not the same: the runs "
        f"differ in {words}." in page.text
    )
    assert "see the same" not in page.text


@pytest.mark.slow
def test_several_seeds_are_shown_as_mean_and_spread(tmp_path):
    lines = fake_runs.train_lines
    page = made(
        tmp_path,
        a={"seed": 1, "lines": lines([1.0])},
        other={"beta_1": 0.9, "lines": lines([8.0])},
        b={"seed": 2, "lines": lines([2.0])},
        c={"seed": 3, "lines": lines([6.0])},
        d={"seed": 4},
    )
    # Mean 3 and (4 + 1 + 9) / 2 = 7; runs of a group stand together.
    assert page.rows("Loss of D") == [
        ["1", "2", "6", "–", "3.0 ± 2.6 n = 3", "8"]
    ]
    assert ["", "a", "b", "c", "d", "mean ± sd", "other"] in page.tables[1]
    assert (page.rows("seed")) == [["1", "2", "3", "4", "0"]]


def test_a_band_shows_the_spread_in_the_curves(tmp_path):
    lines = fake_runs.train_lines
    runs = {
        name: {"seed": seed, "lines": lines([v, v])}
        for seed, (name, v) in enumerate({"a": 0.0, "b": 1.0}.items())
    }
    made(tmp_path, **runs)
    content = (tmp_path / "made" / "page.html").read_text()
    (band,) = re.findall(r'<path class="band g0 strong" d="M([^"]*)Z"', content)
    (mean,) = re.findall(r'<path class="g0 strong" d="M([^"]*)"', content)
    members = re.findall(r'<path class="g0 member" d="M([^"]*)"', content)
    upper, *_, lower = [float(p.split()[1]) for p in band.split("L")]
    middle, high, low = (
        float(points.split("L")[0].split()[1])
        for points in (mean, *reversed(members))
    )
    # A sample deviation of 1/√2 on a distance of 1 between the members.
    assert (lower - upper) / (low - high) == pytest.approx(2**0.5, abs=0.01)
    assert middle == pytest.approx((low + high) / 2, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "count, logarithmic", [(2, False), (10, False), (11, True)]
)
def test_lengths_of_different_magnitudes_have_logarithmic_steps(
    tmp_path, count, logarithmic
):
    page = made(
        tmp_path,
        short={"lines": fake_runs.train_lines([1.0, 1.0])},
        long={"seed": 1, "lines": fake_runs.train_lines([1.0] * count)},
        silent={"seed": 2},
    )
    assert ("step (logarithmic)" in page.text) == logarithmic
    assert ("The axes of the steps are logarithmic" in page.text) == logarithmic


@pytest.mark.slow
def test_the_first_values_are_not_averaged_away_on_logarithmic_axes(tmp_path):
    made(
        tmp_path,
        long={"lines": fake_runs.train_lines([0.0] + [1.0] * 59)},
        short={"seed": 1, "steps": 10, "lines": fake_runs.train_lines([1.0])},
    )
    content = (tmp_path / "made" / "page.html").read_text()
    raw, strong = (
        re.search(rf'<path class="g0 {style}" d="M([^L]*)', content)[1]
        for style in ("raw", "strong")
    )
    assert raw == strong


@pytest.mark.slow
def test_runs_of_different_losses_are_not_compared_by_their_values(tmp_path):
    lines = fake_runs.train_lines([1.0])
    page = made(tmp_path, a={"lines": lines}, b={"lines": lines, "seed": 1})
    assert "different losses" not in page.text
    page = made(
        tmp_path / "more",
        a={"lines": lines},
        b={"lines": lines, "loss": "minimax"},
    )
    assert "The runs minimise different losses" in page.text


def test_unknown_numbers_are_drawn_under_their_own_names(tmp_path):
    line = {
        "kind": "train",
        "step": 5,
        "loss_d": 1.0,
        "fake_accuracy": 0.5,
        "generator_gradient_norm": 3.0,
        "unheard_of": 7.0,
    }
    page = made(tmp_path, a={"lines": [line]}, b={"seed": 1, "lines": [line]})
    titles = [v for tag, name, v in page.attributes if name == "aria-label"]
    assert titles == [
        "Loss of D",
        "D's accuracy on generated images",
        "Gradient norm of G",
        "unheard_of",
    ]
    for heading in ("Losses", "Accuracy of D", "Gradients", "Other"):
        assert heading in page.text
    assert "Output of D" not in page.text


@pytest.mark.slow
def test_every_number_that_a_training_logs_has_a_title(tmp_path):
    config = schema.Config
    noise = gan.scalars(config(loss="wasserstein_gp"))
    noise += gan.scalars(config(r1_gamma=1.0))
    pairs = cyclegan.scalars(config(recipe="cyclegan", loss="least_squares"))
    line = {"kind": "train", "step": 5}
    page = made(
        tmp_path,
        a={"lines": [line | dict.fromkeys(noise, 1.0)]},
        b={**TRANSLATION, "lines": [line | dict.fromkeys(pairs, 1.0)]},
    )
    titles = [v for tag, name, v in page.attributes if name == "aria-label"]
    assert len(titles) == len({*noise, *pairs})
    assert [title for title in titles if "_" in title] == []
    assert "Other" not in page.text


def test_verdicts_on_health_are_shown_with_their_steps(tmp_path):
    def epoch(number, text):
        return {"kind": "epoch", "step": 1000 * number, "health": text}

    lines = [
        epoch(1, ""),
        epoch(2, "samples are collapsing: 0.2 < 1"),
        epoch(3, "samples are collapsing: 0.1 < 1"),
        epoch(4, "discriminator is winning: x"),
    ]
    page = made(tmp_path, ill={"lines": lines}, well={"seed": 1})
    health = page.text.partition("Health")[2].partition("Samples")[0]
    assert " ".join(health.split()) == (
        "ill step 2,000 samples are collapsing: 0.2 < 1 (and 1 more, the last "
        "at step 3,000)step 4,000 discriminator is winning: x Shorter than 200 "
        "steps, and not judged: well."
    )


def test_a_verdict_that_joins_another_is_shown_and_so_is_one_that_returns(
    tmp_path,
):
    ahead = "discriminator is winning: x"
    both = f"{ahead}; samples are collapsing: y"
    page = made(
        tmp_path,
        ill={
            "lines": [
                {"kind": "epoch", "step": 1000 * place, "health": text}
                if text
                else {"kind": "epoch", "step": 1000 * place}
                for place, text in enumerate([ahead, both, both, "", ahead], 1)
            ]
        },
        well={"seed": 1},
    )
    health = page.text.partition("Health")[2].partition("Samples")[0]
    assert (
        "step 1,000 discriminator is winning: xstep 2,000 discriminator is "
        "winning: x; samples are collapsing: y (and 1 more, the last at step "
        "3,000)step 5,000 discriminator is winning: x"
    ) in " ".join(health.split())


def test_epochs_in_which_nothing_is_judged_do_not_break_a_verdict(tmp_path):
    """Of 70 steps; those up to 210, 420 and 630 end windows, and 840 well."""
    ill = {210, 420, 630, 1050}
    lines = [
        {
            "kind": "epoch",
            "step": step,
            "health": "samples are collapsing: x" if step in ill else "",
        }
        for step in range(70, 1051, 70)
    ]
    page = made(tmp_path, ill={"lines": lines}, well={"seed": 1})
    assert (
        "step 210 samples are collapsing: x (and 2 more, the last at step "
        "630)step 1,050 samples are collapsing: x Shorter"
    ) in " ".join(page.text.split())


def test_runs_without_verdicts_are_told_from_those_too_short_for_one(tmp_path):
    lines = fake_runs.train_lines([1.0], every=200)
    page = made(tmp_path, a={"lines": lines}, b={"seed": 1})
    assert "No verdict was logged against a." in page.text
    assert "Shorter than 200 steps, and not judged: b." in page.text


@pytest.mark.slow
def test_grids_of_other_steps_and_missing_ones_are_named(tmp_path):
    page = made(
        tmp_path,
        a={"grids": [1, 50, 100]},
        b={"grids": [1, 55, 100], "seed": 1},
        c={"seed": 2},
        d={"grids": [1], "seed": 3},
    )
    assert page.rows("step 50") == [["", " step 55", "–", "–"]]
    assert "There are no samples of c." in page.warnings
    assert "Across, they differ" in page.text
    assert "A dash: the run has no samples within 10 % of that step." in (
        page.text
    )


@pytest.mark.slow
def test_the_same_real_images_are_shown_once(tmp_path):
    other = {"grids": [1], "fingerprint": "e" * 64, "recipe": "dcgan"}
    for name, settings in {"a": {"grids": [1]}, "b": other, "c": other}.items():
        fake_runs.make(tmp_path / name, **settings)
    out = tmp_path / "page.html"
    # Of the set that b and c share, b's; that of a may look the same.
    for shades, count in (((9, 9, 9), 1), ((9, 5, 6), 2)):
        for name, shade in zip("abc", shades, strict=True):
            fake_runs.grid(tmp_path / name / "samples/real.png", shade, 24)
        run_compare(*(tmp_path / name for name in "abc"), f"--out={out}")
        words = [image["alt"] for image in Page(out.read_text()).images]
        assert words[3:] == ["real images of mnist"] * count


def test_large_grids_are_made_smaller(tmp_path):
    page = made(tmp_path, a={"grids": [(1, 700), (2, 600)]}, b={"seed": 1})
    sizes = []
    for image in page.images:
        data = base64.b64decode(image["src"].partition("base64,")[2])
        with PIL.Image.open(io.BytesIO(data)) as opened:
            sizes.append(opened.width)
    assert sizes == [600, 600, 24]


def test_timing_is_taken_from_the_logs(tmp_path):
    page = made(
        tmp_path,
        a={**FULL, "batch_size": 20},
        b={**FULL, "batch_size": 40, "steps": 30},
    )
    assert page.rows("steps")[-1] == ["20 of 20", "20 of 30"]
    assert page.rows("images per second") == [["80", "80"]]
    assert page.rows("seconds per step") == [["0.250", "0.500"]]
    assert page.rows("hours of training") == [["2", "2"]]
    assert page.warnings[0].startswith("Not finished: b.")


def test_scores_are_shown_with_interval_ideal_mean_and_warnings(tmp_path):
    page = made(
        tmp_path,
        a={"seed": 1, "evaluation": fake_runs.evaluation(fid=10)},
        b={"seed": 2, "evaluation": fake_runs.evaluation(fid=12)},
    )
    assert page.rows("fid") == [
        [
            "10 [9.500, 10.50] ideal 0.1250",
            "12 [9.500, 10.50] ideal 0.1250",
            "11.0 ± 1.4 n = 2",
        ]
    ]
    assert "warning: few_samples: <2,048 (a, b)" in page.text
    assert "real mnist:test (as they are)" in page.text
    assert not any("protocol" in text for text in page.warnings)


def test_differing_protocols_forbid_the_comparison_and_the_mean(tmp_path):
    page = made(
        tmp_path,
        a={"seed": 1, "evaluation": fake_runs.evaluation()},
        b={"seed": 2, "evaluation": fake_runs.evaluation(images=1000)},
    )
    assert page.rows("fid")[0][2] == ""
    assert page.rows("fake images") == [["2,000", "1,000"]]
    assert [w for w in page.warnings if "protocol" in w] == [
        "The protocols differ between the runs (fake images): their numbers "
        "must not be compared with each other."
    ]


def test_a_run_without_an_evaluation_is_told_the_command(tmp_path):
    page = made(tmp_path, a={"evaluation": fake_runs.evaluation()}, b={})
    assert [text for text in page.warnings if "evaluat" in text] == [
        "b has no evaluation. To get it: python -m tf_dcgan evaluate --run_dir="
        f"{tmp_path / 'b'} --features=classifier --num_samples=2000"
    ]


@pytest.mark.slow
def test_scores_of_an_earlier_state_are_said_to_be_old(tmp_path):
    lines = fake_runs.train_lines([1.0] * 10)
    page = made(
        tmp_path,
        now={"lines": lines, "evaluation": fake_runs.evaluation(step=100)},
        old={"lines": lines, "evaluation": fake_runs.evaluation(step=20)},
        best={
            "lines": lines,
            "evaluation": fake_runs.evaluation(
                step=20, best_by="fid_classifier"
            ),
        },
    )
    assert [text for text in page.warnings if "evaluat" in text] == [
        "old's scores are of step 20; it has since trained to 100. To renew "
        f"them: python -m tf_dcgan evaluate --run_dir={tmp_path / 'old'} "
        "--features=classifier --num_samples=2000"
    ]


def test_what_is_lost_with_a_kill_does_not_make_scores_old(tmp_path):
    run = {
        "lines": fake_runs.train_lines([1.0] * 10),
        "evaluation": fake_runs.evaluation(step=90),
    }
    for name in ("killed", "went_on"):
        fake_runs.make(tmp_path / name, **run)
    (tmp_path / "killed" / "checkpoints" / "step_0000090").mkdir(parents=True)
    out = tmp_path / "page.html"
    run_compare(tmp_path / "killed", tmp_path / "went_on", f"--out={out}")
    (outdated,) = [w for w in Page(out.read_text()).warnings if "renew" in w]
    assert outdated.startswith("went_on's scores are of step 90; ")


def test_a_score_without_a_number_is_left_open(tmp_path):
    empty = fake_runs.evaluation(fid=None)
    nan = fake_runs.evaluation(fid=float("nan"))
    page = made(tmp_path, a={"evaluation": empty}, b={"evaluation": nan})
    assert page.rows("fid") == [["–", "–"]]
    assert "few_samples" in page.text


def test_other_versions_are_named(tmp_path):
    page = made(tmp_path, a={}, b={"versions": {"tensorflow": "2.22.0"}})
    assert page.rows("tensorflow") == [["2.21.0", "2.22.0"]]
    assert page.rows("tf_dcgan") == [["0.1.0", "–"]]
    assert (
        "The runs were not started with the same tf_dcgan and tensorflow."
        in page.warnings
    )


@pytest.mark.slow
def test_the_devices_of_the_runs_are_shown(tmp_path):
    page = made(tmp_path, a={}, b={"device": "GPU T4"}, c={"device": None})
    assert page.rows("device") == [["abacus", "GPU T4", "unknown"]]
    assert "The runs were not started with the same device." in page.warnings


def test_a_run_without_logs_is_shown_and_said_to_have_none(tmp_path):
    page = made(tmp_path, a=FULL, b={"seed": 1})
    assert "Nothing is logged in b: no curves." in page.warnings


@pytest.mark.slow
def test_what_comes_from_files_is_escaped(tmp_path):
    evil = "<script>alert('&')</script>"
    lines = [{"kind": evil, "step": 1, evil: 1.0, "health": evil}]
    evaluation = fake_runs.evaluation(real=evil, **{evil: evil})
    evaluation["scores"][0]["name"] = evil
    evaluation["notes"] = [evil]
    settings = {"lines": lines, "evaluation": evaluation}
    page = made(
        tmp_path,
        **{
            "<b>&": {**settings, "data_dir": evil, "versions": {evil: evil}},
            "b": {**settings, "seed": 1},
        },
    )
    assert "<script" not in (tmp_path / "made" / "page.html").read_text()
    assert page.rows("data_dir") == [[evil, "not set"]]
    assert ["", "<b>&", "b"] in page.tables[0]


def every_text(value, text):
    """Replaces all texts in what a JSON file holds, names of facts included."""
    if isinstance(value, dict):
        return {name: every_text(one, text) for name, one in value.items()}
    if isinstance(value, list):
        return [every_text(one, text) for one in value]
    return text if isinstance(value, str) else value


def make_with_text(path, text, *, has_evaluation, **settings):
    """Makes a run with a text wherever its files may hold any text.

    Returns its folder, and the names of the settings and facts in config.json
    that may be any text.
    """
    folder = path / text
    said = f"samples are collapsing: {text}"
    lines = [
        {"kind": kind, "step": step, text: step, "loss_d": 1.0, "health": said}
        for kind in ("train", text)
        for step in (100, 200, 300)
    ]
    evaluation = fake_runs.evaluation(**{text: text, "list": [text]})
    evaluation["notes"] = [text]
    fake_runs.make(
        folder,
        lines=[*lines, {"kind": "epoch", "step": 400, "health": said}],
        grids=[1],
        evaluation=every_text(evaluation, text) if has_evaluation else None,
        steps=500,
        **settings,
    )
    config = json.loads((folder / "config.json").read_text())
    config["versions"][text] = text
    config["data"]["class_names"] = [text] * 2
    taken = {"class_names"}
    for part in ("settings", "data", "versions"):
        for name, before in config[part].items():
            if not isinstance(before, str | None):
                continue
            config[part][name] = text
            (folder / "config.json").write_text(json.dumps(config))
            try:
                runs.open_run(folder)
                taken.add(name)
            except errors.UserError:  # Only certain words are allowed there.
                config[part][name] = before
    config |= {"git_commit": text, "device": text, "written": text}
    (folder / "config.json").write_text(json.dumps(config))
    return folder, taken


@pytest.mark.slow
def test_no_text_of_a_run_becomes_markup(tmp_path):
    """Quotes that end an attribute and tags change no element of the page."""
    elements = {}
    evil = "\"'><script src='x' onload=\"y\">&amp;"
    for place, text in enumerate(("harmless", evil)):
        one, taken = make_with_text(
            tmp_path / f"{place}a", text, has_evaluation=True, seed=1
        )
        assert taken >= {
            *["class_names", "dataset", "data_dir", "cache_dir", "tensorflow"],
            *["inception_weights", "preparation", "fingerprint"],
        }
        two, _ = make_with_text(
            tmp_path / f"{place}b", text, has_evaluation=False, beta_1=0.9
        )
        three = fake_runs.make(
            tmp_path / f"{place}c", evaluation=fake_runs.evaluation()
        )
        out = tmp_path / f"page{place}.html"
        run_compare(one, two, three, f"--out={out}")
        page = Page(out.read_text())
        elements[text] = [(tag, name) for tag, name, _ in page.attributes]
        shown = page.text + "".join(map(str, page.attributes))
        assert shown.count(text) > 50
    assert elements["harmless"] == elements[evil]
    assert "script" not in {tag for tag, _ in elements[evil]}
    content = out.read_text()
    assert evil not in content and "<script" not in content


@pytest.mark.parametrize("count", [0, 1, 13])
def test_two_to_twelve_runs_are_asked_for(tmp_path, count):
    with pytest.raises(errors.UserError, match=f"2 to 12 runs, not {count}:"):
        run_compare(*["x"] * count)


@pytest.mark.slow
def test_twelve_runs_fit_on_a_page(tmp_path):
    runs = {f"r{i}": {"beta_1": i / 20, **FULL} for i in range(12)}
    page = made(tmp_path, **runs)
    (cells,) = page.rows("fid")
    assert len(cells) == 12


def test_the_same_run_twice_is_refused(tmp_path, monkeypatch):
    fake_runs.make(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match="link and a are the same run"):
        run_compare("a", "link")
    assert not (tmp_path / "report.html").exists()


def test_what_is_no_run_is_refused_with_the_reason(tmp_path):
    run = fake_runs.make(tmp_path / "a")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for name, reason in {
        "empty": "it has no config.json",
        "file": "it is a file",
        "nowhere": "it does not exist",
    }.items():
        with pytest.raises(errors.UserError) as caught:
            run_compare(run, tmp_path / name)
        assert str(caught.value) == (
            f"{tmp_path / name} is not a run ({reason}): give folders that "
            "train.py made"
        )


@pytest.mark.parametrize(
    "name, content",
    [
        ("config.json", "{"),
        ("metrics.jsonl", '{"step": 1}\n{oops\n{"step": 2}\n'),
        ("evaluation.json", "{}"),
        ("samples/step_0000001.png", "no image"),
    ],
)
def test_damaged_files_are_named_in_one_line(tmp_path, name, content):
    paths = [fake_runs.make(tmp_path / n, **FULL, seed=ord(n)) for n in "ab"]
    (paths[1] / name).write_text(content)
    out = tmp_path / "page.html"
    with pytest.raises(errors.UserError) as caught:
        run_compare(*paths, f"--out={out}")
    assert str(paths[1] / name) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not out.exists()


@pytest.mark.parametrize(
    "out, reason",
    [
        ("", "give a name ending in .html"),
        ("page.pdf", "give a name ending in .html"),
        ("folder.html", "is a folder"),
        ("/dev/null/page.html", "cannot be written"),
        ("x" * 300 + ".html", "cannot be written"),
    ],
)
def test_a_place_that_cannot_take_the_page_is_refused_before_any_work(
    tmp_path, monkeypatch, out, reason
):
    paths = [fake_runs.make(tmp_path / n) for n in "ab"]
    (paths[0] / "config.json").write_text("damaged, and found out later")
    (tmp_path / "folder.html").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(errors.UserError, match=reason):
        run_compare(*paths, f"--out={out}")


@pytest.mark.slow
def test_as_a_command_it_ends_bad_input_with_status_2(tmp_path):
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "tf_dcgan",
            "compare",
            tmp_path,
            "--out=x.html",
        ],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: give 2 to 12 runs, not 1: ")
    assert ended.stderr.count("\n") == 1


TRANSLATION = {
    "recipe": "cyclegan",
    "dataset": None,
    "dataset_a": "apples",
    "dataset_b": "oranges",
    "loss": "least_squares",
    "grids": [1, 10],
}


def test_translations_are_compared_in_words_of_their_own(tmp_path):
    page = made(tmp_path, a=TRANSLATION, b={**TRANSLATION, "beta_1": 0.9})
    assert "cyclegan on apples and oranges" in page.text
    assert (
        "a and b see the same images of A and of B in the same order (seed 0, "
        "equal batch_size, horizontal_flip, random_crop and data)." in page.text
    )
    assert (
        "these translated back to B. The images are the same in all grids."
        in page.text
    )
    assert "real images of apples and oranges" in page.text
    for word in ("latent vectors", "noise", "None"):
        assert word not in page.text


def test_translations_of_another_set_b_are_apart(tmp_path):
    other = {**TRANSLATION, "fingerprint_b": "c" * 64}
    page = made(tmp_path, a=TRANSLATION, b=other)
    assert page.rows("data fingerprint of B") == [["b" * 12, "c" * 12]]
    assert page.rows("data fingerprint") == []
    assert "the runs differ in data." in page.text
    assert (
        "Across, they differ, since the runs differ in their seeds or their "
        "data." in page.text
    )
    # The grids of real images are of both sets.
    assert len(page.images) == 2 * 2 + 2


@pytest.mark.slow
def test_a_translation_stands_beside_a_run_that_makes_images_of_noise(
    tmp_path,
):
    page = made(
        tmp_path,
        noise={**FULL, "latent_dim": 9, "fingerprint": "e" * 64},
        pairs={
            **TRANSLATION,
            "lambda_cycle": 5.0,
            "evaluation": fake_runs.evaluation(),
        },
    )
    assert "dcgan_small and cyclegan on mnist and apples and oranges" in (
        page.text
    )
    assert "noise: The same latent vectors in all grids" in page.text
    assert (
        "pairs: Rows of a grid from the top: images of A, their translations "
        "to B" in page.text
    )
    assert page.rows("dataset") == [["mnist", "–"]]
    assert page.rows("latent_dim") == [["9", "–"]]
    assert page.rows("lambda_cycle") == [["–", "5.0"]]
    # By default, and so nothing to look at.
    for name in ("generator_updates", "lambda_identity"):
        assert page.rows(name) == []
        assert f"{name}: as by default in the runs that it applies to" in (
            page.text
        )
