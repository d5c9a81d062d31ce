"""Simulated services whose truth is known: independent of the library, so that its errors aren't repeated here."""
