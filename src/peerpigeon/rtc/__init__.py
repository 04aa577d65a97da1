"""Data channels between hubs: one interface, and behind it an engine of our own and two others."""
