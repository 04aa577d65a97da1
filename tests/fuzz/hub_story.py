"""Three hubs in a row with clients, and an input read as what happens to them, step after step."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.ids import PeerId, SessionId
from peerpigeon.core.interface.events import LinkReceived, PeerPonged, PeerSent
from peerpigeon.core.wire.hub_codec import FrameError, batch, decode, encode
from peerpigeon.core.wire.hub_frames import Frame, Routed, Segment
from tests.core.frame_values import BESIDE
from tests.core.harness import A, B, C
from tests.core.hubs import FIRST, SECOND, THIRD, Hubs, linked

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_STEPS = 40
STEPS_TOGETHER = 2.0
"""Seconds, the longest of the short waits."""

IDS = [FIRST, SECOND, THIRD, A, B, C, PeerId(A.upper()), PeerId("4" * 40)]
NAMES = ["net1", "net2", "pigeonhub-mesh", ""]
KINDS = ["announce", "offer", "answer", "ice-candidate", "goodbye", "ping", "cleanup", "x"]
WAITS = [0.0, 0.1, STEPS_TOGETHER, 6.0, 40.0]


class Input:
    """Bytes that are used up; when there are no more, they are zero."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def one_of(self, values: list[str] | list[PeerId]) -> str:
        return values[self.byte() % len(values)]


class Story:
    """What an input has to say to hubs, and what must hold whatever it is."""

    def __init__(self, data: bytes) -> None:
        self.input = Input(data)
        self.hubs = linked(FIRST, SECOND, THIRD)
        self.clients = [self.hubs.join(0, A), self.hubs.join(1, B)]
        self.recorded: list[Frame] = recorded()

    def play(self) -> None:
        steps: list[Callable[[], None]] = [
            self.text, self.said, self.frame, self.changed_frame, self.wait, self.open,
            self.lose, self.pong, self.cut, self.pass_on,
        ]  # fmt: skip
        for _ in range(MOST_STEPS):
            if not self.input:
                break
            steps[self.input.byte() % len(steps)]()
        self.ends_well()

    def client(self) -> tuple[int, int]:
        return self.clients[self.input.byte() % len(self.clients)]

    # What clients do

    def text(self) -> None:
        number, session = self.client()
        text = self.input.bytes(self.input.byte()).decode("utf-8", "replace")
        self.hubs.feed(number, PeerSent(SessionId(session), text))

    def said(self) -> None:
        take = self.input
        message = {
            "type": take.one_of(KINDS),
            "data": json.loads(
                [b"{}", b'"x"', b"[1]", b'{"isHub":true}', b"null"][take.byte() % 5]
            ),
            "targetPeerId": take.one_of(IDS),
            "networkName": take.one_of(NAMES),
        }
        self.hubs.say(self.client(), message)

    def open(self) -> None:
        hub = self.input.byte() % 3
        self.clients.append(self.hubs.open(hub, self.input.one_of(IDS)))

    def lose(self) -> None:
        self.hubs.lose(self.client())

    def pong(self) -> None:
        number, session = self.client()
        self.hubs.feed(number, PeerPonged(SessionId(session), self.input.byte()))

    # What hubs do

    def frame(self) -> None:
        self.hear(self.input.bytes(self.input.byte()))

    def changed_frame(self) -> None:
        """Let a hub hear what another one has said once, with one value in it changed."""
        take = self.input
        frame = self.recorded[take.byte() % len(self.recorded)]
        value = msgspec.msgpack.decode(encode(frame))
        inner = value
        for _ in range(4):
            place = take.byte()
            if not inner:
                break
            at = place % len(inner)
            if place < 200 and isinstance(inner[at], list) and inner[at]:
                inner = inner[at]
                continue
            inner[at] = BESIDE[take.byte() % len(BESIDE)] if place % 2 else self.plausible()
            break
        self.hear(msgspec.msgpack.encode([value]))

    def plausible(self) -> object:
        choice = self.input.byte()
        return IDS[choice % len(IDS)] if choice < 128 else choice % 4

    def hear(self, message: bytes) -> None:
        number = self.input.byte() % 3
        links = [end[1] for end in self.hubs.others if end[0] == number]
        if not links:
            self.hubs.link(number, (number + 1) % 3)
            return
        try:
            frames = decode(message)
        except FrameError:
            return
        for frame in frames:
            self.hubs.feed(number, LinkReceived(links[0], frame))

    def cut(self) -> None:
        ends = list(self.hubs.others)
        if ends:
            self.hubs.cut(ends[self.input.byte() % len(ends)])

    def wait(self) -> None:
        self.hubs.pass_time(WAITS[self.input.byte() % len(WAITS)])

    def pass_on(self) -> None:
        self.hubs.run()

    # What must hold

    def ends_well(self) -> None:
        """All goes on: a signal between two clients of one hub arrives, and pictures are drawn."""
        hubs = self.hubs
        hubs.run()
        hubs.pass_time(12.0)
        sender, target = hubs.join(0, "e" * 40, "flock"), hubs.join(0, "d" * 40, "flock")
        hubs.pass_time(STEPS_TOGETHER + 1.0)
        hubs.take(target)
        signal = {"type": "offer", "data": 1, "targetPeerId": "d" * 40, "networkName": "flock"}
        hubs.say(sender, signal)
        assert "offer" in hubs.take_types(target)
        for hub in hubs.hubs:
            hub.status.snapshot(hubs.now)
            hub.status.peers()


def story(data: bytes) -> None:
    """Play an input; nothing in it may stop a hub."""
    Story(data).play()


@cache
def recorded() -> list[Frame]:
    """Return the frames that hubs say while they meet and their clients signal each other."""
    hubs = RecordedHubs(FIRST, SECOND, THIRD)
    hubs.link(0, 1)
    hubs.link(1, 2)
    hubs.run()
    hubs.pass_time(3.0)
    a, b = hubs.join(0, A), hubs.join(2, B)
    hubs.pass_time(3.0)
    hubs.signal(a, B)
    hubs.signal(b, A)
    hubs.signal(a, C)
    hubs.run()
    hubs.open(1, A)
    hubs.lose(b)
    hubs.pass_time(20.0)
    return list(hubs.heard.values())


class RecordedHubs(Hubs):
    """Remembers one frame of each kind for each hub that has heard it."""

    def __init__(self, *ids: PeerId) -> None:
        self.heard: dict[tuple[str, ...], Frame] = {}
        super().__init__(*ids)

    def feed(self, number: int, event: object) -> None:
        if isinstance(event, LinkReceived):
            self.heard.setdefault((str(number), *kinds(event.frame)), event.frame)
        super().feed(number, event)  # type: ignore[arg-type]


def kinds(frame: Frame) -> list[str]:
    """Return what a frame is, with what it carries."""
    names = [type(frame).__name__]
    if isinstance(frame, Routed):
        names.append(type(frame.body).__name__)
        if isinstance(frame.body, Segment):
            names.append(type(frame.body.news).__name__)
    return names


def seed_of(frame: Frame) -> bytes:
    """Return a frame as the message of a link."""
    return batch([encode(frame)])
