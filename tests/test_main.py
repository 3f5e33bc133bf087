"""`python -m tf_dcgan`, as users of git and pip expect it to answer."""

import os
import pathlib
import shlex
import signal
import subprocess
import sys

import pytest

import tf_dcgan
from tf_dcgan import __main__ as entry
from tf_dcgan.commands import dispatch

_PROJECT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def answer(monkeypatch, capsys):
    """Calls the entry with words; returns status, output and errors."""
    handler = signal.getsignal(signal.SIGTERM)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["tf-dcgan", *words])
        try:
            entry.main()
            status = 0
        except SystemExit as end:
            status = end.code
        return (status, *capsys.readouterr())

    yield call
    signal.signal(signal.SIGTERM, handler)


def test_help_has_a_line_for_each_command(answer):
    status, out, err = answer("--help")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 79
    for name, module in dispatch.COMMANDS.items():
        (line,) = (line for line in lines if line.startswith(f"  {name} "))
        assert line.endswith(f" {module.SUMMARY.splitlines()[0]}")


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["-h"], ["--helpfull"], ["help"]])
def test_help_is_given_however_it_is_asked_for(answer, words):
    assert answer(*words) == answer("--help")


@pytest.mark.parametrize("command", dispatch.COMMANDS)
def test_help_on_a_command_is_what_the_command_says_itself(answer, command):
    status, out, err = answer("help", command)
    assert (status, out, err) == answer(command, "--help")
    assert out.startswith(dispatch.COMMANDS[command].SUMMARY)
    assert status == 0


def test_help_on_help_is_help(answer):
    assert answer("help", "help") == answer("help")


def test_the_version_is_the_packages(answer):
    assert answer("--version") == (0, f"tf_dcgan {tf_dcgan.__version__}\n", "")


@pytest.mark.parametrize("words", [["smaple"], ["help", "smaple"]])
def test_an_unknown_command_gets_a_suggestion(answer, words):
    status, out, err = answer(*words)
    assert (status, out) == (2, "")
    assert err.startswith(
        "error: 'smaple' is no command: did you mean sample? allowed: arith"
    )
    assert err.endswith("python -m tf_dcgan help says what each command does\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("word", ["--run_dir=x", "--nonsense", "-x"])
def test_a_flag_before_the_command_is_told_its_place(answer, word):
    status, out, err = answer(word, "sample")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {word} comes before the command: give the")
    assert err.count("\n") == 1


def test_the_words_after_the_command_are_its_own(answer, monkeypatch):
    words = []
    monkeypatch.setattr(dispatch.COMMANDS["sample"], "main", words.extend)
    assert answer("sample", "--seed=1", "help") == (0, "", "")
    assert words == ["sample", "--seed=1", "help"]


def test_a_reader_that_has_enough_sees_no_traceback():
    ended = subprocess.run(
        f"{sys.executable} -m tf_dcgan | head -1",
        shell=True,
        cwd=_PROJECT,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.startswith("DCGAN and its relatives")
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "command", sorted(set(dispatch.COMMANDS) - {"compare", "inspect"})
)
def test_a_folder_whose_name_is_no_text_is_refused_in_a_line(
    answer, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    status, out, err = answer(command, "--run_dir=a\udcff")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "is not text in UTF-8" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("redirections", "encoding"), [(">&-", ""), ("2>&-", ""), ("", "ascii")]
)
def test_help_is_given_without_a_terminal(redirections, encoding):
    ended = subprocess.run(
        f"{shlex.quote(sys.executable)} -m tf_dcgan train --help "
        + redirections,
        shell=True,
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (">&-" == redirections) == (not ended.stdout)
