"""What hubs of the npm package want for their clients, and for themselves."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from peerpigeon.core.changes import (
    GuestAnnounced,
    GuestChange,
    GuestGone,
    GuestSignaled,
    HubClaimed,
)
from peerpigeon.core.clients.service import ClientService
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.events import PeerOpened
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.client_messages import Announce, Signal
from tests.core.harness import HUB, A, B

R = PeerId("e" * 40)
REFERENCE, ENDED = SessionId(1), SessionId(9)


class Service:
    """The clients of one hub, among them a hub of the npm package."""

    def __init__(self) -> None:
        config, self.effects = ServerConfig(is_hub=True), Effects(0.0)
        namespaces = Namespaces(HUB, 1, 8, Random(1), Placement((HUB,)), self.effects)
        self.clients = ClientService(HUB, config, namespaces, Random(1), self.effects)
        self.clients.on_opened(PeerOpened(REFERENCE, R, "127.0.0.1"), 0.0)
        text = '{"type": "announce", "networkName": "pigeonhub-mesh", "data": {"isHub": true}}'
        self.clients.messages.on_text(REFERENCE, text, 0.0)
        self.take()

    def take(self) -> list[object]:
        """Return all that was said and reported since the last call."""
        effects = self.effects
        return [*effects.take_actions(), *effects.take_news(), *effects.take_changes()]


@pytest.mark.parametrize(
    "change",
    [
        GuestAnnounced(ENDED, A, Announce("net1", b"{}", is_hub=False), may_contest=True),
        GuestSignaled(ENDED, Signal("offer", B, "net1", msgspec.Raw(b"1"))),
        GuestGone(ENDED),
        HubClaimed(ENDED),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_is_wanted_for_a_session_that_has_ended_is_not_done(change: GuestChange) -> None:
    service = Service()
    service.clients.guests.on_change(change, 1.0)
    assert service.take() == []


def test_a_name_for_a_session_that_has_ended_is_nobodys() -> None:
    service = Service()
    service.clients.guests.name(ENDED, A, 1.0)
    assert service.take() == []
    assert service.clients.registry.find(A) is None


def test_a_hub_keeps_its_first_name() -> None:
    service = Service()
    service.clients.guests.name(REFERENCE, A, 1.0)
    assert service.clients.registry.find(A) is None


def test_a_hub_whose_id_is_claimed_twice_is_counted_once() -> None:
    """Two answers that it is free may come together."""
    service = Service()
    for _ in range(2):
        service.clients.guests.on_change(HubClaimed(REFERENCE), 1.0)
    assert service.clients.announcements.count == 1
