"""Where the records of TLS begin in what a client says, so that those can be counted.

OpenSSL takes a record that holds no data without a word, such as a ``KeyUpdate`` (RFC 8446, section
4.6.3), for which it reckons new keys: 7 to 16 microseconds for 27 bytes, ten times what a record
with data takes. A real client sends one in 2^24 records (the same, 5.5), if ever.
"""

from __future__ import annotations

HEAD = 5
"""Bytes before each record: its type, a version, and the length of the rest."""

RECORDS = 64
"""Records that are given to OpenSSL at once, at most."""

MOST_SILENT = 32
"""Records without data that a client may have sent. For as many with data one is forgotten."""


class Records:
    """The records of one direction of one connection, whatever the pieces in which they come."""

    __slots__ = ("_head", "_rest", "_silent", "_spoken")

    def __init__(self) -> None:
        self._head = b""  # of a head that is not whole
        self._rest = 0  # bytes of the record that are still to come
        self._silent = 0  # records that had no data, less those forgotten
        self._spoken = 0  # records with data since one was forgotten

    def skip(self, data: bytes) -> None:
        """Go on by ``data``, whatever its records hold: a handshake."""
        start = 0
        while start < len(data):
            start, _ = self.step(data, start, len(data))

    def step(self, data: bytes, start: int, most: int) -> tuple[int, int]:
        """Go on from ``start`` by at most ``most`` bytes, and at most ``RECORDS`` records.

        Returns where that ends, and how many records begin there.
        """
        size = len(data) - start
        if (
            not (self._rest or self._head)
            and HEAD <= size <= most
            and size == HEAD + (data[start + 3] << 8 | data[start + 4])
        ):  # as most often
            return len(data), 1
        count = 0
        stop = min(len(data), start + most)
        while start < stop:
            if self._rest:
                part = min(self._rest, stop - start)
                self._rest -= part
                start += part
            elif count == RECORDS:
                break
            else:
                part = min(HEAD - len(self._head), stop - start)
                head = self._head + data[start : start + part]
                start += part
                if len(head) == HEAD:
                    self._rest = head[3] << 8 | head[4]
                    count += 1
                    head = b""
                self._head = head
        return start, count

    def are_too_silent(self, count: int, spoken: int) -> bool:
        """Tell whether with ``count`` records more, ``spoken`` of them with data, it is enough."""
        if count == spoken and not self._silent:  # as nearly always
            return False
        self._silent = max(0, self._silent + count - spoken)
        self._spoken += spoken
        if self._spoken >= MOST_SILENT:
            self._silent = max(0, self._silent - self._spoken // MOST_SILENT)
            self._spoken %= MOST_SILENT
        return self._silent > MOST_SILENT
