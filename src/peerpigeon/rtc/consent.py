"""Whether the other end of an ICE connection still takes what it is sent (RFC 7675).

aioice waits half a second for each answer, and ends a connection when six in a row took longer. An
end whose processor is busy may take longer for minutes, and lives. So an answer counts whenever it
comes, until a later one has (section 5.1).
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from aioice import stun

if TYPE_CHECKING:
    from collections.abc import Callable

    from aioice.ice import StunProtocol

INTERVAL = 5.0
"""Seconds from one request to the next; a fifth more or less, by chance."""

MOST_UNANSWERED = 6
"""Requests in a row after which nobody is there, ``INTERVAL`` after the last of them."""


class _Request(stun.Transaction):
    """A request that is not repeated, and is answered whenever an answer comes."""

    def __init__(
        self,
        request: stun.Message,
        to: tuple[str, int],
        protocol: StunProtocol,
        answered: Callable[[stun.Message], None],
    ) -> None:
        super().__init__(request, to, protocol)
        self._answered = answered

    def response_received(self, message: stun.Message, addr: tuple[str, int]) -> None:
        self._answered(message)


class Consent:
    """The requests to one end, of which the last ones may be unanswered. ``key``: its password."""

    def __init__(self, protocol: StunProtocol, to: tuple[str, int], key: bytes) -> None:
        self._protocol = protocol
        self._to = to
        self._key = key
        self._unanswered: dict[bytes, None] = {}

    async def until_over(self, build: Callable[[], stun.Message]) -> None:
        """Ask again and again, and return when nothing is answered any more.

        ``build`` makes a request.
        """
        try:
            while True:
                await asyncio.sleep(INTERVAL * (0.8 + 0.4 * secrets.randbelow(1000) / 1000))
                if len(self._unanswered) >= MOST_UNANSWERED:
                    return
                self._ask(build())
        finally:
            for number in self._unanswered:
                del self._protocol.transactions[number]

    def _ask(self, request: stun.Message) -> None:
        request.add_message_integrity(self._key)
        number = request.transaction_id
        self._unanswered[number] = None
        self._protocol.transactions[number] = _Request(
            request, self._to, self._protocol, self._hear
        )
        self._protocol.send_stun(request, self._to)

    def _hear(self, message: stun.Message) -> None:
        if message.message_class != stun.Class.RESPONSE:
            return
        if not message.check_message_integrity(self._key):
            return
        for number in list(self._unanswered):
            del self._unanswered[number], self._protocol.transactions[number]
            if number == message.transaction_id:
                break
