"""What comes in at the one port before a WebSocket is open, and the pages that are served."""
