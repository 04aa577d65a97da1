"""Links between hubs, and the ways over them."""
