"""Compiled loops over plain arrays; they know nothing of logs, and each has a slow twin in the tests."""
