"""Unmodified clients of other ecosystems show a token of the hub, each where its package can."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.clients import Page
from tests.e2e.dialects.clients import Announcer, Document, PeerJs
from tests.e2e.servers import Server, our_server
from tests.e2e.waiting import eventually
from tests.net.http.token_making import Key, write_keys

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.node,
    pytest.mark.browser,
    pytest.mark.xdist_group("clients"),
]

NewPage = Callable[[], Page]


@contextmanager
def server_with(folder: Path) -> Iterator[tuple[Server, Key]]:
    """Run a server that takes tokens."""
    key = Key("EdDSA")
    keys = write_keys(folder / "keys.json", key)
    with our_server("server", "--token-keys", keys) as server:
        yield server, key


def contains(wanted: object, told: list[object]) -> bool:
    return wanted in told


def test_a_client_of_peerjs_has_one_as_its_option_token(tmp_path: Path, new_page: NewPage) -> None:
    with server_with(tmp_path) as (server, key):
        ann, ben, stranger = (PeerJs(new_page()) for _ in range(3))
        for client, name in ((ann, "ann"), (ben, "ben")):
            client.start(server.port, name, token=key.sign(ns=[f"peerjs/peerjs/{name}"]))
            assert client.open() == name
        stranger.start(server.port, "stranger")
        eventually("its end", lambda: stranger.read("events"), lambda events: events != [])
        assert stranger.read("events")[0] == ["error", "network"]
        ann.call("connect", "ben")
        eventually("a channel", ann.channels, lambda found: found == {"ben"})
        for client in (ann, ben, stranger):
            client.stop()


def test_documents_and_members_of_swarms_have_one_in_their_address(
    tmp_path: Path, new_page: NewPage
) -> None:
    with server_with(tmp_path) as (server, key):
        query = f"?token={key.sign(ns=['y-webrtc/garden', 'tracker/*'])}"
        documents = [Document(new_page()) for _ in range(2)]
        for number, document in enumerate(documents):
            address = f"ws://127.0.0.1:{server.port}/y-webrtc{query}"
            document.call("start", "garden", [address], None)
            document.call("set", f"from {number}", number)
        wanted = {"from 0": 0, "from 1": 1}
        for document in documents:
            eventually("convergence", partial(document.call, "read"), lambda read: read == wanted)
        stranger = Document(new_page())
        stranger.start(server.port, "garden")
        members = [Announcer(new_page()) for _ in range(2)]
        for number, member in enumerate(members):
            address = f"ws://127.0.0.1:{server.port}/announce{query}"
            member.call("start", "a" * 40, f"6{number}" * 20, [address], 1)
            counted = partial(contains, [0, number + 1])
            eventually("counts", member.counts, counted)
        assert stranger.call("sockets") == stranger.call("linked") == 0
        for client in (*documents, stranger, *members):
            client.call("stop")
