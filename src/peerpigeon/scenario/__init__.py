"""Scenarios written in English, played in virtual time and on real processes alike."""
