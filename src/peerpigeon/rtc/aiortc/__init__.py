"""Data channels by aiortc, which is Python and runs in the event loop alone."""
