"""WebSockets (RFC 6455): a protocol without I/O, and what runs it over the transports of asyncio.

``frames`` and ``protocol`` know bytes only, ``client_handshake`` those of a dial's first exchange.
``connection`` is one WebSocket on a transport, ``group`` what the WebSockets of one kind share, and
``outgoing`` opens them to others.
"""
