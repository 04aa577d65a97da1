"""The page ``/demo``: a chat between browsers, to try a server or a mesh of hubs with.

It is one static file (``demo.html``). Nothing of a request ends up in it, and the browser is told
to use the one script and the one style sheet that it came with, known by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Page:
    """The page as it is served."""

    body: bytes
    etag: str
    headers: dict[str, str]


@cache
def demo_page() -> Page:
    """Return the page; it is read once."""
    text = resources.files("peerpigeon.net").joinpath("demo.html").read_text(encoding="utf-8")
    policy = (
        "default-src 'none'",
        f"script-src {_hash_of('script', text)}",
        f"style-src {_hash_of('style', text)}",
        # Its own server; `'self'` does not cover WebSockets in every browser.
        "connect-src 'self' ws: wss:",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    body = text.encode()
    return Page(
        body=body,
        etag=hashlib.sha256(body).hexdigest()[:16],
        headers={
            "Content-Security-Policy": "; ".join(policy),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            # Kept, but asked for again each time: another version of the server has another page.
            "Cache-Control": "no-cache",
        },
    )


def _hash_of(element: str, text: str) -> str:
    (content,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
