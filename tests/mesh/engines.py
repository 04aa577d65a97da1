"""Hubs on different WebRTC engines in one mesh."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rtc.environment import libdatachannel_python

OTHERS = [
    pytest.param("aiortc", id="aiortc"),
    pytest.param("libdatachannel", id="libdatachannel", marks=pytest.mark.libdatachannel),
]
"""The engines that are no default."""


def running(engine: str, place: int) -> dict[str, Any]:
    """Return the options of a hub on an engine, whose id is in the order of its place.

    Which of two hubs offers a channel is decided by their ids.
    """
    options: dict[str, Any] = {"webrtc_engine": engine, "hub_peer_id": f"{place + 1:x}" * 40}
    if engine == "libdatachannel":
        options["program"] = (libdatachannel_python(), "-m", "peerpigeon")
    return options


def mixed(other: str) -> list[dict[str, Any]]:
    """Return the options of four hubs: two of the default, each in either role with the others."""
    return [running(e, place) for place, e in enumerate(("builtin", other, other, "builtin"))]
