"""Which namespaces are open, take a token, or are closed: the option ``namespace_access``."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import msgspec

from peerpigeon.core.config.quantities import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Access(Enum):
    """Who may enter a namespace."""

    OPEN = "open"
    """Every client."""
    TOKEN = "token"  # noqa: S105 - no secret
    """Who has a token that names it."""
    CLOSED = "closed"
    """Nobody."""


_EXAMPLE = "lobby=open,*=token"


class NamespaceAccess(msgspec.Struct, frozen=True):
    """Rules in order, of which the first that fits a namespace counts."""

    rules: tuple[tuple[str, Access], ...]
    """Each a pattern and what it says."""
    otherwise: Access
    """What holds for a namespace that no rule fits."""

    def of(self, namespace: str) -> Access:
        """Return who may enter a namespace."""
        for pattern, access in self.rules:
            if fits(pattern, namespace):
                return access
        return self.otherwise

    def objection(self, namespace: str, granted: Collection[str] | None) -> str | None:
        """Return why somebody may not enter a namespace; ``None`` if it may.

        ``granted`` are the namespaces, or patterns, that its token names; ``None`` without one.
        """
        access = self.of(namespace)
        if access is Access.OPEN:
            return None
        if access is Access.CLOSED:
            return f"networkName {namespace!r} is closed here"
        if granted is None:
            return f"networkName {namespace!r} takes a token, and there was none"
        if any(fits(pattern, namespace) for pattern in granted):
            return None
        return f"networkName {namespace!r} is not in the token"

    @property
    def is_open(self) -> bool:
        """Whether every client may enter every namespace."""
        return set(self._reachable) == {Access.OPEN}

    @property
    def has_open(self) -> bool:
        """Whether there may be a namespace that every client may enter."""
        return Access.OPEN in self._reachable

    @property
    def _reachable(self) -> Iterator[Access]:
        """Go over what holds for one namespace or another."""
        for pattern, access in self.rules:
            yield access
            if pattern == "*":
                return
        yield self.otherwise


def fits(pattern: str, namespace: str) -> bool:
    """Tell whether a namespace is the one that a pattern names, or begins as it does before a *.

    Nowhere else does a ``*`` stand for anything, so that no pattern takes long to compare.
    """
    return namespace.startswith(pattern[:-1]) if pattern.endswith("*") else namespace == pattern


def namespace_access_of(texts: tuple[str, ...], name: str, *, has_keys: bool) -> NamespaceAccess:
    """Return the rules that the values of the option ``name`` list.

    ``has_keys`` is whether tokens can be checked: then a namespace of which nothing is said takes
    one, and else it is open. Raises ``ConfigError`` for what is no rule, and for one that asks for
    tokens where none can be checked.
    """
    rules: list[tuple[str, Access]] = []
    known = {access.value: access for access in Access}
    for text in texts:
        pattern, _, access = text.rpartition("=")
        if not pattern or access not in known:
            raise ConfigError(
                f"{name} has {text!r}; write a namespace and open, token or closed, as {_EXAMPLE}"
            )
        if reason := pattern_objection(pattern):
            raise ConfigError(f"{name} has {text!r}; {reason}")
        if known[access] is Access.TOKEN and not has_keys:
            raise ConfigError(f"{name} has {text!r}; name the keys of tokens, too (token_keys)")
        rules.append((pattern, known[access]))
    return NamespaceAccess(tuple(rules), Access.TOKEN if has_keys else Access.OPEN)


def pattern_objection(pattern: str) -> str:
    """Return what is wrong with a pattern that a person has written; empty if nothing is."""
    if "*" in pattern[:-1]:
        return "a * stands at the end of a namespace, as room-*, or alone for all"
    return ""
