"""What must hold in every history; each module knows one kind of invariant."""
