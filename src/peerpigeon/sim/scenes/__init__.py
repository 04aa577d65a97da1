"""Scenes: what happens to a world, and what each must show."""
