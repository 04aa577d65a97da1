"""What becomes of requests on the way: whether a hub answers, and WebSockets pass, and stay."""

from __future__ import annotations

import asyncio
import secrets
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import aiohttp

from peerpigeon.diagnosis.finding import ok, warning, wrong
from peerpigeon.diagnosis.words import in_words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from peerpigeon.diagnosis.finding import Finding
    from peerpigeon.diagnosis.place import Place

PATIENCE = 5.0
"""Seconds that a request may take."""

CLOCK_TOLERANCE = 5.0
"""Seconds by which clocks may differ; ``Date`` has whole ones. Tokens have 30 s of leeway."""

_LET_THROUGH = (
    "let the proxy pass on the headers Upgrade and Connection, and speak HTTP/1.1 to the hub"
    " (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header"
    ' Connection "upgrade")'
)


async def check_requests(
    session: aiohttp.ClientSession, place: Place, wait: float
) -> AsyncIterator[Finding]:
    """Ask a hub, and open a WebSocket to it, which is held for ``wait`` seconds."""
    about = str(place)
    try:
        async with session.get(place.url("/health"), allow_redirects=False) as answer:
            status, date = answer.status, answer.headers.get("Date")
            body = await answer.text(errors="replace")
    except (aiohttp.ClientError, TimeoutError) as error:
        yield wrong(
            "http", about, in_words(error), "see that a hub, and not something else, is there"
        )
        return
    if status == 200 and '"isHub"' in body:  # noqa: PLR2004
        yield ok("http", about, "a hub answers")
    else:
        yield _no_hub(about, status)
    if date is not None:
        yield _clock(about, date)
    async for finding in _check_websocket(session, place, wait):
        yield finding


def _no_hub(about: str, status: int) -> Finding:
    match status:
        case 421:
            remedy = "name this host with --allowed-hosts at the hub"
        case 502 | 503 | 504:
            remedy = "the proxy does not reach the hub: is it running, at the port the proxy has?"
        case 301 | 302 | 307 | 308:
            remedy = "dial the address that it leads to (wss:// instead of ws://, say)"
        case _:
            remedy = "let the proxy pass on /health and WebSockets under this address"
    return wrong("http", about, f"what answers is no hub (GET /health: {status})", remedy)


def _clock(about: str, date: str) -> Finding:
    try:
        ahead = parsedate_to_datetime(date).timestamp() - time.time()
    except ValueError:
        return warning("clock", about, f"the header Date is none: {date[:40]!r}")
    text = f"its clock and ours differ by {abs(ahead):.0f} s"
    if abs(ahead) > CLOCK_TOLERANCE:
        remedy = "set one of them by NTP: tokens and certificates are judged by it"
        return warning("clock", about, text, remedy)
    return ok("clock", about, text)


async def _check_path(session: aiohttp.ClientSession, place: Place) -> Finding:
    """See whether a request without ``Upgrade`` comes to the hub, which answers 426.

    The hub says in its log that it has lost its headers, so that none is made without need.
    """
    about, query = str(place), f"peerId={_peer()}"
    try:
        async with session.get(place.url("/", query), allow_redirects=False) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        return wrong("path", about, in_words(error), "see what the proxy says in its log")
    if status == 426:  # noqa: PLR2004
        return ok("path", about, "what asks for no WebSocket here comes to the hub (426)")
    remedy = "let the proxy pass on this path, with its query, to the hub"
    return wrong("path", about, f"another program answers here: {status} instead of 426", remedy)


async def _check_websocket(
    session: aiohttp.ClientSession, place: Place, wait: float
) -> AsyncIterator[Finding]:
    about = str(place)
    url = place.url("/", f"peerId={_peer()}")
    try:
        socket = await session.ws_connect(url, autoping=False, max_msg_size=0)
    except aiohttp.WSServerHandshakeError as error:
        yield _refused(about, error)
        yield await _check_path(session, place)
        return
    except (aiohttp.ClientError, TimeoutError) as error:
        yield wrong("websocket", about, in_words(error), "see what the proxy says in its log")
        return
    async with socket:
        began = time.monotonic()
        await socket.ping(b"doctor")
        first = await _until_pong(socket)
        if first:
            yield wrong("websocket", about, first, "the log of the hub says why")
            return
        yield ok(
            "websocket", about, f"open; a ping took {(time.monotonic() - began) * 1000:.0f} ms"
        )
        if wait > 0:
            yield await _hold(socket, about, wait)


def _refused(about: str, error: aiohttp.WSServerHandshakeError) -> Finding:
    text = f"the handshake is answered {error.status}"
    match error.status:
        case 426:
            return wrong(
                "websocket", about, f"{text}: Upgrade is taken off on the way", _LET_THROUGH
            )
        case 401:
            remedy = "nothing to mend: clients need a token here"
            return warning("websocket", about, text, remedy)
        case 403:
            remedy = "the origin or the address is not let in (--cors-origin, the proxy's rules)"
        case 429:
            remedy = "name the proxy with --trusted-proxies at the hub, or wait"
        case 502 | 503 | 504:
            remedy = "the proxy does not reach the hub, or the hub drains"
        case _:
            remedy = _LET_THROUGH
    return wrong("websocket", about, text, remedy)


async def _until_pong(socket: aiohttp.ClientWebSocketResponse) -> str:
    """Return what comes instead of the answer to a ping; empty if it comes."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.PONG:
                    return ""
                if message.type in _ENDS:
                    return f"it is closed at once ({_reason(socket, message)})"
    except TimeoutError:
        return f"no answer to a ping comes within {PATIENCE:g} s"


_ENDS = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


def _reason(socket: aiohttp.ClientWebSocketResponse, message: aiohttp.WSMessage) -> str:
    said = message.extra if message.type is aiohttp.WSMsgType.CLOSE else ""
    return f"code {socket.close_code or 1006}{f', {said}' if said else ''}"


async def _hold(socket: aiohttp.ClientWebSocketResponse, about: str, wait: float) -> Finding:
    """Say nothing for a while but answers to pings, as a client does that waits."""
    loop = asyncio.get_running_loop()
    began, pings = loop.time(), 0
    try:
        async with asyncio.timeout(wait):
            while True:
                message = await socket.receive()
                if message.type is aiohttp.WSMsgType.PING:
                    pings += 1
                    await socket.pong(message.data)
                elif message.type in _ENDS:
                    after = f"{loop.time() - began:.0f} s"
                    text = f"an idle socket is cut after {after} ({_reason(socket, message)})"
                    remedy = (
                        "let the proxy wait longer than cleanup_interval (nginx:"
                        " proxy_read_timeout and proxy_send_timeout), or let the hub ping more"
                        " often (--cleanup-interval)"
                    )
                    return wrong("idle", about, text, remedy)
    except TimeoutError:
        text = f"an idle socket has lived {wait:g} s, with {pings} pings of the hub"
        return ok("idle", about, text)


def _peer() -> str:
    return secrets.token_hex(20)
