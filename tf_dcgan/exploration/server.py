"""Hands the page to one browser on this machine, and to nobody else.

Whatever a person opens in the same browser could send requests here: any page
can name 127.0.0.1, and a name of its own can be made to lead there. So each
request must come for this machine by its own name (`Host`), from this page
(`Origin`, `Sec-Fetch-Site`) and with a token that only this process and its
terminal know. Nothing is fetched from elsewhere: the page's policy forbids it.
"""

from __future__ import annotations

from collections.abc import Mapping
import hmac
import http
import http.server
import json
import secrets
import sys
from typing import Any
import urllib.parse

from tf_dcgan.common import errors, pages, terminal
from tf_dcgan.exploration import explorer

ADDRESS = "127.0.0.1"
_NAMES = (ADDRESS, "localhost")
_MOST_BYTES = 2**16
_TOKEN = "X-Explore-Token"  # noqa: S105 The name of a header.
_TEMPLATES = pages.environment("tf_dcgan.exploration")
# Nothing may be loaded from anywhere, and no page may show this one.
_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; "
    "style-src 'nonce-{nonce}'; img-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(http.server.ThreadingHTTPServer):
    """A server of one explorer.

    Attributes:
        url: of the page, with the token.
    """

    # Ctrl-C ends the process also while a browser keeps connections open.
    daemon_threads = True
    block_on_close = False

    def __init__(self, shown: explorer.Explorer, port: int):
        """Takes a port; answers nothing before `serve_forever`.

        Args:
            shown: makes what the page shows.
            port: 0 for any that is free.

        Raises:
            errors.UserError: the port cannot be had.
        """
        self.shown = shown
        self.token = secrets.token_urlsafe(24)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            raise errors.UserError(
                f"--port={port} cannot be had ({error}): give another --port, "
                "or 0 for any that is free"
            ) from error
        port = self.server_address[1]
        self.hosts = {f"{name}:{port}" for name in _NAMES}
        self.url = f"http://{ADDRESS}:{port}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Passes over a browser that has gone; shows any other error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _RefusedError(Exception):
    """The request is not from the page, or asks for what is not there."""

    def __init__(self, status: http.HTTPStatus, reason: str):
        super().__init__(reason)
        self.status = status


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one browser."""

    protocol_version = "HTTP/1.1"
    server_version = "tf_dcgan"
    sys_version = ""
    timeout = 60  # Seconds that a connection may say nothing.
    server: Server

    def do_GET(self) -> None:  # noqa: N802 The name is http.server's.
        """Sends the page or a picture."""
        self._answer(self._get)

    def do_POST(self) -> None:  # noqa: N802
        """Saves what a person sees."""
        self._answer(self._post)

    def log_message(self, *arguments: Any) -> None:
        """Says nothing: the token is part of the page's address."""

    def _answer(self, act) -> None:
        try:
            self._check_sender()
            act()
        except _RefusedError as error:
            # What else was sent is not read, so the connection ends.
            self.close_connection = True
            self._send_json({"error": str(error)}, error.status)
        except errors.UserError as error:
            self._send_json({"error": str(error)}, http.HTTPStatus.BAD_REQUEST)
        except OSError as error:
            if isinstance(error, ConnectionError | TimeoutError):
                raise
            self._send_json(
                {"error": f"nothing was written ({error})"},
                http.HTTPStatus.INTERNAL_SERVER_ERROR,
            )

    def _check_sender(self) -> None:
        """Refuses requests of other sites, and of who lacks the token."""
        origins = {f"http://{host}" for host in self.server.hosts}
        site = self.headers.get("Sec-Fetch-Site", "none")
        if (
            self.headers.get("Host") not in self.server.hosts
            or self.headers.get("Origin", min(origins)) not in origins
            or site not in ("same-origin", "none")
        ):
            raise _RefusedError(
                http.HTTPStatus.FORBIDDEN, "the request is of another site"
            )
        path, query = self._asked()
        token = self.headers.get(_TOKEN)
        if token is None and path == "/" and self.command == "GET":
            token = query.get("token")
        own = self.server.token.encode()
        if not hmac.compare_digest((token or "").encode(errors="replace"), own):
            raise _RefusedError(
                http.HTTPStatus.FORBIDDEN,
                "the token is missing or old: open the address that the "
                "terminal shows",
            )

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urllib.parse.urlsplit(self.path)
        return parts.path, dict(urllib.parse.parse_qsl(parts.query))

    def _get(self) -> None:
        path, query = self._asked()
        shown = self.server.shown
        if path == "/":
            self._send_page()
        elif path == "/tiles.png":
            self._send_png(shown.tiles(query))
        elif path == "/frames.png":
            png, count = shown.frames(query)
            self._send_png(png, {"X-Frames": str(count)})
        elif path in ("/walk.png", "/arithmetic.png"):
            kind = path[1:].removesuffix(".png")
            self._send_png(shown.picture(kind, query))
        else:
            raise _RefusedError(http.HTTPStatus.NOT_FOUND, "nothing is there")

    def _post(self) -> None:
        path, _ = self._asked()
        if path != "/save":
            raise _RefusedError(http.HTTPStatus.NOT_FOUND, "nothing is there")
        length = self.headers.get("Content-Length", "")
        is_number = length.isascii() and length.isdecimal() and len(length) < 7
        if not is_number or int(length) > _MOST_BYTES:
            raise _RefusedError(
                http.HTTPStatus.BAD_REQUEST, "the request is too long"
            )
        try:
            query = json.loads(self.rfile.read(int(length)))
            is_text = isinstance(query, dict) and all(
                isinstance(value, str) for value in query.values()
            )
        except (ValueError, RecursionError):
            is_text = False
        if not is_text:
            raise _RefusedError(
                http.HTTPStatus.BAD_REQUEST, "the request is no object of texts"
            )
        self._send_json(self.server.shown.save(query.get("kind", ""), query))

    def _send_page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        page = _TEMPLATES.get_template("explore.html").render(
            facts=self.server.shown.facts(),
            token=self.server.token,
            nonce=nonce,
        )
        self._send(
            page.encode(errors="replace"),
            "text/html; charset=utf-8",
            more={"Content-Security-Policy": _POLICY.format(nonce=nonce)},
        )

    def _send_png(
        self, png: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        self._send(png, "image/png", more=more or {})

    def _send_json(
        self,
        content: Any,
        status: http.HTTPStatus = http.HTTPStatus.OK,
    ) -> None:
        text = json.dumps(terminal_safe(content))
        self._send(text.encode(), "application/json", status)

    def _send(
        self,
        content: bytes,
        content_type: str,
        status: http.HTTPStatus = http.HTTPStatus.OK,
        *,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": content_type,
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            **(more or {}),
        }
        if self.close_connection:
            headers["Connection"] = "close"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def terminal_safe(content: Any) -> Any:
    """Takes out of texts what a terminal would obey, since they are copied.

    Args:
        content: JSON-able.
    """
    if isinstance(content, str):
        return terminal.printable(content)
    if isinstance(content, list):
        return [terminal_safe(each) for each in content]
    if isinstance(content, dict):
        return {key: terminal_safe(each) for key, each in content.items()}
    return content
