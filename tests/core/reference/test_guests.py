"""What is done for hubs of the npm package and their clients once these have gone meanwhile."""

from random import Random

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
from peerpigeon.core.ids import SessionId
from peerpigeon.core.namespaces.namespaces import Namespaces
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.client_messages import Announce, Signal, raw
from tests.core.harness import HUB, A, B

NOBODY = SessionId(9)


def service() -> tuple[ClientService, Effects]:
    effects = Effects(0.0)
    namespaces = Namespaces(HUB, 1, 32, Random(1), Placement((HUB,)), effects)
    return ClientService(HUB, ServerConfig(is_hub=True), namespaces, effects), effects


@pytest.mark.parametrize(
    "change",
    [
        GuestAnnounced(NOBODY, A, Announce("net1", b"{}", is_hub=False), may_contest=True),
        GuestSignaled(NOBODY, Signal("offer", B, "net1", raw(b"1"))),
        GuestGone(NOBODY),
        HubClaimed(NOBODY),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_one_that_has_gone_wants_is_not_done(change: GuestChange) -> None:
    clients, effects = service()
    clients.guests.on_change(change, 0.0)
    assert (effects.take_actions(), effects.news, effects.changes) == ([], [], [])


def test_a_hub_that_has_gone_gets_no_name() -> None:
    clients, effects = service()
    clients.guests.name(NOBODY, A, 0.0)
    assert (effects.take_actions(), effects.news, effects.changes) == ([], [], [])
