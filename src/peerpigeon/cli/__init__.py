"""The command ``peerpigeon``: ``main`` reads the command line, each command has a module."""
