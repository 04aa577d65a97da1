"""TLS of the server's own: for those who have no proxy in front of it."""
