"""Links between hubs as connections: WebSockets and data channels."""
