"""Hubs that know the secret, and lie: what they can do to clients and hubs of others."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass

import msgspec

from peerpigeon.core.clients.relays import ASK_AGAIN
from peerpigeon.core.ids import PeerId
from peerpigeon.core.namespaces.keys import namespace_key
from peerpigeon.core.namespaces.placement import Placement
from peerpigeon.core.wire.hub_frames import (
    CONTROL,
    Advert,
    Adverts,
    Routed,
    Sealed,
    Segment,
    Summary,
)
from peerpigeon.core.wire.hub_news import Resync
from peerpigeon.core.wire.ranges import LAST_INCARNATION
from tests.hostile.lying_hub import LyingHub
from tests.hostile.scene import HONEST, SECRET, Scene, attack
from tests.hostile.sockets import new_id
from tests.hostile.waiting import comes_true
from tests.hostile.witness import SOON, Witness

KIND = "liar"
MESH = {"hub_secret": SECRET}
ASKED = 2 * ASK_AGAIN
"""Seconds in which a hub has found out who has an id, and has acted on that."""

MENDED = 10.0  # seconds in which hubs have to do without one that has left
KNOWN = 24
"""How many others a client is told of in a namespace: fewer than there are, but all the honest."""

OWN = "liars"
"""The namespace of the liar's own clients."""


async def linked(scene: Scene, port: int) -> LyingHub:
    """Link up, and claim that the hub has let it in."""
    liar = await LyingHub.link(port)
    scene.claim("a hub that knows the secret is let in", liar.is_in, liar.socket.closed)
    told = await comes_true(lambda: len(liar.adverts.keys() - {liar.own}) >= len(scene.ports), SOON)
    scene.claim("it is told of all hubs", told, len(liar.adverts))
    return liar


@dataclass(frozen=True)
class Stage:
    """Where a liar has been heard with a true word."""

    namespace: str
    """One of which the liar's neighbour is the primary rendezvous hub."""
    witness: Witness
    own: str
    """The client for which the liar may speak."""


async def true_word(scene: Scene, liar: LyingHub, port: int) -> Stage:
    """Have a client of the liar signal to one of the hub: that it can speak at all."""
    hubs = Placement({liar.own, *map(PeerId, liar.adverts)})
    names = (f"{OWN}-{number}" for number in itertools.count())
    namespace = next(name for name in names if hubs.primary(name) == liar.hub)
    witness = await Witness.join(port, namespace)
    own = new_id()
    await liar.publish(namespace, own)
    await comes_true(lambda: own in witness.known, SOON)
    await liar.say(liar.routed(liar.relay(namespace, own, witness.peer, b'"a true word"')))
    came = await comes_true(lambda: (own, "a true word") in witness.signals, SOON)
    scene.claim("what it says for a client of its own comes", came, "it does not")
    return Stage(namespace, witness, own)


