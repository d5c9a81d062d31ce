"""The parts of the section, each from its results and its findings."""
