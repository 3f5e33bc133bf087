"""A headless Chromium, driven by its debugging protocol over two pipes."""

import base64
import contextlib
import itertools
import json
import os
import pathlib
import select
import subprocess
import tempfile
import time

import benchmarks.browser

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-pipe",
)
_SECONDS = 60


@contextlib.contextmanager
def opened(*, width=1400, height=1000):
    """Yields a page of a new browser with a profile of its own."""
    read_by_it, written_by_us = os.pipe()
    read_by_us, written_by_it = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            # The protocol has the numbers 3 and 4.
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{read_by_it} 4>&{written_by_it}',
                "bash",
                benchmarks.browser.chromium(),
                *_FLAGS,
                f"--window-size={width},{height}",
                f"--user-data-dir={profile}",
            ],
            pass_fds=(read_by_it, written_by_it),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_by_it)
        os.close(written_by_it)
        try:
            yield Page(read_by_us, written_by_us)
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(read_by_us)
            os.close(written_by_us)


class Page:
    """One page.

    `requests` are the addresses that it asked for, `errors` what its scripts
    did wrong or its policy refused.
    """

    def __init__(self, reads, writes):
        self.requests, self.errors = [], []
        self._reads, self._writes = reads, writes
        self._numbers = itertools.count(1)
        self._bytes = b""
        self._session = {}
        target = self.call("Target.createTarget", url="about:blank")
        session = self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = {"sessionId": session["sessionId"]}
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        text = json.dumps(message | self._session).encode() + b"\0"
        while text:
            text = text[os.write(self._writes, text) :]
        while True:
            answer = self._receive()
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, address):
        self.call("Page.navigate", url=address)

    def evaluate(self, expression):
        answer = self.call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression):
        """Waits until an expression is true, and returns its value."""
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(f"{expression} never came true; {self.errors}")

    def click(self, selector):
        """Clicks into the middle of an element, as a person does."""
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({selector!r});"
            "e.scrollIntoView({block: 'center'});"
            "const r = e.getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    def screenshot(self, path):
        shot = self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=True
        )
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def _receive(self):
        while b"\0" not in self._bytes:
            ready, _, _ = select.select([self._reads], [], [], _SECONDS)
            assert ready, "the browser does not answer"
            more = os.read(self._reads, 2**16)
            assert more, "the browser has ended"
            self._bytes += more
        text, self._bytes = self._bytes.split(b"\0", 1)
        message = json.loads(text)
        method = message.get("method")
        if method == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(message["params"]["exceptionDetails"])
        elif method == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error":
                self.errors.append(entry)
        return message
