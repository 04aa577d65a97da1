"""The pages below ``/demo``, to try a server or a mesh of hubs with: one for each kind of client.

Each is static, and one file for the browser, with its style sheet and its scripts in it. It
contains nothing of a request, and the browser is told to use what it came with, known by hashes,
and nothing else. Two pages fetch packages of others from a public network, as pages of their users
do: the address and the hash of each file stand in their import maps.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config.dialects import PEERJS, TRACKER, Y_WEBRTC
from peerpigeon.net.http.kept import tag_of

if TYPE_CHECKING:
    from collections.abc import Iterable


class Demo(msgspec.Struct, frozen=True):
    """What is served as a page of its own."""

    path: str
    """Below that of the server."""
    name: str
    """That of its parts."""
    title: str
    dialect: str = ""
    """Which has to be spoken there; empty for that of our own clients."""
    imports: bool = False
    """Whether it fetches packages of others."""


CHAT = Demo("/demo", "demo", "Chat")

DEMOS = (
    CHAT,
    Demo("/demo/peerjs", "peerjs", "PeerJS", PEERJS),
    Demo("/demo/y-webrtc", "y_webrtc", "y-webrtc", Y_WEBRTC, imports=True),
    Demo("/demo/webtorrent", "webtorrent", "WebTorrent", TRACKER, imports=True),
)

SHIM_PATH = "/demo/simple-peer.js"
"""Where a page finds the module that stands for a package that is none (``simple_peer.js``)."""


_HERE = ' aria-current="page"'


class Page(msgspec.Struct, frozen=True):
    """A page or a script as it is served."""

    body: bytes
    tag: str
    headers: dict[str, str]


def demos_for(dialects: Iterable[str]) -> tuple[Demo, ...]:
    """Return the pages of a server that speaks some dialects."""
    spoken = frozenset(dialects)
    return tuple(demo for demo in DEMOS if not demo.dialect or demo.dialect in spoken)


@cache
def demo_page(demo: Demo, beside: tuple[Demo, ...]) -> Page:
    """Return a page, with links to those beside it; its parts are read once."""
    style, shared, script = _part("demo.css"), _part("common.js"), _part(f"{demo.name}.js")
    text = _part(f"{demo.name}.html")
    text = text.replace("<style></style>", f"<style>{style}</style>", 1)
    text = text.replace("<nav></nav>", _links(demo, beside), 1)
    if demo.imports:
        imports = _part(f"{demo.name}.importmap.json")
        text = text.replace('"importmap"></script>', f'"importmap">{imports}</script>', 1)
        text = text.replace("<script></script>", f"<script>{shared}</script>", 1)
        text = text.replace('"module"></script>', f'"module">{script}</script>', 1)
        sources = [*map(_hash_of, (imports, shared, script)), *_sources(imports)]
    else:
        text = text.replace("<script></script>", f"<script>{shared}{script}</script>", 1)
        sources = [_hash_of(shared + script)]
    policy = (
        "default-src 'none'",
        f"script-src {' '.join(sources)}",
        f"style-src {_hash_of(style)}",
        # Its own server, and other hubs, to which it goes when that is lost.
        "connect-src 'self' ws: wss: http: https:",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
    return _page(text, "; ".join(policy))


@cache
def shim() -> Page:
    """Return the script at ``SHIM_PATH``."""
    return _page(_part("simple_peer.js"), "default-src 'none'")


def _page(text: str, policy: str) -> Page:
    body = text.encode()
    return Page(
        body=body,
        tag=tag_of(body),
        headers={
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )


def _links(here: Demo, demos: Iterable[Demo]) -> str:
    """Return links from a page to all; each is as deep as the others, or one step above them."""
    up = "../" if here.path.count("/") > 1 else ""
    links = "\n".join(
        f'    <a href="{up}{demo.path[1:]}"{_HERE if demo is here else ""}>{demo.title}</a>'
        for demo in demos
    )
    return f'<nav aria-label="Demo pages">\n{links}\n  </nav>'


def _sources(imports: str) -> list[str]:
    """Return where the modules of an import map may be from: packages, each in one version."""
    tables = json.loads(imports)
    found = (re.match(r"https://[^/]+/npm/[^/]+/", address) for address in tables["integrity"])
    folders = sorted({match[0] for match in found if match})
    has_own = any(address.startswith("./") for address in tables["imports"].values())
    return ["'self'", *folders] if has_own else folders


def _part(name: str) -> str:
    return resources.files("peerpigeon.net.http.demo").joinpath(name).read_text(encoding="utf-8")


def _hash_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
