"""Which hub of ours serves a hub of the npm package, as its rendezvous hub says."""

from __future__ import annotations

from peerpigeon.core.changes import HubClaimed
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.effects import Effects
from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.reference.links import ReferenceLinks
from peerpigeon.core.reference.model import ReferenceLink, Service
from peerpigeon.core.sessions.registry import ReferenceHub
from tests.core.harness import HUB
from tests.core.reference.messages import MESH

R, S = PeerId("e" * 40), PeerId("f" * 40)


class Linked:
    """A hub that is linked to two hubs of the npm package."""

    def __init__(self) -> None:
        self.effects = Effects(0.0)
        self.links = ReferenceLinks(HUB, ServerConfig(is_hub=True), self.effects)
        for number, hub_id in enumerate((R, S), 1):
            hub = ReferenceHub(SessionId(number), hub_id, "127.0.0.1", 0.0, 0.0)
            self.links.add(hub, hub_id)
        self.effects.take_changes()

    def link(self, number: int) -> ReferenceLink:
        link = self.links.get(SessionId(number))
        assert link is not None
        return link


def test_a_hub_that_is_free_is_claimed_and_no_other() -> None:
    linked = Linked()
    linked.links.is_free(MESH, S)
    assert linked.effects.take_changes() == [HubClaimed(SessionId(2))]


def test_a_hub_that_is_claimed_already_is_not_claimed_again() -> None:
    linked = Linked()
    linked.links.claimed(linked.link(1), 1.0, is_alone=False)
    linked.links.is_free(MESH, R)
    assert linked.effects.take_changes() == []


def test_a_claim_is_granted_by_the_word_of_the_reserved_namespace_only() -> None:
    linked = Linked()
    linked.links.claimed(linked.link(1), 1.0, is_alone=False)
    linked.links.is_granted("net1", R)
    assert linked.link(1).service is Service.CLAIMED
    linked.links.is_granted(MESH, R)
    assert linked.link(1).service is Service.SERVED
