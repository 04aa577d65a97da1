"""Who has a socket here, by session and by id."""
