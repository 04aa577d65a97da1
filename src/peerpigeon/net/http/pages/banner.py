"""The page ``/``: what listens here, and for a browser where else to look."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from peerpigeon.net.http.audience import Audience
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.request import split_target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.net.http.page import Answer
    from peerpigeon.net.http.request import Request
    from peerpigeon.net.http.source import Source

BANNER = (
    "PeerPigeon signaling server. Connect by WebSocket: ws://HOST:PORT/?peerId=<40 hex digits>\n"
)

_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_VARY = {"Vary": "Origin, Accept"}
_HEADERS = {
    **_VARY,
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_DASHBOARD = ("dashboard", "Dashboard", "the mesh and this hub, live")
_METRICS = ("metrics", "Metrics", "for Prometheus")
_DEMO = ("demo", "Demo", "a chat between browsers, to try it")
_HEALTH = ("health", "Health", "as JSON")

Link = tuple[str, str, str]


def banner(source: Source) -> Answer:
    """Return the page: a line of text, for a browser HTML with links to what it may see."""

    async def answer(request: Request) -> Response:
        if not _is_browser(request):
            return replace(text(BANNER), headers=_VARY)
        links = [_DEMO, _HEALTH] if source.config.serves_demo else [_HEALTH]
        if request.audience >= Audience.INSIDERS:
            links[:0] = [_DASHBOARD, _METRICS]
        path, _ = split_target(request.target)
        body = _html(path.rpartition("/")[2], links).encode()
        return Response(body=body, kind="text/html; charset=utf-8", headers=_HEADERS)

    return answer


def _is_browser(request: Request) -> bool:
    accepted = ",".join(request.values("accept")).split(",")
    return any(each.partition(";")[0].strip().lower() == "text/html" for each in accepted)


def _html(folder: str, links: Iterable[Link]) -> str:
    """Return the page; ``folder`` is what its address ends with if that is no slash."""
    from html import escape  # noqa: PLC0415 - a millisecond, which few servers need

    start = f"{folder}/" if folder else ""
    items = "\n".join(
        f'<li><a href="{escape(start + path)}">{title}</a>: {what}</li>'
        for path, title, what in links
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>PeerPigeon</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>PeerPigeon signaling server</h1>
<p>Clients connect by WebSocket: <code>ws://HOST:PORT/?peerId=&lt;40 hex digits&gt;</code></p>
<ul>
{items}
</ul>
</main>
</body>
</html>
"""
