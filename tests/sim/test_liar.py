"""A liar lies when it is to, and a mesh that believes it is found out."""

from __future__ import annotations

import pytest

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.namespaces.authority import Authority
from peerpigeon.core.namespaces.granted_ids import GrantedIds, Standing
from peerpigeon.core.wire import hub_validation
from peerpigeon.sim.liar import Forger, Liar
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.scenes.byzantine import byzantine, byzantine_with_identities
from tests.selection import thorough

pytestmark = pytest.mark.slow


def test_a_hub_that_is_to_lie_is_like_others_before() -> None:
    traces = [Mesh.begin(1, Layout(hubs=5, kinds=kinds)) for kinds in ({}, {1: Liar, 2: Liar})]
    for mesh in traces:
        assert mesh.settle(60.0) is not None
    assert traces[0].world.trace.digest() == traces[1].world.trace.digest()


@pytest.mark.parametrize("hubs", [6, thorough(12)])
def test_what_liars_say_does_no_lasting_harm(hubs: int) -> None:
    outcome = byzantine(2, hubs, share=0.2)
    assert outcome.faults == []
    lies = outcome.figures["lies"]
    assert lies is not None
    assert lies > 300


@pytest.mark.parametrize("rough", [False, thorough(True)])
def test_where_hubs_have_identities_no_sender_is_forged_on_the_way(*, rough: bool) -> None:
    outcome = byzantine_with_identities(2, 12, share=0.2, rough=rough)
    assert outcome.faults == []
    forged = outcome.figures["forged"]
    assert forged is not None
    assert forged > 300


def test_liars_are_left_by_hubs_with_identities_when_they_make_up_adverts() -> None:
    common = ServerConfig(hub_identity="its own")
    outcome = byzantine(2, 12, share=0.2, common=common)
    assert outcome.faults == []
    forged = outcome.figures["forged"]
    assert forged is not None
    assert forged > 100


@pytest.mark.thorough
def test_without_identities_whoever_passes_on_can_forge_a_sender() -> None:
    faults = byzantine(2, 12, share=0.2, kind=Forger).faults
    assert any("nobody has sent" in fault for fault in faults)


@pytest.mark.thorough
def test_hubs_that_believe_everybody_about_everything_are_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Authority, "may_say", lambda *_: True)
    monkeypatch.setattr(GrantedIds, "standing", lambda *_: Standing.CURRENT)
    monkeypatch.setattr(hub_validation, "_is_json", lambda _: True)
    faults = byzantine(1, 12, share=0.2).faults
    for complaint in ("nobody has sent", "cannot read"):
        assert any(complaint in fault for fault in faults), complaint
