"""Swarms: what a member sends is for others, drawn at random wherever they are."""
