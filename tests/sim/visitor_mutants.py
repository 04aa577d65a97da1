"""Hubs that spoil what foreign clients hear, one in five times: the scenes must notice each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from peerpigeon.core import Hub
from peerpigeon.core.interface.actions import Action, ClosePeer, SendToPeers
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE
from tests.sim.mutants import ONE_IN, one_by_one

if TYPE_CHECKING:
    from peerpigeon.core.interface.events import Event


class VisitorMutant(Hub):
    """Passes each message to a visitor that it ``spoils`` through ``twist``."""

    _seen = 0
    _kept: Action | None = None

    def handle(self, event: Event, now: float) -> list[Action]:
        actions = one_by_one(super().handle(event, now))
        return [twisted for action in actions for twisted in self._pass(action)]

    def _pass(self, action: Action) -> list[Action]:
        if not isinstance(action, SendToPeers):
            return [action]
        if not self.spoils(json.loads(action.payloads[0])):
            return [action]
        self._seen += 1
        passed: list[Action] = [action] if self._seen % ONE_IN else self.twist(action)
        if self._kept is not None and passed:
            passed, self._kept = [*passed, self._kept], None
        return passed

    def spoils(self, message: dict[str, Any]) -> bool:
        raise NotImplementedError

    def twist(self, action: SendToPeers) -> list[Action]:
        raise NotImplementedError


class Loses(VisitorMutant):
    def twist(self, action: SendToPeers) -> list[Action]:
        return []


class Repeats(VisitorMutant):
    def twist(self, action: SendToPeers) -> list[Action]:
        return [action, action]


class Delays(VisitorMutant):
    """Keeps a message back until the next one has gone."""

    def twist(self, action: SendToPeers) -> list[Action]:
        self._kept = action
        return []


class Closes(VisitorMutant):
    """Turns the client out afterwards."""

    def twist(self, action: SendToPeers) -> list[Action]:
        return [action, ClosePeer(action.sessions[0], NORMAL_CLOSURE, "for nothing")]
