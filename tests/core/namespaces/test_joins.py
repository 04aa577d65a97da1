"""What tells a rendezvous hub who is served here: in messages of a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.namespaces.local_namespace import LocalNamespace
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.publication import Publication, Roles
from peerpigeon.core.namespaces.publishing import joins
from peerpigeon.core.wire.hub_news import Join, Located, Member
from peerpigeon.core.wire.hub_sizes import MESSAGE_BYTES
from tests.core.harness import HUB
from tests.core.namespaces.worlds import peer_ids

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId


def namespace_of(peers: list[PeerId], introduction: bytes = b"{}") -> LocalNamespace:
    local = LocalNamespace(HUB, "net1", 50, Publication(Roles((HUB,))), NamesByHub())
    for session, peer in enumerate(peers, 1):
        local.enter(Located(HUB, Member(peer, session, introduction)))
    return local


def test_a_namespace_without_clients_is_told_of_all_the_same() -> None:
    assert list(joins(namespace_of([]), is_primary=True)) == [Join("net1", (), True, present=())]


def test_many_clients_are_told_of_in_several_messages_of_which_the_first_says_who_is_here() -> None:
    peers = list(peer_ids(30))
    local = namespace_of(peers, b'"' + b"x" * (MESSAGE_BYTES // 10) + b'"')
    local.note_departure(local.clients.popitem()[1])
    first, *others = joins(local, is_primary=False)
    assert others
    assert [member.peer for each in (first, *others) for member in each.members] == peers[:-1]
    assert all(
        sum(len(member.introduction) for member in each.members) <= MESSAGE_BYTES
        for each in (first, *others)
    )
    assert first.present == tuple(range(1, 30))
    assert first.departed == ((peers[-1], 30),)
    assert all(each.present is None and each.departed == () for each in others)
