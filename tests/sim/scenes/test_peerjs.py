"""Clients of PeerJS keep their ids and messages, whatever becomes of hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.clients import members
from peerpigeon.core.clients.patient_signals import PatientSignals
from peerpigeon.core.namespaces.id_owners import IdOwners
from peerpigeon.core.wire.hub_news import Relay
from peerpigeon.sim.scenes.peerjs import peerjs
from tests.selection import thorough
from tests.sim.visitor_mutants import Closes, Delays, Loses, Repeats, VisitorMutant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.sessions.registry import VisitorMember
    from peerpigeon.core.wire.hub_news import Undelivered

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("seeds", "rough"),
    [
        (range(1, 3), False),
        thorough(range(3, 11), False),
        thorough(range(11, 21), True),
    ],
)
def test_each_id_is_one_peers_and_each_message_has_one_end(seeds: range, *, rough: bool) -> None:
    assert [peerjs(seed, rough=rough).faults for seed in seeds] == [[] for _ in seeds]


# What this scene would find


def found(kind: type[Hub] = Hub, *, seeds: Iterable[int] = (1,)) -> str:
    return "\n".join(fault for seed in seeds for fault in peerjs(seed, kind=kind).faults)


class Relays(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return "payload" in message and "dst" in message


class Openings(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return message.get("type") == "OPEN"


class Expiries(VisitorMutant):
    def spoils(self, message: dict[str, Any]) -> bool:
        return message.get("type") == "EXPIRE"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("spoilt", "how", "told"),
    [
        (Relays, Loses, "was lost without a word"),
        (Relays, Repeats, "arrived 2 times"),
        (Relays, Delays, " after "),
        (Openings, Loses, "was not answered"),
        (Openings, Closes, "nobody else has come for its id"),
        (Expiries, Loses, "is not there, waits"),
        (Expiries, Repeats, "that awaited-"),
    ],
)
def test_a_hub_that_spoils_messages_is_found(
    spoilt: type[VisitorMutant], how: type[VisitorMutant], told: str
) -> None:
    assert told in found(type("Spoiler", (spoilt, how), {}))


@pytest.mark.thorough
def test_that_everybody_is_taken_for_the_owner_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(members, "same_owner", lambda *_: True)
    assert "somebody else has its id" in found(seeds=(4, 5))


@pytest.mark.thorough
def test_that_an_id_is_given_to_two_hubs_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IdOwners, "rival", lambda *_, **__: None)
    assert "though its holder was there" in found()


@pytest.mark.thorough
def test_that_what_waits_is_never_given_up_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientSignals, "tick", lambda *_: None)
    monkeypatch.setattr(PatientSignals, "deadline", lambda *_: None)
    told = found()
    assert "is not there, waits" in told
    assert "keeps '\\x00p" in told


@pytest.mark.thorough
def test_that_what_has_waited_is_lost_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientSignals, "release", lambda *_: None)
    assert "did not reach" in found()


@pytest.mark.thorough
def test_that_what_has_come_back_is_sent_again_at_once_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def send_again(
        self: PatientSignals, sender: VisitorMember, hub: PeerId, lost: Undelivered, now: float
    ) -> None:
        own, target, session = lost.sender, lost.target, sender.mesh_session
        self._presence.disprove(lost.namespace, target, (hub, lost.session), now)
        relay = Relay(lost.namespace, own, target, 0, lost.kind, lost.data, session)
        self.send(sender, relay, now)

    monkeypatch.setattr(PatientSignals, "_take_back", send_again)
    assert " after " in found()
