"""What must be true of every history, judged by one who sees all of it."""
