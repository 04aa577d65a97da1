"""Topics: what one publishes in a namespace is heard by all who listen there."""
