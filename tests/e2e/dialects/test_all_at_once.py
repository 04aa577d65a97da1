"""Clients of all kinds on one mesh at one time: each sees only its own kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from tests.e2e.clients import Browser, BrowserClient, Page
from tests.e2e.dialects.clients import Announcer, Document, PeerJs, Torrents, Trystero
from tests.e2e.hubs import migrated_mesh
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

NAME = "garden"
"""Of a namespace, a room, a topic and an id: the same one wherever somebody chooses it."""

INFO_HASH, ANN, BEN = "ab" * 20, "61" * 20, "62" * 20
WORDS = "words of a file. " * 100


class Kind(ABC):
    """Two clients of one kind, at two hubs of three; ``ports`` are those of the hubs."""

    @abstractmethod
    def start(self, ports: list[int]) -> None:
        """Connect both, and wait for nothing."""

    @abstractmethod
    def meet(self) -> None:
        """Wait until each has found the other, and exchange something."""

    @abstractmethod
    def check(self) -> None:
        """See that nobody else was found."""


class Documents(Kind):
    def __init__(self, pages: list[Page]) -> None:
        self.both = [Document(page) for page in pages]

    def start(self, ports: list[int]) -> None:
        for number, document in enumerate(self.both):
            document.start(ports[number], NAME)
            document.call("set", f"from {number}", number)

    def meet(self) -> None:
        wanted = {"from 0": 0, "from 1": 1}
        for document in self.both:
            eventually("convergence", partial(document.call, "read"), lambda it: it == wanted)

    def check(self) -> None:
        assert [document.call("linked") for document in self.both] == [1, 1]


class Calls(Kind):
    def __init__(self, pages: list[Page]) -> None:
        self.one, self.other = (PeerJs(page) for page in pages)

    def start(self, ports: list[int]) -> None:
        self.one.start(ports[1], NAME)
        self.other.start(ports[2], "friend")

    def meet(self) -> None:
        assert [self.one.open(), self.other.open()] == [NAME, "friend"]
        self.other.call("connect", NAME)
        eventually("a channel", self.one.channels, lambda found: found == {"friend"})
        eventually("a channel", self.other.channels, lambda found: found == {NAME})
        self.other.call("send", NAME, "by PeerJS")
        eventually("words", self.one.messages, lambda said: said != [])

    def check(self) -> None:
        assert self.one.messages() == [["friend", "by PeerJS"]]
        assert self.one.read("events") == [["open", NAME]]


class Swarm(Kind):
    def __init__(self, pages: list[Page]) -> None:
        self.both = [Announcer(page) for page in pages]

    def start(self, ports: list[int]) -> None:
        self.both[0].start(ports[2], INFO_HASH, ANN, 100)
        self.both[1].start(ports[0], INFO_HASH, BEN, 100)

    def meet(self) -> None:
        for announcer in self.both:
            eventually("the peer", partial(announcer.read, "peers"), lambda peers: peers != [])

    def check(self) -> None:
        assert [set(each.read("peers")) for each in self.both] == [{BEN}, {ANN}]
        assert [each.read("warnings") for each in self.both] == [[], []]
        assert all(each.counts()[-1] in ([0, 1], [0, 2]) for each in self.both)


class Rooms(Kind):
    def __init__(self, pages: list[Page]) -> None:
        self.one, self.other = (Trystero(page) for page in pages)

    def start(self, ports: list[int]) -> None:
        self.one.start(ports[0], NAME)
        self.other.start(ports[2], NAME)

    def meet(self) -> None:
        for room in (self.one, self.other):
            eventually("the peer", room.peers, lambda found: len(found) == 1)
        self.one.call("send", "by trystero")
        eventually("words", self.other.messages, lambda said: said != [])

    def check(self) -> None:
        assert self.other.messages() == ["by trystero"]
        assert (len(self.one.peers()), len(self.other.peers())) == (1, 1)


class Files(Kind):
    def __init__(self, pages: list[Page]) -> None:
        self.seeder, self.leecher = (Torrents(page) for page in pages)
        self.ports: list[int] = []
        self.info_hash = ""

    def start(self, ports: list[int]) -> None:
        self.ports = ports
        for each in (self.seeder, self.leecher):
            each.call("start")
        self.info_hash = self.seeder.seed(ports[0], WORDS)

    def meet(self) -> None:
        assert self.leecher.download(self.ports[1], self.info_hash) == WORDS

    def check(self) -> None:
        assert self.seeder.read("warnings") == self.leecher.read("warnings") == []


class Natives(Kind):
    """Three of the package peerpigeon; the last is alone in a namespace named like a swarm."""

    def __init__(self, clients: list[BrowserClient]) -> None:
        self.one, self.other, self.alone = clients

    def start(self, ports: list[int]) -> None:
        names = (NAME, NAME, INFO_HASH)
        for client, port, name in zip(
            (self.one, self.other, self.alone), ports, names, strict=True
        ):
            client.start(f"ws://127.0.0.1:{port}", name)

    def meet(self) -> None:
        eventually("the peer", self.one.peers, lambda found: found == {self.other.peer})
        eventually("the peer", self.other.peers, lambda found: found == {self.one.peer})
        self.one.send_direct(self.other.peer, "by peerpigeon")
        eventually("words", self.other.messages, lambda said: said != [])

    def check(self) -> None:
        assert self.one.discovered() == {self.other.peer}
        assert self.other.discovered() == {self.one.peer}
        assert self.alone.discovered() == set()
        assert len(self.other.messages()) == 1
        assert self.one.messages() == self.alone.messages() == []


@pytest.fixture
def natives(browser: Browser, web: str) -> Iterator[list[BrowserClient]]:
    """Open three pages with the package peerpigeon."""
    with ExitStack() as stack:
        pages = [stack.enter_context(browser.open(f"{web}/page.html")) for _ in range(3)]
        yield [BrowserClient(page) for page in pages]


def test_each_sees_only_its_own_kind(
    dialect_packages: None, new_page: Callable[[], Page], natives: list[BrowserClient]
) -> None:
    pages = [new_page(), new_page()]
    kinds: list[Kind] = [make(pages) for make in (Files, Documents, Calls, Swarm, Rooms)]
    kinds.append(Natives(natives))
    with migrated_mesh(3) as place:
        ports = [hub.port for hub in place.hubs]
        for kind in kinds:
            kind.start(ports)
        for kind in kinds:
            kind.meet()
        for kind in kinds:
            kind.check()
