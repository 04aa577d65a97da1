"""Who is in a namespace, at which hub, and who knows whom."""
