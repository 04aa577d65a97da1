"""A fingerprint of all that happened: two runs are the same if and only if theirs are equal."""

from __future__ import annotations

import hashlib
import struct

_head = struct.Struct(">dIIBI")


class Trace:
    """A running SHA-256 over what reached whom, and when.

    Times go in as the eight bytes of the double and contents as they were on the wire, so that the
    fingerprint is the same on every machine and with every version of Python.
    """

    __slots__ = ("_hash", "length")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.length = 0

    def note(self, time: float, party: int, channel: int, kind: int, content: bytes) -> None:
        """Add one event: ``kind`` with its content came to a party over a channel of its own."""
        self.length += 1
        self._hash.update(_head.pack(time, party, channel, kind, len(content)) + content)

    def digest(self) -> str:
        """Return the fingerprint so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()
