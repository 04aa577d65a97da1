"""The simulator shell: runs many ``core.Hub`` objects on one virtual clock, seeded."""
