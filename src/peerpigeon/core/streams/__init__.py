"""News between two hubs: once each, and in order."""
