"""Scenes in which hubs of the npm package are in the mesh, with clients on both sides.

Of clients at hubs of ours all is asked that is asked elsewhere. Clients of a hub of the package are
told what that hub makes of what it is told: where it has lost a hub of ours, or one of ours has
dialled it, its clients may hear of the same peer again, and not that a peer is gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from peerpigeon.core import Hub
from peerpigeon.core.config import DEFAULT_PORT, ServerConfig
from peerpigeon.sim.checks.ledger import LIFETIME
from peerpigeon.sim.mesh import Layout
from peerpigeon.sim.scenes.mixed_mesh import ARRIVALS, CLIENTS_EACH, Apart, MixedMesh
from peerpigeon.sim.scenes.setting import FORMATION

if TYPE_CHECKING:
    from peerpigeon.sim.host import Host
    from peerpigeon.sim.reference_hub import ReferenceHub
    from peerpigeon.sim.scenes.outcome import Outcome

WELCOMING = ServerConfig(reference_hubs="yes")

PROMPT = 5.0
"""Seconds in which the end of a socket is told to all: fewer than until pings show it."""

SETTLING = 15.0
"""Seconds in which a hub of ours learns that another one has died that served a hub of the package,
asks whether that is free, and serves it; or that one on a machine that is gone does not answer."""


def meeting(seed: int, hubs: int = 4, references: int = 2, *, rough: bool = False) -> Outcome:
    """Let hubs of both kinds come, one of the package late, and clients greet whom they learn of.

    Must show: all in one namespace learn of each other, once; every greeting arrives, once; no
    signal gets into the other namespace.
    """
    layout = Layout(hubs=hubs, over=8.0, common=WELCOMING)
    scene = MixedMesh.begin(seed, layout, rough=rough)
    world, mesh = scene.mesh.world, scene.mesh
    for number in range(references - 1):
        scene.arrive(scene.add_reference(_address(f"hub-{number % hubs}")), greets=True)
    mesh.run_until(mesh.is_whole, FORMATION)
    for hub in mesh.hubs:
        scene.arrive(hub, greets=True)
    world.run(ARRIVALS + LIFETIME)
    scene.arrive(scene.add_reference(_address(f"hub-{hubs - 1}")), greets=True)
    world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    scene.expect_sound_news()
    judged = scene.expect_sound_signals()
    pairs = sum(len(client.known) for client in scene.population.clients)
    scene.outcome.expect(judged.sent == pairs, f"{judged.sent} greetings for {pairs} pairs")
    scene.outcome.expect(judged.delivered == pairs, f"{judged.delivered} of {pairs} arrived")
    scene.expect_strict_namespaces()
    return scene.outcome


def dialled(seed: int, hubs: int = 3, references: int = 2, *, rough: bool = False) -> Outcome:
    """Let all hubs of ours dial the same hubs of the package, and have no other way to each other.

    Must show: they become one mesh; all in one namespace learn of each other, at hubs of ours once;
    every signal arrives, once.
    """
    addresses = tuple(_address(f"reference-{number}") for number in range(references))
    common = replace(WELCOMING, bootstrap_hubs=addresses)
    layout = Layout(hubs=hubs, bootstraps=hubs, common=common)
    scene = MixedMesh.begin(seed, layout, rough=rough)
    world, mesh = scene.mesh.world, scene.mesh
    for _ in addresses:
        scene.arrive(scene.add_reference())
    whole_at = mesh.run_until(mesh.is_whole, FORMATION)
    scene.outcome.expect(whole_at is not None, "the mesh never was one")
    world.run(SETTLING)
    for hub in mesh.hubs:
        scene.arrive(hub)
    world.run(ARRIVALS + LIFETIME)
    scene.population.signal_steadily(300, 15.0)
    world.run(15.0 + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=False)
    judged = scene.expect_sound_signals()
    scene.outcome.expect(judged.delivered == judged.sent > 0, "not all signals arrived")
    return scene.outcome


def killed(
    seed: int,
    hubs: int = 4,
    *,
    machine: bool = False,
    rough: bool = False,
    kind: type[Hub] = Hub,
) -> Outcome:
    """Let a client of each kind leave, then kill a hub of the package, with signals under way.

    Its process starts again, with new clients; of a ``machine`` that is gone only pings tell. Must
    show: each client is reported gone, once; the new ones become known.
    """
    scene = _formed(seed, hubs, kind, rough=rough)
    world, (victim, other) = scene.mesh.world, scene.references
    scene.population.signal_steadily(600, 40.0)
    for hub in (scene.mesh.hubs[0], other):
        scene.dismiss_one(hub)
    world.run(5.0)
    gone = scene.clients_of(victim)
    believed_in = Apart(gone, world.now, world.now + SETTLING) if machine else None
    world.kill(victim, machine=machine)
    world.run(SETTLING if machine else PROMPT)
    scene.expect_acquaintance()
    if not machine:
        world.restart_reference(victim)
        scene.arrive(victim)
    world.run(20.0 + LIFETIME)
    scene.expect_acquaintance()
    scene.expect_told_once()
    scene.expect_sound_news()
    scene.expect_sound_signals(believed_in)
    return scene.outcome


def orphaned(seed: int, hubs: int = 4, *, rough: bool = False) -> Outcome:
    """Kill one of the two hubs of ours to which a hub of the package is linked.

    If it served that one, the other has to take its place. Must show: then its clients and those of
    ours learn of each other again, and are reported gone at most once before.
    """
    scene = MixedMesh.begin(seed, Layout(hubs=hubs, common=WELCOMING), rough=rough)
    mesh, world = scene.mesh, scene.mesh.world
    mesh.settle(FORMATION)
    doubly_linked = scene.add_reference(_address("hub-0"), _address("hub-1"))
    for hub in mesh.hubs:
        scene.arrive(hub)
    scene.arrive(doubly_linked)
    world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    scene.population.signal_steadily(600, 30.0)
    world.run(5.0)
    victim = mesh.hubs[scene.population.rng.randrange(2)]
    is_orphaned = victim.hub.status.snapshot(world.now).connections > CLIENTS_EACH + 1
    orphans = scene.clients_of(doubly_linked)
    apart = Apart(orphans, world.now, world.now + SETTLING) if is_orphaned else None
    world.kill(victim)
    world.run(25.0 + SETTLING + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=not is_orphaned)
    scene.expect_sound_signals(apart)
    return scene.outcome


def cut_off(seed: int, hubs: int = 4, seconds: float = 40.0, *, rough: bool = False) -> Outcome:
    """Cut a hub of the package off with its clients, for longer than it is believed in.

    Must show: on each side all know each other; its clients are reported gone, once; after the cut
    it comes back, and all learn of each other again.
    """
    scene = _formed(seed, hubs, rough=rough)
    world, (victim, other) = scene.mesh.world, scene.references
    scene.population.signal_steadily(900, seconds + 40.0)
    world.run(5.0)
    cut_at = world.now
    world.part([victim], [*scene.mesh.hubs, other])
    world.run(seconds)
    for client in scene.population.present():
        if not scene.is_guest(client):
            known = scene.clients_of(victim).intersection(client.known)
            scene.outcome.expect(not known, f"client {client.number} was not told of the cut")
    world.heal()
    apart = Apart(scene.clients_of(victim), cut_at, world.now + SETTLING)
    world.run(40.0 + LIFETIME)
    scene.expect_acquaintance(are_references_exact=False)
    scene.expect_told_once()
    scene.expect_sound_news(are_references_exact=False)
    scene.expect_sound_signals(apart)
    return scene.outcome


def divided(seed: int, hubs: int = 6, seconds: float = 40.0, *, rough: bool = False) -> Outcome:
    """Cut the network in two halves, each with a hub of the package.

    Must show: in each half all know just each other; after the cut all do, and nobody was told
    anything twice.
    """
    scene = _formed(seed, hubs, rough=rough)
    world, ours = scene.mesh.world, scene.mesh.hubs
    scene.population.signal_steadily(900, seconds + 40.0)
    world.run(5.0)
    cut_at = world.now
    halves: list[list[Host | ReferenceHub]] = [
        [*ours[half::2], scene.references[half]] for half in (0, 1)
    ]
    world.part(*halves)
    world.run(seconds)
    for half in halves:
        scene.expect_acquaintance_in(half)
    world.heal()
    apart = Apart(scene.clients_of(*halves[0]), cut_at, world.now + SETTLING)
    world.run(40.0 + LIFETIME)
    scene.expect_acquaintance()
    scene.expect_told_once()
    scene.expect_sound_news()
    scene.expect_sound_signals(apart)
    return scene.outcome


def _formed(seed: int, hubs: int, kind: type[Hub] = Hub, *, rough: bool) -> MixedMesh:
    """Return a mesh with two hubs of the package and clients everywhere, who have met."""
    common = replace(WELCOMING, cleanup_interval=2.0, peer_timeout=10.0)
    scene = MixedMesh.begin(seed, Layout(hubs=hubs, common=common, kind=kind), rough=rough)
    scene.mesh.settle(FORMATION)
    for number in range(2):
        scene.arrive(scene.add_reference(_address(f"hub-{number}")))
    for hub in scene.mesh.hubs:
        scene.arrive(hub)
    scene.mesh.world.run(ARRIVALS + LIFETIME)
    scene.expect_acquaintance()
    return scene


def _address(host: str) -> str:
    return f"ws://{host}:{DEFAULT_PORT}"
