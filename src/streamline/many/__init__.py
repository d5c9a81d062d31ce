"""Many studies in one run: which they are, which of them are finished, and what all of them come to."""
