"""Real hub processes under faults drawn from a seed, and what must hold; see ``docs/chaos.md``."""
