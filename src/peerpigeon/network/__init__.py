"""A whole network of hubs on one machine, to try a mesh with: ``peerpigeon network`` (S31)."""
