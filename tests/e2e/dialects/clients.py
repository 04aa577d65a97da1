"""The clients of other ecosystems in pages (clients.mjs), as the tests use them."""

import json
from typing import cast

from tests.e2e.clients import Page
from tests.e2e.waiting import eventually


class Client:
    """One client of a package, in a page of its own."""

    name = ""

    def __init__(self, page: Page) -> None:
        self.page = page
        loaded = "typeof window.clients"
        eventually("the bundle", lambda: page.evaluate(loaded), lambda kind: kind == "object")

    def call(self, method: str, *args: object) -> object:
        """Call a method over there, and wait for its promise."""
        listed = ", ".join(json.dumps(argument) for argument in args)
        return self.page.evaluate(f"window.clients.{self.name}.{method}({listed})")

    def read(self, field: str) -> list[object]:
        """Return a list of what has happened."""
        return cast("list[object]", self.page.evaluate(f"window.clients.{self.name}.{field}"))


class PeerJs(Client):
    """A client of the package peerjs."""

    name = "peerjs"

    def start(self, port: int, peer_id: str | None = None, **options: object) -> None:
        """Connect to a server, under an id of one's own or of the server's."""
        self.call("start", peer_id, {"host": "127.0.0.1", "port": port, "debug": 0, **options})

    def open(self) -> str:
        """Wait until the server has granted the id, and return it."""
        eventually("open", lambda: self.read("events"), lambda told: self._opened(told) != [])
        return str(self._opened(self.read("events"))[-1])

    def channels(self) -> set[str]:
        """Return the peers to which a data channel is open."""
        return set(cast("list[str]", self.call("open")))

    def messages(self) -> list[object]:
        """Return what came over data channels, and from whom."""
        return self.read("messages")

    def stop(self) -> None:
        """Leave."""
        self.call("stop")

    @staticmethod
    def _opened(events: list[object]) -> list[object]:
        return [event[1] for event in cast("list[list[object]]", events) if event[0] == "open"]


class Document(Client):
    """A document that the package y-webrtc shares."""

    name = "document"

    def start(self, port: int, room: str, password: str | None = None) -> None:
        """Join a room."""
        self.call("start", room, [f"ws://127.0.0.1:{port}/y-webrtc"], password)


class Announcer(Client):
    """A client of the package bittorrent-tracker: one peer in one swarm."""

    name = "announcer"

    def start(self, port: int, info_hash: str, peer_id: str, left: int) -> None:
        """Come into a swarm, to which so many bytes are missing."""
        self.call("start", info_hash, peer_id, [tracker(port)], left)

    def counts(self) -> list[object]:
        """Return what answers to announces told: complete and incomplete members."""
        return self.read("counts")

    def scraped(self) -> list[list[object]]:
        """Return what answers to scrapes told: an info hash, complete and incomplete members."""
        return cast("list[list[object]]", self.call("scraped"))


class Torrents(Client):
    """A client of the package webtorrent."""

    name = "torrents"

    def seed(self, port: int, text: str, *others: int) -> str:
        """Offer a text as a file, and return its info hash once all its trackers know of it.

        A client says there that it is complete, and that it has started. If another one starts
        meanwhile each offers the other a link, and at times each drops another one of both links.
        """
        trackers = [tracker(each) for each in (port, *others)]
        info_hash = cast("str", self.call("seed", text, trackers))
        wanted = [info_hash] * 2 * len(trackers)
        eventually("answers", lambda: self.read("answers"), lambda told: told == wanted)
        return info_hash

    def download(self, port: int, info_hash: str, *others: int) -> object:
        """Fetch a file, and return its text."""
        self.call("download", info_hash, [tracker(each) for each in (port, *others)])
        return eventually("a file", lambda: self.read("texts"), lambda texts: texts != [])[0]


class Trystero(Client):
    """A peer of the package trystero, strategy torrent."""

    name = "trystero"

    def start(self, port: int, room: str) -> None:
        """Join a room."""
        self.call("start", "an application", room, [tracker(port)])

    def peers(self) -> set[str]:
        """Return the peers to which a data channel is open."""
        return set(cast("list[str]", self.call("peers")))

    def messages(self) -> list[object]:
        """Return what came over data channels."""
        return self.read("messages")


def tracker(port: int) -> str:
    """Return where a tracker is, at the path that most have."""
    return f"ws://127.0.0.1:{port}/announce"
