"""Each signal between hubs is one trace, whatever happens to it on its way."""

from collections import defaultdict

from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.spans import Step, Traced
from peerpigeon.sim.mesh import Layout, Mesh
from peerpigeon.sim.network import Network

Told = list[tuple[PeerId, Traced]]
"""Which hub has told what."""


def traces(mesh: Mesh) -> list[Told]:
    found: dict[bytes, Told] = defaultdict(list)
    for hub in mesh.hubs:
        for span in hub.spans:
            found[span.trace].append((hub.own, span))
    return list(found.values())


def of(told: Told, step: Step) -> Told:
    return [(hub, span) for hub, span in told if span.step is step]


def reached(told: Told, start: PeerId) -> set[PeerId]:
    """Return the hubs that a signal came to by what is told of it."""
    found, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        for hub, span in of(told, Step.FORWARD):
            if hub == at and span.hub and span.hub not in found:
                found.add(PeerId(span.hub))
                waiting.append(PeerId(span.hub))
    return found


def test_traces_tell_what_clients_see() -> None:
    common = ServerConfig(trace_every=1, signal_lifetime=5.0)
    layout = Layout(hubs=8, max_links=3, common=common)
    mesh = Mesh.begin(1, layout, Network(loss=0.02))
    assert mesh.settle(60.0) is not None
    world = mesh.world
    clients = [world.add_client(hub) for hub in mesh.hubs]
    world.run(5.0)
    for number in range(200):
        sender = number % 7
        clients[sender].signal(clients[(sender + 1 + number // 7 % 7) % 8].peer_id)
        world.run(0.1)
        if number == 100:
            world.kill(mesh.hubs[7], machine=True)
    world.run(20.0)
    found = traces(mesh)
    delivered = [told for told in found if of(told, Step.DELIVER)]
    assert len(delivered) == sum(len(client.signals) for client in clients)
    for told in found:
        [(source, root)] = of(told, Step.SIGNAL)
        assert {span.parent for _, span in told if span is not root} <= {root.span}
        assert len({(span.sender, span.target) for _, span in told}) == 1
        assert len({span.span for _, span in told}) == len(told)
    for told in delivered:
        [(source, _)] = of(told, Step.SIGNAL)
        [(hub, span)] = of(told, Step.DELIVER)
        assert (span.outcome, span.hub) == ("delivered", source)
        assert hub in reached(told, source)
    refused = [told for told in found if any(span.outcome == "expired" for _, span in told)]
    assert refused
    assert all(of(told, Step.RETURN) for told in refused)
