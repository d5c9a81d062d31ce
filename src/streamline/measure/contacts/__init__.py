"""Contacts beside the cases that they are about: links, stretches of open life, and why customers get in touch."""
