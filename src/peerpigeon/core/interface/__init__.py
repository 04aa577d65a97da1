"""What passes between a hub and its shell: events in, actions and notices out."""
