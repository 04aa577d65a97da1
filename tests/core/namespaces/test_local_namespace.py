"""Clients of one hub that know each other keep nothing of that twice, and forget all of it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.acquaintances import acquaint
from peerpigeon.core.namespaces.local_namespace import FEW, KNOWN_FACTOR, LocalNamespace
from peerpigeon.core.namespaces.names_by_hub import NamesByHub
from peerpigeon.core.namespaces.publication import Publication, Roles
from peerpigeon.core.wire.hub_news import Located, Member
from tests.core.harness import HUB
from tests.core.namespaces.worlds import peer_ids

if TYPE_CHECKING:
    from peerpigeon.core.namespaces.registrations import LocalMember, Registration

ELSEWHERE = PeerId("1" * 40)


def hall(limit: int = 50) -> LocalNamespace:
    return LocalNamespace(HUB, "net1", limit, Publication(Roles((HUB,))), NamesByHub())


def come(local: LocalNamespace, count: int, first: int = 1) -> list[LocalMember]:
    ids = enumerate(peer_ids(count, seed=first), first)
    return [local.enter(Located(HUB, Member(peer, session, b""))) for session, peer in ids]


def elsewhere(local: LocalNamespace, peer: PeerId, session: int) -> Registration:
    return local.register(Located(ELSEWHERE, Member(peer, session, b"")))


def told(local: LocalNamespace, client: LocalMember) -> set[PeerId]:
    """Have a client leave; return who is told of it."""
    local.leave(client)
    return {other.peer for other in local.end(client)}


def test_two_that_know_each_other_are_found_by_what_each_knows() -> None:
    local = hall()
    clients = come(local, 3)
    acquaint(local, clients[2], list(clients[:2]))
    assert [client.known_by for client in clients] == [{}, {}, {}]
    assert told(local, clients[2]) == {clients[0].peer, clients[1].peer}
    assert told(local, clients[1]) == set()
    assert [client.known for client in clients[:1]] == [{}]


@pytest.mark.parametrize("who", ["the one that is full leaves", "the other one leaves"])
def test_one_that_is_known_to_another_that_is_full_knows_it_all_the_same(who: str) -> None:
    local = hall(limit=1)
    full, *others, last = come(local, KNOWN_FACTOR + 2)
    for other in others:
        acquaint(local, full, [other])
    acquaint(local, last, [full])
    assert (last.key in full.known, full.key in last.known) == (False, True)
    if who == "the other one leaves":
        assert told(local, last) == set()
        assert full.known_by == {}
    else:
        assert told(local, full) == {other.peer for other in (*others, last)}
        assert last.known == {}


def test_one_that_knows_another_registration_of_an_id_is_told_of_ours_when_that_ends() -> None:
    local = hall()
    client, other = come(local, 2)
    remote = elsewhere(local, other.peer, 7)
    acquaint(local, client, [remote])
    local.tidy()
    acquaint(local, other, [client])
    assert client.known == {other.key: remote}
    assert local.end(remote) == {client: other}
    assert told(local, other) == {client.peer}
    assert told(local, client) == set()


def test_one_that_is_hidden_and_leaves_is_told_of_to_nobody() -> None:
    local = hall()
    client, other = come(local, 2)
    acquaint(local, client, [elsewhere(local, other.peer, 7)])
    acquaint(local, other, [client])
    assert told(local, other) == set()
    assert told(local, client) == set()
    assert (local.registrations, local.by_key, local.size) == ({}, {}, 0)


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_clients_are_found_by_their_sessions_however_many_there_are(count: int) -> None:
    local = hall()
    clients = come(local, count)
    local.renumber(clients[0], 1_000)
    assert local.with_session(1_000) is clients[0]
    assert local.with_session(1) is None
    local.leave(clients[1])
    assert local.with_session(2) is None
    (newcomer,) = come(local, 1, first=500)
    assert local.client(newcomer.peer, 500) is newcomer


def introduced(local: LocalNamespace, rng: Random, clients: list[LocalMember]) -> None:
    """Have some get to know some, in whatever order, and some of them at another hub too."""
    others: list[Registration] = [*rng.sample(clients, rng.randrange(len(clients) + 1))]
    others += [elsewhere(local, rng.choice(clients).peer, rng.randrange(5)) for _ in range(2)]
    acquaint(local, rng.choice(clients), others)
    local.tidy()


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_each_that_knows_one_is_told_of_its_end_and_nobody_else(seed: int) -> None:
    rng = Random(seed)
    local = hall(limit=rng.choice((1, 50)))
    clients = come(local, 20 if local.limit == 1 else 5)
    for _ in range(30):
        introduced(local, rng, clients)
        for session in range(5):
            remote = local.find(ELSEWHERE, session)
            if remote is not None and rng.randrange(4) == 0:
                knowers = {one for one in clients if one.known.get(remote.key) is remote}
                assert set(local.end(remote)) == knowers
                assert not any(remote in one.all_hidden() for one in clients)
    while clients:
        leaver = clients.pop(rng.randrange(len(clients)))
        local.leave(leaver)
        knowers = {one for one in clients if one.known.get(leaver.key) is leaver}
        assert set(local.end(leaver)) == knowers
        assert not any(leaver in (*one.known.values(), *one.all_hidden()) for one in clients)
    assert (local.registrations, local.by_key, local.size) == ({}, {}, 0)
