"""What happened in a run: records with times, one after another, and as lines of JSON in a file.

Times are seconds since the run began, on the monotonic clock of the driver. What clients hear is
recorded when the driver reads it, and what they say before it is sent.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Role: TypeAlias = Literal["client", "rival", "ghost", "newcomer"]


class Record(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something that happened."""

    at: float


# Sockets of clients


class Opened(Record, frozen=True, tag=True, kw_only=True):
    """A WebSocket was opened, under a number of its own."""

    socket: int
    peer: str
    hub: int
    namespace: str
    role: Role = "client"
    """A rival is a second socket under an id; a ghost never reads; a newcomer is there for a
    moment, to get a place."""


class Greeted(Record, frozen=True, tag=True, kw_only=True):
    """The hub has greeted a socket."""

    socket: int


class Leaving(Record, frozen=True, tag=True, kw_only=True):
    """The driver begins to close a socket, or drops it."""

    socket: int


class Closed(Record, frozen=True, tag=True, kw_only=True):
    """A socket has ended."""

    socket: int
    code: int | None
    reason: str


class Paused(Record, frozen=True, tag=True, kw_only=True):
    """The driver stops reading a socket, so that it answers no ping either."""

    socket: int


class Resumed(Record, frozen=True, tag=True, kw_only=True):
    """The driver reads a socket again."""

    socket: int


# What is said and heard over them


class Sent(Record, frozen=True, tag=True, kw_only=True):
    """A signal is sent; serials count up over the whole run."""

    socket: int
    serial: int
    target: str
    size: int


class Heard(Record, frozen=True, tag=True, kw_only=True):
    """A signal has arrived."""

    socket: int
    serial: int
    source: str
    namespace: str


class Answered(Record, frozen=True, tag=True, kw_only=True):
    """A sender was told that its signal failed."""

    socket: int
    serial: int
    reason: str


class Discovered(Record, frozen=True, tag=True, kw_only=True):
    """A socket was told that a peer is there."""

    socket: int
    peer: str
    namespace: str


class Farewell(Record, frozen=True, tag=True, kw_only=True):
    """A socket was told that a peer is gone."""

    socket: int
    peer: str
    namespace: str


# Hubs and the network between them


class HubUp(Record, frozen=True, tag=True, kw_only=True):
    """A hub listens."""

    hub: int
    hub_id: str
    clock: float = 0.0
    """Seconds by which its wall clock is ahead."""


class HubDown(Record, frozen=True, tag=True, kw_only=True):
    """A hub is killed, or asked to stop, or was found to have ended by itself."""

    hub: int
    how: Literal["kill", "stop", "crash"]


class Frozen(Record, frozen=True, tag=True, kw_only=True):
    """The process of a hub stands still."""

    hub: int


class Thawed(Record, frozen=True, tag=True, kw_only=True):
    """It goes on."""

    hub: int


class CutOff(Record, frozen=True, tag=True, kw_only=True):
    """Nothing passes between these hubs and the others."""

    hubs: tuple[int, ...]


class Mended(Record, frozen=True, tag=True, kw_only=True):
    """All passes again."""


# The run


class Began(Record, frozen=True, tag=True, kw_only=True):
    """A fault of the plan begins."""

    fault: str


class Stalled(Record, frozen=True, tag=True, kw_only=True):
    """The driver itself was kept from running, so that clients answered no pings."""

    seconds: float


class Over(Record, frozen=True, tag=True, kw_only=True):
    """All faults are over, and all hubs run."""


class Healed(Record, frozen=True, tag=True, kw_only=True):
    """All is well again."""

    seconds: float


class Wrong(Record, frozen=True, tag=True, kw_only=True):
    """The driver found something by itself that must not be: not healed, leaked, crashed."""

    invariant: str
    what: str


AnyRecord: TypeAlias = (
    Opened | Greeted | Leaving | Closed | Paused | Resumed
    | Sent | Heard | Answered | Discovered | Farewell
    | HubUp | HubDown | Frozen | Thawed | CutOff | Mended
    | Began | Stalled | Over | Healed | Wrong
)  # fmt: skip

R = TypeVar("R", bound=Record)


class History:
    """The records of one run."""

    def __init__(self) -> None:
        self.records: list[AnyRecord] = []
        self.ended: set[int] = set()
        """Signals that have arrived or were answered."""
        self._began = time.monotonic()
        self._sockets = 0
        self._serials = 0

    @property
    def now(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def note(self, record: AnyRecord) -> None:
        """Add what has just happened."""
        self.records.append(record)
        if isinstance(record, Heard | Answered):
            self.ended.add(record.serial)

    def new_socket(self) -> int:
        """Return a number that no socket has had."""
        self._sockets += 1
        return self._sockets

    def new_serial(self) -> int:
        """Return the number of the next signal."""
        self._serials += 1
        return self._serials

    def write(self, path: Path) -> None:
        """Write all records, a line each."""
        path.write_bytes(msgspec.json.Encoder().encode_lines(self.records))


def read(path: Path) -> list[AnyRecord]:
    """Return the records of a file that ``History.write`` has written."""
    decoder: msgspec.json.Decoder[AnyRecord] = msgspec.json.Decoder(AnyRecord)
    return decoder.decode_lines(path.read_bytes())


def of_kind(records: Iterable[AnyRecord], kind: type[R]) -> Sequence[R]:
    """Return the records of one kind."""
    return [record for record in records if isinstance(record, kind)]
