import dataclasses
import errno
import os
import pathlib
import re
import signal
import subprocess
import sys
import warnings

import pytest

from tf_dcgan.commands import command_line
from tf_dcgan.common import errors
from tf_dcgan.config import fields, recipes
from tf_dcgan.config.fields import setting
from tf_dcgan.config.schema import Config

PROJECT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Other:
    run_dir: str | None = setting(None, "a folder", group="Run", unset="new")
    dry_run: bool = setting(False, "only print", group="Run")


def parse(*flags):
    return command_line.parse(
        ["train.py", *flags],
        Other,
        more_flags=Config,
        summary="Trains.",
        command="python train.py",
    )


def given(*flags):
    """The values that were given: of the settings, and of the others."""
    line = parse(*flags)
    assert line.settings == Other(**line.given)
    return line.given, line.more


def refusal(*flags):
    with pytest.raises(errors.UserError) as caught:
        parse(*flags)
    message = str(caught.value)
    assert "\n" not in message
    return message


def help_text(flag="--help"):
    with pytest.raises(command_line._HelpWanted) as caught:
        parse(flag)
    return str(caught.value)


def test_without_flags_nothing_is_given():
    assert given() == ({}, {})


def test_flags_go_to_the_class_that_has_them_with_their_type():
    assert given("--run_dir=r", "--epochs=3", "--width=1", "--loss=x") == (
        {"run_dir": "r"},
        {"epochs": 3, "width": 1.0, "loss": "x"},
    )


def test_a_flag_that_repeats_its_default_is_given():
    assert given("--seed=0")[1] == {"seed": 0}


@pytest.mark.parametrize(
    "flag, value",
    [
        ("--dry_run", True),
        ("--dry_run=true", True),
        ("--dry_run=false", False),
        ("--nodry_run", False),
    ],
)
def test_a_switch_can_be_written_in_four_ways(flag, value):
    assert given(flag)[0] == {"dry_run": value}


def test_a_value_may_be_the_next_word():
    assert given("--epochs", "3")[1] == {"epochs": 3}


def test_the_last_of_two_values_counts():
    assert given("--epochs=3", "--epochs=4")[1] == {"epochs": 4}


def test_one_command_line_leaves_no_trace_in_the_next():
    parse("--epochs=3", "--dry_run")
    assert given() == ({}, {})


@pytest.mark.parametrize(
    "flag, name",
    [
        ("--epoch=3", "epochs"),
        ("--batchsize=3", "batch_size"),
        ("--dryrun", "dry_run"),
        ("--latent-dim=3", "latent_dim"),
    ],
)
def test_an_unknown_flag_is_refused_with_the_nearest(flag, name):
    unknown = flag.lstrip("-").split("=")[0]
    assert refusal(flag) == (
        f"unknown flag --{unknown}: did you mean --{name}? --help lists all "
        "flags"
    )


def test_the_end_of_a_name_means_the_flags_that_end_in_it():
    assert refusal("--learning_rate=1e-3") == (
        "unknown flag --learning_rate: did you mean --generator_learning_rate "
        "or --discriminator_learning_rate? --help lists all flags"
    )


def test_an_unknown_flag_that_is_like_nothing_gets_no_suggestion():
    assert refusal("--qqqq=1") == "unknown flag --qqqq: --help lists all flags"


@pytest.mark.parametrize(
    "form", ["--undefok=epochs", "-undefok=x", "--undefok"]
)
def test_the_flag_by_which_absl_lets_others_pass_is_unknown(form):
    assert refusal(form, "--seed=1") == (
        "unknown flag --undefok: --help lists all flags"
    )


@pytest.mark.parametrize("form", ["--flagfile={}", "-flagfile={}"])
def test_a_flag_file_stands_for_its_lines(tmp_path, form):
    inner, outer = tmp_path / "inner", tmp_path / "outer"
    inner.write_text("--batch_size=8\n--seed=5\n")
    outer.write_text(
        f"# a comment\n\n--dry_run\n--flagfile={inner}\n--epochs=2"
    )
    assert given("--epochs=1", form.format(outer), "--seed=7") == (
        {"dry_run": True},
        {"batch_size": 8, "epochs": 2, "seed": 7},
    )


def test_a_flag_file_as_a_word_of_its_own(tmp_path):
    (tmp_path / "flags").write_text("--epochs=2")
    assert given("--flagfile", str(tmp_path / "flags"))[1] == {"epochs": 2}


