"""Which worker of a command serves the clients of which namespace, and how they get there.

A hop between two workers costs several times what a signal between two clients of one worker does,
however cheap the link is: it is numbered, encoded, decoded and acknowledged. So the clients of a
namespace are all at one worker, its *home*, and the namespaces are spread over all of them. Where a
connection comes in is chance; it is passed on with the client's first announce, which names the
namespace, and stays from then on.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from peerpigeon.core.counts import add
from peerpigeon.core.interface.actions import PassOn
from peerpigeon.core.interface.close_codes import NORMAL_CLOSURE, PASSED_ON
from peerpigeon.core.interface.events import PeerOpened

if TYPE_CHECKING:
    from collections.abc import Callable

    from peerpigeon.core.clients.disconnects import Disconnects
    from peerpigeon.core.config import ServerConfig
    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import SessionId
    from peerpigeon.core.sessions.registry import Client


def home_of(namespace: str, workers: int) -> int:
    """Return which of so many workers is the home of a namespace."""
    digest = sha256(namespace.encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % workers


class Homes:
    """The homes of the namespaces, and the clients that one worker is passing on."""

    def __init__(self, config: ServerConfig, disconnects: Disconnects, effects: Effects) -> None:
        self._own = config.worker
        self._workers = config.workers
        self._disconnects = disconnects
        self._effects = effects
        self.taken: dict[int, int] = {}
        """How many clients other workers have passed on to this one, by their numbers."""
        self._leaving: dict[SessionId, list[str]] = {}
        self.full: frozenset[int] = frozenset()
        """The workers that hold no more: who would be theirs stays where it is."""
        self.on_leaving: Callable[[int, float], object] = lambda _, __: None
        """Called with the worker and the time for each client that is passed on."""

    def _elsewhere(self, namespace: str) -> int | None:
        """Return the worker that is the home of a namespace; ``None`` if that is this one."""
        if self._workers == 1:
            return None
        home = home_of(namespace, self._workers)
        return None if home == self._own or home in self.full else home

    def pass_on(self, client: Client, namespace: str, text: str, now: float) -> bool:
        """Have another worker serve a client that announces itself first, if it is to.

        ``text`` is its announce in a namespace. Returns whether it is another one's from now on.
        """
        if client.is_settled:
            return False
        client.is_settled = True
        worker = self._elsewhere(namespace)
        if worker is None:
            return False
        opened = PeerOpened(
            client.session,
            client.peer_id,
            client.address,
            client.permits,
            is_page=client.is_page,
            owner=client.owner,
            passed_on_by=self._own,
        )
        texts = self._leaving[client.session] = [text]
        self.on_leaving(worker, now)
        self._disconnects.depart(client, NORMAL_CLOSURE, PASSED_ON, now)
        self._effects.act(PassOn(opened, worker, texts))
        return True

    def note(self, event: PeerOpened) -> None:
        """Note a new socket, which another worker may have passed on."""
        if event.owner:
            add(self.taken, event.passed_on_by)

    def keep(self, session: SessionId, text: str) -> bool:
        """Keep what a client says that is being passed on; ``False`` if that is not one."""
        texts = self._leaving.get(session)
        if texts is not None:
            texts.append(text)
        return texts is not None

    def left(self, session: SessionId) -> None:
        """Note that nothing more comes of a socket."""
        self._leaving.pop(session, None)
