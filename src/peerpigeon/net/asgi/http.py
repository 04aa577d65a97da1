"""The pages of a server by ASGI."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING

from peerpigeon.net.faults import FaultLog
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.http.site import MAX_BODY
from peerpigeon.net.http.visits import STREAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.net.asgi.transport import Receive, Send
    from peerpigeon.net.http.page import Answerer, Stream
    from peerpigeon.net.http.request import Request

logger = logging.getLogger(__name__)

_TOO_MANY = text("too many watch this server already\n", HTTPStatus.SERVICE_UNAVAILABLE)
_TOO_SLOW = text("this took too long\n", HTTPStatus.SERVICE_UNAVAILABLE)
_FAULT = text("this page has a fault; the server's log has it\n", HTTPStatus.INTERNAL_SERVER_ERROR)
_TOO_LARGE = HandshakeError(413, f"the body of a request may have {MAX_BODY} bytes")


class AsgiPages:
    """Answers requests with what ``answer`` returns; all but streams within ``timeout`` seconds."""

    def __init__(self, answer: Answerer, timeout: float) -> None:
        self._answer = answer
        self._timeout = timeout
        self._streams = 0
        self._faults = FaultLog(logger)

    async def respond(
        self, read_request: Callable[[], Request], receive: Receive, send: Send, *, is_head: bool
    ) -> None:
        """Answer one request. ``read_request`` returns it; it may raise ``HandshakeError``."""
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._response(read_request, receive)
        except TimeoutError:
            response = _TOO_SLOW
        if isinstance(response.body, bytes):
            await _send_whole(response, send, is_head=is_head)
            return
        async with aclosing(response.body) as stream:
            if is_head or self._streams >= STREAMS:
                await _send_whole(response if is_head else _TOO_MANY, send, is_head=is_head)
                return
            self._streams += 1
            try:
                await _send_stream(response, stream, receive, send)
            finally:
                self._streams -= 1

    async def _response(self, read_request: Callable[[], Request], receive: Receive) -> Response:
        try:
            return await self._answer(read_request(), lambda: _read_body(receive))
        except HandshakeError as error:
            body = f"{error.message}\n".encode()
            return Response(error.status, body, headers=dict(error.headers))
        except Exception as error:
            self._faults.add("making a page", error, asyncio.get_running_loop().time())
            return _FAULT


async def _read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MAX_BODY:
            raise _TOO_LARGE
        if not message.get("more_body"):
            return body


async def _send_whole(response: Response, send: Send, *, is_head: bool) -> None:
    body = response.body if isinstance(response.body, bytes) else b""
    await _start(response, send, ("Content-Length", str(len(body))))
    await send({"type": "http.response.body", "body": b"" if is_head else body})


async def _send_stream(response: Response, stream: Stream, receive: Receive, send: Send) -> None:
    async def pass_on() -> None:
        async for piece in stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    await _start(response, send)
    tasks = {asyncio.create_task(each) for each in (pass_on(), until_gone())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _start(response: Response, send: Send, *more: tuple[str, str]) -> None:
    headers = [*response.headers.items(), ("Content-Type", response.kind), *more]
    await send(
        {
            "type": "http.response.start",
            "status": int(response.status),
            "headers": [
                (name.lower().encode(), value.encode("latin-1")) for name, value in headers
            ],
        }
    )
