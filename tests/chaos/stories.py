"""Histories made by hand: what happened, in order, with literal times."""

from __future__ import annotations

from chaos.checker import check
from chaos.history import (
    Answered,
    AnyRecord,
    Closed,
    Discovered,
    Farewell,
    Greeted,
    Heard,
    HubDown,
    HubUp,
    Opened,
    Role,
    Sent,
)
from chaos.plan import HUBS

ANN = "a" * 40
BOB = "b" * 40
CAT = "c" * 40

ANNS, BOBS, CATS = 1, 2, 3
"""The sockets of a story's clients: at hubs 0, 1 and 2."""


class Story:
    """Six hubs and three clients, who all know each other at 1 s; and then what one adds."""

    def __init__(self) -> None:
        self.records: list[AnyRecord] = [
            HubUp(at=0.0, hub=hub, hub_id=f"{hub:040x}") for hub in range(HUBS)
        ]
        for socket, peer in ((ANNS, ANN), (BOBS, BOB), (CATS, CAT)):
            self.opened(0.5, socket, peer, socket - 1)
        for socket, own in ((ANNS, ANN), (BOBS, BOB), (CATS, CAT)):
            for peer in (ANN, BOB, CAT):
                if peer != own:
                    self.add(Discovered(at=1.0, socket=socket, peer=peer, namespace="east"))

    def add(self, *records: AnyRecord) -> Story:
        self.records += records
        return self

    def opened(self, at: float, socket: int, peer: str, hub: int, role: Role = "client") -> Story:
        opened = Opened(at=at, socket=socket, peer=peer, hub=hub, namespace="east", role=role)
        return self.add(opened, Greeted(at=at, socket=socket))

    def closed(self, at: float, socket: int, reason: str = "left") -> Story:
        return self.add(Closed(at=at, socket=socket, code=None, reason=reason))

    def sent(self, at: float, serial: int, socket: int = ANNS, target: str = BOB) -> Story:
        return self.add(Sent(at=at, socket=socket, serial=serial, target=target, size=9))

    def heard(self, at: float, serial: int, socket: int = BOBS, source: str = ANN) -> Story:
        heard = Heard(at=at, socket=socket, serial=serial, source=source, namespace="east")
        return self.add(heard)

    def answered(self, at: float, serial: int, reason: str, socket: int = ANNS) -> Story:
        return self.add(Answered(at=at, socket=socket, serial=serial, reason=reason))

    def farewell(self, at: float, socket: int, peer: str) -> Story:
        return self.add(Farewell(at=at, socket=socket, peer=peer, namespace="east"))

    def down(self, at: float, hub: int, how: str = "kill") -> Story:
        return self.add(HubDown(at=at, hub=hub, how="stop" if how == "stop" else "kill"))

    def until(self, at: float) -> Story:
        """Go on until a time at which nothing happens that counts."""
        return self.opened(at, 1000, "f" * 40, 5)

    def broken(self) -> list[str]:
        """Return which invariants do not hold, each as often as it is broken."""
        records = sorted(self.records, key=lambda record: record.at)
        return [finding.invariant for finding in check(records)]
