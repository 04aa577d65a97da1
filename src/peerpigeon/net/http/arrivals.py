"""How fast connections may come from one address."""

from __future__ import annotations

from math import ceil
from typing import Final

from peerpigeon.core.ip_addresses import THIS_MACHINE, subscriber
from peerpigeon.net.http.response import HandshakeError

AT_ONCE: Final = 500
"""Requests of one address at once: twice what a school has that is behind one, when all return."""

PER_SECOND: Final = 50
"""Requests of one address in a second, in the long run."""

MOST_ADDRESSES: Final = 4096
"""Of which it is known what they have done: half a megabyte. Beyond it the one is forgotten that
has been silent for longest."""


class Arrivals:
    """What the addresses have asked for lately: for each a token bucket, as one time.

    It is the time until when what it has asked for is paid (the generic cell rate algorithm).
    Of what is allowed in general each may have ``times`` as much.
    """

    def __init__(self, times: int = 1) -> None:
        self._at_once = times * AT_ONCE
        self._per_second = times * PER_SECOND
        self._paid_until: dict[str, float] = {}  # longest silent first

    def count(self, address: str, now: float) -> None:
        """Count a request; raise ``HandshakeError`` if it is one too many (429)."""
        key = subscriber(address)
        if key in THIS_MACHINE:
            return
        paid_until = max(self._paid_until.pop(key, now), now)
        wait = (
            paid_until - now - (self._at_once - 0.5) / self._per_second
        )  # no matter how it is rounded
        if wait <= 0:
            paid_until += 1 / self._per_second
        self._paid_until[key] = paid_until
        if len(self._paid_until) > MOST_ADDRESSES:
            del self._paid_until[next(iter(self._paid_until))]
        if wait > 0:
            raise HandshakeError(
                429,
                f"too many requests from your address: at most {self._at_once} at once, and"
                f" {self._per_second} a second",
                ("Retry-After", str(ceil(wait))),
                log=(
                    "requests of one address are refused for now (429): there are more than"
                    f" {self._at_once} at once, and {self._per_second} a second; if that is a"
                    " proxy, name it in trusted_proxies (TRUSTED_PROXIES)"
                ),
            )
