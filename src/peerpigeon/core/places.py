"""One namespace as a serving hub has it: its own clients there, and the members they know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from peerpigeon.core.memory import MEMBER_BYTES, MEMORY, MESSAGE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from peerpigeon.core.frames import Located
    from peerpigeon.core.ids import PeerId


@dataclass(slots=True, eq=False)
class Client:
    """One of our clients, and whom it knows."""

    located: Located
    name: str
    """The id in lower case."""
    known: dict[str, Stay] = field(default_factory=dict)
    hidden: dict[str, list[Stay]] = field(default_factory=dict)
    was_large: bool = False
    """Whether it has ever known as many as the discovery limit."""
    has_asked: bool = False
    """Whether it has asked for more since it last knew enough."""

    def is_sated(self, limit: int) -> bool:
        """Tell whether it is in a large namespace and knows enough members there."""
        return self.was_large and len(self.known) >= limit // 2


@dataclass(slots=True, eq=False)
class Stay:
    """A member that some of our clients know; one for all of them."""

    located: Located
    name: str
    knowers: dict[Client, None] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Place:
    """A namespace in which we have, or had until shortly ago, clients of our own."""

    name: str
    told: dict[PeerId, bool]
    """The keepers to which we have published, and whether as to the lead."""
    former: dict[PeerId, float] = field(default_factory=dict)
    """Keepers until lately: they still have to hear who leaves, because they introduced them."""
    clients: dict[str, Client] = field(default_factory=dict)
    stays: dict[PeerId, dict[int, Stay]] = field(default_factory=dict)
    by_name: dict[str, Stay] = field(default_factory=dict)
    departed: dict[int, PeerId] = field(default_factory=dict)
    """Our clients that left not long ago, by session."""

    def stay(self, located: Located, name: str) -> Stay:
        """Return the one record of a member for all of our clients."""
        sessions = self.stays.setdefault(located.hub, {})
        stay = sessions.get(located.member.session)
        if stay is None:
            stay = sessions[located.member.session] = Stay(located, name)
        stay.located = located
        self.by_name[name] = stay
        return stay

    def drop(self, stay: Stay) -> None:
        """Forget a member that nobody here knows any more."""
        hub, session = stay.located.hub, stay.located.member.session
        del self.stays[hub][session]
        if not self.stays[hub]:
            del self.stays[hub]
        if self.by_name.get(stay.name) is stay:
            del self.by_name[stay.name]

    def reassign(self, roles: dict[PeerId, bool], now: float) -> None:
        """Note to whom all has been published by now."""
        if roles.keys() != self.told.keys():
            resigned = dict.fromkeys(self.told, now + MEMORY)
            former = {keeper: until for keeper, until in self.former.items() if until > now}
            self.former = {k: t for k, t in (former | resigned).items() if k not in roles}
        self.told = roles

    @property
    def lead(self) -> PeerId | None:
        """The keeper that introduces, if there is one."""
        return next((hub for hub, is_lead in self.told.items() if is_lead), None)


def roles_of(keepers: tuple[PeerId, ...]) -> dict[PeerId, bool]:
    """Return the keepers of a namespace, each with whether it is the lead."""
    return {keeper: index == 0 for index, keeper in enumerate(keepers)}


def batches(clients: list[Client]) -> Iterator[list[Client]]:
    """Return the clients in parts that fit into messages; at least one part."""
    batch: list[Client] = []
    size = 0
    for client in clients:
        size += MEMBER_BYTES + len(client.located.member.introduction)
        if batch and size > MESSAGE_BYTES:
            yield batch
            batch, size = [], MEMBER_BYTES + len(client.located.member.introduction)
        batch.append(client)
    yield batch
