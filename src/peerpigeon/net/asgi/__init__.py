"""A server as an ASGI application, for programs that serve HTTP themselves."""
