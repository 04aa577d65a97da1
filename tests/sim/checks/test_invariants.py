"""Tests of the tests: the invariants are silent over a sound hub and notice each broken one."""

import pytest

from peerpigeon.core import Hub
from peerpigeon.sim.checks.invariants import violations
from peerpigeon.sim.scenes.single_hub import churn
from tests.sim import mutants


@pytest.mark.parametrize(
    ("mutant", "complaint"),
    [
        (mutants.LosesSignals, "was lost, although both were there"),
        (mutants.RepeatsSignals, "arrived 2 times"),
        (mutants.ForgesSenders, "was changed on its way"),
        (mutants.DelaysSignals, "came again or too late"),
        (mutants.SwallowsErrors, "errors for"),
        (mutants.ForgetsIntroductions, "never learned of"),
        (mutants.IntroducesTwice, "a peer it knew"),
        (mutants.ForgetsDepartures, "was never told that"),
        (mutants.ReportsDeparturesTwice, "the end of a peer it did not know"),
        (mutants.ReportsFalseDepartures, "believes that"),
        (mutants.MislabelsNamespaces, "a message of another namespace"),
        (mutants.MisdirectsNews, "a message for somebody else"),
        (mutants.Babbles, "a message it cannot read"),
        (mutants.MixesNamespaces, "which was 0 times in"),
        (mutants.MixesNamespaces, "crossed from"),
        (mutants.ReportsFalseDepartures, "is gone, which it was not"),
        (mutants.NeverDropsTheSilent, "was never told that"),
        (mutants.NeverGreets, "waited in vain for its greeting"),
        (mutants.OverlooksClosedSockets, "or had been long since"),
    ],
)
def test_a_broken_hub_is_noticed(mutant: type[Hub], complaint: str) -> None:
    scene = churn(seed=1, clients=12, duration=30.0, namespaces=2, kind=mutant)
    found = violations(scene.world)
    assert [sentence for sentence in found if complaint in sentence], found[:5]


def test_a_sound_hub_breaks_no_rule_in_the_same_scene() -> None:
    scene = churn(seed=1, clients=12, duration=30.0, namespaces=2)
    assert violations(scene.world) == []
