"""Measurements of a real server process on the loopback; see ``docs/performance.md``."""
