"""Bytes and text to values and back; nothing but valid values inside."""
