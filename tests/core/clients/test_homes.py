"""Workers of one command: the clients of a namespace are at one of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.interface.actions import Action, PassOn
from peerpigeon.core.interface.events import PeerLost, PeerOpened, PeerSent
from peerpigeon.core.owners import owner_of_key
from tests.core.harness import A, B, Desk

HERE, THERE = "room-3", "room-2"
"""Namespaces whose homes are the workers 0 and 1 of two."""


def worker(index: int = 0, **options: Any) -> Desk:
    return Desk(ServerConfig(is_hub=True, worker=index, workers=2, **options))


def passed_on(actions: list[Action]) -> list[PassOn]:
    return [action for action in actions if isinstance(action, PassOn)]


def announce(desk: Desk, session: int, namespace: str) -> list[PassOn]:
    text = json.dumps({"type": "announce", "data": {}, "networkName": namespace})
    return passed_on(desk.feed(PeerSent(session, text)))  # type: ignore[arg-type]


def test_who_announces_itself_where_another_worker_is_at_home_is_passed_on() -> None:
    desk = worker()
    session = desk.open(A, address="192.0.2.1")
    key = desk.take(session)[0]["data"]["resumeKey"]
    (action,) = announce(desk, session, THERE)
    assert action.worker == 1
    assert action.opened == PeerOpened(
        session, A, "192.0.2.1", owner=owner_of_key(key), passed_on_by=0
    )
    assert [json.loads(text)["type"] for text in action.texts] == ["announce"]
    assert len(desk.hub.status.peers()) == 0


def test_who_announces_itself_at_home_stays() -> None:
    desk = worker()
    session = desk.open(A)
    assert announce(desk, session, HERE) == []
    assert len(desk.hub.status.peers()) == 1


def test_what_is_said_on_the_way_goes_with_the_client() -> None:
    desk = worker()
    session = desk.open(A)
    (action,) = announce(desk, session, THERE)
    desk.signal(session, B, namespace=THERE)
    assert [json.loads(text)["type"] for text in action.texts] == ["announce", "offer"]
    desk.feed(PeerLost(session, 1000, "passed on"))
    desk.signal(session, B, namespace=THERE)
    assert len(action.texts) == 2


def test_who_is_passed_on_is_not_greeted_again_and_stays() -> None:
    first, second = worker(), worker(1)
    session = first.open(A)
    (action,) = announce(first, session, THERE)
    second.feed(action.opened)
    for text in action.texts:
        second.feed(PeerSent(action.opened.session, text))
    assert second.take(action.opened.session) == []
    (record,) = second.hub.status.peers()
    assert (record.peer_id, record.namespace) == (A, THERE)
    assert announce(second, action.opened.session, HERE) == []


def test_who_cannot_be_passed_on_is_served_by_the_worker_that_has_it() -> None:
    desk = worker()
    (action,) = announce(desk, desk.open(A), THERE)
    desk.feed(PeerLost(action.opened.session, 1000, "passed on"))
    desk.feed(PeerOpened(desk.open(B), A, "127.0.0.1", owner=action.opened.owner))
    assert passed_on(desk.feed(PeerSent(2, action.texts[0]))) == []  # type: ignore[arg-type]


def test_the_owner_of_an_id_is_known_at_the_other_worker() -> None:
    first, second = worker(), worker(1)
    holder = second.open(A)
    key = second.take(holder)[0]["data"]["resumeKey"]
    second.announce(holder, THERE)
    session = first.open(A, resume_key=key)
    (action,) = announce(first, session, THERE)
    opened = PeerOpened(second.open(B), A, "127.0.0.1", owner=action.opened.owner)
    second.feed(opened)
    second.feed(PeerSent(opened.session, action.texts[0]))
    assert second.closed[holder] == (1008, "resumed by another connection")


def test_who_changes_its_namespace_stays() -> None:
    desk = worker()
    session = desk.open(A)
    announce(desk, session, HERE)
    assert announce(desk, session, THERE) == []


@pytest.mark.parametrize("namespace", [HERE, THERE])
def test_a_single_process_passes_nobody_on(namespace: str) -> None:
    desk = Desk(ServerConfig(is_hub=True))
    assert announce(desk, desk.open(A), namespace) == []


def test_who_speaks_tls_is_passed_on_too() -> None:
    desk = worker(tls_cert="cert.pem", tls_key="key.pem")
    (action,) = announce(desk, desk.open(A), THERE)
    assert action.worker == 1
