"""Hubs of the npm package, and the clients that they speak for."""
