"""How many bytes have come over connections, and have gone."""

from __future__ import annotations

import msgspec


class Traffic(msgspec.Struct):
    """Bytes since the start, without those of TLS, TCP and IP."""

    received: int = 0
    sent: int = 0
