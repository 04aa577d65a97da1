"""A mesh of hubs on this machine, each a process: ``peerpigeon network`` shows it (S31)."""
