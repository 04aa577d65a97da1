"""Asks a STUN or TURN server whether it does what is wanted of it, and says what is wrong."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aioice import stun

    from peerpigeon.core.config import IceServer

PATIENCE = 3.0
"""Seconds that a server has to answer; it takes two round trips, and one more for TLS."""

_UNAUTHORIZED, _QUOTA, _FULL = 401, 486, 508

_LIFETIME = 60
"""Seconds for which an allocation is asked for; it is given back at once."""


class RefusedError(Exception):
    """A server cannot be used; the text says why and what to do."""


async def ask(server: IceServer, patience: float = PATIENCE) -> str:
    """Return the address that a server sees us by, or relays for us.

    A TURN server has to let us in and to give us an address. Raises ``RefusedError`` for a server
    that cannot be used within ``patience`` seconds.
    """
    # Which servers ask for is known only when one is asked: loading the library takes a moment.
    logging.getLogger("aioice").setLevel(logging.WARNING)
    try:
        async with asyncio.timeout(patience):
            return await (_allocate(server) if server.is_relay else _bind(server))
    except TimeoutError:
        how = "TCP" if server.is_tcp else "UDP"
        raise RefusedError(
            f"it does not answer within {patience:g} s; is it running, and does {how} pass to its"
            f" port {server.port}?"
        ) from None
    except socket.gaierror as error:
        raise RefusedError(f"the name {server.host} is not known ({error.strerror})") from None
    except ssl.SSLError as error:
        raise RefusedError(f"TLS fails: {error.reason or error}") from None
    except OSError as error:
        said = os.strerror(error.errno).lower() if error.errno else str(error)
        raise RefusedError(f"it cannot be reached: {said}") from None


class _Listener(asyncio.DatagramProtocol):
    """Hears nothing: an allocation is all that is asked for."""


async def _allocate(server: IceServer) -> str:
    from aioice import stun, turn  # noqa: PLC0415 - of a tenth of a second

    try:
        transport, _ = await turn.create_turn_endpoint(
            _Listener,
            (server.host, server.port),
            server.username,
            server.credential,
            lifetime=_LIFETIME,
            ssl=server.is_tls or None,
            transport="tcp" if server.is_tcp else "udp",
        )
    except stun.TransactionFailed as failure:
        raise RefusedError(_refusal(server, failure.response)) from None
    except stun.TransactionTimeout:
        raise TimeoutError from None
    try:
        host, _ = transport.get_extra_info("sockname")[:2]
    finally:
        transport.close()
        await asyncio.sleep(0)  # the library gives the allocation back in a task
    return str(host)


def _refusal(server: IceServer, response: stun.Message) -> str:
    code, reason = response.attributes.get("ERROR-CODE", (0, "no reason"))
    match code:
        case 401:
            return (
                f"it refuses the login of {server.username!r} (401); mend the username or the"
                " password, and see that they are not expired"
            )
        case 486 | 508:
            return f"it has no address left for us ({code}); raise its quota, or add a server"
        case _:
            return f"it refuses to relay ({code} {reason})"


async def _bind(server: IceServer) -> str:
    from aioice import stun  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)

    class Asker(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
            try:
                message = stun.parse_message(data)
            except ValueError:
                return
            seen = message.attributes.get("XOR-MAPPED-ADDRESS")
            if message.transaction_id == request.transaction_id and seen and not answer.done():
                answer.set_result(str(seen[0]))

        def error_received(self, exc: Exception) -> None:
            if not answer.done():
                answer.set_exception(exc)

    transport, _ = await loop.create_datagram_endpoint(
        Asker, remote_addr=(server.host, server.port)
    )
    try:
        while not answer.done():
            transport.sendto(bytes(request))
            await asyncio.wait([answer], timeout=0.5)
        return answer.result()
    finally:
        transport.close()
