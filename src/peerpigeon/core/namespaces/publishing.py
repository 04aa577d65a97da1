"""What a serving hub tells rendezvous hubs of all its clients: when these change, and once more.

Of tens of thousands of namespaces it is told in pieces (``regions.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from peerpigeon.core.deadlines import earliest
from peerpigeon.core.dialects.names import is_topic
from peerpigeon.core.namespaces.publication import Publication, SharedRoles
from peerpigeon.core.namespaces.regions import Regions, Round
from peerpigeon.core.wire.hub_news import Join
from peerpigeon.core.wire.hub_sizes import MEMBER_BYTES, MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from peerpigeon.core.effects import Effects
    from peerpigeon.core.ids import PeerId
    from peerpigeon.core.namespaces.local_namespace import LocalNamespace
    from peerpigeon.core.namespaces.placement import Placement
    from peerpigeon.core.namespaces.registrations import LocalMember


class Publishing:
    """The namespaces of one hub's clients, as far as their rendezvous hubs have been told."""

    def __init__(
        self, namespaces: Mapping[str, LocalNamespace], placement: Placement, effects: Effects
    ) -> None:
        self._locals = namespaces
        self._placement = placement
        self._effects = effects
        self._names = Regions()
        placement.watch(self._names)
        self._roles = SharedRoles()
        self._moving = Round(self._names, self._move)
        self._forgetful: dict[PeerId, None] = {}  # dropped since namespaces were moved last
        self._again = Round(self._names, lambda name, _: self.publish_again(name))
        self._again_at: float | None = None
        self.on_led: Callable[[str, PeerId, float], object] = lambda *_: None

    def begin(self, namespace: str) -> Publication:
        """Take in a namespace whose clients are told of from now on."""
        self._names.add(namespace)
        return Publication(self._roles.of(self._placement.rendezvous_hubs(namespace)))

    def end(self, namespace: str) -> None:
        """Forget a namespace without clients."""
        self._names.remove(namespace)

    def drop(self, hub: PeerId) -> None:
        """Note that a hub has forgotten what it was told."""
        self._roles.drop(hub)
        self._forgetful[hub] = None

    def move(self, moved: Iterable[int], now: float) -> None:
        """Publish to the rendezvous hubs that are new in the view.

        ``moved``: the regions of the namespaces that may have others than before.
        """
        self._moving.add(moved)
        if self._forgetful:
            self._moving.add(self._placement.near(self._forgetful))
            self._forgetful.clear()
        self._moving.go_on(now)

    def _move(self, namespace: str, now: float) -> int:
        local, steps = self._locals[namespace], 1
        roles = self._roles.of(self._placement.rendezvous_hubs(namespace))
        for hub, is_primary in local.publication.assign(roles, now).items():
            steps += self._tell(local, hub, is_primary=is_primary)
            if is_primary and is_topic(namespace):
                self.on_led(namespace, hub, now)
        return steps

    def publish_again(self, namespace: str) -> int:
        """Publish all clients in a namespace once more; return how much that was, in steps."""
        local = self._locals[namespace]
        return sum(
            self._tell(local, hub, is_primary=is_primary, again=True)
            for hub, is_primary in local.publication.roles.items()
        )

    def _tell(
        self, local: LocalNamespace, hub: PeerId, *, is_primary: bool, again: bool = False
    ) -> int:
        steps = 0
        for join in joins(local, is_primary=is_primary, again=again):
            self._effects.tell_hub(hub, join)
            steps += 1 + len(join.members)
        return steps

    def resync(self, when: float) -> None:
        """Publish everything again at a time, or before it."""
        self._again_at = earliest(self._again_at, when)

    # Time

    def expire(self, now: float) -> None:
        """Do what is due."""
        self._moving.go_on(now)
        if self._again_at is not None and self._again_at <= now:
            self._again_at = None
            self._again.add(self._names.occupied())
        self._again.go_on(now)

    def deadline(self) -> float | None:
        """Return when ``expire`` has something to do."""
        return earliest(self._again_at, self._moving.deadline(), self._again.deadline())


def joins(local: LocalNamespace, *, is_primary: bool, again: bool = False) -> Iterator[Join]:
    """Return what tells a rendezvous hub who is served here, and who left recently."""
    clients = list(local.clients.values())
    present: tuple[int, ...] | None = tuple(c.located.member.session for c in clients)
    departed = tuple((peer, session) for session, peer in (local.departed or {}).items())
    for batch in _batches(clients):
        members = tuple(client.located.member for client in batch)
        enough = (client for client in batch if client.has_enough(local.limit))
        has_enough = tuple(client.located.member.session for client in enough)
        granted = tuple(c.located.member.session for c in batch if c.is_granted)
        owners = tuple((c.located.member.session, c.owner) for c in batch if c.owner)
        yield Join(
            local.name,
            members,
            is_primary,
            again,
            has_enough,
            present,
            departed,
            granted,
            owners,
        )
        present, departed = None, ()


def _batches(clients: list[LocalMember]) -> Iterator[list[LocalMember]]:
    """Return the clients in parts that fit into messages; at least one part."""
    batch: list[LocalMember] = []
    size = 0
    for client in clients:
        added = MEMBER_BYTES + len(client.located.member.introduction)
        if batch and size + added > MESSAGE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(client)
        size += added
    yield batch
