"""An id has one owner: who speaks and is spoken to in its name, and what must not be.

Nothing that hubs say of it is asked: a client whose signal arrived, or that heard one, was let act
under its id. The mesh may let another one act only when the first has gone, or has been out of
reach for so long that hubs give a hub up. What is judged here is

- that no two clients act under one id at one time, and that who was there first is the one;
- that who has been replaced is not heard again: signals of an earlier socket are from a life that
  is over, be it another client's or that of one that roams;
- that a newcomer is told of nobody while the owner is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from peerpigeon.sim.host import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.sim.history import Lapse, Stay
    from peerpigeon.sim.world import World

ESTABLISHED = 20.0
"""Seconds after its greeting by which a client that is still there has its id, on any network and
even if the primary died meanwhile. Signals show it earlier."""

SHORTEST_LAPSE = 2.0
"""Seconds. Who is silent for less loses no link: they are dead after 2.5 s at the earliest."""

GIVEN_UP = 4.0
"""Seconds from the beginning of a lapse in which no hub has given another up: that takes 2 s more
than a link, and a challenge 5 s."""

REUNION = 30.0
"""Seconds after a lapse in which parts of a mesh may still go their own ways."""


def ownership_faults(world: World) -> list[str]:
    """Return a sentence for each client that acted under an id of another.

    Clients of hubs of the npm package are left out: those decide by themselves.
    """
    register = _Register.of(world)
    found: list[str] = []
    for stays in register.by_id.values():
        for one, other in combinations(stays, 2):
            # What a client has said before it moved may be heard late by whom was out of reach:
            # in its order, which the ledger judges, and not again, which is judged below.
            if register.numbers[one] != register.numbers[other]:
                found.extend(_two_at_once((one, other), register))
        found.extend(_told_in_vain(stays, register))
    found.extend(_late_voices(world, register))
    return found


@dataclass(slots=True)
class _Register:
    """Who was there under which id, and when they acted."""

    now: float
    by_id: dict[tuple[str, str], list[Stay]] = field(default_factory=lambda: defaultdict(list))
    """By namespace and id, in the order in which they came."""
    acts: dict[Stay, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When somebody heard it, or it heard somebody; the mesh had let it act by then."""
    speakers: dict[str, Stay] = field(default_factory=dict)
    """Who has sent a signal, by its serial."""
    numbers: dict[Stay, int] = field(default_factory=dict)
    """The number of the client."""

    @classmethod
    def of(cls, world: World) -> _Register:
        register = cls(world.now)
        for client in world.clients:
            for stay in client.stays:
                if isinstance(stay.connection.ends[1], Host):
                    register.by_id[stay.namespace, stay.peer_id.lower()].append(stay)
                    register.numbers[stay] = client.number
            for sent in client.sent:
                register.speakers[sent.serial] = sent.stay
        for client in world.clients:
            for heard in client.signals:
                register.acts[heard.stay].append(heard.time)
                if heard.serial in register.speakers:
                    register.acts[register.speakers[heard.serial]].append(heard.time)
        for stays in register.by_id.values():
            stays.sort(key=lambda stay: stay.since)
        return register

    def is_there(self, stay: Stay, time: float) -> bool:
        return stay.since <= time and (stay.end is None or stay.end > time)

    def granted_by(self, stay: Stay) -> float:
        """Return when the mesh had surely given a client its id; infinity if that never shows."""
        times = list(self.acts.get(stay, ()))
        if stay.confirmed is not None and self.is_there(stay, stay.confirmed + ESTABLISHED):
            times.append(stay.confirmed + ESTABLISHED)
        return min(times, default=float("inf"))

    def may_be_given_up(self, one: Stay, other: Stay, time: float) -> bool:
        """Tell whether the hubs of two clients may be apart at a time, or have been before."""
        latest = max(one.since, other.since)
        for lapse in _lapses(one) + _lapses(other):
            until = self.now if lapse.until is None else lapse.until
            if (
                until - lapse.since >= SHORTEST_LAPSE
                and time >= lapse.since + GIVEN_UP
                and latest <= until + REUNION
            ):
                return True
        return False

    def may_differ(self, listener: Stay, one: Stay, other: Stay, time: float) -> bool:
        """Tell whether two may rightly be heard in turns at a time: each in its part of the mesh.

        The hub of the listener may have been out of reach itself, and go on with the client that it
        has until it has heard of the other one.
        """
        cuts = [lapse for lapse in _lapses(one) + _lapses(other) if lapse.is_cut]
        return any(lapse.since <= time for lapse in cuts + _lapses(listener))


def _lapses(stay: Stay) -> list[Lapse]:
    hub = stay.connection.ends[1]
    return hub.lapses if isinstance(hub, Host) else []


def _two_at_once(pair: tuple[Stay, Stay], register: _Register) -> Iterator[str]:
    owner, other = sorted(pair, key=register.granted_by)
    granted = register.granted_by(owner)
    acts = [
        time
        for time in register.acts.get(other, ())
        if time >= granted
        and register.is_there(owner, time)
        and not register.may_be_given_up(owner, other, time)
    ]
    if acts:
        yield (
            f"client {register.numbers[other]} acted {len(acts)} times as {owner.peer_id[:8]} from"
            f" {min(acts):.3f}, while client {register.numbers[owner]} had the id"
        )


def _told_in_vain(stays: list[Stay], register: _Register) -> Iterator[str]:
    """Who never can have had its id has been told of nobody."""
    for stay in stays:
        end = register.now if stay.end is None else stay.end
        owners = [
            owner
            for owner in stays
            if owner.confirmed is not None
            and owner.confirmed + ESTABLISHED <= stay.since
            and register.is_there(owner, end)
            and not register.may_be_given_up(owner, stay, end)
        ]
        if stay.turns and owners:
            yield (
                f"client {register.numbers[stay]} was told of {len(stay.turns)} others as"
                f" {stay.peer_id[:8]}, while client {register.numbers[owners[0]]} had the id"
            )


def _late_voices(world: World, register: _Register) -> Iterator[str]:
    """What one client hears under one id comes from one socket, and then from another.

    Who lost its id while its hub was out of reach may be heard when it has got it back.
    """
    for client in world.clients:
        voices: dict[tuple[Stay, str], list[Stay]] = defaultdict(list)
        for heard in client.signals:
            speaker = register.speakers.get(heard.serial)
            if speaker is None or speaker not in register.numbers:
                continue
            before = voices[heard.stay, heard.source]
            if before and before[-1] is speaker:
                continue
            is_over = speaker.end is not None and speaker.end <= heard.time
            is_late = speaker in before and (is_over or before.count(before[-1]) > 1)
            if is_late and not register.may_differ(heard.stay, before[-1], speaker, heard.time):
                yield (
                    f"signal {heard.serial} came at {heard.time:.3f} from a socket under"
                    f" {heard.source[:8]} that another had replaced"
                )
            before.append(speaker)
