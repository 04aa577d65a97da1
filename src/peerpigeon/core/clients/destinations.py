"""Where the messages of one foreign client to another have gone last (PeerJS).

What has met nobody comes back, and may be sent again if nothing that was said later has gone
elsewhere meanwhile. Whatever was said later and sent to the same place comes back, too, for a
registration that is over stays so. With the last of it all is back.

A pair that is not known here has said nothing for long, or has spoken at hand since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.retention import RETENTION

if TYPE_CHECKING:
    from typing import TypeAlias

    from peerpigeon.core.wire.hub_news import Relay, Undelivered

    Pair: TypeAlias = tuple[str, PeerId, PeerId]

MOST_PAIRS = 65_536
"""Some megabytes. Beyond it, what comes back to those that have been silent longest has failed."""


class Destination(msgspec.Struct, frozen=True, gc=False):
    """A registration at a hub, which may be this one."""

    hub: PeerId
    session: int
    last: int
    """The number of the last message that went there; 0 if that has come to its end."""
    until: float
    """When to forget it."""


class Destinations:
    """The last destination of each pair that has spoken of late, by namespace and members."""

    def __init__(self, lifetime: float) -> None:
        """``lifetime``: seconds after which the streams give a message up."""
        self._retention = RETENTION + lifetime
        self._of_pairs: dict[Pair, Destination] = {}  # in order of time

    def find(self, message: Relay | Undelivered) -> Destination | None:
        """Return where the last message of the same pair has gone."""
        return self._of_pairs.get(_pair(message))

    def note(self, relay: Relay, hub: PeerId, now: float) -> None:
        """Note that a message goes to its session at a hub."""
        pair, known = _pair(relay), self._of_pairs
        known.pop(pair, None)
        known[pair] = Destination(hub, relay.session, relay.number, now + self._retention)
        if len(known) > MOST_PAIRS:
            del known[next(iter(known))]

    def end(self, message: Relay | Undelivered) -> None:
        """Note that a message has come back or failed."""
        pair = _pair(message)
        known = self._of_pairs.get(pair)
        if known is not None and known.last == message.number:
            self._of_pairs[pair] = msgspec.structs.replace(known, last=0)

    def forget_pair(self, namespace: str, sender: PeerId, target: PeerId) -> None:
        """Note that a message was delivered at hand: nothing that was said before may follow."""
        if self._of_pairs:
            self._of_pairs.pop((namespace, sender, target), None)

    def forget(self, now: float) -> None:
        """Forget those that have been silent for long."""
        known = self._of_pairs
        while known:
            pair, destination = next(iter(known.items()))
            if destination.until > now:
                break
            del known[pair]


def _pair(message: Relay | Undelivered) -> Pair:
    return message.namespace, message.sender, message.target