def test_a_flag_file_may_ask_for_help(tmp_path):
    (tmp_path / "flags").write_text("--help")
    assert "Usage: " in help_text(f"--flagfile={tmp_path / 'flags'}")


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "cannot be read (No such file or directory): give a text file"),
        (b"--epoch=3", "unknown flag --epoch: did you mean --epochs?"),
        (b"\xff\xfe", "is no text: give a text file with a flag on each"),
        (b"word", "'word' is not a flag"),
    ],
)
def test_a_flag_file_that_cannot_be_used_is_refused(tmp_path, content, message):
    path = tmp_path / "flags"
    if content is not None:
        path.write_bytes(content)
    assert message in refusal(f"--flagfile={path}")


def test_a_flag_file_needs_a_name():
    assert "--flagfile needs a value" in refusal("--flagfile")


def test_a_flag_file_without_a_name_is_passed_over_as_absl_does():
    assert given("--flagfile=", "--epochs=2")[1] == {"epochs": 2}


def test_a_folder_is_no_flag_file(tmp_path):
    assert refusal(f"--flagfile={tmp_path}") == (
        f"--flagfile={tmp_path} cannot be read (Is a directory): give a text "
        "file with a flag on each line"
    )


def test_a_flag_file_may_have_comments_blank_lines_and_no_last_newline(
    tmp_path,
):
    path = tmp_path / "flags"
    path.write_text("# one\n// two\n\n   \n  --epochs=2  \n--dry_run")
    assert given(f"--flagfile={path}") == ({"dry_run": True}, {"epochs": 2})


def test_the_value_of_a_flag_may_have_a_line_of_its_own(tmp_path):
    (tmp_path / "flags").write_text("--run_dir\nmy run\n--epochs\n2\n")
    assert given(f"--flagfile={tmp_path / 'flags'}") == (
        {"run_dir": "my run"},
        {"epochs": 2},
    )


@pytest.mark.parametrize(
    "line", ["--flagfile=nowhere", "  --flagfile=nowhere", "--flagfile"]
)
def test_a_mistake_in_a_line_that_names_a_flag_file_is_told(tmp_path, line):
    (tmp_path / "flags").write_text(line)
    message = refusal(f"--flagfile={tmp_path / 'flags'}")
    assert message.startswith("--flagfile")
    assert message.endswith(": give a text file with a flag on each line")


def test_a_flag_file_that_names_itself_is_read_once(tmp_path, capsys):
    path = tmp_path / "flags"
    path.write_text(f"--epochs=2\n--flagfile={path}\n--seed=3\n")
    assert given(f"--flagfile={path}")[1] == {"epochs": 2, "seed": 3}
    assert str(path) in capsys.readouterr().err


def test_the_same_flag_file_may_be_named_twice(tmp_path):
    path = tmp_path / "flags"
    path.write_text("--epochs=2")
    flag = f"--flagfile={path}"
    assert given(flag, "--epochs=3", flag)[1] == {"epochs": 2}


def test_a_slip_in_the_name_of_the_flag_file_gets_a_suggestion():
    assert "did you mean --flagfile?" in refusal("--flag_file=x")


def test_in_a_flag_file_a_flag_and_its_value_on_one_line_are_refused(tmp_path):
    (tmp_path / "flags").write_text("--epochs 3")
    message = refusal(f"--flagfile={tmp_path / 'flags'}")
    assert message.startswith("unknown flag --epochs 3: did you mean --epochs?")


def test_a_value_may_be_called_like_a_flag_of_absl():
    assert given("--run_dir=flagfile", "--dataset", "undefok") == (
        {"run_dir": "flagfile"},
        {"dataset": "undefok"},
    )


@pytest.mark.parametrize("name", ["data_dir", "cache_dir", "image_size"])
def test_an_empty_value_unsets_what_may_be_unset(name):
    assert given(f"--{name}=")[1] == {name: None}


def test_an_empty_value_stays_where_nothing_may_be_unset():
    assert given("--recipe=", "--loss=")[1] == {"recipe": "", "loss": ""}


@pytest.mark.parametrize(
    "flag, text",
    [
        ("--epochs=many", "--epochs=many is not a whole number;"),
        ("--epochs=1.5", "--epochs=1.5 is not a whole number;"),
        ("--epochs=", "--epochs= is not a whole number;"),
        ("--width=1,5", "--width=1,5 is not a number;"),
        ("--dry_run=maybe", "--dry_run=maybe is not true or false;"),
        ("--epochs=a: b", "--epochs=a"),
    ],
)
def test_a_malformed_value_is_refused(flag, text):
    message = refusal(flag)
    assert message.startswith(text)
    assert message.endswith("; --help shows what each flag takes")


def test_a_flag_without_its_value_is_refused():
    assert "epochs" in refusal("--epochs")


@pytest.mark.parametrize("word", ["mnist", "epochs=3", "-", "—epochs=3"])
def test_a_word_that_is_no_flag_is_refused(word):
    assert refusal("--seed=1", word) == (
        f"{word!r} is not a flag: flags look like --name=value; --help lists "
        "all flags"
    )


