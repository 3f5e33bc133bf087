"""Runs JavaScript in a headless Chromium beside files that are served to it.

The browser reaches the files and nothing else: every other name is unknown to
it, so that a page that needs the network fails.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import pathlib
import queue
import shutil
import subprocess
import tempfile
import threading
from typing import Any

from tf_dcgan.common import errors

EXAMPLE = pathlib.Path(__file__).parent.parent / "examples" / "browser"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PAGE = "/_script.html"
_HTML = """<!doctype html><meta charset="utf-8"><title>script</title>
<script type="module">
const report = (value) =>
  fetch("/_report", {method: "POST", body: JSON.stringify(value)});
const fail = (error) => report({failed: String(error.stack ?? error)});
window.addEventListener("unhandledrejection", (event) => fail(event.reason));
window.addEventListener("error", (event) => fail(event.error ?? event));
%s
</script>
"""


def reason_against() -> str | None:
    """Says why no page of the example can be run; None where one can."""
    if chromium() is None:
        return "no Chromium is installed"
    if not (EXAMPLE / "node_modules" / "onnxruntime-web").is_dir():
        return "`npm install` was not run in examples/browser"
    return None


def run(
    script: str, *, model: pathlib.Path, timeout_seconds: float = 60
) -> Any:
    """Runs a script beside the files of the example in the browser.

    Args:
        script: a JavaScript module, which ends with `report(value)`.
        model: an exported folder, which the script finds as `model`.
        timeout_seconds: how long the script may take.

    Returns:
        The reported value, out of its JSON.

    Raises:
        errors.UserError: `reason_against` has a reason.
        RuntimeError: the script failed, or reported nothing in time.
    """
    reason = reason_against()
    if reason is not None:
        raise errors.UserError(f"no browser: {reason}")
    with tempfile.TemporaryDirectory() as folder:
        site = pathlib.Path(folder, "site")
        site.mkdir()
        for path in EXAMPLE.iterdir():
            if path.name != "model":
                (site / path.name).symlink_to(path)
        (site / "model").symlink_to(model.resolve())
        reports: queue.Queue[Any] = queue.Queue()
        handler = functools.partial(
            _Handler, script, reports, directory=str(site)
        )
        with http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), handler
        ) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            browser = _start(server.server_port, folder)
            try:
                value = reports.get(timeout=timeout_seconds)
            except queue.Empty as error:
                raise RuntimeError(
                    f"the script reported nothing in {timeout_seconds} s"
                ) from error
            finally:
                browser.terminate()
                browser.wait()
                server.shutdown()
    if isinstance(value, dict) and "failed" in value:
        raise RuntimeError(value["failed"])
    return value


def chromium() -> str | None:
    """Returns the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _start(port: int, folder: str) -> subprocess.Popen:
    # A sandbox inside a container needs rights that root there lacks.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return subprocess.Popen(
        [
            str(chromium()),
            "--headless",
            *sandbox,
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={folder}/profile",
            f"http://127.0.0.1:{port}{_PAGE}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the files, the page with the script, and takes the report."""

    def __init__(self, script, reports, *arguments, **more):
        self._script, self._reports = script, reports
        super().__init__(*arguments, **more)

    def do_GET(self):
        """Serves the page or a file."""
        if self.path != _PAGE:
            super().do_GET()
            return
        page = (_HTML % self._script).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def do_POST(self):
        """Takes the report."""
        length = int(self.headers["Content-Length"])
        self._reports.put(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Prints nothing."""
