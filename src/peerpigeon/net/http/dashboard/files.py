"""The files of the dashboard, ours and those of others, as browsers are sent them."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from peerpigeon.net.http.kept import tag_of

PAGE = "dashboard.html"

OURS = (
    "charts.js",
    "dashboard.css",
    "elements.js",
    "events.js",
    "graph.js",
    "history.js",
    "hubs.js",
    "labels.js",
    "layout.js",
    "live.js",
    "main.js",
    "mesh.js",
    "namespaces.js",
    "sentences.js",
    "text.js",
)

VENDORED = (
    "d3-dispatch-3.0.2/d3-dispatch.min.js",
    "d3-force-3.0.1/d3-force.min.js",
    "d3-quadtree-3.0.2/d3-quadtree.min.js",
    "d3-timer-3.0.2/d3-timer.min.js",
    "uplot-1.6.32/uPlot.iife.min.js",
    "uplot-1.6.32/uPlot.min.css",
)
"""Files of others, each exactly as it was published, with its licence beside it."""

_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # Nothing that a hub or a client has chosen becomes markup or script.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class File(msgspec.Struct, frozen=True):
    """A file as it is sent."""

    body: bytes
    kind: str
    tag: str


@cache
def read_file(path: str) -> File:
    """Return one of the files above; it is read once."""
    folder = "vendor" if path in VENDORED else "page"
    root = resources.files("peerpigeon.net.http.dashboard")
    body = root.joinpath(folder, path).read_bytes()
    kind = _KINDS[path[path.rindex(".") :]]
    return File(body, f"{kind}; charset=utf-8", tag_of(body))
