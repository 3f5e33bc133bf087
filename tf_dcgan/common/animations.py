"""Animations as files: GIF, APNG, and MP4 where an encoder is there.

Importing it loads no TensorFlow, so that a command finds out early whether it
can write what it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import fractions
import os
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np

from tf_dcgan.common import errors, files

# As `--format` takes them; the name of a file ends in the word.
FORMATS = {
    "gif": "256 colours, every viewer",
    "apng": "all colours, browsers and many viewers",
    "mp4": "a video (H.264), the smallest; needs "
    "`pip install imageio-ffmpeg`, or ffmpeg on the PATH",
}
_NO_ENCODER = (
    "no encoder of MP4 is there: `pip install imageio-ffmpeg` (or install "
    "ffmpeg), or give --format=gif or --format=apng"
)
# Of libx264, 0 to 51: 18 looks like the original to most eyes.
_QUALITY = 18


def check(kind: str) -> None:
    """Finds out early whether animations of a kind can be written.

    Args:
        kind: one of `FORMATS`.

    Raises:
        errors.UserError: there is no encoder for it.
    """
    if kind == "mp4" and _encoder() is None:
        raise errors.UserError(_NO_ENCODER)


def write(
    path: os.PathLike | str,
    frames: Iterable[np.ndarray],
    *,
    seconds_per_frame: float = 0.1,
    hold_last_seconds: float = 2.0,
) -> None:
    """Writes an animation; the file is whole or absent.

    A GIF and an APNG repeat for ever. See `images.write_gif` for what becomes
    of colours in a GIF.

    Args:
        path: its name ends in a dot and one of `FORMATS`, in any case.
        frames: at least one [height, width, 1] or [height, width, 3] uint8,
            all of one size.
        seconds_per_frame: how long each frame but the last is shown.
        hold_last_seconds: how long the last frame is shown.

    Raises:
        errors.UserError: there is no encoder, or it cannot write the file.
        ValueError: there is no frame, or they differ in size.
        OSError: the file cannot be written.
    """
    from tf_dcgan.common import images  # It loads TensorFlow.

    writers = {
        ".gif": images.write_gif,
        ".apng": images.write_apng,
        ".mp4": _write_mp4,
    }
    writers[pathlib.Path(path).suffix.lower()](
        path,
        frames,
        seconds_per_frame=seconds_per_frame,
        hold_last_seconds=hold_last_seconds,
    )


def _write_mp4(
    path: os.PathLike | str,
    frames: Iterable[np.ndarray],
    *,
    seconds_per_frame: float,
    hold_last_seconds: float,
) -> None:
    frames = list(frames)
    shapes = {frame.shape for frame in frames}
    if len(shapes) != 1:
        raise ValueError(
            f"An animation needs frames of one size. Received: {len(frames)} "
            f"frames of {sorted(shapes)}"
        )
    # A video shows every frame for as long as the others.
    repeated = max(1, round(hold_last_seconds / seconds_per_frame))
    frames += [frames[-1]] * (repeated - 1)
    encoder = _encoder()
    if encoder is None:
        raise errors.UserError(_NO_ENCODER)
    with files.atomic_file(path) as unfinished:
        target = f"file:{os.path.abspath(unfinished)}"
        command = _command(encoder, target, frames[0].shape, seconds_per_frame)
        _run(command, frames)


def _command(
    encoder: str, target: str, shape: Sequence[int], seconds_per_frame: float
) -> list[str]:
    height, width, channels = shape
    rate = 1 / fractions.Fraction(seconds_per_frame).limit_denominator(1000)
    return [
        *(encoder, "-loglevel", "error", "-nostdin", "-y"),
        *("-f", "rawvideo", "-pix_fmt", "gray" if channels == 1 else "rgb24"),
        *("-s", f"{width}x{height}", "-r", str(rate), "-i", "pipe:0"),
        # Colours have half the resolution, so that sides must be even.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", str(_QUALITY)),
        # No version and no time in the file: equal frames give equal bytes.
        *("-fflags", "+bitexact", "-flags:v", "+bitexact"),
        *("-movflags", "+faststart", "-f", "mp4", target),
    ]


def _run(command: Sequence[str], frames: Iterable[np.ndarray]) -> None:
    """Passes frames to the encoder.

    Raises:
        errors.UserError: the encoder cannot be run, or fails.
    """
    with tempfile.TemporaryFile() as told:
        try:
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=told,
            ) as process:
                if process.stdin is None:
                    raise OSError("the encoder takes nothing")
                try:
                    for frame in frames:
                        process.stdin.write(np.ascontiguousarray(frame).data)
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # It has failed, and says why.
            status = process.returncode
        except OSError as error:
            raise _failed(command[0], str(error)) from error
        told.seek(0)
        lines = told.read().decode(errors="replace").split("\n")
    if status:
        said = [line for line in lines if line.strip()]
        raise _failed(command[0], said[-1] if said else f"status {status}")


def _failed(encoder: str, reason: str) -> errors.UserError:
    return errors.UserError(
        f"{encoder} cannot write the MP4 ({reason}): give --format=gif or "
        "--format=apng"
    )


def _encoder() -> str | None:
    """Finds an ffmpeg: the package's, or the one on the PATH."""
    try:
        import imageio_ffmpeg
    except ImportError:
        return shutil.which("ffmpeg")
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:  # The package was built without a program.
        return shutil.which("ffmpeg")
