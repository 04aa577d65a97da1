"""Tests of the tests: a mesh in which two can have one id does not pass the scenes about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from peerpigeon.core.clients.announcements import Announcements
from peerpigeon.core.namespaces.granted_ids import GrantedIds, Standing
from peerpigeon.core.namespaces.handover import Handover
from peerpigeon.core.namespaces.id_owners import IdOwners
from peerpigeon.sim.scenes import identities

if TYPE_CHECKING:
    from peerpigeon.core.sessions.registry import Client
    from peerpigeon.core.wire.client_messages import Announce

pytestmark = [pytest.mark.slow, pytest.mark.thorough]


def disputes(trouble: identities.Trouble, seeds: int = 3) -> list[str]:
    played = [identities.one_id_twice(seed, trouble=trouble) for seed in range(1, seeds + 1)]
    return [fault for outcome in played for fault in outcome.faults]


def says(complaint: str, faults: list[str]) -> bool:
    return any(complaint in fault for fault in faults)


def test_granting_an_id_to_everybody_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IdOwners, "rival", lambda *_, **__: None)
    faults = disputes(identities.nothing, seeds=1)
    assert says("had the id", faults)
    assert says("at the end 2 clients had the id", faults)


def test_letting_a_newcomer_speak_and_hear_before_it_has_its_id_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enter = Announcements.enter

    def hasty(self: Announcements, party: Client, announce: Announce, now: float) -> None:
        enter(self, party, announce, now)
        party.granted_in = party.namespace

    monkeypatch.setattr(Announcements, "enter", hasty)
    faults = disputes(identities.nothing, seeds=1)
    assert says("acted", faults)
    assert says("the newcomer heard", faults)


def test_granting_ids_before_the_others_are_heard_of_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Handover, "lasts_until", lambda *_: None)
    assert says("was told of", disputes(identities.kill_primary, seeds=12))


def test_hearing_what_is_from_a_socket_of_before_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GrantedIds, "standing", lambda *_: Standing.CURRENT)
    assert says(" after ", disputes(identities.cut, seeds=6))


def test_disputes_are_without_fault_where_nothing_is_broken() -> None:
    for trouble in (identities.nothing, identities.kill_primary, identities.cut):
        assert disputes(trouble) == []
