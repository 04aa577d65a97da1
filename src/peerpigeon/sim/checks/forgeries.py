"""What clients of honest hubs must not have heard, however some hubs lied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from peerpigeon.core.ids import PeerId
    from peerpigeon.sim.client import Client


def forgeries(
    clients: Iterable[Client], liars: Collection[PeerId], kept_by_liars: Collection[str] = ()
) -> Iterator[str]:
    """Return a sentence for each signal whose sender has not sent it so.

    ``liars``: the clients that a hub that lies has served; it speaks for them as it likes.
    ``kept_by_liars``: the namespaces of which such a hub is a rendezvous hub: whose an id is there,
    it says. What is from another namespace is a forgery all the same.
    """
    clients = list(clients)
    sent = {signal.serial: (client.peer_id, signal) for client in clients for signal in client.sent}
    for client in clients:
        if client.peer_id in liars:
            continue
        for heard in client.signals:
            if heard.source in liars:
                continue
            source, signal = sent.get(heard.serial, ("nobody", None))
            what = f"client {client.number} heard {heard.serial} from {heard.source[:8]}"
            if signal is None or source != heard.source:
                if heard.namespace in kept_by_liars:
                    continue
                yield f"{what} at {heard.time:.2f}, which {source[:8]} has sent"
            elif signal.target != client.peer_id:
                yield f"{what}, which was for {signal.target[:8]}"
            elif signal.namespace != heard.namespace or signal.namespace != heard.stay.namespace:
                yield f"{what} in another namespace than it was sent in"


def unreadable(clients: Iterable[Client]) -> Iterator[str]:
    """Return a sentence for each message that a client could not read, or was not for it."""
    for client in clients:
        for surprise in client.surprises:
            if surprise.what.startswith("a message"):
                yield f"client {client.number} got {surprise.what} at {surprise.time:.2f}"
