"""The page ``/demo``: a chat between browsers, to try a server or a mesh of hubs with.

It is static, and one file for the browser: ``demo.html`` with ``demo.css`` and ``demo.js`` in it.
It contains nothing of a request, and the browser is told to use this script and this style sheet,
known by their hashes, and no others.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from peerpigeon.net.http.kept import tag_of


@dataclass(frozen=True, slots=True)
class Page:
    """The page as it is served."""

    body: bytes
    tag: str
    headers: dict[str, str]


@cache
def demo_page() -> Page:
    """Return the page; its parts are read once."""
    style, script = _part("demo.css"), _part("demo.js")
    text = _part("demo.html")
    text = text.replace("<style></style>", f"<style>{style}</style>", 1)
    text = text.replace("<script></script>", f"<script>{script}</script>", 1)
    policy = (
        "default-src 'none'",
        f"script-src {_hash_of(script)}",
        f"style-src {_hash_of(style)}",
        # Its own server, and other hubs, to which it goes when that is lost.
        "connect-src 'self' ws: wss: http: https:",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    body = text.encode()
    return Page(
        body=body,
        tag=tag_of(body),
        headers={
            "Content-Security-Policy": "; ".join(policy),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )


def _part(name: str) -> str:
    return resources.files("peerpigeon.net.http.demo").joinpath(name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
