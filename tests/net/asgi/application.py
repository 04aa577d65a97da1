"""A program with a hub below /signal, as docs/guides/fastapi.md has it; run by uvicorn."""

from __future__ import annotations

import os

from fastapi import FastAPI

from peerpigeon.asgi import HubApp

start = os.environ.get("START", "")
hub = HubApp(
    is_hub=True,
    hub_secret="a secret of all hubs here",
    auto_connect=bool(start),
    bootstrap_hubs=(start,) if start else (),
    advertise=(os.environ["ADDRESS"],),
    webrtc_engine="none",
    reconnect_interval=0.2,
    show_details=True,
    max_message_size=64 * 1024,
    max_announce_size=16 * 1024,
)
app = FastAPI()
app.mount("/signal", hub)


@app.get("/")
async def clients() -> dict[str, int]:
    return {"clients": hub.server.get_stats().connections if hub.server.is_running else 0}
