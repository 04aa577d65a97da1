"""aiohttp, which reads bodies and writes answers; loaded with the first request for a page."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from msgspec.structs import replace

from peerpigeon.net.faults import FaultLog
from peerpigeon.net.http.page import Response, text
from peerpigeon.net.http.request import MAX_HEAD_SIZE, MAX_HEADERS
from peerpigeon.net.http.response import HandshakeError
from peerpigeon.net.http.site import MAX_BODY

if TYPE_CHECKING:
    from aiohttp import StreamReader
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http_parser import RawRequestMessage

    from peerpigeon.net.http.page import Answerer, Stream
    from peerpigeon.net.http.request import Request

logger = logging.getLogger(__name__)

_ENDS = {"Connection": "close"}
_TOO_MANY_TEXT = b"too many watch this server already\n"
_TOO_MANY = Response(HTTPStatus.SERVICE_UNAVAILABLE)
_TOO_LARGE = text(
    f"the body of a request may have {MAX_BODY} bytes\n", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
)
_FAULT = text("this page has a fault; the server's log has it\n", HTTPStatus.INTERNAL_SERVER_ERROR)
_MALFORMED = HandshakeError(400, "malformed request")

_OPTIONS: Final[dict[str, Any]] = {
    "tcp_keepalive": False,
    "access_log": None,
    "lingering_time": 0,  # the visit sees to that
    "auto_decompress": False,
    "max_line_size": MAX_HEAD_SIZE,
    "max_field_size": MAX_HEAD_SIZE,
    "max_headers": MAX_HEADERS + 1,
}


class Visit(Protocol):
    """One request, with its connection; the transport's ``get_extra_info("visit")`` has it."""

    @property
    def request(self) -> Request:
        """The request, as the door has read it."""
        ...

    def stay(self) -> bool:
        """Let the answer go on for long, if there is a place for it; tell whether there is."""
        ...


class Library:
    """Makes what answers one request with what ``answer`` returns."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer
        self._loop = asyncio.get_running_loop()
        self._faults = FaultLog(logger)
        self._server = web.Server(
            self._respond, request_factory=self._request, handler_cancellation=True
        )

    def handler(self) -> asyncio.Protocol:
        """Return what takes over one connection."""
        return _Handler(
            self._server,
            loop=self._loop,
            **_OPTIONS,
        )

    def _request(
        self,
        head: RawRequestMessage,
        body: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.BaseRequest:
        return web.BaseRequest(
            head, body, protocol, writer, task, self._loop, client_max_size=MAX_BODY
        )

    async def _respond(self, asked: web.BaseRequest) -> web.StreamResponse:
        transport = asked.transport
        if transport is None:
            raise ConnectionResetError
        visit: Visit = transport.get_extra_info("visit")
        response = await self._answer_to(visit, asked)
        stream = response.body
        if isinstance(stream, bytes):
            return _whole(response, stream)
        async with aclosing(stream):
            if asked.method == "HEAD":
                return _whole(response, b"")
            if not visit.stay():
                return _whole(_TOO_MANY, _TOO_MANY_TEXT)
            answer = web.StreamResponse(status=response.status, headers=_headers(response))
            answer.force_close()
            await answer.prepare(asked)
            await self._write(answer, stream)
            return answer

    async def _write(self, answer: web.StreamResponse, stream: Stream) -> None:
        try:
            async for piece in stream:
                await answer.write(piece)
        except ConnectionError:
            raise
        except Exception as error:
            self._faults.add("going on with a page", error, self._loop.time())
            raise ConnectionError from error  # the reader sees that it is not all

    async def _answer_to(self, visit: Visit, asked: web.BaseRequest) -> Response:
        try:
            return await self._answer(visit.request, asked.read)
        except HandshakeError as error:
            refusal = text(f"{error.message}\n", error.status)
            return replace(refusal, headers=dict(error.headers))
        except web.HTTPRequestEntityTooLarge:
            return _TOO_LARGE
        except ConnectionError:
            raise
        except Exception as error:
            self._faults.add("making a page", error, self._loop.time())
            return _FAULT


class _Handler(RequestHandler):
    """What aiohttp has for one connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse a request that is malformed; what is said of it repeats nothing of it."""
        transport = request.transport
        if transport is not None and not transport.is_closing():
            if not request.writer.output_size:
                transport.write(_MALFORMED.response())
            transport.close()
        raise ConnectionError from exc


def _whole(response: Response, body: bytes) -> web.Response:
    answer = web.Response(status=response.status, body=body, headers=_headers(response))
    answer.force_close()
    return answer


def _headers(response: Response) -> dict[str, str]:
    return {**response.headers, **_ENDS, "Content-Type": response.kind}
