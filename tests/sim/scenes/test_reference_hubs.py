"""Tests of the tests: what is done wrong with hubs of the npm package is noticed."""

import pytest

from peerpigeon.core import Hub
from peerpigeon.core.reference.links import ReferenceLinks
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes import reference_hubs
from peerpigeon.sim.scenes.mixed_mesh import MixedMesh
from tests.sim import mutants

ORPHANING_SEED = 2
"""With this seed the hub is killed that serves the one of the package."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("mutant", "complaint"),
    [
        (mutants.BelievesInDeadReferences, "too many"),
        (mutants.HearsReferencesTwice, "arrived 2 times"),
        (mutants.IgnoresSignalsOfReferences, "is lost"),
        (mutants.IgnoresDeparturesFromReferences, "too many"),
        (mutants.MistakesNamespacesOfReferences, "does not know"),
        (mutants.TellsReferencesTwice, "a peer it knew"),
        (mutants.HidesDeparturesFromReferences, "too many"),
        (mutants.RepeatsSignalsToReferences, "arrived 2 times"),
    ],
)
def test_a_hub_that_is_wrong_about_reference_hubs_is_noticed(
    mutant: type[Hub], complaint: str
) -> None:
    found = reference_hubs.killed(1, kind=mutant).faults
    assert [sentence for sentence in found if complaint in sentence], found[:5]


def test_a_signal_that_crosses_to_another_namespace_is_noticed() -> None:
    """Within a hub of the package it does; one of its clients is taken for another hub's."""
    scene = MixedMesh.begin(1, Layout(hubs=1), rough=False)
    reference = scene.add_reference()
    scene.arrive(reference)
    scene.mesh.world.run(10.0)
    scene.expect_strict_namespaces()
    assert scene.outcome.faults == []
    scene.population.hosts[scene.population.clients[0].number] = scene.mesh.hubs[0]
    scene.expect_strict_namespaces()
    assert scene.outcome.faults == ["4 signals crossed to another namespace"]


def test_a_hub_that_never_takes_the_place_of_another_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reference_hubs.orphaned(ORPHANING_SEED).faults == []
    monkeypatch.setattr(ReferenceLinks, "is_free", lambda *_: [])
    assert reference_hubs.orphaned(ORPHANING_SEED).faults != []
