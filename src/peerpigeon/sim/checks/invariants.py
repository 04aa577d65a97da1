"""What must be true of every history, whatever happened in it: S22, S24, S25 and S26 for clients.

``violations`` looks at what the clients of a world sent and heard. Where the outcome of a race is
open (a signal to a peer that is just leaving), each outcome is allowed, but no other. It sees a
roaming client that is back in a namespace within two ways of a message as one that never
left, so scenes stay longer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.sim.checks.ownership import ownership_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.sim.client import Client
    from peerpigeon.sim.history import HeardSignal, SentSignal, Stay, Surprise
    from peerpigeon.sim.world import World

_FOREVER = float("inf")
_ROUNDING = 1e-6
"""Seconds that sums of floats may be off."""

_FOREIGN = "a message of another namespace"


def violations(world: World) -> list[str]:
    """Return a sentence for each rule that was broken; best asked of a world that is quiet."""
    register = _Register.of(world)
    found: list[str] = []
    for client in world.clients:
        found.extend(_odd_messages(client, register))
        found.extend(_wrong_acquaintances(client, register))
        found.extend(_wrong_departures(client, register))
        found.extend(_ungreeted(client, register))
        found.extend(_wrong_signals(client, register))
        found.extend(_unanswered_signals(client, register))
    found.extend(_strangers(register))
    found.extend(ownership_faults(world))
    return found


@dataclass(slots=True)
class _Register:
    """All stays and signals of a world, and the times by which it judges. Times in seconds."""

    now: float
    grace: float
    """News of anything that happens is with everybody after this time: a way there and back."""
    patience: float
    """After this time hubs do not believe any more in a client that fell silent."""
    hesitation: float
    """After this time a new socket is greeted or closed, and so is one that wants an id that
    somebody else has been believed to have."""
    limit: int
    """The most other members with which everybody in a namespace learns of everybody."""
    stays: dict[tuple[str, str], list[Stay]] = field(default_factory=lambda: defaultdict(list))
    """By namespace and peer id."""
    sent: dict[str, SentSignal] = field(default_factory=dict)
    heard: dict[str, list[HeardSignal]] = field(default_factory=lambda: defaultdict(list))
    settled: dict[Stay, float] = field(default_factory=dict)
    """From when a stay that was greeted surely counted, if it was not ended."""

    @classmethod
    def of(cls, world: World) -> _Register:
        way = world.network.longest_way + world.network.longest_delay
        grace = 2 * way + _ROUNDING
        patience = max((hub.config.peer_timeout for hub in world.hubs), default=0.0) + grace
        # One search for a place may have to end before the next one begins.
        longest = 2 * max((hub.config.takeover_timeout for hub in world.hubs), default=0.0)
        hesitation = longest + grace
        limit = min((hub.config.discovery_limit for hub in world.hubs), default=0)
        register = cls(world.now, grace, patience, hesitation, limit)
        for client in world.clients:
            for stay in client.stays:
                register.stays[stay.namespace, stay.peer_id].append(stay)
            for sent in client.sent:
                register.sent[sent.serial] = sent
            for heard in client.signals:
                register.heard[heard.serial].append(heard)
        by_id: dict[str, list[Stay]] = defaultdict(list)
        for (_, peer_id), stays in register.stays.items():
            by_id[peer_id.lower()].extend(stays)
        for stays in by_id.values():
            register._settle(stays)
        return register

    def _settle(self, stays: list[Stay]) -> None:
        """Note from when stays of one id counted. Who comes while hubs believe in another waits."""
        for stay in stays:
            if stay.confirmed is None:
                continue
            earlier = [other for other in stays if other.since < stay.since]
            waits = any(self.last_belief(other) > stay.since + self.grace for other in earlier)
            self.settled[stay] = stay.confirmed + (self.hesitation if waits else 0.0)

    def is_there(self, stay: Stay, start: float, end: float) -> bool:
        """Tell whether hubs surely counted on ``stay`` from ``start`` to ``end``."""
        if self.settled.get(stay, _FOREVER) + self.grace > start:
            return False
        return (_FOREVER if stay.end is None else stay.end) >= end

    def may_be_there(self, stay: Stay, start: float, end: float) -> bool:
        """Tell whether hubs may have counted on ``stay`` at a time from ``start`` to ``end``."""
        return stay.since <= end and self.last_belief(stay) >= start

    def last_belief(self, stay: Stay) -> float:
        """Return until when hubs may have counted on ``stay``."""
        if stay.end is None:
            return _FOREVER
        is_silent = stay.connection.silent_since is not None
        return stay.end + (self.patience if is_silent else self.grace)


def _odd_messages(client: Client, register: _Register) -> Iterator[str]:
    for surprise in client.surprises:
        if surprise.what == _FOREIGN and _was_under_way(surprise, client, register):
            continue
        yield (
            f"client {client.number} got {surprise.what}: peer {surprise.peer[:8]!r} in"
            f" {surprise.namespace!r} at {surprise.time:.3f}"
        )


def _was_under_way(surprise: Surprise, client: Client, register: _Register) -> bool:
    """Tell whether a message came from a namespace that the client had just left."""
    return any(
        stay.namespace == surprise.namespace
        and stay.until is not None
        and surprise.time <= stay.until + register.grace
        for stay in client.stays
    )


def _wrong_acquaintances(client: Client, register: _Register) -> Iterator[str]:
    """Whoever was made known was in that namespace, as often as that, and is not gone since."""
    for stay in client.stays:
        end = register.now if stay.end is None else stay.end
        is_here = stay.end is None and register.now == end
        for peer, turns in stay.turns.items():
            theirs = [
                other
                for other in register.stays.get((stay.namespace, peer), [])
                if register.may_be_there(other, stay.since, end)
            ]
            if (turns + 1) // 2 > len(theirs):
                yield (
                    f"client {client.number} was told {(turns + 1) // 2} times of {peer[:8]},"
                    f" which was {len(theirs)} times in {stay.namespace!r}"
                )
            elif (
                is_here
                and turns % 2
                and all(register.last_belief(other) < register.now for other in theirs)
            ):
                yield f"client {client.number} was never told that {peer[:8]} is gone"


def _wrong_departures(client: Client, register: _Register) -> Iterator[str]:
    """Whoever was said to be gone had just gone, or been silent for long enough."""
    for stay in client.stays:
        for peer, time in stay.departures:
            theirs = register.stays.get((stay.namespace, peer), [])
            if not any(
                other.end is not None
                and other.end - register.grace <= time <= register.last_belief(other)
                for other in theirs
            ):
                yield (
                    f"client {client.number} was told at {time:.3f} that {peer[:8]} is gone,"
                    " which it was not, or had been long since"
                )


def _ungreeted(client: Client, register: _Register) -> Iterator[str]:
    for stay in client.stays:
        end = register.now if stay.end is None else stay.end
        if stay.confirmed is None and stay.since + register.hesitation < end:
            yield f"client {client.number} waited in vain for its greeting at {stay.since:.3f}"


def _strangers(register: _Register) -> Iterator[str]:
    """All in a small namespace have met; in a large one each knows at least half the limit."""
    by_namespace: dict[str, list[Stay]] = defaultdict(list)
    for (namespace, _), stays in register.stays.items():
        by_namespace[namespace].extend(stays)
    for namespace, stays in by_namespace.items():
        if len({stay.peer_id for stay in stays}) <= register.limit + 1:
            yield from _strangers_in_small(stays, namespace, register)
        else:
            yield from _lonely_in_large(stays, namespace, register)


def _strangers_in_small(stays: list[Stay], namespace: str, register: _Register) -> Iterator[str]:
    for one in stays:
        if one not in register.settled:
            continue
        one_end = register.now if one.end is None else one.end
        for other in stays:
            if other not in register.settled or other.peer_id == one.peer_id:
                continue
            other_end = register.now if other.end is None else other.end
            met_by = max(register.settled[one], register.settled[other]) + 2 * register.grace
            if met_by < min(one_end, other_end) and other.peer_id not in one.turns:
                yield f"{one.peer_id[:8]} never learned of {other.peer_id[:8]} in {namespace!r}"
            both_here = one.end is None and other.end is None and met_by < register.now
            if both_here and one.turns.get(other.peer_id, 1) % 2 == 0:
                yield f"{one.peer_id[:8]} believes that {other.peer_id[:8]} has left"


def _lonely_in_large(stays: list[Stay], namespace: str, register: _Register) -> Iterator[str]:
    here = [
        stay
        for stay in stays
        if register.is_there(stay, register.now, register.now + register.grace)
    ]
    for stay in here:
        known = sum(turns % 2 for turns in stay.turns.values())
        if known < min(register.limit // 2, len(here) - 1):
            yield f"{stay.peer_id[:8]} knows only {known} of {len(here)} in {namespace!r}"


def _wrong_signals(client: Client, register: _Register) -> Iterator[str]:
    """What arrived was sent just so, to this client, in this namespace, in this order."""
    last: dict[str, int] = {}
    for heard in client.signals:
        sent = register.sent.get(heard.serial)
        if sent is None:
            yield f"client {client.number} got a signal {heard.serial!r} that nobody sent"
            continue
        if (heard.kind, heard.source, heard.namespace, client.peer_id) != (
            sent.kind,
            sent.stay.peer_id,
            sent.namespace,
            sent.target,
        ):
            yield f"signal {heard.serial} of {sent.stay.peer_id[:8]} was changed on its way"
        if heard.stay.namespace != sent.stay.namespace:
            yield f"signal {heard.serial} crossed from {sent.stay.namespace!r} to another namespace"
        sender, count = heard.serial.split(".")
        if int(count) <= last.get(sender, -1):
            yield f"signal {heard.serial} came again or too late at client {client.number}"
        last[sender] = int(count)


def _unanswered_signals(client: Client, register: _Register) -> Iterator[str]:
    """Each signal reached its target or was answered by one error (S24)."""
    due: Counter[str] = Counter()
    open_: Counter[str] = Counter()
    for sent in client.sent:
        arrived = len(register.heard.get(sent.serial, ()))
        if arrived > 1:
            yield f"signal {sent.serial} arrived {arrived} times"
        if arrived:
            continue
        fate = _fate(sent, register)
        if fate is None:
            open_[sent.target] += 1
        elif fate:
            yield f"signal {sent.serial} to {sent.target[:8]} was lost, although both were there"
        else:
            due[sent.target] += 1
    errors = Counter(error.target for error in client.errors if error.target)
    for target in due | errors:
        if not due[target] <= errors[target] <= due[target] + open_[target]:
            yield (
                f"client {client.number} got {errors[target]} errors for {target[:8]};"
                f" {due[target]} were due and {open_[target]} possible"
            )


def _fate(sent: SentSignal, register: _Register) -> bool | None:
    """Tell whether a signal had to arrive, or to be answered by an error; ``None`` if open."""
    latest = sent.time + register.grace
    sender_end = _FOREVER if sent.stay.end is None else sent.stay.end
    since = register.settled.get(sent.stay, _FOREVER)
    if since > sent.time or latest > min(sender_end, register.now):
        return None
    if sent.namespace != sent.stay.namespace:
        return False
    stays = register.stays.get((sent.namespace, sent.target), [])
    if any(register.is_there(stay, sent.time, latest) for stay in stays):
        return True
    if any(register.may_be_there(stay, sent.time, latest) for stay in stays):
        return None
    return False
