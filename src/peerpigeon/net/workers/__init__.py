"""Several processes that serve as one command: how they reach each other."""
