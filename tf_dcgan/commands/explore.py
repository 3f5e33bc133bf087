"""The latent space by eye: `python -m tf_dcgan explore --run_dir=RUN`."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
import pathlib

from tf_dcgan.commands import command_line, run_flags
from tf_dcgan.common import errors, files, terminal
from tf_dcgan.config import fields, kinds
from tf_dcgan.sampling import latent_files, latents

_GROUP = "Page"
SUMMARY = """\
Shows a run's latent space on a page, to walk through by clicks.

The page is for this machine alone; Ctrl-C ends it."""


@dataclasses.dataclass(frozen=True)
class ExploreSettings(run_flags.RunSettings):
    """The flags of this command."""

    latents: str | None = fields.setting(
        None,
        "a file that invert wrote, whose latents are shown too",
        group=_GROUP,
        unset="samples alone",
    )
    port: int = fields.setting(
        8765,
        "the port of the page's address on this machine; 0 for any that is "
        "free",
        group=_GROUP,
        minimum=0,
        maximum=65_535,
    )
    out: str = fields.setting(
        "explored", "the folder for what is saved on the page", group=_GROUP
    )


def main(arguments: Sequence[str]) -> None:
    """Runs the command until Ctrl-C.

    Args:
        arguments: the words of the command line, the command first.

    Raises:
        errors.UserError: a flag, the run or the folder to save in is wrong,
            or the port cannot be had.
    """
    settings = command_line.parse(
        arguments,
        ExploreSettings,
        summary=SUMMARY,
        command=terminal.command("explore"),
    ).settings
    run = run_flags.open_run(settings.run_dir, kinds.GENERATION)
    out = _check_out(settings.out)
    _check_latents(settings.latents, run.config.latent_dim)
    generator, origin = run_flags.load(run, settings)
    from tf_dcgan.exploration import explorer, server

    shown = explorer.Explorer(
        run,
        generator,
        origin=origin,
        out=out,
        latents_file=settings.latents,
        more_flags={
            name: getattr(settings, name)
            for name in ("weights", "checkpoint", "device")
            if getattr(settings, name) != getattr(ExploreSettings, name)
        },
    )
    page = server.Server(shown, settings.port)
    terminal.show(f"{page.url}\nopen it in a browser; Ctrl-C ends it")
    try:
        page.serve_forever()
    except KeyboardInterrupt:
        terminal.show("\nthe page has ended")
    finally:
        page.server_close()


def _check_out(given: str) -> pathlib.Path:
    """Finds out early whether the folder can be written to."""
    advice = "give a folder for what is saved"
    if not given:
        raise errors.UserError(f"--out= is empty: {advice}")
    out = pathlib.Path(os.path.expanduser(given))
    files.require_writable(out, f"--out={given}", is_folder=True, advice=advice)
    return out


def _check_latents(given: str | None, latent_dim: int) -> None:
    """Finds out early whether the file has latents of the right length."""
    if given is None:
        return
    if not given.lower().endswith(latent_files.SUFFIX) or "," in given:
        raise errors.UserError(
            f"--latents={given} is no file of latents: give a name ending in "
            f"{latent_files.SUFFIX} and without commas, which invert wrote"
        )
    points = latents.parse_points(given, flag="latents", seed=0)
    latents.check_length(points, latent_dim, flag="latents")
