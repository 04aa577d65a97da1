"""Virtual clients of other ecosystems, each with the wire and the habits of the real one."""
