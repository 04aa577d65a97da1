"""Hubs that are broken on purpose, each in one way: the invariants must notice every one."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from peerpigeon.core import Hub
from peerpigeon.core.config import ServerConfig
from peerpigeon.core.ids import PeerId
from peerpigeon.core.interface.actions import (
    Action,
    SendToPeers,
)
from peerpigeon.core.interface.events import Event, PeerLost, PeerSent, ReferenceOpened
from peerpigeon.sim.client import SIGNALS

ONE_IN = 5
"""A broken hub does right four times out of five, as real faults do."""


def one_by_one(actions: list[Action]) -> Iterator[Action]:
    """Take the messages to clients out of the actions that send many."""
    for action in actions:
        if isinstance(action, SendToPeers):
            for session, payload in zip(action.sessions, action.payloads, strict=True):
                yield SendToPeers((session,), (payload,))
        else:
            yield action


class Mutant(Hub):
    """Passes each message to a client through ``twist``; says ``kind`` of what it spoils."""

    kinds: tuple[str, ...] = ()
    _seen = 0

    def handle(self, event: Event, now: float) -> list[Action]:
        actions = one_by_one(super().handle(event, now))
        return [twisted for action in actions for twisted in self._pass(action)]

    def _pass(self, action: Action) -> list[Action]:
        if not isinstance(action, SendToPeers):
            return [action]
        message = json.loads(action.payloads[0])
        if message["type"] not in self.kinds:
            return [action]
        self._seen += 1
        return [action] if self._seen % ONE_IN else self.twist(action, message)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        raise NotImplementedError


def said(action: SendToPeers, message: dict[str, Any]) -> Action:
    return SendToPeers(action.sessions, (json.dumps(message).encode(),))


class LosesSignals(Mutant):
    kinds = SIGNALS

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return []


class RepeatsSignals(Mutant):
    kinds = SIGNALS

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, action]


class ForgesSenders(Mutant):
    kinds = SIGNALS

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [said(action, message | {"fromPeerId": "f" * 40})]


class DelaysSignals(Mutant):
    """Keeps a signal back until the next one has gone."""

    kinds = SIGNALS
    _kept: list[Action] | None = None

    def _pass(self, action: Action) -> list[Action]:
        passed = super()._pass(action)
        if self._kept and passed:
            passed, self._kept = passed + self._kept, None
        return passed

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        self._kept = [action]
        return []


class SwallowsErrors(Mutant):
    kinds = ("error",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return []


class ForgetsIntroductions(Mutant):
    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return []


class IntroducesTwice(Mutant):
    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, action]


class ForgetsDepartures(Mutant):
    kinds = ("peer-disconnected",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return []


class ReportsDeparturesTwice(Mutant):
    kinds = ("peer-disconnected",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, action]


class ReportsFalseDepartures(Mutant):
    """Says of a peer that is there that it is gone."""

    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, said(action, message | {"type": "peer-disconnected"})]


class MislabelsNamespaces(Mutant):
    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [said(action, message | {"networkName": "elsewhere"})]


class MisdirectsNews(Mutant):
    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [said(action, message | {"targetPeerId": "f" * 40})]


class Babbles(Mutant):
    kinds = ("peer-discovered",)

    def twist(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, SendToPeers(action.sessions, (b"coo",))]


class MixesNamespaces(Hub):
    """Puts all into one namespace and tells everybody that it is the one they are in."""

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float, now: float
    ) -> None:
        super().__init__(own, config, rng, epoch, now)
        self._names: dict[int, str] = {}

    def handle(self, event: Event, now: float) -> list[Action]:
        if isinstance(event, PeerSent):
            message = json.loads(event.text)
            if message["type"] == "announce":
                self._names[event.session] = message["networkName"]
            event = PeerSent(event.session, json.dumps(message | {"networkName": "all"}))
        return [self._relabel(action) for action in one_by_one(super().handle(event, now))]

    def _relabel(self, action: Action) -> Action:
        if not isinstance(action, SendToPeers):
            return action
        message = json.loads(action.payloads[0])
        return said(action, message | {"networkName": self._names.get(action.sessions[0])})


class NeverDropsTheSilent(Hub):
    def deadline(self) -> float | None:
        return None


class NeverGreets(Hub):
    def handle(self, event: Event, now: float) -> list[Action]:
        actions = super().handle(event, now)
        return [action for action in actions if not _is_greeting(action)]


def _is_greeting(action: Action) -> bool:
    return isinstance(action, SendToPeers) and b'"connected"' in action.payloads[0]


class OverlooksClosedSockets(Hub):
    """Goes on as if every client were there that has closed its socket."""

    def handle(self, event: Event, now: float) -> list[Action]:
        return [] if isinstance(event, PeerLost) else super().handle(event, now)


# Hubs that are broken in what they do with hubs of the npm package


class ReferenceMutant(Hub):
    """Passes what a hub of the package says through ``hear``, what it is told through ``say``."""

    def __init__(
        self, own: PeerId, config: ServerConfig, rng: Random, epoch: float, now: float
    ) -> None:
        super().__init__(own, config, rng, epoch, now)
        self._references: set[int] = set()

    def handle(self, event: Event, now: float) -> list[Action]:
        if isinstance(event, ReferenceOpened) or (
            isinstance(event, PeerSent) and '"isHub":true' in event.text
        ):
            self._references.add(event.session)
        is_about_one = getattr(event, "session", None) in self._references
        events = self.hear(event) if is_about_one else [event]
        actions = [
            action for each in events for action in super(ReferenceMutant, self).handle(each, now)
        ]
        return [said for action in one_by_one(actions) for said in self._pass(action)]

    def _pass(self, action: Action) -> list[Action]:
        if isinstance(action, SendToPeers) and action.sessions[0] in self._references:
            return self.say(action, json.loads(action.payloads[0]))
        return [action]

    def hear(self, event: Event) -> list[Event]:
        return [event]

    def say(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action]


def _says_it_is_a_hub(event: Event) -> bool:
    return (
        isinstance(event, PeerSent) and _kind(event) == "announce" and '"isHub":true' in event.text
    )


def _kind(event: Event) -> str:
    return str(json.loads(event.text)["type"]) if isinstance(event, PeerSent) else ""


class BelievesInDeadReferences(ReferenceMutant):
    def hear(self, event: Event) -> list[Event]:
        return [] if isinstance(event, PeerLost) else [event]


class HearsReferencesTwice(ReferenceMutant):
    def hear(self, event: Event) -> list[Event]:
        return [event, event] if _kind(event) in SIGNALS else [event]


class IgnoresSignalsOfReferences(ReferenceMutant):
    def hear(self, event: Event) -> list[Event]:
        return [] if _kind(event) in SIGNALS else [event]


class IgnoresDeparturesFromReferences(ReferenceMutant):
    def hear(self, event: Event) -> list[Event]:
        return [] if _kind(event) == "peer-disconnected" else [event]


class MistakesNamespacesOfReferences(ReferenceMutant):
    def hear(self, event: Event) -> list[Event]:
        if isinstance(event, PeerSent) and _kind(event) == "peer-discovered":
            return [PeerSent(event.session, event.text.replace("north", "south"))]
        return [event]


class TellsReferencesTwice(ReferenceMutant):
    def say(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, action] if message["type"] == "peer-discovered" else [action]


class HidesDeparturesFromReferences(ReferenceMutant):
    def say(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [] if message["type"] == "peer-disconnected" else [action]


class RepeatsSignalsToReferences(ReferenceMutant):
    def say(self, action: SendToPeers, message: dict[str, Any]) -> list[Action]:
        return [action, action] if message["type"] in SIGNALS else [action]
