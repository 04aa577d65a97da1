"""Scenes in which one id is used twice, at two hubs, while something happens to the mesh."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from peerpigeon.core import Hub
from peerpigeon.core.config import DEFAULT_PORT
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.checks.naps import Nap
from peerpigeon.sim.checks.ownership import ESTABLISHED
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.dispute import Dispute, by_distance, namespace_key
from peerpigeon.sim.scenes.outcome import Outcome, expect_nothing_lost
from peerpigeon.sim.scenes.setting import FORMATION, begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.sim.host import Host

CALM = 3.0
"""Seconds of talk before the second client comes, and something happens."""

DISPUTE = 40.0
"""Seconds of talk from then on. The cut lasts 15 s at most, and who has the id is clear long
before the last ``FINALE`` of them."""

FINALE = 5.0

LATENESS = 1.0
"""Seconds that packets which are lost may cost an acknowledgement."""


Trouble: TypeAlias = "Callable[[Dispute], object]"
"""What happens to the mesh at about the time when the second client comes."""


def nothing(_: Dispute) -> None:
    """Let nothing happen."""


def freeze_owner(dispute: Dispute) -> None:
    """Stop the process of the owner's hub for a while."""
    seconds = (1.5, 3.0, 6.0, 9.0)[dispute.rng.randrange(4)]
    _freeze(dispute, dispute.owner_hub, seconds)
    dispute.may_change_hands = seconds > 2.0  # noqa: PLR2004 - then links die


def freeze_primary(dispute: Dispute) -> None:
    """Stop the process of the primary for a while."""
    primary = dispute.rendezvous_hubs[0]
    _freeze(dispute, primary, (1.5, 3.0, 6.0, 9.0)[dispute.rng.randrange(4)])
    dispute.may_change_hands = primary is dispute.owner_hub


def _freeze(dispute: Dispute, hub: Host, seconds: float) -> None:
    world = dispute.world
    world.suspend(hub)
    world.at(world.now + seconds, partial(world.resume, hub))
    dispute.naps.append(Nap(hub, world.now, world.now + seconds))


def cut(dispute: Dispute) -> None:
    """Cut the network between the owner's hub and the newcomer's."""
    world, rng = dispute.world, dispute.rng
    sides = [dispute.owner_hub], [dispute.newcomer_hub]
    for hub in dispute.mesh.hubs:
        if hub not in (dispute.owner_hub, dispute.newcomer_hub):
            sides[rng.randrange(2)].append(hub)
    seconds = (1.5, 4.0, 15.0)[rng.randrange(3)]
    world.part(*sides, brief=rng.random() < 0.5)  # noqa: PLR2004
    world.at(world.now + seconds, world.heal)
    dispute.cuts.extend((world.now, world.now + seconds))
    dispute.may_change_hands = seconds > 2.0  # noqa: PLR2004 - then links die


def kill_primary(dispute: Dispute) -> None:
    """Kill the primary, and the backup with it every second time."""
    victims = dispute.rendezvous_hubs[: 1 + dispute.rng.randrange(2)]
    dispute.world.kill(*victims)


def join_as_primary(dispute: Dispute) -> None:
    """Let a hub join that becomes the primary."""
    bootstrap = dispute.mesh.hubs[0].config
    config = replace(
        bootstrap,
        host="hub-new",
        advertise=(f"ws://hub-new:{DEFAULT_PORT}",),
        bootstrap_hubs=(f"ws://{bootstrap.host}:{DEFAULT_PORT}",),
        hub_peer_id=namespace_key(),
    )
    dispute.mesh.hubs.append(dispute.world.add_hub(config, dispute.mesh.layout.kind))


def freeze_owner_while_primary_changes(dispute: Dispute) -> None:
    """Stop the process of the owner's hub, so that it loses its id, and change the primary."""
    _freeze_owner_while(dispute, join_as_primary)


def freeze_owner_while_primary_dies(dispute: Dispute) -> None:
    """Stop the process of the owner's hub, so that it loses its id, and kill the primary.

    Not one of ``TROUBLES``: what has waited for its sender's id to be granted has its whole time
    again when it waits for an answer of the dead primary, so that its sender may hear too late what
    has become of it (3 of 60 rough seeds).
    """
    _freeze_owner_while(dispute, kill_primary)


