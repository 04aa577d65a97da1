"""A server as an ASGI application, to be mounted in FastAPI, Starlette and others."""

from peerpigeon.net.asgi.app import HubApp

__all__ = ["HubApp"]
