import errno
import os

import pytest

from tf_dcgan.training import loop


def test_a_picture_that_cannot_be_drawn_is_a_note_and_no_end(tmp_path, capsys):
    def fail(path):
        raise ValueError(f"{path.name} is strange")

    loop._draw(fail, tmp_path / "run")
    assert capsys.readouterr().out == (
        "note: a picture of the run could not be drawn (ValueError: run is "
        "strange); all else is whole\n"
    )


def test_a_full_disk_is_said_also_where_a_picture_meets_it(tmp_path):
    def fail(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with pytest.raises(OSError, match="No space left"):
        loop._draw(fail, tmp_path)
