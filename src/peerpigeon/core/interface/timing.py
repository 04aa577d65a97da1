"""Durations that a hub and every shell must agree on, in seconds."""

from __future__ import annotations

DIAL_TIMEOUT = 5.0
"""For a WebSocket to another hub to open. The shell then reports that the dial has failed; a hub
that has waited for so long gives it up itself."""

RESOLVE_TIMEOUT = 5.0
"""For a shell to look up a name, the least that resolvers wait for a server of names."""

LEAVE_TIMEOUT = 1.0
"""For the other hubs to leave a hub that stops, and for what passes through it. The shell then ends
the links that are left."""
