"""A fingerprint of all that happened: two runs are the same if and only if theirs are equal."""

from __future__ import annotations

import hashlib
import struct

_head = struct.Struct(">dIIBI").pack

_BATCH = 1024
"""Events that are hashed at a time: a call for each would cost more than the hashing."""


class Trace:
    """A running SHA-256 over what reached whom, and when.

    Times go in as the eight bytes of the double and contents as they were on the wire, so that the
    fingerprint is the same on every machine and with every version of Python.
    """

    __slots__ = ("_batch", "_hash", "_hashed")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._batch: list[bytes] = []

    @property
    def length(self) -> int:
        """How many events were noted."""
        return self._hashed + len(self._batch) // 2

    def note(self, time: float, party: int, channel: int, kind: int, content: bytes) -> None:
        """Add one event: ``kind`` with its content came to a party over a channel of its own."""
        batch = self._batch
        batch.append(_head(time, party, channel, kind, len(content)))
        batch.append(content)
        if len(batch) >= 2 * _BATCH:
            self._flush()

    def digest(self) -> str:
        """Return the fingerprint so far, 64 hexadecimal digits."""
        self._flush()
        return self._hash.hexdigest()

    def _flush(self) -> None:
        self._hash.update(b"".join(self._batch))
        self._hashed += len(self._batch) // 2
        self._batch.clear()