@attack(KIND, hubs=2, options={**MESH, "discovery_limit": KNOWN})
async def forged_senders(scene: Scene) -> None:
    """Says signals in the names of clients of the other hub (Synapse PYSEC-2020-236)."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.port)
    stage = await true_word(scene, liar, scene.port)
    witness, namespace = stage.witness, stage.namespace
    there = [await Witness.join(port, namespace) for port in scene.ports]
    there += [await Witness.join(scene.ports[1], namespace) for _ in range(2 * KNOWN)]
    victims = {each.peer for each in there}
    await comes_true(lambda: all(each.known for each in there), SOON)
    unknown = len(victims - witness.known)
    scene.claim("the witness knows some and not others", 0 < unknown < len(victims), unknown)
    watcher = await Witness.join(scene.port, HONEST)
    await comes_true(lambda: len(watcher.known) >= 20, SOON)
    for number, victim in enumerate(victims, 2):
        await liar.say(
            liar.routed(liar.relay(namespace, victim, witness.peer, b'"forged"', number))
        )
    for number, victim in enumerate(victims, 2 + len(victims)):  # says that it serves them itself
        await liar.publish(namespace, victim)
        await liar.say(
            liar.routed(liar.relay(namespace, victim, witness.peer, b'"forged"', number))
        )
    honest = sorted(watcher.known)
    for number, target in enumerate(honest, 2 + 2 * len(victims)):
        for sender in honest:
            if sender != target:
                said = liar.relay(HONEST, sender, target, b'"forged"', number)
                await liar.say(liar.routed(said))
    last = 2 + 2 * len(victims) + len(honest)
    said = liar.relay(namespace, stage.own, witness.peer, b'"the last"', last)
    await liar.say(liar.routed(said))
    came = await comes_true(lambda: (stage.own, "the last") in witness.signals, SOON)
    scene.claim("what it says for a client of its own comes to the end", came)
    await asyncio.sleep(ASKED)
    await scene.rest(begun)
    forged = [sender for sender, data in witness.signals if data == "forged"]
    scene.claim("nobody hears a forged sender", not forged, f"{len(forged)} were heard")


@attack(KIND, hubs=2, options=MESH)
async def bytes_that_are_no_json(scene: Scene) -> None:
    """Relays bytes that are no UTF-8 or no JSON, as `data` of signals and of introductions."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.port)
    stage = await true_word(scene, liar, scene.port)
    witness, own = stage.witness, stage.own
    for number, data in enumerate((b"\xff\xfe", b"no JSON", b"", b'"a","b":1', b"[" * 5000), 2):
        said = liar.relay(stage.namespace, own, witness.peer, data, number)
        await liar.say(liar.routed(said))
    await liar.say(liar.routed(liar.relay(stage.namespace, own, witness.peer, b'"the last"', 9)))
    await comes_true(lambda: (own, "the last") in witness.signals, SOON)
    await scene.rest(begun)
    scene.claim("clients get JSON only", not witness.unreadable, witness.unreadable)


@attack(KIND, hubs=2, options=MESH, hurts=True)
async def huge_epochs(scene: Scene) -> None:
    """Says a segment with epoch 2^62 in the name of each honest hub to the other."""
    begun = asyncio.get_running_loop().time()
    liars = [await linked(scene, port) for port in scene.ports]
    hubs = [liar.hub for liar in liars]
    for liar, victim in zip(liars, reversed(hubs), strict=True):
        known = liars[0].adverts.get(victim)
        incarnation = known.incarnation if known else liar.incarnation
        for lane in (0, 1):
            news = liar.relay(OWN, new_id(), new_id(), b'"x"')
            segment = Segment(2**62, 0, 0, news, lane)
            await liar.say(Routed(victim, incarnation, liar.hub, 0, 8, segment))
    await scene.rest(begun)
    for liar in liars:
        liar.leave()


@attack(KIND, hubs=2, options=MESH, hurts=True)
async def huge_incarnations(scene: Scene) -> None:
    """Says adverts of the honest hubs with the last incarnation there is, and leaves."""
    begun = asyncio.get_running_loop().time()
    liars = [await linked(scene, port) for port in scene.ports]
    for liar in liars:
        for victim in (each.hub for each in liars):
            advert = Advert(victim, LAST_INCARNATION, 2**62, 1, (), (), life=2**63)
            await liar.say(Adverts((advert,), is_urgent=True))
    await scene.rest(begun)
    for liar in liars:
        liar.leave()


