import os
import pathlib
import shlex
import subprocess
import sys
import time

import pytest

from tf_dcgan.common import terminal

PROJECT = str(pathlib.Path(__file__).resolve().parents[2])


@pytest.fixture
def clock(monkeypatch):
    """A clock in seconds that only the test moves."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_in_a_log_a_line_comes_every_15_seconds(clock, capsys):
    with terminal.Progress("features", 1000, "images") as counted:
        for second in range(1, 41):
            clock[0] = float(second)
            counted.update(10, lambda: "at ease")
    assert capsys.readouterr() == (
        "",
        "features: 160 of 1,000 images  at ease  84 s left\n"
        "features: 320 of 1,000 images  at ease  68 s left\n",
    )


def test_what_is_short_says_nothing_in_a_log(clock, capsys):
    with terminal.Progress("features", 1000, "images") as counted:
        clock[0] = 14.0
        counted.update(1000)
    assert capsys.readouterr() == ("", "")


def test_without_an_end_a_line_tells_no_time_left(clock, capsys):
    with terminal.Progress("features", None, "images") as counted:
        clock[0] = 16.0
        counted.update(7)
    assert capsys.readouterr().err == "features: 7 images\n"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_without_a_title_nothing_is_shown(
    clock, capsys, monkeypatch, is_terminal
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with terminal.Progress("", 10, "images") as counted:
        clock[0] = 16.0
        counted.update(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("unit", "shown"), [("images", "95000000/95000000"), ("bytes", "95.0M/95")]
)
def test_in_a_terminal_there_is_a_bar(capsys, monkeypatch, unit, shown):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with terminal.Progress("archive", 95_000_000, unit) as counted:
        counted.update(95_000_000)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.split("\r")[-1]
    assert last.startswith("archive: 100%")
    assert shown in last
    assert f" {unit}/s" in last


def test_results_are_listed_in_their_order(capsys):
    squares = (number**2 for number in range(4))
    assert terminal.listed(squares, "squares", 4, "squares") == [0, 1, 4, 9]
    assert capsys.readouterr() == ("", "")


def test_a_command_can_be_pasted():
    text = terminal.command("sample", run_dir="my run/a'b", seed=3)
    assert shlex.split(text) == [
        *("python", "-m", "tf_dcgan", "sample"),
        "--run_dir=my run/a'b",
        "--seed=3",
    ]


def test_lines_of_c_libraries_are_caught(capfd):
    os.write(2, b"before\n")
    with terminal.library_lines() as lines:
        os.write(2, b"TIFFx: one\nTIFFx: \x1b[2Jtwo\n")
    os.write(2, b"after\n")
    assert lines == ["TIFFx: one", "TIFFx: [2Jtwo"]
    assert capfd.readouterr().err == "before\nafter\n"


def test_lines_are_caught_and_standard_error_comes_back_after_a_fault(capfd):
    with pytest.raises(ValueError):
        with terminal.library_lines() as lines:
            os.write(2, b"TIFFx\n")
            raise ValueError
    os.write(2, b"after\n")
    assert lines == ["TIFFx"]
    assert capfd.readouterr().err == "after\n"


def test_nothing_is_caught_where_standard_error_is_closed(monkeypatch):
    def refuse(descriptor):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", refuse)
    with terminal.library_lines() as lines:
        pass
    assert lines == []


def test_what_a_terminal_would_obey_is_taken_out(capsys):
    hidden = "cat\x1b[2J\x07\x9b31m\x00\x7f\rdog\u202e"
    assert terminal.printable(hidden) == "cat[2J31mdog"
    terminal.show(hidden)
    terminal.say(hidden)
    terminal.show(hidden, file=sys.stderr)
    assert capsys.readouterr() == ("cat[2J31mdog\n" * 2, "cat[2J31mdog\n")


def test_letters_lines_and_tabulators_are_printed_as_they_are():
    text = "é 猫\t1\n  2 🐈 אב"
    assert terminal.printable(text) == text


def test_a_name_that_is_no_text_is_printed_with_a_question_mark():
    assert terminal.printable("a\udcffb") == "a?b"


PROGRAM = """
import sys
from tf_dcgan.common import terminal
terminal.open_streams()
terminal.show("écran")
terminal.say("猫")
terminal.show("écran", file=sys.stderr)
with terminal.Progress("é", 10, "images") as counted:
    counted.update()
with open("made.txt", "w") as made:
    made.write(str(made.fileno()))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "redirections", ["", ">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"]
)
def test_a_closed_stream_takes_what_is_printed(tmp_path, redirections):
    (tmp_path / "program.py").write_text(PROGRAM)
    ended = subprocess.run(
        f"{shlex.quote(sys.executable)} program.py {redirections}",
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": PROJECT, "PYTHONIOENCODING": "ascii"},
    )
    assert ended.returncode == 0
    out = "" if ">&-" in redirections.split() else "?cran\n?\n"
    err = "" if "2>&-" in redirections.split() else "?cran\n"
    assert (ended.stdout, ended.stderr) == (out, err)
    # None of the three numbers went to a file.
    assert int((tmp_path / "made.txt").read_text()) > 2


@pytest.mark.parametrize("path", ["a b ü", "it's", "$HOME", "a;b", "-x", "~"])
def test_a_printed_command_can_be_pasted(path):
    command = terminal.command("sample", run_dir=path, out="grid.png")
    assert shlex.split(command) == [
        *("python", "-m", "tf_dcgan", "sample"),
        f"--run_dir={path}",
        "--out=grid.png",
    ]
    assert command.endswith(f" {terminal.flag('out', 'grid.png')}")


def test_another_wording_changes_what_is_shown_while_it_lasts(clock, capsys):
    with terminal.worded(lambda text: text.upper() * ("not" not in text)):
        terminal.say("said")
        terminal.say("said not")
        terminal.show("shown")
        terminal.show("shown not")
        for title in ("work", "not shown"):
            with terminal.Progress(title, 10, "images") as counted:
                clock[0] += 20.0
                counted.update(5)
        assert terminal.heard("a") == "A"
    terminal.say("said not")
    assert capsys.readouterr() == (
        "SAID\nSHOWN\nsaid not\n",
        "WORK: 5 OF 10 IMAGES  20 S LEFT\n",
    )
