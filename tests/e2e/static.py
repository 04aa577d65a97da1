"""A web server on the loopback for the few files the browser needs."""

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.e2e.environment import HERE, PACKAGES

HTML = "text/html; charset=utf-8"
SCRIPT = "text/javascript; charset=utf-8"
FILES = {
    "/page.html": (HERE / "page.html", HTML),
    "/pigeon.mjs": (HERE / "pigeon.mjs", SCRIPT),
    "/peerpigeon-browser.js": (PACKAGES / "peerpigeon/dist/peerpigeon-browser.js", SCRIPT),
}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, files: dict[str, tuple[Path, str]], *args: object) -> None:
        self._files = files
        super().__init__(*args)  # type: ignore[arg-type]  # passed on as they come

    def do_GET(self) -> None:
        if self.path not in self._files:
            self.send_error(404)
            return
        path, kind = self._files[self.path]
        body = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a test's output is for its failures."""


@contextlib.contextmanager
def web_server(files: dict[str, tuple[Path, str]] = FILES) -> Iterator[str]:
    """Serve `files` (path to file and content type) and yield the URL they are under."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, files)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