@attack(KIND, hubs=2, options=MESH)
async def out_of_turn(scene: Scene) -> None:
    """Says a gigabyte of segments of a stream whose first never comes."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.port)
    data = b'"' + b"x" * 1_000_000 + b'"'
    epoch = 1 << 20
    for number in range(1, scene.count(180, 1350)):
        news = liar.relay(OWN, new_id(), new_id(), data, number)
        if not await liar.say(liar.to_hub(Segment(epoch, number, 0, news))):
            break
    await scene.rest(begun)
    scene.figures["liar closed"] = liar.socket.closed


@attack(KIND, hubs=2, options=MESH)
async def malformed_ids_passed_on(scene: Scene) -> None:
    """Says what the next hub cannot read: the one that passes it on is not to blame."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.ports[0])
    victims = [PeerId(hub) for hub in liar.adverts.keys() - {liar.own, liar.hub}]
    for victim in victims:
        for sender in ("z" * 40, "", "é" * 40):
            said = liar.relay(OWN, sender, new_id(), b'"x"')
            segment = Segment(1 << 20, 0, 0, said)
            await liar.say(Routed(liar.own, liar.incarnation, victim, 0, 8, segment))
        for depth in range(100, 2000, 20):  # some hub on the way may be able to read it, some not
            nested = msgspec.Raw(b"\x91" * depth + b"\x90")
            await liar.say(Sealed(liar.own, liar.incarnation, victim, 0, 8, nested))
    came = await comes_true(lambda: liar.acknowledging >= set(victims), SOON)
    scene.claim("what it says reaches the next hub", came, liar.acknowledging)
    scene.claim("who only passes it on looks at none of it", liar.is_in, liar.socket.closed)
    for victim in victims:
        foul = Routed(PeerId("Z" * 40), 1, victim, 0, 8, Segment(1, 0, 0, said))
        await liar.say(foul)
    await scene.rest(begun)
    scene.figures["liar closed"] = liar.socket.closed


@attack(KIND, hubs=2, options=MESH)
async def made_up_hubs(scene: Scene) -> None:
    """Says adverts of thousands of hubs that do not exist, with addresses to dial."""
    begun = asyncio.get_running_loop().time()
    liar = await linked(scene, scene.port)
    loop = asyncio.get_running_loop()
    dialled: list[bytes] = []

    async def dialled_at(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(dialled_at, "127.0.0.4", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"ws://127.0.0.4:{port}/admin/delete?all=yes"
    made = 0
    while loop.time() < begun + scene.seconds and liar.is_in:
        adverts = tuple(
            Advert(PeerId(new_id()), liar.incarnation, 1, 1, (address,), (), life=1)
            for _ in range(20)
        )
        made += len(adverts)
        await liar.say(Adverts(adverts))
        await asyncio.sleep(0.01)
    await scene.rest(begun)
    paths = {line.split(b" ")[1].partition(b"?")[0] for line in dialled if b" " in line}
    scene.claim("no path is dialled that a liar chose", not paths - {b"/"}, paths)
    scene.figures["made up"] = made
    scene.figures["dialled"] = len(dialled)
    server.close()


@attack(KIND, hubs=2, options=MESH)
async def lead_of_a_namespace(scene: Scene) -> None:
    """Has the id that makes it the lead of a namespace, and introduces nobody; then it leaves."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    prey = "prey"
    own = f"{namespace_key(prey):040x}"
    liar = await LyingHub.link(scene.port, own)
    scene.figures["let in"] = liar.is_in
    await asyncio.sleep(scene.seconds / 2)
    clients = [await Witness.join(port, prey) for port in scene.ports]
    await scene.rest(begun)
    ids = {each.peer for each in clients}

    def have_met() -> bool:
        return all(ids <= each.known | {each.peer} for each in clients)

    scene.figures["met before"] = have_met()
    liar.leave()
    left = loop.time()
    met = await comes_true(have_met, MENDED)
    scene.figures["met after s"] = round(loop.time() - left, 1)
    scene.claim("when it has left, clients of both hubs know each other", met)


@attack(KIND, hubs=2, options=MESH)
async def asks_without_end(scene: Scene) -> None:
    """Asks for all adverts and all records again and again, as fast as it can."""
    loop = asyncio.get_running_loop()
    end = loop.time() + scene.seconds
    liar = await linked(scene, scene.port)
    asked = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(end):
            while liar.is_in:
                said = [liar.routed(Resync(), CONTROL) for _ in range(50)]
                summaries = [Summary(()) for _ in range(50)]
                await liar.say(*summaries, *said)
                asked += 100
                await asyncio.sleep(0)
    scene.figures["asked"] = asked
    scene.figures["liar closed"] = liar.socket.closed
    await scene.rest(end - scene.seconds)
