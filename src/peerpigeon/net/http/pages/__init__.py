"""The pages of a server, a module for each; ``site.py`` lists them, and says how to add one."""