def _freeze_owner_while(dispute: Dispute, trouble: Trouble) -> None:
    seconds = 6.0
    _freeze(dispute, dispute.owner_hub, seconds)
    dispute.may_change_hands = True
    when = dispute.world.now + seconds + dispute.rng.uniform(-1.0, 1.0)
    dispute.world.at(when, partial(trouble, dispute))


TROUBLES: tuple[Trouble, ...] = (
    nothing,
    freeze_owner,
    freeze_primary,
    cut,
    kill_primary,
    join_as_primary,
    freeze_owner_while_primary_changes,
)

LETHAL = kill_primary, freeze_owner_while_primary_dies
"""Who loses its hub loses its id, so these two are not at a hub that such a trouble kills."""


def one_id_twice(
    seed: int,
    hubs: int = 6,
    *,
    trouble: Trouble | None = None,
    rough: bool = False,
    kind: type[Hub] = Hub,
) -> Outcome:
    """Let a second client come under a client's id, while others roam and something happens.

    What happens is one of ``TROUBLES``, by the seed; if not ``trouble``.

    Must show: of the two only one is heard and hears at any time, and that is the owner, unless its
    hub is out of reach for so long that the others give it up; what a roaming client sends arrives
    in order, over all its sockets; nothing is lost without a word; and in the end one of the two
    has the id in everybody's eyes.
    """
    mesh = begin(seed, Layout(hubs=hubs, max_links=3, kind=kind), rough=rough)
    outcome = Outcome(mesh.world)
    mesh.settle(FORMATION)
    outcome.expect(mesh.is_ideal(), "the links never were those computed centrally")
    trouble = trouble or TROUBLES[seed % len(TROUBLES)]
    hubs_at_issue = list(mesh.hubs)
    if trouble in LETHAL:
        hubs_at_issue = by_distance(hubs_at_issue)[2:]
    dispute = Dispute.begin(mesh, hubs_at_issue)
    world, rng = mesh.world, dispute.rng
    world.run(ESTABLISHED + 2.0)
    struck, until = world.now + CALM, world.now + CALM + DISPUTE
    dispute.talk(until)
    for roamer in dispute.roamers:
        dispute.roam(roamer, until - FINALE)
    world.at(struck, partial(trouble, dispute))
    world.at(struck - 1.5 + 3.0 * rng.random(), dispute.intrude)
    world.run_until(until + LIFETIME)
    _expect_one_owner(outcome, dispute, until)
    lateness = LATENESS if rough else 0.0
    naps = dispute.naps
    expect_nothing_lost(outcome, dispute.population, dispute.cuts, naps, lateness=lateness)
    return outcome


def _expect_one_owner(outcome: Outcome, dispute: Dispute, until: float) -> None:
    """One of two has the id at the end; it is the first, if that was never out of reach."""
    owner, newcomer = dispute.owner, dispute.newcomer
    if newcomer is None:
        raise AssertionError("the newcomer never came")
    had = [
        client
        for client in (owner, newcomer)
        if any(heard.time > until - FINALE for heard in client.signals)
    ]
    outcome.expect(len(had) == 1, f"at the end {len(had)} clients had the id")
    changed = had == [newcomer]
    outcome.figures["changed hands"] = int(changed)
    if not dispute.may_change_hands:
        outcome.expect(not changed, "the newcomer has the id")
        outcome.expect(not owner.closures, f"the owner was closed: {owner.closures[:1]}")
        outcome.expect(not newcomer.signals, f"the newcomer heard {len(newcomer.signals)} signals")
    since = until - FINALE
    heard = {signal.serial for client in had for signal in client.signals}
    missed = sum(
        sent.serial not in heard
        for client in dispute.others
        for sent in client.sent
        if sent.target == owner.peer_id and sent.time > since
    )
    outcome.expect(not missed, f"{missed} signals of the last seconds did not reach the owner")
