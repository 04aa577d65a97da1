"""What must be true of every history, judged by an onlooker who sees all of it."""
