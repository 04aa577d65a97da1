"""Data channels between hubs: one interface, and behind it one of two WebRTC libraries."""
