"""The page ``/dashboard``: the mesh, this hub and what happens there, live in a browser."""
