"""From results to a section and from a section to files. Nothing here computes a measure."""
