"""What shows that somebody who comes with an id is who had it before: an *owner* mark.

Each client is given a resume key when it is greeted, drawn for it alone. Whoever comes with the key
again is the same client, and needs no sign of life from its old socket. Kept, and told to other
hubs, is only a hash: it is compared, and leads nobody back to the key.

Ids are public, so whose it is may be told apart for a while after a client is gone, too: somebody
else who has taken the id meanwhile gives it back (``RecentOwners``).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable
    from random import Random

K = TypeVar("K", bound="Hashable")

KEY_BYTES = 16
"""Chance in a resume key: 128 bits, which nobody guesses."""

OWNER_BYTES = 15
"""Bytes of a mark: one says of what kind it is, the others are of a hash. To find another key with
the same ones takes 2^112 attempts; one byte more would take 16 of memory."""

REMEMBERED = 300.0
"""Seconds for which it is remembered, at most, who had an id: a computer that sleeps for a few
minutes is back by then."""

LEARNT = 60.0
"""Seconds for which another hub's word about an owner is remembered: until it comes again."""

MAX_REMEMBERED = 16_384
"""Owners that are remembered, about 4 MiB. See ``RecentOwners`` for how long each."""

NOBODY = b""
"""The owner mark of those who have none. It is nobody's: two of them are not the same."""

_KEY_MARK, _SUBJECT_MARK, _TOKEN_MARK = b"k", b"s", b"t"
_KEY = re.compile(r"[A-Za-z0-9_-]{22,128}")


def draw_key(rng: Random) -> str:
    """Return a fresh resume key: 22 characters that need no escape in a URL."""
    return urlsafe_b64encode(rng.getrandbits(8 * KEY_BYTES).to_bytes(KEY_BYTES, "big"))[
        :-2
    ].decode()


def is_key(text: str) -> bool:
    """Tell whether a text may be a resume key: 22 to 128 letters, digits, ``-`` and ``_``."""
    return _KEY.fullmatch(text) is not None


def owner_of_key(key: str) -> bytes:
    """Return the owner mark of whoever has a resume key."""
    return _mark(_KEY_MARK, key)


def owner_of_subject(subject: str) -> bytes:
    """Return the owner mark of whoever has been shown to be ``subject``, as by a signed token."""
    return _mark(_SUBJECT_MARK, subject)


def owner_of_token(token: str) -> bytes:
    """Return the owner mark of a client of PeerJS, which has made up a token for its id."""
    return _mark(_TOKEN_MARK, token)


def _mark(kind: bytes, text: str) -> bytes:
    return kind + sha256(kind + text.encode()).digest()[: OWNER_BYTES - 1]


def same_owner(one: bytes, other: bytes) -> bool:
    """Tell whether two owner marks are of one client."""
    return one != NOBODY and compare_digest(one, other)


def outranks(one: bytes, other: bytes) -> bool:
    """Tell whether one has been shown to be a subject and the other only came first."""
    return one[:1] == _SUBJECT_MARK and other[:1] != _SUBJECT_MARK


class RecentOwners(Generic[K]):
    """Who had an id until shortly ago. The first of several within that time is the one.

    Each is remembered for as long as it was there, ``REMEMBERED`` seconds at most: to push others
    out of a full table takes as many connections, for as long. Who comes and goes keeps what is
    left of that time. What can have no part in that any more goes when others are remembered.
    """

    def __init__(self, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._until: dict[K, tuple[bytes, float]] = {}

    def __len__(self) -> int:
        """Return how many are remembered, those included whose time is over."""
        return len(self._until)

    def note(self, key: K, owner: bytes, since: float, now: float) -> None:
        """Remember who has had an id since a time, now that it has it no more."""
        if owner[:1] in (NOBODY, _TOKEN_MARK):  # who comes with a token later is a latecomer
            return
        known, until = self._until.get(key, (NOBODY, 0.0))
        left = 0.0
        if same_owner(known, owner):
            left = max(0.0, until - since)
        elif until > now:
            return
        self._put(key, owner, now + min(REMEMBERED, left + now - since), now)

    def learn(self, key: K, owner: bytes, now: float) -> None:
        """Remember for a while what another hub knows: that somebody is the owner of an id."""
        self._put(key, owner, now + LEARNT, now)

    def _put(self, key: K, owner: bytes, until: float, now: float) -> None:
        self._until.pop(key, None)
        self._until[key] = owner, until
        # Whoever was back in time, and is still there, has by now a claim to all of the time anew.
        while len(self._until) > self._most or self._first_until() + REMEMBERED <= now:
            del self._until[next(iter(self._until))]

    def _first_until(self) -> float:
        return next(iter(self._until.values()))[1]

    def may_take(self, key: K, newcomer: bytes, holder: bytes, now: float) -> bool:
        """Tell whether the owner mark of a newcomer shows that the id of another is its own.

        Who has been shown to be a subject goes before all who only came first.
        """
        if outranks(newcomer, holder):
            return True
        if outranks(holder, newcomer):
            return False
        return same_owner(newcomer, holder) or self.had(key, newcomer, now)

    def had(self, key: K, owner: bytes, now: float) -> bool:
        """Tell whether an owner had an id until shortly ago, and nobody else before it."""
        known = self._until.get(key)
        return known is not None and known[1] > now and same_owner(known[0], owner)
