"""How many bytes have come over connections, and have gone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Traffic:
    """Bytes since the start, without those of TLS, TCP and IP."""

    received: int = 0
    sent: int = 0
