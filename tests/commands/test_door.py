"""The way in, and Ctrl-C before the command is imported."""

import pathlib
import signal
import subprocess
import sys

import pytest

_PROJECT = pathlib.Path(__file__).resolve().parents[2]
# Enters with a stand-in for the command; %s is what its import and it do.
_PROGRAM = """
import importlib, os, signal, types
from tf_dcgan.commands import door

# As in a terminal: what a shell runs in the background ignores it.
signal.signal(signal.SIGINT, signal.default_int_handler)

def press():
    os.kill(os.getpid(), signal.SIGINT)

def load(name, load=importlib.import_module):
    if not name.endswith(".stand_in"):
        return load(name)
    {at_import}
    return types.SimpleNamespace(main=main)

def main(arguments):
    {in_command}
    print("done")

{before}
importlib.import_module = load
door.enter("stand_in")
"""


def _enter(at_import="pass", in_command="pass", before=""):
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            _PROGRAM.format(
                at_import=at_import, in_command=in_command, before=before
            ),
        ],
        cwd=_PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_command_is_run():
    assert _enter() == (0, "done\n", "")


def test_ctrl_c_while_a_command_is_imported_leaves_no_traceback():
    assert _enter(at_import="press()") == (-signal.SIGINT, "", "")


def test_ctrl_c_in_a_command_is_told():
    assert _enter(in_command="press()") == (130, "", "\ninterrupted\n")


@pytest.mark.parametrize("place", ["at_import", "in_command"])
def test_ctrl_c_stays_ignored_where_it_was(place):
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN)"
    assert _enter(before=ignored, **{place: "press()"}) == (0, "done\n", "")
