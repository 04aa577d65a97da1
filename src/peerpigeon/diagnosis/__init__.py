"""What operators ask of hubs that run: how the mesh is, and why something does not work."""
