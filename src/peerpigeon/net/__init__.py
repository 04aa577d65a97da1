"""The asyncio shell: feeds one ``core.Hub`` from real sockets and performs its actions."""
