"""The page ``/demo``."""
