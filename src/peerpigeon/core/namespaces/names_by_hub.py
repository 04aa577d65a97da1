"""In which namespaces there are members at which hub, so that a hub that is gone costs no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peerpigeon.core.ids import PeerId


class NamesByHub:
    """The names of namespaces, by hub."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[PeerId, dict[str, None]] = {}

    def add(self, hub: PeerId, name: str) -> None:
        """Note that there is one more namespace with members at a hub."""
        self._names.setdefault(hub, {})[name] = None

    def remove(self, hub: PeerId, name: str) -> None:
        """Note that there is none any more there, as there was."""
        names = self._names[hub]
        del names[name]
        if not names:
            del self._names[hub]

    def at(self, hub: PeerId) -> tuple[str, ...]:
        """Return the namespaces with members at a hub."""
        return tuple(self._names.get(hub, ()))
