import jinja2
import pytest

from tf_dcgan.comparison import page


def test_a_template_that_names_an_unknown_variable_is_an_error():
    chart = page.TEMPLATES.get_template("chart.html")
    with pytest.raises(jinja2.UndefinedError, match="'chart' is undefined"):
        chart.render()


def test_text_that_a_template_shows_is_escaped():
    template = page.TEMPLATES.from_string("{{ text }}")
    assert template.render(text="<b>\"'&") == "&lt;b&gt;&#34;&#39;&amp;"


def test_no_template_trusts_a_text():
    for name in page.TEMPLATES.list_templates():
        source, _, _ = page.TEMPLATES.loader.get_source(page.TEMPLATES, name)
        # The filter; the words of the page may hold "safe".
        assert "| safe" not in source and "|safe" not in source, name
        assert "autoescape" not in source, name


def test_a_verdict_that_evaluations_repeat_is_listed_once():
    memorises = "discriminator memorises: its output …"
    winning = "discriminator is winning: its loss …"
    lines = []
    for epoch in range(1, 6):
        step = 400 * epoch
        verdict = {"health": winning} if epoch > 2 else {}
        lines.append({"kind": "epoch", "step": step, **verdict})
        lines.append({"kind": "evaluation", "step": step, "health": memorises})
    verdicts = list(page._verdicts(lines))
    assert [
        (each["text"], each["first_step"], each["repetitions"])
        for each in verdicts
    ] == [(memorises, 400, 4), (winning, 1200, 2)]