@pytest.mark.slow
@pytest.mark.parametrize("flag", ["--help", "-h", "-help", "--helpfull"])
def test_help_is_given_however_it_is_asked_for(flag):
    assert help_text(flag) == help_text("--help")


def test_help_has_a_line_for_each_recipe():
    lines = [line.split(maxsplit=1) for line in help_text().splitlines()]
    for name, recipe in recipes.RECIPES.items():
        assert [name, recipe.summary] in lines


def test_help_wins_over_mistakes():
    with pytest.raises(command_line._HelpWanted):
        parse("--nonsense=3", "--help")


def test_help_begins_with_the_summary_and_fits_a_terminal():
    lines = help_text().splitlines()
    assert lines[:3] == [
        "Trains.",
        "",
        "Usage: python train.py --name=value …",
    ]
    assert max(len(line) for line in lines) <= 79


def test_help_groups_the_flags():
    groups = re.findall(r"^(\w.*):$", help_text(), re.MULTILINE)
    assert groups == [
        "Run",
        "System",
        "Data",
        "Length and cadence",
        "Evaluation during training",
        "Optimization",
        "Machine and reproducibility",
    ]


def help_entry(name):
    """One flag's part of the help, its lines joined."""
    match = re.search(
        rf"^  --(\[no\])?{name}\b.*\n((      .*\n?)*)",
        help_text(),
        re.MULTILINE,
    )
    return " ".join(match[0].split())


@pytest.mark.parametrize(
    "field", dataclasses.fields(Config), ids=lambda field: field.name
)
def test_help_gives_each_flag_with_default_unit_and_bounds(field):
    entry = help_entry(field.name)
    data = field.metadata
    head, is_there, _ = entry.partition(data["help"])
    assert is_there
    if field.default is None:
        assert f"; without it: {data['unset']}" in entry
        assert "default " not in head
    else:
        default = field.default
        if isinstance(default, bool):
            default = str(default).lower()
        note = f"(default {default}"
        assert f"{note})" in head or f"{note}, in {data['unit']})" in head
    assert data["unit"] in entry
    for choice in data["choices"] or ():
        assert choice in entry
    if fields.field_type(Config, field.name) in (int, float):
        assert entry.endswith(fields.bounds(field))


def test_help_explains_what_each_choice_means():
    assert "minimax G descends log(1 - D(G(z)))" in help_entry("loss")
    assert help_entry("precision").endswith(
        "one of float32, mixed_bfloat16, mixed_float16"
    )


def test_help_says_which_settings_are_for_translations_alone():
    note = "; for recipes that translate, such as cyclegan"
    assert note in help_entry("lambda_cycle")
    assert note not in help_entry("latent_dim")
    assert note not in help_entry("loss")


def test_help_shows_that_a_switch_can_be_turned_off():
    assert "  --[no]dry_run  (default false)\n" in help_text()


def run(monkeypatch, main):
    """Runs a command; returns its exit status."""
    monkeypatch.setattr(sys, "argv", ["train.py", "--seed=1"])
    before = signal.getsignal(signal.SIGTERM)
    try:
        command_line.run(main)
    except SystemExit as leaving:
        return leaving.code
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def raising(error):
    def main(arguments):
        raise error

    return main


def test_run_passes_the_words_of_the_command_line(monkeypatch, capsys):
    seen = []
    assert run(monkeypatch, seen.append) == 0
    assert seen == [["train.py", "--seed=1"]]
    assert capsys.readouterr() == ("", "")


def test_a_users_mistake_is_one_line_and_status_2(monkeypatch, capsys):
    status = run(monkeypatch, raising(errors.UserError("bad\n  thing")))
    assert status == 2
    assert capsys.readouterr() == ("", "error: bad thing\n")


