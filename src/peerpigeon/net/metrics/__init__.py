"""The numbers of a server for monitors: ``families.py`` has the table of all that there are."""
