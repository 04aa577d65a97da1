"""What a hub of the npm package is sent when its clients are told something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.namespaces.client_news import Departure, Introduction
from peerpigeon.core.reference.links import ReferenceLinks
from peerpigeon.core.reference.updates import ReferenceUpdates
from peerpigeon.core.sessions.registry import Guest, ReferenceHub
from peerpigeon.core.wire.hub_news import Located, Member
from tests.core.harness import A, B

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN, R, SECOND, THIRD = (PeerId(digit * 40) for digit in "0e23")


def briefly(payloads: Iterable[bytes]) -> list[tuple[str, object]]:
    told = map(json.loads, payloads)
    return [(frame["type"], frame["data"].get("at")) for frame in told]


def test_of_one_id_at_two_hubs_the_second_is_told_of_when_the_first_is_gone() -> None:
    links = ReferenceLinks(OWN, ServerConfig(is_hub=True), Effects(0.0))
    links.add(ReferenceHub(SessionId(1), R, "192.0.2.1", 0.0, 0.0), R)
    updates = ReferenceUpdates(OWN, links)
    guest = Guest(SessionId(-1), B, "192.0.2.1", 0.0, 0.0, SessionId(1), "net1")
    first = Located(SECOND, Member(A, 7, b'{"at":"second"}'))
    other = Located(THIRD, Member(A, 8, b'{"at":"third"}'))
    introduced = Introduction("net1", (B,), (first, other))
    assert briefly(updates.tell(guest, introduced, 0.0, 0)) == [("peer-discovered", "second")]
    gone = Departure("net1", (B,), first, has_said_goodbye=False)
    assert briefly(updates.tell(guest, gone, 0.0, 0)) == [
        ("peer-disconnected", None),
        ("peer-discovered", "third"),
    ]