def test_a_path_in_an_error_line_keeps_its_spaces(monkeypatch, capsys):
    run(monkeypatch, raising(errors.UserError("use --run_dir='my  run'\n")))
    assert capsys.readouterr().err == "error: use --run_dir='my  run'\n"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_and_status_2(monkeypatch, capsys, number):
    error = OSError(number, os.strerror(number), "/runs/x")
    assert run(monkeypatch, raising(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: the disk is full (/runs/x): ")
    assert err.count("\n") == 1


def test_an_interruption_ends_with_status_130(monkeypatch, capsys):
    assert run(monkeypatch, raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "\ninterrupted\n")


def test_an_interruption_may_say_what_it_cost(monkeypatch, capsys):
    assert run(monkeypatch, raising(KeyboardInterrupt("all is saved"))) == 130
    assert capsys.readouterr() == ("", "\nall is saved\n")


def test_sigterm_ends_with_status_130(monkeypatch, capsys):
    def main(arguments):
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("SIGTERM was ignored")

    assert run(monkeypatch, main) == 130
    assert capsys.readouterr() == ("", "\ninterrupted\n")


@pytest.mark.parametrize(
    "number",
    [
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.EEXIST,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.EIO,
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_status_2(
    monkeypatch, capsys, number
):
    error = OSError(number, os.strerror(number), "/runs/x")
    assert run(monkeypatch, raising(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(
        f"error: /runs/x cannot be used ({os.strerror(number)}): "
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "whose"),
    [
        # As TensorFlow 2.21 tells of a GPU that another program has filled.
        (
            RuntimeError(
                "cudaSetDevice() on GPU:0 failed. Status: out of memory"
            ),
            "the GPU",
        ),
        (
            RuntimeError(
                "OOM when allocating tensor with shape[64,512,8,8] on "
                "/job:localhost/replica:0/task:0/device:GPU:0"
            ),
            "the GPU",
        ),
        (
            RuntimeError(
                "Out of memory while trying to allocate 51539607552 bytes."
            ),
            "the GPU",
        ),
        (
            RuntimeError(
                "OOM when allocating tensor with shape[9] on "
                "/job:localhost/replica:0/task:0/device:CPU:0"
            ),
            "this machine",
        ),
        (MemoryError(), "this machine"),
    ],
)
def test_a_full_memory_is_one_line_and_status_2(
    monkeypatch, capsys, error, whose
):
    assert run(monkeypatch, raising(error)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: the memory of {whose} is full: ")
    assert "--batch_size" in err and err.count("\n") == 1
    assert ("--device=cpu" in err) == (whose == "the GPU")


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(),
        OSError(errno.EIO, "broken disk"),
        FileNotFoundError(errno.ENOENT, "No such file", "/runs/x"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
    ],
)
def test_a_bug_keeps_its_traceback(monkeypatch, error):
    with pytest.raises(type(error)):
        run(monkeypatch, raising(error))


def test_help_is_printed_and_no_mistake(monkeypatch, capsys):
    status = run(monkeypatch, lambda _: parse("--help"))
    assert status == 0
    assert capsys.readouterr() == (help_text() + "\n", "")


@pytest.mark.slow
def test_mistakes_are_found_before_tensorflow_is_imported(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise RuntimeError('imported')")
    command = [sys.executable, str(PROJECT / "train.py"), "--epochs=0"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{PROJECT}"},
        timeout=300,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: --epochs=0 is out of range: allowed is 1 to 1,000,000 "
        "(epochs)\n"
    )
    assert os.listdir(tmp_path) == ["tensorflow.py"]


@pytest.mark.slow
def test_a_reader_that_has_enough_of_the_help_sees_no_traceback():
    ended = subprocess.run(
        f"{sys.executable} train.py --help | head -1",
        shell=True,
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert ended.stdout.startswith("Trains a GAN")
    assert ended.stderr == ""


def parse_words(*words):
    line = command_line.parse(
        ["compare.py", *words],
        Other,
        summary="Compares.",
        command="compare",
        words="RUN RUN …",
    )
    return line.given, line.words


def test_where_words_are_allowed_they_come_last_in_their_order():
    assert parse_words("b", "--run_dir=r", "a", "--dry_run", "c") == (
        {"run_dir": "r", "dry_run": True},
        ["b", "a", "c"],
    )
    assert parse_words() == ({}, [])


def test_after_two_dashes_all_is_words():
    assert parse_words("a", "--", "--dry_run") == ({}, ["a", "--dry_run"])


def test_among_words_an_unknown_flag_is_refused():
    with pytest.raises(errors.UserError, match="did you mean --run_dir"):
        parse_words("a", "--rundir=b", "c")


def test_the_usage_line_names_the_words():
    with pytest.raises(command_line._HelpWanted) as caught:
        parse_words("a", "--help")
    usage = "Usage: compare RUN RUN … --name=value …"
    assert str(caught.value).splitlines()[2] == usage


def test_variables_for_other_programs_do_not_end_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    monkeypatch.setenv("MPLBACKEND", "nonsense")

    def main(arguments):
        assert "MPLBACKEND" not in os.environ
        warnings.warn("of a library", DeprecationWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("error")
        assert run(monkeypatch, main) == 0
    assert [str(warning.message) for warning in warned] == ["of a library"]


def test_a_line_with_what_a_terminal_obeys_is_printed_without(
    monkeypatch, capsys
):
    error = errors.UserError("class cat\x1b[2J\x9b1m is unknown\udcff")
    assert run(monkeypatch, raising(error)) == 2
    assert capsys.readouterr().err == "error: class cat[2J1m is unknown?\n"
