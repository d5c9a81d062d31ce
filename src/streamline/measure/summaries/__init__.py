"""Counts of a log that add up: routes, transitions, and the summary of them."""
