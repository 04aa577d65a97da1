"""What clients of other kinds say to their signaling servers, one kind a module, and what of it."""
