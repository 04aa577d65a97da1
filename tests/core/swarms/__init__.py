"""Swarms within one hub and across hubs, without sockets."""
